"""Hanja (Chinese characters) to Hangul, one syllable a character.

A character's usual reading is looked up, words that are read otherwise are looked up first (敗北 is 패배
although 北 is 북), and three sound rules of Hangul orthography are applied: the initial-sound rule at the
head of a word (§10-12: 女子 is 여자, 男女 is 남녀), 렬/률 as 열/율 after a vowel or ㄴ (§11: 失敗率 is
실패율), and 不 as 부 before ㄷ and ㅈ (§52: 不動産 is 부동산).

The two tables beside this file are derived from Unihan's kHangul and from libhangul's word list; each file
carries its notice. Characters and rules alone read 97 % of that list's 234,321 words as it does; the words
kept here are its exceptions of two to four characters (with them 99 %, on the list they were taken from).
The PyPI package ``hanja`` was weighed and left: it pins an old PyYAML, installs pytest and coveralls beside
every product, and knows no words.

What stays as it is: a character without a Korean reading, and 金 as a family name (김 needs to know that
it is a name).
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

HANJA = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""The body of a regular expression's class of Hanja."""

_RUN = re.compile(f"[{HANJA}]+")
_LONGEST_WORD = 4
_SYLLABLES, _VOWELS, _FINALS = 0xAC00, 21, 28
_NIEUN, _DIGEUT, _RIEUL, _IEUNG, _JIEUT = 2, 3, 5, 11, 12  # numbers of initial consonants
_FINAL_NIEUN = 4
_IOTATED = frozenset({2, 6, 7, 12, 17, 20})  # ㅑ ㅕ ㅖ ㅛ ㅠ ㅣ


def to_hangul(text: str) -> str:
    """Replace every Hanja that has a Korean reading; the length stays.

    Example:
        >>> to_hangul("男女 歷史와 成功率, 不動産")
        '남녀 역사와 성공률, 부동산'
    """
    return _RUN.sub(lambda run: read_run(run.group(), before=text[run.start() - 1 : run.start()]), text)


def read_run(run: str, before: str = "") -> str:
    """Read a run of Hanja; ``before`` is the character in front of it ("" or a space: a word starts).

    Example:
        >>> read_run("年"), read_run("年", before="2")
        ('연', '년')
    """
    readings, words = _readings(), _words()
    head = _starts_word(run, before)
    read: list[str] = []
    while len(read) < len(run):
        place = len(read)
        word = _longest(run, place, words)
        if word:
            read.extend(word)
            continue
        own = readings.get(run[place])
        if own is None:
            read.append(run[place])
            continue
        following = readings.get(run[place + 1]) if place + 1 < len(run) else None
        read.append(_sound(run[place], own, read[-1] if read else before, following, head and place == 0))
    return "".join(read)


def initial_sound(syllable: str) -> str:
    """The syllable as the head of a word (두음법칙).

    Example:
        >>> [initial_sound(s) for s in "녀량로난"]
        ['여', '양', '노', '난']
    """
    initial, vowel, final = _letters(syllable)
    if initial in (_NIEUN, _RIEUL) and vowel in _IOTATED:
        initial = _IEUNG
    elif initial == _RIEUL:
        initial = _NIEUN
    return chr(_SYLLABLES + (initial * _VOWELS + vowel) * _FINALS + final)


def _sound(character: str, reading: str, before: str, following: str | None, head: bool) -> str:
    if character == "不" and following is not None and _letters(following)[0] in (_DIGEUT, _JIEUT):
        return "부"
    if head:
        return initial_sound(reading)
    if reading in ("렬", "률") and _is_syllable(before) and _letters(before)[2] in (0, _FINAL_NIEUN):
        return initial_sound(reading)
    return reading


def _starts_word(run: str, before: str) -> bool:
    """A single Hanja after Hangul or a figure is a suffix or a counter (2年, 어린이 數), not a word."""
    if not before:
        return True
    if before.isdecimal():
        return False
    return not (before.isalpha() and len(run) == 1)


def _longest(run: str, place: int, words: dict[str, str]) -> str:
    for length in range(min(_LONGEST_WORD, len(run) - place), 1, -1):
        word = words.get(run[place : place + length])
        if word:
            return word
    return ""


def _letters(syllable: str) -> tuple[int, int, int]:
    rest, final = divmod(ord(syllable) - _SYLLABLES, _FINALS)
    initial, vowel = divmod(rest, _VOWELS)
    return initial, vowel, final


def _is_syllable(character: str) -> bool:
    return "가" <= character <= "힣"


@cache
def _readings() -> dict[str, str]:
    return {hanja: reading for reading, characters in _rows("hanja_readings.tsv") for hanja in characters}


@cache
def _words() -> dict[str, str]:
    return dict(_rows("hanja_words.tsv"))


def _rows(name: str) -> list[tuple[str, str]]:
    lines = (Path(__file__).parent / name).read_text(encoding="utf-8").splitlines()
    pairs = (line.split("\t") for line in lines if line and not line.startswith("#"))
    return [(left, right) for left, right in pairs]
