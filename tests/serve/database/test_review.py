"""The review queue on every database: decisions are added, never changed; of two reviewers one decides."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from gongbang.apps.loop.judged import Judged, of_game, secret_group
from gongbang.errors import DataError, StoreConflictError, StoreMissingError
from gongbang.serve.database.engine import make_engine
from gongbang.serve.database.migrate import differences, downgrade, upgrade
from gongbang.serve.database.review import Review
from gongbang.serve.database.rows import NewTurn
from gongbang.serve.database.store import Store
from tests.apps.loop.test_judged import game
from tests.serve.servers import fresh_database

TEXTS = {"question": "고래는 물고기인가?", "context": "고래는 젖먹이동물이다.", "title": "고래"}


@pytest.fixture
def review(store):
    return Review(store)


def marked(**more):
    values = {"origin": "ask", "task": "boolq", "texts": TEXTS, "answer": "yes", "good": False}
    return Judged(**{**values, "correction": "no", **more})


def test_what_is_kept_comes_back_as_it_was(review):
    judged = marked(
        asked="고래는 물고기야?",
        evidence="고래는",
        artifact="boolq-ko",
        artifact_id="ab" * 32,
        reference="sea.md",
        group="sea.md",
        client="rest",
        note="틀렸어요 😀",
    )
    (kept,) = review.keep([judged])
    item = review.get(kept.id)
    assert item.feedback == kept and kept.judged == judged
    assert (item.state, item.version, item.decisions, kept.verdict) == ("open", 1, (), "bad")


def test_decisions_are_rows_that_stay(review, store):
    (kept,) = review.keep([marked()])
    accepted = review.decide(kept.id, "accept", reviewer="min", note="맞아요")
    assert (accepted.state, accepted.version, accepted.decisions[0].text) == ("accepted", 2, "no")
    corrected = review.decide(kept.id, "correct", text="no-answer", reviewer="jun")
    rejected = review.decide(kept.id, "reject", reviewer="min")
    assert [one.state for one in (corrected, rejected)] == ["corrected", "rejected"]
    assert rejected.decisions[:2] == corrected.decisions and corrected.decisions[:1] == accepted.decisions
    assert [(one.number, one.action, one.text, one.reviewer) for one in rejected.decisions] == [
        (1, "accept", "no", "min"),
        (2, "correct", "no-answer", "jun"),
        (3, "reject", "", "min"),
    ]
    assert review.get(kept.id) == rejected


def test_only_the_last_decision_counts(review):
    ids = [
        kept.id for kept in review.keep([marked(), marked(), marked(good=True, correction=None), marked()])
    ]
    review.decide(ids[0], "accept", reviewer="min")
    review.decide(ids[1], "accept", reviewer="min")
    review.decide(ids[1], "reject", reviewer="min")
    review.decide(ids[2], "accept", reviewer="min")
    review.decide(ids[2], "correct", text="no", reviewer="jun")
    told = review.decided()
    assert [(one.feedback, one.action, one.right, one.reviewer) for one in told] == [
        (ids[0], "accept", "no", "min"),
        (ids[2], "correct", "no", "jun"),
    ]
    assert told[0].judged == marked() and told[0].at.tzinfo is not None
    assert review.decided("reader") == []


def test_a_decision_from_an_old_version_is_refused(review):
    (kept,) = review.keep([marked()])
    review.decide(kept.id, "accept", reviewer="min", version=1)
    with pytest.raises(StoreConflictError, match="min says accept") as caught:
        review.decide(kept.id, "reject", reviewer="jun", version=1)
    assert caught.value.current == 2
    assert review.decide(kept.id, "reject", reviewer="jun", version=2).state == "rejected"


def test_of_many_reviewers_at_once_one_decides(review):
    (kept,) = review.keep([marked()])

    def go(number):
        try:
            return review.decide(kept.id, "accept", reviewer=f"r{number}", version=1).decisions[-1].reviewer
        except StoreConflictError as err:
            return err.current

    with ThreadPoolExecutor(6) as pool:
        told = list(pool.map(go, range(6)))
    winners = [one for one in told if isinstance(one, str)]
    assert len(winners) == 1 and told.count(2) == 5
    assert [one.reviewer for one in review.get(kept.id).decisions] == winners


def test_without_a_version_all_are_kept_in_order(review):
    (kept,) = review.keep([marked()])
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: review.decide(kept.id, "accept", reviewer=f"r{n}"), range(4)))
    assert [one.number for one in review.get(kept.id).decisions] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("judged", "decision", "what"),
    [
        (marked(correction=None), {"action": "accept"}, "only said that the answer is wrong"),
        (marked(correction="maybe"), {"action": "accept"}, "no answer to a yes/no question"),
        (marked(), {"action": "correct", "text": "maybe"}, "no answer to a yes/no question"),
        (marked(), {"action": "correct"}, "what is right is said with a correction"),
        (marked(), {"action": "reject", "text": "no"}, "what is right is said with a correction"),
        (marked(), {"action": "approve"}, "no such decision"),
        (marked(task="emotions"), {"action": "accept"}, "becomes no record"),
        (marked(task="reader"), {"action": "correct", "text": "물고기"}, "does not stand in the passage"),
    ],
)
def test_what_makes_no_record_is_told_to_the_reviewer(review, judged, decision, what):
    (kept,) = review.keep([judged])
    with pytest.raises(DataError, match=what):
        review.decide(kept.id, reviewer="min", **decision)
    assert review.get(kept.id).state == "open"
    assert review.decide(kept.id, "reject", reviewer="min").state == "rejected"


def test_a_reader_may_be_corrected_to_no_answer(review):
    (kept,) = review.keep([marked(task="reader")])
    assert review.decide(kept.id, "correct", text="", reviewer="min").decisions[0].text == ""
    assert review.decided()[0].right == ""


@pytest.mark.parametrize(
    "more",
    [
        {"origin": "rumour"},
        {"good": True},  # and a correction
        {"artifact_id": "x" * 65},
        {"group": "x" * 201},
        {"answer": "\x00"},
        {"texts": {"context": "가" * 200_001}},
        {"texts": {"": "가"}},
    ],
)
def test_what_no_database_keeps_is_refused(review, more):
    with pytest.raises(DataError):
        review.keep([marked(), marked(**more)])
    assert review.page().total == 0


def test_no_reviewer_no_decision(review):
    (kept,) = review.keep([marked()])
    for name in ("", "  ", "x" * 101):
        with pytest.raises(DataError):
            review.decide(kept.id, "accept", reviewer=name)


def test_what_is_not_there(review):
    for call in (review.get, lambda id: review.decide(id, "accept", reviewer="min")):
        for id in (1, 0, -1, 2**70):
            with pytest.raises(StoreMissingError):
                call(id)


def test_pages_by_state_origin_and_task(review):
    rows = [marked(), marked(origin="game"), marked(task="reader"), marked(origin="predict")]
    ids = [kept.id for kept in review.keep(rows)]
    review.decide(ids[0], "accept", reviewer="min")
    review.decide(ids[1], "correct", text="no", reviewer="min")
    review.decide(ids[1], "reject", reviewer="min")

    def found(**wanted):
        page = review.page(**wanted)
        assert page.total == len(page.items)
        return [item.id for item in page.items]

    assert found() == ids
    assert found(state="open") == ids[2:]
    assert found(state="accepted") == ids[:1]
    assert (found(state="corrected"), found(state="rejected")) == ([], [ids[1]])
    assert found(origin="game") == [ids[1]]
    assert found(task="reader", state="open") == [ids[2]]
    first = review.page(limit=3)
    assert (len(first.items), first.total, first.next) == (3, 4, ids[2])
    assert [item.id for item in review.page(after=first.next).items] == [ids[3]]
    with pytest.raises(DataError, match="no such state"):
        review.page(state="done")


def test_a_turn_of_a_game_is_kept_once(review):
    first = review.keep([of_game(game())])
    assert review.keep([of_game(game())]) == first
    with pytest.raises(StoreConflictError, match="judged before, otherwise"):
        review.keep([of_game(game(mark="right", correction=""))])
    assert review.page().total == 1


def test_what_is_thought_of_a_turn_enters_the_queue(review, talks):
    talk = talks.start()
    said = talks.add(
        talk.id,
        [
            NewTurn("user", "안녕\n하세요"),
            NewTurn("bot", "반가워요.", 4, artifact="respond-ko", artifact_id="cd" * 32),
            NewTurn("user", "몇 시에 열어요?"),
            NewTurn("bot", "몰라요.", 9, artifact="respond-ko", artifact_id="ef" * 32),
        ],
    )
    kept = talks.judge(said[3].id, "bad", "틀려요", correction="열 시에 열어요.", client="rest")
    judged = review.get(kept.id).feedback.judged
    assert judged == kept.judged
    assert judged.texts == {"context": "안녕 하세요\n반가워요.\n몇 시에 열어요?"}
    assert (judged.asked, judged.answer, judged.right) == ("몇 시에 열어요?", "몰라요.", "열 시에 열어요.")
    assert (judged.artifact, judged.artifact_id) == ("respond-ko", "ef" * 32)
    assert judged.reference == f"turn {said[3].id}, answer 9"
    assert judged.group == secret_group("conversation", talk.id) and talk.id not in repr(judged)
    review.decide(kept.id, "accept", reviewer="min")
    assert review.decided()[0].right == "열 시에 열어요."


def test_feedback_goes_with_its_conversation_and_decisions_stay(review, talks, store):
    talk = talks.start()
    said = talks.add(talk.id, [NewTurn("user", "안녕"), NewTurn("bot", "네")])
    kept = talks.judge(said[1].id, "good")
    review.decide(kept.id, "accept", reviewer="min")
    talks.delete(talk.id)
    assert review.decided() == [] and review.page().total == 0
    count = store.read(lambda session: session.scalar(text("SELECT count(*) FROM decisions")))
    assert count == 1


def test_feedback_of_before_enters_the_queue(kind, tmp_path):
    """Tables as the second revision made them, with rows, are brought up to date; and back."""
    with fresh_database(kind, tmp_path) as url:
        upgrade(url)
        downgrade(url, "0002")
        engine = make_engine(url)
        now = datetime(2026, 11, 2, tzinfo=UTC).isoformat(sep=" ").removesuffix("+00:00")
        talk, turn = "a" * 32, "INSERT INTO turns (id, conversation, role, text, created) VALUES"
        with engine.begin() as connection:
            for statement in (
                f"INSERT INTO conversations (id, created) VALUES ('{talk}', '{now}')",
                f"{turn} (4, '{talk}', 'user', '몇 시에 열어요?', '{now}')",
                f"{turn} (5, '{talk}', 'bot', '몰라요.', '{now}')",
                "INSERT INTO feedback (id, turn_id, verdict, note, created) "
                f"VALUES (7, 5, 'bad', '음', '{now}')",
            ):
                connection.execute(text(statement))
        engine.dispose()
        upgrade(url)
        assert differences(url) == []
        with Store(url) as store:
            review = Review(store)
            judged = review.get(7).feedback.judged
            assert judged.texts == {"context": "몇 시에 열어요?"} and judged.answer == "몰라요."
            assert (judged.artifact, judged.good, judged.note) == ("", False, "음")
            assert judged.group == secret_group("conversation", "a" * 32)
            assert review.decide(7, "correct", text="열 시요.", reviewer="min").state == "corrected"
            review.keep([marked()])
        downgrade(url, "0002")
        engine = make_engine(url)
        with engine.begin() as connection:
            rows = connection.execute(text("SELECT id, turn_id, verdict, note FROM feedback")).all()
        engine.dispose()
        assert [tuple(row) for row in rows] == [(7, 5, "bad", "음")]
        upgrade(url)
        assert differences(url) == []


def test_texts_are_kept_as_json(review, store):
    review.keep([marked()])
    found = store.read(lambda session: session.scalar(text("SELECT texts FROM feedback")))
    assert json.loads(found) == TEXTS
