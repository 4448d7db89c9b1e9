"""What was marked becomes a record of its task, or says why it cannot."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gongbang.apps.answer import Answer, Considered
from gongbang.apps.loop.judged import (
    Decided,
    Judged,
    check_right,
    of_answer,
    of_game,
    record_of,
    secret_group,
)
from gongbang.apps.twenty_questions.feedback import Feedback
from gongbang.errors import DataError

TEXT = "두루미골에는 312명이 산다. 옛날에는 312명이 아니라 900명이 살았다."


def decided(judged, right, feedback=7):
    return Decided(feedback, 3, "correct", right, "min", datetime(2026, 11, 2, tzinfo=UTC), judged)


def asked(task="reader", **more):
    texts = {"question": "몇 명이 사는가?", "context": TEXT, "title": "두루미골"}
    return Judged("ask", task, texts, "900명", good=False, group="village.md", reference="village.md", **more)


def test_a_readers_answer_stands_where_the_evidence_is():
    record = record_of(decided(asked(evidence="옛날에는 312명이 아니라 900명이 살았다."), "312명"))
    assert record.answers[0].start == TEXT.rindex("312명")
    assert record_of(decided(asked(), "312명")).answers[0].start == TEXT.index("312명")
    assert record.fields == {"question": "몇 명이 사는가?", "context": TEXT, "title": "두루미골"}
    assert (record.id, record.group, record.source) == ("feedback-7", "village.md", "feedback")
    assert record.lineage == ("ask:village.md#7",) and record.labels == {"origin": "ask"}


def test_no_answer_is_a_readers_answer_too():
    assert record_of(decided(asked(), "")).spans == {"answers": ()}


def test_words_that_do_not_stand_there_are_refused():
    with pytest.raises(DataError, match="does not stand in the passage"):
        check_right(asked(), "313명")


def test_a_label_of_boolq_is_one_of_three():
    assert record_of(decided(asked("boolq"), "no-answer")).labels["label"] == "no-answer"
    with pytest.raises(DataError, match="no answer to a yes/no question"):
        check_right(asked("boolq"), "maybe")


def test_a_response_and_a_class():
    talk = Judged("chat", "respond", {"context": "안녕\n응\n뭐 해?"}, "몰라", good=False, group="c")
    record = record_of(decided(talk, "쉬고 있어요."))
    assert record.fields == {"context": "안녕\n응\n뭐 해?", "response": "쉬고 있어요."}
    mood = Judged("predict", "classify", {"text": "재미있다"}, "bad", good=False)
    record = record_of(decided(mood, "good"))
    assert record.labels == {"origin": "predict", "label": "good"} and record.group == "feedback-7"
    for judged in (talk, mood):
        with pytest.raises(DataError, match="nothing is said to be right"):
            check_right(judged, " ")


@pytest.mark.parametrize("task", ["emotions", "encode", ""])
def test_other_tasks_learn_nothing(task):
    with pytest.raises(DataError, match="becomes no record"):
        check_right(asked(task), "x")


def test_a_missing_text_is_told():
    with pytest.raises(DataError, match="'context' is missing"):
        check_right(Judged("ask", "reader", {"question": "?"}, "", good=True), "")


def game(**more):
    values = {
        **{"game": "f" * 32, "turn": 3, "task": "boolq", "keyword": "고래", "category": "동물"},
        **{"question": "물고기인가요?", "asked": "고래는 물고기인가?", "answer": "yes", "evidence": "고래는"},
        **{"confidence": 0.7, "mark": "wrong", "correction": "no", "document": "고래는 젖먹이동물이다."},
        **{"keywords": "kw", "artifact": "boolq-ko", "artifact_hash": "ab" * 32},
    }
    return Feedback(**{**values, **more})


def test_a_turn_of_a_game_knows_where_it_came_from():
    judged = of_game(game(), client="play")
    assert (judged.origin, judged.task, judged.right, judged.group) == ("game", "boolq", "no", "고래")
    assert (judged.artifact, judged.artifact_id, judged.client) == ("boolq-ko", "ab" * 32, "play")
    assert (judged.asked, judged.texts["question"]) == ("물고기인가요?", "고래는 물고기인가?")
    assert judged.reference == f"{secret_group('game', 'f' * 32)}/3" and "f" * 32 not in repr(judged)
    record = record_of(decided(judged, "no"))
    theirs = game().to_record()
    assert (record.fields, record.labels["label"], record.group) == (
        theirs.fields,
        theirs.labels["label"],
        theirs.group,
    )


def test_a_mark_without_a_correction_says_nothing_right():
    assert of_game(game(correction="")).right is None
    assert of_game(game(mark="right", correction="")).right == "yes"


def test_an_answer_of_ask_takes_the_passage_that_holds_its_evidence():
    def passage(id, text, document="village.md"):
        return Considered(id, document, "두루미골", "", "", 0, 1.0, {}, text)

    answer = Answer(
        question="몇 명이 사는가?",
        text="900명",
        evidence="옛날에는 312명이 아니라 900명이 살았다.",
        document="village.md",
        title="두루미골",
        passages=(passage("m", "다른 문서", "museum.md"), passage("v1", "두루미골은"), passage("v2", TEXT)),
    )
    judged = of_answer(answer, False, artifact="reader-ko", artifact_id="cd", correction="312명")
    assert judged.texts == {"question": "몇 명이 사는가?", "context": TEXT, "title": "두루미골"}
    assert (judged.group, judged.reference, judged.right) == ("village.md", "village.md", "312명")
    assert of_answer(answer, True, artifact="reader-ko", artifact_id="cd").right == "900명"
