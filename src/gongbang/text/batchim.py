"""The final consonant (batchim) a word is read with, which decides the form of the particle after it."""

from __future__ import annotations

import re
from enum import Enum

from gongbang.text.hanja import to_hangul

_SYLLABLES, _FINALS, _RIEUL = 0xAC00, 28, 8
_BRACKETED = re.compile(r"\s*(?:\([^()]*\)|\[[^\[\]]*\]|（[^（）]*）)$")
_TRAILING = re.compile(r"[^\w%℃]+$")


class Batchim(Enum):
    """How a word ends: on a vowel, on ㄹ (으로 becomes 로), or on another consonant."""

    NONE = "none"
    RIEUL = "rieul"
    OTHER = "other"


_FIGURES = {
    **dict.fromkeys("2459", Batchim.NONE),
    **dict.fromkeys("178", Batchim.RIEUL),
    **dict.fromkeys("036", Batchim.OTHER),
}
_SIGNS = {"%": Batchim.NONE, "℃": Batchim.NONE}  # 퍼센트, 섭씨 ... 도
_LETTER_NAMES = {"L": Batchim.RIEUL, "R": Batchim.RIEUL, "M": Batchim.OTHER, "N": Batchim.OTHER}
_STOPPED = re.compile(r"(?:ng|[mn]|[aeiou](?:ck|[bckpt]))$")


def batchim(word: str) -> Batchim:
    """The final of the last thing that is read aloud; brackets and quotes at the end are skipped.

    Figures are read in Sino-Korean, capitals by the name of the letter, other Latin words by a rule of
    thumb (book is 북, server is 서버). What cannot be read counts as a vowel.

    Example:
        >>> [batchim(w).value for w in ("공방", "서울(Seoul)", "나무", "1000", "FBI", "DNA")]
        ['other', 'rieul', 'none', 'other', 'none', 'none']
    """
    word = _spoken(word)
    if not word:
        return Batchim.NONE
    last = to_hangul(word[-4:])[-1]
    if "가" <= last <= "힣":
        final = (ord(last) - _SYLLABLES) % _FINALS
        return Batchim.NONE if not final else Batchim.RIEUL if final == _RIEUL else Batchim.OTHER
    if last.isascii() and last.isdigit():
        return _figure(word)
    if last.isascii() and last.isalpha():
        return _latin(word)
    return _SIGNS.get(last, Batchim.NONE)


def _spoken(word: str) -> str:
    """Drop a bracketed gloss and closing signs, unless nothing would be left."""
    bare = _TRAILING.sub("", _BRACKETED.sub("", word.rstrip()))
    return bare or _TRAILING.sub("", word)


def _figure(word: str) -> Batchim:
    zeros = len(word) - len(word.rstrip("0"))
    only_zeros = not word[: len(word) - zeros][-1:].isdigit()
    if not zeros or only_zeros:
        return _FIGURES[word[-1]]
    return Batchim.NONE if 12 <= zeros < 16 else Batchim.OTHER  # 조 ends on a vowel; 십 백 천 만 억 do not


def _latin(word: str) -> Batchim:
    if word[-1].isupper():
        return _LETTER_NAMES.get(word[-1], Batchim.NONE)
    if word[-1] == "l":
        return Batchim.RIEUL
    return Batchim.OTHER if _STOPPED.search(word.lower()) else Batchim.NONE
