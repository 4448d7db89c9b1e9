"""A chatbot's confidence fitted: kinds told apart, the threshold where it was asked for, honest refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gongbang.apps.answer_book import AnswerBook, KnownAnswer, ListedAnswers
from gongbang.apps.chat import Chat
from gongbang.apps.chat_calibration import _logistic, calibrate_chat
from gongbang.errors import DataError
from tests.apps.talk import Letters

THINGS = ("도자기", "가죽", "한지", "숟가락", "물레", "유약", "가마", "부채")
ASKED = ("언제 만들어요?", "얼마나 걸려요?", "배울 수 있나요?", "어디서 팔아요?", "누가 만들어요?")


@pytest.fixture
def book(tmp_path: Path) -> AnswerBook:
    known = [
        KnownAnswer(id, f"{thing}는 {asked[:-1]}", f"{thing} {asked}")
        for id, (thing, asked) in enumerate(((t, a) for t in THINGS for a in ASKED), 1)
    ]
    found = AnswerBook(ListedAnswers(known), Letters(), tmp_path / "book")
    found.sync()
    return found


INSIDE = [f"{thing}는 {asked}" for thing in THINGS for asked in ASKED]
OUTSIDE = [f"정부는 {n}월 금리를 {n % 7}차례 동결하기로 의결했다고 밝혔다" for n in range(40)]


def test_kinds_are_told_apart_and_the_threshold_answers_what_was_asked_for(book: AnswerBook):
    found = calibrate_chat(book, INSIDE, OUTSIDE, answered=0.9)
    assert found.report["answered_inside"]["value"] >= 0.9
    assert found.report["abstained_outside"]["value"] > 0.9
    assert found.settings.question_weight > 0 and found.settings.response_weight >= 0
    chat = Chat(book, found.settings)
    assert chat.reply(INSIDE[3]).kind == "answer" and chat.reply(OUTSIDE[3]).kind == "clarify"


def test_the_curve_is_the_one_of_least_loss_by_hand():
    # One feature: of the messages at 0 one in four is inside, at 1 three in four, both kinds weighing alike.
    features = np.array([[0.0]] * 4 + [[1.0]] * 4)
    labels = np.array([1.0, 0, 0, 0, 1, 1, 1, 0])
    weights, bias = _logistic(features, labels)
    assert bias == pytest.approx(np.log(1 / 3), abs=0.05)
    assert weights[0] == pytest.approx(2 * np.log(3), abs=0.1)


def test_a_score_that_speaks_against_itself_is_left_out():
    rng = np.random.default_rng(0)
    labels = np.repeat([1.0, 0.0], 50)
    features = np.column_stack([-labels + rng.normal(0, 0.1, 100), labels + rng.normal(0, 0.1, 100)])
    weights, _ = _logistic(features, labels)
    assert weights[0] == 0.0 and weights[1] > 0


def test_too_few_messages_or_no_answers_are_refused(book: AnswerBook, tmp_path: Path):
    with pytest.raises(DataError, match="too few"):
        calibrate_chat(book, INSIDE[:5], OUTSIDE)
    with pytest.raises(DataError, match="no answer"):
        calibrate_chat(AnswerBook(ListedAnswers([]), Letters(), tmp_path / "none"), INSIDE, OUTSIDE)


def test_a_narrow_score_weighs_as_much_as_its_kind_in_wider_units():
    rng = np.random.default_rng(1)
    labels = np.repeat([1.0, 0.0], 200)
    wide = labels + rng.normal(0, 0.8, 400)
    first, bias = _logistic(wide[:, None], labels)
    narrow, same = _logistic(wide[:, None] / 100, labels)
    assert narrow[0] == pytest.approx(100 * first[0], rel=1e-6) and same == pytest.approx(bias, rel=1e-6)


def test_what_was_fitted_to_one_book_tells_kinds_apart_over_a_smaller_one(book: AnswerBook, tmp_path: Path):
    """The nearer all questions are to each other, the nearer lies everything to their mean."""
    settings = calibrate_chat(book, INSIDE, OUTSIDE, answered=0.9).settings
    known = [
        KnownAnswer(n, f"도자기는 {asked}", f"도자기 {asked} {n}") for n, asked in enumerate(ASKED * 3, 1)
    ]
    small = AnswerBook(ListedAnswers(known), Letters(), tmp_path / "small")
    small.sync()
    chat = Chat(small, settings)
    assert all(chat.reply(text).kind != "answer" for text in OUTSIDE)
    assert chat.reply("도자기는 언제 만들어요?").kind == "answer"


def test_of_a_handful_of_questions_nothing_is_said(tmp_path: Path):
    few = AnswerBook(
        ListedAnswers([KnownAnswer(1, "네.", "도자기 배울 수 있나요?")]), Letters(), tmp_path / "few"
    )
    few.sync()
    assert {few.find(text, text, 5)[0].domain for text in (INSIDE[0], OUTSIDE[0])} == {0.0}


def test_what_is_about_something_else_altogether_is_far_from_all_questions(book: AnswerBook):
    near, far = (book.find(text, text, 5)[0].domain for text in (INSIDE[0], OUTSIDE[0]))
    assert near > far
    vectors = np.stack([Letters()._vector(f"{thing} {asked}") for thing in THINGS for asked in ASKED])
    others = [(vectors.sum(axis=0) - one) / (len(vectors) - 1) for one in vectors]  # each without itself
    known = [float(one @ rest) for one, rest in zip(vectors, others, strict=True)]
    dot = float(Letters()._vector(INSIDE[0]) @ vectors.mean(axis=0))
    assert near == pytest.approx((dot - np.mean(known)) / np.std(known), abs=1e-3)
    assert calibrate_chat(book, INSIDE, OUTSIDE).settings.domain_weight >= 0
