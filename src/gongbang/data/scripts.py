"""Which script a character belongs to: unknown tokens of Korean text hide in Hanja and rare syllables."""

from __future__ import annotations

from bisect import bisect_right

_RANGES = (
    (0x0041, 0x005A, "latin"),
    (0x0061, 0x007A, "latin"),
    (0x00C0, 0x024F, "latin"),
    (0x0370, 0x03FF, "greek"),
    (0x0400, 0x052F, "cyrillic"),
    (0x0900, 0x097F, "devanagari"),
    (0x1100, 0x11FF, "hangul jamo"),
    (0x1E00, 0x1EFF, "latin"),
    (0x2E80, 0x2FDF, "hanja"),
    (0x3041, 0x30FF, "kana"),
    (0x3131, 0x318E, "hangul jamo"),
    (0x31F0, 0x31FF, "kana"),
    (0x3400, 0x4DBF, "hanja"),
    (0x4E00, 0x9FFF, "hanja"),
    (0xA960, 0xA97F, "hangul jamo"),
    (0xAC00, 0xD7A3, "hangul"),
    (0xD7B0, 0xD7FF, "hangul jamo"),
    (0xE000, 0xF8FF, "private use"),
    (0xF900, 0xFAFF, "hanja"),
    (0xFF21, 0xFF5A, "latin"),
    (0x20000, 0x323AF, "hanja"),
)
_STARTS = tuple(start for start, _, _ in _RANGES)


def script_of(char: str) -> str:
    """The script of one character; "digit", "blank" or "other" where it has none.

    Example:
        >>> [script_of(char) for char in "한漢カa1 !"]
        ['hangul', 'hanja', 'kana', 'latin', 'digit', 'blank', 'other']
    """
    point = ord(char)
    at = bisect_right(_STARTS, point) - 1
    if at >= 0 and point <= _RANGES[at][1]:
        return _RANGES[at][2]
    if char.isdigit():
        return "digit"
    return "blank" if char.isspace() else "other"
