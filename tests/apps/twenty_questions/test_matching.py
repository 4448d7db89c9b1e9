"""Guesses as people write them."""

from __future__ import annotations

import unicodedata

import pytest

from gongbang.apps.twenty_questions.forms import Forms
from gongbang.apps.twenty_questions.matching import names

DENTIST = Forms.of("치과의사", "dentist", "치과 선생님")


@pytest.mark.parametrize(
    "text",
    [
        "치과의사",
        "치과 의사",
        " 치과의사 ",
        "치과의사!",
        "치과의사?",
        "치과의사입니다.",
        "치과의사예요",
        "치과의사야?",
        "치과의사인가요?",
        "정답은 치과의사",
        "정답: 치과의사입니다",
        "혹시 치과의사가 맞나요?",
        "그것은 치과의사입니까?",
        "치과의사가 정답",
        "치과의삽니다",
        "치과선생님이에요",
        "Dentist",
        "ＤＥＮＴＩＳＴ",
        "The answer is dentist.",
        "is it a dentist?",
        unicodedata.normalize("NFD", "치과의사"),
        "ㅊㅣㄱㅗㅏㅇㅡㅣㅅㅏ",
    ],
)
def test_a_right_guess(text: str):
    assert names(text, DENTIST)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "?",
        "의사",
        "치과",
        "치과의사협회",
        "치과의사보다 큰가요?",
        "치과의사는 사람인가요?",
        "수의사",
        "입니다",
    ],
)
def test_a_wrong_guess(text: str):
    assert not names(text, DENTIST)


def test_hanja_is_understood():
    assert names("圖書館입니다", Forms.of("도서관"))


def test_a_long_text_of_endings_is_looked_at_in_time():
    """A pattern with repeats would go through every way to cut "이다이다…" up."""
    assert names("치과의사" + "이다" * 1_000, DENTIST)
    assert not names("치과의사" + "이다" * 1_000 + "방", DENTIST)
