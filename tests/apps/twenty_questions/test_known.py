"""The table and single sentences as knowledge: who answers, on what, and what is told and kept of it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from gongbang.apps.loop.judged import of_game
from gongbang.apps.twenty_questions import (
    Focused,
    Game,
    Keyword,
    Known,
    Sentences,
    TwentyQuestions,
    feedback_of,
    read_keywords,
    read_known,
    read_table,
)
from gongbang.apps.twenty_questions.opening import opened
from tests.apps.twenty_questions.letters_encoder import Pairs
from tests.apps.twenty_questions.scripted import Blabbing, Scripted, small_keywords

KEYWORDS = read_keywords()
TABLE = read_table(KEYWORDS)
FIREMAN = KEYWORDS.get("소방관")
EATEN = "먹거나 마시는 것인가요?"


@pytest.fixture
def known() -> Known:
    return Known.of(TABLE, Pairs())


def game(keyword: Keyword = FIREMAN) -> Game:
    return Game("1" * 40, keyword.name, KEYWORDS.hash)


def rules(known: Known | None, answerer: Scripted | None = None) -> TwentyQuestions:
    return TwentyQuestions(KEYWORDS, answerer or Scripted(), Blabbing("없음"), known)


def test_the_tables_own_questions_are_answered_as_its_cells_say(known: Known):
    said = {1: "yes", 0: "no", -1: None}
    for row, name in enumerate(TABLE.keywords):
        for column, attribute in enumerate(TABLE.attributes):
            told = known.told(attribute.question, KEYWORDS.get(name))
            assert (None if told is None else told.answer) == said[int(TABLE.values[row, column])]
            if told is not None:
                assert told.attribute == attribute.id and told.by_hash == TABLE.hash
                assert name in told.evidence and attribute.question in told.evidence
                assert (told.start, told.end) == (0, len(told.evidence))


@pytest.mark.parametrize(
    "question",
    [
        "오늘 점심은 무엇인가요?",
        "먹거나 마시는 것이 아닌가요?",
        "먹거나 마시지 않나요?",
        "안 먹거나 안 마시는 것인가요?",
    ],
)
def test_what_is_far_or_denies_is_left_to_the_reader(known: Known, question: str):
    assert known.told(question, FIREMAN) is None
    answerer = Scripted()
    turn = rules(known, answerer).ask(game(), question).turns[0]
    assert (turn.artifact, turn.attribute) == ("scripted", "") and len(answerer.asked) == 1


def test_a_yes_must_be_nearer_than_a_no(known: Known):
    question = "사람을 가리키는 말일까요?"
    near = float((known.vectors @ known.encoder.encode_queries([question])[0]).max())
    person, plant = FIREMAN, KEYWORDS.get("소나무")
    for yes_from, no_from, told in ((near + 0.01, near - 0.01, "no"), (near - 0.01, near + 0.01, "yes")):
        one = replace(known, yes_from=yes_from, no_from=no_from)
        answers = [found.answer for found in (one.told(question, person), one.told(question, plant)) if found]
        assert answers == [told]


def test_of_another_keyword_the_table_says_nothing(known: Known):
    assert known.told(EATEN, Keyword("유니콘", "동물", "뿔이 있다.")) is None


def test_a_folder_without_a_table_has_none(tmp_path):
    assert read_known(small_keywords(), tmp_path, Pairs()) is None
    assert isinstance(read_known(KEYWORDS, None, Pairs()), Known)
    plain = opened(KEYWORDS, Scripted(), Blabbing(), None, None)
    assert plain.known is None and isinstance(plain.answerer, Scripted)
    assert isinstance(opened(KEYWORDS, Scripted(), Blabbing(), None, Pairs()).answerer, Focused)


def test_nothing_of_the_evidence_is_told_before_the_end_and_all_of_it_after(known: Known):
    engine = rules(known)
    after = engine.ask(game(), EATEN)
    shown = json.dumps(engine.view(after), ensure_ascii=False)
    assert engine.view(after)["turns"][0]["said"] == "아니요"
    assert not KEYWORDS.forms(FIREMAN).found_in(shown)
    assert "attribute" not in shown and "evidence" not in shown and EATEN not in shown
    turn = engine.view(engine.give_up(after))["turns"][0]
    assert turn["attribute"] == "food" and turn["artifact"] == "table"
    assert turn["evidence"]["text"] == f"소방관: {EATEN} 아니요."
    assert Game.from_dict(json.loads(json.dumps(after.to_dict()))) == after
    older = after.to_dict()
    del older["turns"][0]["attribute"]  # as it was kept before there was a table
    assert Game.from_dict(older).turns[0].attribute == ""


def test_what_is_kept_for_training_says_what_is_right(known: Known):
    engine = rules(known)
    over = engine.give_up(engine.ask(engine.ask(game(), EATEN), "불을 다루거나 불에 익히나요?"))
    right, wrong = feedback_of(over, KEYWORDS, {2: "no"})
    assert right.document == right.evidence == f"소방관: {EATEN} 아니요."
    assert (
        right.artifact_hash == TABLE.hash and right.question == EATEN and right.asked.startswith("소방관은")
    )
    record = right.to_record()
    assert record is not None
    assert record.labels["label"] == "no" and record.fields["context"] == right.evidence
    judged = of_game(right)
    assert judged.texts["context"] == judged.evidence and judged.artifact == "table"
    corrected = wrong.to_record()  # the cell's sentence says yes: no record says no of it
    assert corrected is not None
    assert corrected.fields["context"] == FIREMAN.document and corrected.labels["label"] == "no"


def test_the_nearest_sentence_is_read_and_is_the_evidence():
    encoder, answerer = Pairs(), Scripted()
    focused = Focused(answerer, Sentences(encoder, near_from=0.2))
    read = []
    answerer.ask = lambda id, question, keyword: (  # type: ignore[method-assign]
        read.append(keyword.document) or Scripted().ask(id, question, keyword)
    )
    told = focused.ask("1", "소방관은 한국에서는 119에 전화하면 오나요?", FIREMAN)
    assert read == ["한국에서는 119에 전화하면 온다."]
    if told.answer != "no-answer":
        assert told.evidence == read[0] == FIREMAN.document[told.start : told.end]
    made = encoder.count
    focused.ask("2", "소방관은 위험한 직업인가요?", FIREMAN)
    assert encoder.count == made + 1  # the sentences were encoded once
    assert (focused.name, focused.hash) == (answerer.name, answerer.hash)


def test_where_no_sentence_is_near_nobody_is_asked_and_nothing_is_claimed():
    answerer = Scripted()
    engine = rules(None, answerer)
    engine = replace(engine, answerer=Focused(answerer, Sentences(Pairs(), near_from=0.99)))
    turn = engine.ask(game(), "피아노를 잘 치나요?").turns[0]
    assert not answerer.asked and turn.answer == "no-answer" and turn.evidence == ""
    assert (turn.artifact, turn.artifact_hash) == ("encoder", Pairs.signature)
    (kept,) = feedback_of(engine.give_up(engine.ask(game(), "피아노를 잘 치나요?")), KEYWORDS, {})
    assert kept.document == FIREMAN.document
