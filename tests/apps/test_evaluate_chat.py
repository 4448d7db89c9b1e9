"""A chatbot judged by what it answers and what it leaves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gongbang.apps.answer_book import AnswerBook, KnownAnswer, ListedAnswers
from gongbang.apps.chat import LONGEST, Chat, ChatSettings
from gongbang.apps.evaluate.chatting import evaluate_chat, message_of, messages_of
from gongbang.data.records import Record
from gongbang.errors import DataError
from tests.apps.talk import Letters
from tests.tasks.dialogues import said

KNOWN = [
    KnownAnswer(1, "도자기는 사흘 걸려요.", "도자기 얼마나 걸려요?"),
    KnownAnswer(2, "가죽은 이틀 걸려요.", "가죽 얼마나 걸려요?"),
]
SETTINGS = ChatSettings(response_weight=0.0, question_weight=20.0, bias=-10.0)  # the question alone decides


@pytest.fixture
def chat(tmp_path: Path) -> Chat:
    book = AnswerBook(ListedAnswers(KNOWN), Letters(), tmp_path / "book")
    book.sync()
    return Chat(book, SETTINGS)


INSIDE = [
    said("a", "도자기 얼마나 걸려요", "도자기는 사흘 걸려요"),
    said("b", "가죽 얼마나 걸려요?", "다른 대답"),
    said("c", "금리 동결 의결", "모르는 일"),
]
OUTSIDE = {"뉴스": ["정부 의결 발표", "도자기 얼마나 걸려요?"], "긴 글": ["가" * (LONGEST + 1)], "없음": []}


def test_shares_by_hand(chat: Chat):
    done: list[int] = []
    found = evaluate_chat(chat, INSIDE, OUTSIDE, on_progress=done.append)
    told = found.to_dict()
    assert (told["answered"], told["own answer"], told["abstained"]) == pytest.approx((2 / 3, 1 / 3, 2 / 3))
    assert told["outside"]["뉴스"]["value"] == 0.5 and told["outside"]["긴 글"]["value"] == 1.0
    assert "없음" not in told["outside"] and told["answers"] == 2
    assert (told["n"], told["n outside"], sum(done)) == (3, 3, 6)
    low, high = told["intervals"]["answered"]
    assert 0.0 < low < 2 / 3 < high < 1.0
    assert [p.details["kind"] for p in found.predictions] == ["answer", "answer", "clarify"]


def test_a_threshold_of_one_answers_nothing(chat: Chat):
    chat.settings = replace(SETTINGS, threshold=1.0)
    told = evaluate_chat(chat, INSIDE, OUTSIDE).to_dict()
    assert told["answered"] == told["own answer"] == 0.0 and told["abstained"] == 1.0


def test_messages_without_answers_are_no_pairs(chat: Chat):
    texts = [Record("1", {"text": "도자기 얼마나 걸려요?"}), Record("2", {"question": "가죽 얼마나 걸려요?"})]
    told = evaluate_chat(chat, texts, OUTSIDE).to_dict()
    assert told["answered"] == 1.0 and "own answer" not in told


@pytest.mark.parametrize(("inside", "outside"), [([], OUTSIDE), (INSIDE, {}), (INSIDE, {"a": []})])
def test_one_kind_alone_is_refused(chat: Chat, inside: list[Record], outside: dict[str, list[str]]):
    with pytest.raises(DataError, match="no messages"):
        evaluate_chat(chat, inside, outside)


def test_what_a_record_says():
    assert message_of(said("1", "안녕", "배고파", "밥 먹어요.")) == "배고파"
    assert messages_of([Record("1", {"title": "제목"}), Record("2", {"text": " 글 "})]) == ["글"]
