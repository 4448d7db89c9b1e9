"""What the game says, in Korean and in English, and the words that a keyword must not hide in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from gongbang.apps.twenty_questions.forms import MASK
from gongbang.errors import OptionError

Language = Literal["ko", "en"]
LANGUAGES: tuple[str, ...] = get_args(Language)

NO_HINT = "no-hint"
"""The answer to a question for a hint that the document does not answer."""

_KO = {
    "yes": "예",
    "no": "아니요",
    "no-answer": "모르겠어요",
    "right": "정답입니다!",
    "wrong": "오답입니다.",
    NO_HINT: "그 물음으로는 알려 드릴 것이 없어요",
    "playing": "진행 중",
    "won": "맞히셨습니다.",
    "lost": "스무 번을 다 썼습니다.",
    "given-up": "그만두셨습니다.",
}
_EN = {
    "yes": "Yes",
    "no": "No",
    "no-answer": "I don't know",
    "right": "Right!",
    "wrong": "Wrong.",
    NO_HINT: "I can tell nothing about that",
    "playing": "in play",
    "won": "You found it.",
    "lost": "All twenty turns are used.",
    "given-up": "You have given up.",
}
MESSAGES: Mapping[str, Mapping[str, str]] = {"ko": _KO, "en": _EN}
"""Language to what stands for each answer and each end of a game."""

_KEYS = (
    "id category status used left hint_open turns number kind answer said question hint guess says"
    " event started game turn"
)
KEYS: tuple[str, ...] = tuple(_KEYS.split())
"""Every key and kind in what a player is sent before the end."""

SPOKEN: tuple[str, ...] = (*_KO, *_KO.values(), *_EN.values(), *KEYS, MASK)
"""All that the engine says of itself; a keyword that stands in one of these could not be kept secret."""


def said(code: str, language: str = "ko") -> str:
    """What is said for an answer's code.

    Raises:
        OptionError: an unknown language.

    Example:
        >>> said("no-answer"), said("no", "en")
        ('모르겠어요', 'No')
    """
    return MESSAGES[check_language(language)][code]


def check_language(language: str) -> str:
    """The language, if the game speaks it.

    Raises:
        OptionError: it does not.
    """
    if language not in MESSAGES:
        raise OptionError(
            "the game does not speak this language.",
            value=language,
            allowed=", ".join(LANGUAGES),
            cure="Pass language='ko'.",
        )
    return language
