"""Conversations keep what was said, in order, and what people thought of it."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from gongbang.errors import DataError, StoreMissingError
from gongbang.serve.database.checks import MAX_ID
from gongbang.serve.database.rows import Draft, NewTurn

NOBODY = "0" * 32


def test_turns_come_back_in_order_with_all_they_had(talks, answers):
    answer = answers.create(Draft("반가워요 👋"))
    before = datetime.now(UTC)
    talk = talks.start()
    given = [
        NewTurn("user", "안녕?\n잘 지냈어?"),
        NewTurn("bot", answer.text, answer.id, 0.1 + 0.2, 12.5),
        NewTurn("user", ""),
        NewTurn("bot", "무슨 뜻이에요?", None, -3.5, 1e-3),
    ]
    said = talks.add(talk.id, given[:2]) + talks.add(talk.id, given[2:])
    assert talks.turns(talk.id) == said
    assert [NewTurn(t.role, t.text, t.answer_id, t.score, t.latency_ms) for t in said] == given
    assert [turn.id for turn in said] == sorted({turn.id for turn in said})
    assert all(turn.created.utcoffset() == timedelta(0) for turn in said)
    assert before <= talk.created <= said[0].created <= datetime.now(UTC)
    assert talks.turns(talk.id, last=3) == said[1:]
    assert talks.get(talk.id) == talk
    assert talks.turn(said[2].id) == said[2]


def test_conversations_do_not_mix(talks):
    one, two = talks.start(), talks.start()
    talks.add(one.id, [NewTurn("user", "하나")])
    talks.add(two.id, [NewTurn("user", "둘")])
    assert [turn.text for turn in talks.turns(one.id)] == ["하나"]
    assert one.id != two.id


def test_what_was_said_outlives_the_answer(talks, answers):
    answer = answers.create(Draft("네."))
    talk = talks.start()
    said = talks.add(talk.id, [NewTurn("bot", answer.text, answer.id)])
    answers.delete(answer.id)
    assert talks.turns(talk.id) == said


def test_a_deleted_conversation_takes_turns_and_feedback_with_it(talks):
    kept, gone = talks.start(), talks.start()
    (here,) = talks.add(kept.id, [NewTurn("bot", "여기")])
    (there,) = talks.add(gone.id, [NewTurn("bot", "저기")])
    talks.judge(here.id, "good")
    talks.judge(there.id, "bad")
    talks.delete(gone.id)
    assert [feedback.turn_id for feedback in talks.feedback().items] == [here.id]
    for attempt in (talks.get, talks.turns, talks.delete):
        with pytest.raises(StoreMissingError, match="no conversation of this id"):
            attempt(gone.id)
    with pytest.raises(StoreMissingError, match="no turn of this id"):
        talks.turn(there.id)


@pytest.mark.parametrize("id", [NOBODY, "", "x", "A" * 32, "\ud83d", "가\x00", "' OR 1=1 --"])
def test_an_unknown_conversation_is_missing(talks, id):
    talks.start()
    for attempt in (talks.get, talks.turns, talks.delete, lambda id: talks.add(id, [NewTurn("user", "네")])):
        with pytest.raises(StoreMissingError) as caught:
            attempt(id)
        str(caught.value).encode()
    assert talks.page().total == 1


@pytest.mark.parametrize("id", [0, -1, 999_999_999, MAX_ID + 1])
def test_an_unknown_turn_cannot_be_judged(talks, id):
    with pytest.raises(StoreMissingError, match="no turn of this id"):
        talks.judge(id, "good")


@pytest.mark.parametrize(
    ("field", "turn"),
    [
        ("role", NewTurn("system", "네")),  # type: ignore[arg-type]
        ("text", NewTurn("user", "a\x00b")),
        ("text", NewTurn("user", "가" * 16_001)),
        ("score", NewTurn("bot", "네", score=float("nan"))),
        ("latency_ms", NewTurn("bot", "네", latency_ms=float("inf"))),
        ("answer_id", NewTurn("bot", "네", answer_id=MAX_ID + 1)),
    ],
)
def test_turns_that_cannot_be_kept_are_refused_by_field(talks, field, turn):
    talk = talks.start()
    with pytest.raises(DataError) as caught:
        talks.add(talk.id, [NewTurn("user", "먼저"), turn])
    assert caught.value.field == field
    assert talks.turns(talk.id) == []


def test_feedback_is_kept_and_paged(talks):
    talk = talks.start()
    one, two = talks.add(talk.id, [NewTurn("bot", "하나"), NewTurn("bot", "둘")])
    note = '쉼표, "따옴표"\n줄 바꿈 👍'
    given = [talks.judge(one.id, "good", note), talks.judge(one.id, "bad"), talks.judge(two.id, "bad")]
    first = talks.feedback(limit=2)
    assert (first.items, first.total, first.next) == (tuple(given[:2]), 3, given[1].id)
    assert talks.feedback(after=given[1].id).items == (given[2],)
    assert talks.feedback(turn_id=one.id, verdict="bad").items == (given[1],)
    assert first.items[0].note == note
    for attempt in (lambda: talks.judge(one.id, "meh"), lambda: talks.feedback(verdict="meh")):
        with pytest.raises(DataError) as caught:
            attempt()
        assert caught.value.field == "verdict"


def test_conversations_are_listed_the_newest_first(talks):
    made = [talks.start() for _ in range(5)]
    page = talks.page(limit=2)
    assert (page.items, page.total, page.next) == ((made[4], made[3]), 5, 2)
    assert talks.page(offset=4, limit=2).items == (made[0],)
    assert talks.page(offset=4, limit=2).next is None


def test_who_adds_to_a_conversation_that_is_being_deleted_is_told_so(talks):
    talk = talks.start()
    (said,) = talks.add(talk.id, [NewTurn("bot", "네.")])
    gone, may_end = threading.Event(), threading.Event()

    def delete(session):
        session.execute(text("DELETE FROM conversations WHERE id = :id"), {"id": talk.id})
        gone.set()
        assert may_end.wait(10)

    with ThreadPoolExecutor(3) as pool:
        deletion = pool.submit(talks.store.write, delete)
        assert gone.wait(10)
        added = pool.submit(talks.add, talk.id, [NewTurn("user", "아직 있어?")])
        judged = pool.submit(talks.judge, said.id, "good")
        time.sleep(0.2)
        may_end.set()
        deletion.result()
        for late in (added, judged):
            with pytest.raises(StoreMissingError):
                late.result()


def test_exchanges_of_many_threads_stay_whole(talks):
    talk = talks.start()
    start = threading.Barrier(4)

    def exchange(number):
        start.wait()
        for count in range(10):
            talks.add(talk.id, [NewTurn("user", f"{number} {count}"), NewTurn("bot", f"{number} {count}")])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(exchange, range(4)))
    said = talks.turns(talk.id)
    assert len(said) == 80
    assert all(user.text == bot.text for user, bot in zip(said[::2], said[1::2], strict=True))
    assert {user.role for user in said[::2]} == {"user"}
