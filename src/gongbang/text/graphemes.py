"""Borders between what a reader sees as letters: a consonant and its vowel sign are one, of two characters.

The rules are those of Unicode Standard Annex 29 ("Unicode Text Segmentation", section 3.1.1) that matter for
letters: GB9 and GB9a (marks and joiners belong to what stands before them) and GB9c (consonants that a virama
joins are one conjunct). Hangul jamo and emoji sequences are not looked at.
"""

from __future__ import annotations

import unicodedata

ZWNJ, ZWJ = "\u200c", "\u200d"
_LINKERS = frozenset("\u094d\u09cd\u0acd\u0b4d\u0c4d\u0d4d")
"""The virama of each script that has conjuncts: Devanagari, Bengali, Gujarati, Odia, Telugu, Malayalam."""
_BLOCK = 128  # characters of an Indic script's block, all of which start at a multiple of it


def is_border(text: str, at: int) -> bool:
    """Whether a grapheme ends, and the next one starts, between ``text[at - 1]`` and ``text[at]``.

    Example:
        >>> [is_border("हिंदी", at) for at in range(6)]
        [True, False, False, True, False, True]
    """
    if at <= 0 or at >= len(text):
        return True
    if text[at] in (ZWNJ, ZWJ) or _is_mark(text[at]):
        return text[at - 1] in "\r\n"
    return not _is_conjunct(text, at)


def widen(text: str, start: int, end: int) -> tuple[int, int]:
    """The smallest span that holds ``[start, end)`` and cuts no grapheme; an empty span stays as it is.

    Example:
        >>> widen("क्षण", 0, 1), widen("क्षण", 2, 4)
        ((0, 3), (0, 4))
    """
    if start >= end:
        return start, end
    while not is_border(text, start):
        start -= 1
    while not is_border(text, end):
        end += 1
    return start, end


def _is_mark(char: str) -> bool:
    return unicodedata.category(char)[0] == "M"


def _is_conjunct(text: str, at: int) -> bool:
    """GB9c: the letter is joined to the one before it by a virama, and no ZWNJ holds them apart."""
    place, linked = at - 1, False
    while place >= 0 and (text[place] == ZWJ or _is_mark(text[place])):
        linked = linked or text[place] in _LINKERS
        place -= 1
    if not linked or place < 0:
        return False
    first, second = text[place], text[at]
    letters = unicodedata.category(first) == unicodedata.category(second) == "Lo"
    return letters and ord(first) // _BLOCK == ord(second) // _BLOCK
