"""The chatbot: what it knows, when it asks back, what it never says twice, and what no model is asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gongbang.apps.answer_book import AnswerBook, KnownAnswer, ListedAnswers
from gongbang.apps.chat import LONGEST, Chat, ChatSettings, Conversation
from gongbang.apps.safety import safety_reply
from gongbang.data.records import Record
from gongbang.errors import DataError, OptionError
from tests.apps.talk import Changing, Letters, answers

SURE = ChatSettings(response_weight=2.0, question_weight=10.0, bias=-6.0)


@pytest.fixture
def source() -> Changing:
    return Changing(*answers())


@pytest.fixture
def chat(source: Changing, tmp_path: Path) -> Chat:
    return Chat(AnswerBook(source, Letters(), tmp_path / "book"), SURE)


def test_a_known_question_is_answered_with_the_reason(chat: Chat):
    reply = chat.reply("공방은 몇 시에 열어요?")
    assert (reply.kind, reply.answer_id) == ("answer", 1) and "열 시" in reply.text
    told = reply.to_dict(explain=True)
    assert told["candidates"][0]["question_score"] == pytest.approx(1.0, abs=1e-3)
    assert "candidates" not in reply.to_dict()


def test_what_is_not_known_is_asked_back_with_the_two_nearest_questions(chat: Chat):
    reply = chat.reply("공방은 몇 살이에요")
    assert reply.kind == "clarify" and reply.answer_id is None and len(reply.questions) == 2
    assert "공방은 몇 시에 열어요?" in reply.questions and all(q in reply.text for q in reply.questions)


def test_an_added_answer_is_found_a_changed_one_changes_and_a_deleted_one_is_gone(
    chat: Chat, source: Changing
):
    asked = "유약은 어디서 사요?"
    assert chat.reply(asked).kind != "answer"
    source.put(KnownAnswer(9, "유약은 시장 골목에서 사요.", asked))
    assert chat.reply(asked).answer_id == 9
    source.put(KnownAnswer(9, "유약은 직접 만들어 써요.", asked, version=2))
    assert chat.reply(asked).text == "유약은 직접 만들어 써요."
    source.delete(9)
    reply = chat.reply(asked)
    assert reply.answer_id is None and all(hit.answer.id != 9 for hit, _ in reply.candidates)


def test_nothing_is_encoded_twice_and_answers_that_went_meanwhile_are_forgotten(
    source: Changing, tmp_path: Path
):
    first = Letters()
    assert AnswerBook(source, first, tmp_path / "book").sync() == 4 and len(first.encoded) == 4
    source.delete(2)
    second = Letters()
    book = AnswerBook(source, second, tmp_path / "book")
    assert book.sync() == 4 and second.encoded == []
    assert len(book) == 3 and all(hit.answer.id != 2 for hit in book.find("도자기는?", "도자기는?"))
    lost = AnswerBook(ListedAnswers(answers()[:1]), Letters(), tmp_path / "book")
    lost.sync()  # another source over the same folder: what it does not know is not served
    assert {hit.answer.id for hit in lost.find("도자기는 얼마나 구워요?", "도자기는 얼마나 구워요?")} == {1}


def test_it_does_not_repeat_itself(chat: Chat):
    talk = Conversation()
    first = chat.reply("아이도 배울 수 있나요?", talk)
    again = chat.reply("아이도 배울 수 있나요?", talk)
    assert first.answer_id == 4 and again.answer_id != 4
    assert len(talk.turns) == 4 and talk.given == [4]


def test_the_conversation_so_far_changes_the_reply(source: Changing, tmp_path: Path):
    source.put(KnownAnswer(11, "도자기 수업은 사만 원이에요."))
    source.put(KnownAnswer(12, "가죽 수업은 육만 원이에요."))
    settings = replace(SURE, question_weight=0.0, response_weight=20.0, bias=-2.0)
    chat = Chat(AnswerBook(source, Letters(), tmp_path / "book"), settings)
    prices = [
        chat.reply("수업은 얼마예요?", Conversation(turns=[before])).answer_id
        for before in ("도자기, 도자기가 좋아요", "가죽, 가죽이 좋아요")
    ]
    assert prices == [11, 12]


def test_words_of_distress_are_met_before_any_model_is_asked(chat: Chat):
    reply = chat.reply("요즘 너무 힘들어서 죽고 싶어요")
    assert reply.kind == "safety" and "109" in reply.text and not reply.candidates
    assert safety_reply("배고파 죽고 싶다") is None and safety_reply("안녕하세요") is None
    assert chat.book._seen == 0  # not even the answers were looked at


def test_a_reranker_changes_who_is_first_and_not_how_sure_that_is(source: Changing, tmp_path: Path):
    class Prefers:
        def scores(self, context: str, responses: list[str]) -> np.ndarray:
            return np.array([float("뒤뜰" in response) for response in responses])

    book = AnswerBook(source, Letters(), tmp_path / "book")
    plain = Chat(book, replace(SURE, threshold=0.0)).reply("주차할 곳이 있나요, 아이도 배울 수 있나요?")
    reranked = Chat(book, replace(SURE, threshold=0.0), Prefers()).reply("아이도 배울 수 있나요?")
    assert plain.answer_id in (3, 4) and reranked.answer_id == 3


def test_a_message_that_is_blank_or_endless_is_refused(chat: Chat):
    for said in ("  \n ", "가" * (LONGEST + 1)):
        with pytest.raises(DataError) as caught:
            chat.reply(said)
        assert caught.value.field == "text"


def test_settings_and_files_that_cannot_be_used_are_told():
    for wrong in ({"turns": 0}, {"threshold": 1.5}, {"rerank": 0}, {"without_repeat": -1}):
        with pytest.raises(OptionError):
            ChatSettings(**wrong)
    with pytest.raises(DataError):
        ListedAnswers.of_records([Record("1", {"context": "질문만 있다"})])
    twice = [Record(str(n), {"context": "뭐 해?", "response": "일해요."}) for n in range(2)]
    assert len(ListedAnswers.of_records(twice).changes_since(0)) == 1


def test_an_empty_book_is_silent(tmp_path: Path):
    chat = Chat(AnswerBook(Changing(), Letters(), tmp_path / "book"))
    assert chat.reply("안녕하세요").kind == "silent"
