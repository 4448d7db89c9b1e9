"""Character bigrams: the part of a Korean index that no analyser can get wrong."""

from __future__ import annotations

import re

_EOJEOL = re.compile(r"\w+")
_HANGUL = re.compile("[가-힣]+")


def hangul_bigrams(text: str) -> list[str]:
    """Bigrams of each run of Hangul syllables; a run of one syllable gives that syllable.

    Beside morphemes they find compounds an analyser cuts differently in question and text.

    Example:
        >>> hangul_bigrams("가거도항의 봄 2020")
        ['가거', '거도', '도항', '항의', '봄']
    """
    return [gram for run in _HANGUL.findall(text) for gram in _grams(run)]


def word_bigrams(text: str) -> list[str]:
    """Bigrams of each run of word characters of any script; a run of one gives that character.

    Example:
        >>> word_bigrams("東京 A형")
        ['東京', 'A형']
    """
    return [gram for run in _EOJEOL.findall(text) for gram in _grams(run)]


def _grams(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]
