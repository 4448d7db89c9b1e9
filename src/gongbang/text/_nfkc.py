"""NFC and NFKC in pieces, so that every composed character knows the characters it was made from."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import Literal

from gongbang.text.edits import Edited, Replacement

_COMPATIBILITY_JAMO = frozenset(map(chr, range(0x3131, 0x318F)))
_HALFWIDTH_JAMO = frozenset(map(chr, range(0xFFA0, 0xFFDD)))
_KEPT = _COMPATIBILITY_JAMO | _HALFWIDTH_JAMO
_COMPOSING_PLANES = range(0x80, 0x12000)  # every character that composes with one before it is below


Form = Literal["NFC", "NFKC"]


def nfc(text: str) -> Edited:
    """Unicode NFC.

    The text is cut into stretches that no composition crosses (a starter with the marks, or the vowel and
    final, that follow it); each changed stretch is one replacement. So decomposed Hangul of three letters
    becomes one syllable that maps back to all three. Some characters are taken apart: the Hindi letters with
    a nukta (U+0958 to U+095F) are excluded from composition.

    Example:
        >>> edited = nfc("\\u0958लम")
        >>> len(edited.text), edited.to_original(0, 2), edited.to_original(1, 2)
        (4, (0, 1), (0, 1))
    """
    return _normalised(text, "NFC", lambda stretch: unicodedata.normalize("NFC", stretch))


def nfkc(text: str) -> Edited:
    """Unicode NFKC, in stretches as :func:`nfc`, but for lone Hangul letters.

    Plain NFKC turns ㅋㅋ and ㄱ (U+3131 to U+318E, what people type) into conjoining letters, which
    tokenizers and analysers know nothing of, and glues ㄱㅏ to 가. They stay; half-width ones become
    full-width ones, ㉠ becomes ㄱ.

    Example:
        >>> edited = nfkc("㎞ ㅋㅋ")
        >>> edited.text, edited.to_original(0, 2)
        ('km ㅋㅋ', (0, 1))
    """
    return _normalised(text, "NFKC", _compose, passed_over=_COMPATIBILITY_JAMO)


def _normalised(
    text: str, form: Form, compose: Callable[[str], str], passed_over: frozenset[str] = frozenset()
) -> Edited:
    if unicodedata.is_normalized(form, text):
        return Edited.identity(text)
    pattern = _suspects(frozenset(text) - passed_over, form)
    if pattern is None:
        return Edited.identity(text)
    replacements: list[Replacement] = []
    for found in pattern.finditer(text):
        new = compose(found.group())
        if new != found.group():
            replacements.append((found.start(), found.end(), new))
    return Edited.replace(text, replacements)


def _suspects(characters: frozenset[str], form: Form) -> re.Pattern[str] | None:
    """A pattern for the stretches of a text of these characters that the form may change."""
    joining = {c for c in characters if _joins_backward(c)}
    alone = {c for c in characters if not unicodedata.is_normalized(form, c)}
    branches = []
    if joining:
        inner = _class(joining)
        branches.append(f"[^{inner}]?[{inner}]+")
    if alone - joining:
        branches.append(f"[{_class(alone - joining)}]")
    return re.compile("|".join(branches), re.DOTALL) if branches else None


def _class(characters: set[str]) -> str:
    return "".join(map(re.escape, sorted(characters)))


def _joins_backward(character: str) -> bool:
    if character in _HALFWIDTH_JAMO:
        return False
    first = unicodedata.normalize("NFKD", character)[0]
    return unicodedata.combining(first) != 0 or first in _second_starters()


@cache
def _second_starters() -> frozenset[str]:
    """Characters of class 0 that compose with the one before: Hangul vowels and finals, some Indic signs."""
    seconds = {chr(code) for block in ((0x1161, 0x1176), (0x11A8, 0x11C3)) for code in range(*block)}
    for code in _COMPOSING_PLANES:
        parts = unicodedata.decomposition(chr(code)).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            seconds.add(chr(int(parts[1], 16)))
    return frozenset(seconds)


def _compose(stretch: str) -> str:
    if any(c in _KEPT for c in stretch):
        return "".join(_letter(c) if c in _KEPT else unicodedata.normalize("NFKC", c) for c in stretch)
    new = unicodedata.normalize("NFKC", stretch)
    if any(c in _letters() for c in new) and not any(c in _letters() for c in stretch):
        return "".join(_letters().get(c, c) for c in new)  # ㉠ is a lone letter, not half a syllable
    return new


def _letter(character: str) -> str:
    if character in _COMPATIBILITY_JAMO:
        return character
    return chr(int(unicodedata.decomposition(character).split()[-1], 16))


@cache
def _letters() -> dict[str, str]:
    """Conjoining letter to the compatibility letter people type."""
    return {unicodedata.normalize("NFKC", letter): letter for letter in sorted(_COMPATIBILITY_JAMO)}
