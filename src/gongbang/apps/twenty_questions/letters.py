"""A text as the letters it is read by, each knowing the characters it came from.

Two spellings of one word have the same letters: spaces and marks within it, upper and lower case, half and
full width, composed and decomposed syllables, letters typed one by one, Hanja read aloud. So a keyword
that must not be seen is searched for among letters, and what is found is known in the text itself.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from gongbang.text.normalise import Normaliser

_LEADS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
_FINALS = "ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"
_JAMO = {
    **{chr(0x1100 + at): letter for at, letter in enumerate(_LEADS)},
    **{chr(0x1161 + at): letter for at, letter in enumerate(_VOWELS)},
    **{chr(0x11A8 + at): letter for at, letter in enumerate(_FINALS)},
}
_DOUBLED = "ㄲㄱㄱ ㄸㄷㄷ ㅃㅂㅂ ㅆㅅㅅ ㅉㅈㅈ"
_CLUSTERS = "ㄳㄱㅅ ㄵㄴㅈ ㄶㄴㅎ ㄺㄹㄱ ㄻㄹㅁ ㄼㄹㅂ ㄽㄹㅅ ㄾㄹㅌ ㄿㄹㅍ ㅀㄹㅎ ㅄㅂㅅ"
_DIPHTHONGS = "ㅘㅗㅏ ㅙㅗㅐ ㅚㅗㅣ ㅝㅜㅓ ㅞㅜㅔ ㅟㅜㅣ ㅢㅡㅣ"
_PARTS = {made[0]: made[1:] for made in f"{_DOUBLED} {_CLUSTERS} {_DIPHTHONGS}".split()}
_READ_ALOUD = Normaliser(("nfkc", "hanja"))
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0")  # blanks that Unicode counts among the letters


@dataclass(frozen=True, slots=True)
class Letters:
    """The letters of a text.

    Attributes:
        text: as it was.
        letters: what it is read by; no blanks, no marks, no case.
        starts: where the character that each letter came from starts in ``text``.
        ends: where it ends.
    """

    text: str
    letters: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def find_all(self, key: str) -> Iterator[tuple[int, int]]:
        """The characters ``[start, end)`` of the text that spell ``key`` (which is letters, not empty)."""
        at = self.letters.find(key)
        while at >= 0:
            yield self.starts[at], self.ends[at + len(key) - 1]
            at = self.letters.find(key, at + 1)


def letters_of(text: str) -> Letters:
    """Read a text as letters.

    Example:
        >>> [letters_of(word).letters for word in ("고래", "ㄱ ㅗ ㄹ ㅐ", "Ｗｈａｌｅ!", "圖書館")]
        ['ㄱㅗㄹㅐ', 'ㄱㅗㄹㅐ', 'whale', 'ㄷㅗㅅㅓㄱㅗㅏㄴ']
    """
    edited = _READ_ALOUD.apply(text)
    parts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for at, char in enumerate(edited.text):
        for letter in _spelt(char):
            parts.append(letter)
            starts.append(int(edited.starts[at]))
            ends.append(int(edited.ends[at]))
    return Letters(text, "".join(parts), tuple(starts), tuple(ends))


def key_of(text: str) -> str:
    """The letters of a text alone.

    Example:
        >>> key_of("고 래") == key_of("고래")
        True
    """
    return letters_of(text).letters


@lru_cache(maxsize=8192)
def _spelt(char: str) -> str:
    """The letters of one character; none for blanks, marks and what only combines with others."""
    if char in _FILLERS:
        return ""
    taken = unicodedata.normalize("NFKD", char) if not "\u3131" <= char <= "\u318e" else char
    single = (_JAMO.get(part, part.casefold()) for part in taken)
    return "".join(_PARTS.get(part, part) for part in single if part.isalnum() and part not in _FILLERS)
