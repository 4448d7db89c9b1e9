"""The review queue: what people thought of answers, and what reviewers decide about it.

Nothing here is ever changed: a decision is a row, a change of mind one more, and the last one counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, cast, get_args

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from gongbang.apps.loop.judged import Action, Decided, Judged, check_right
from gongbang.errors import DataError, StoreConflictError, StoreMissingError
from gongbang.serve.database.checks import MAX_ID, MAX_LIMIT, checked_number, checked_text
from gongbang.serve.database.feedback_rows import (
    checked_judged,
    feedback_of,
    insert_feedback,
    judged_of,
    of_origin,
)
from gongbang.serve.database.rows import Decision, Feedback, Page, ReviewItem, ReviewState
from gongbang.serve.database.store import Store
from gongbang.serve.database.tables import DecisionRow, FeedbackRow

_ACTIONS: dict[str, Action] = {"accepted": "accept", "corrected": "correct", "rejected": "reject"}
_BATCH = 500


class Review:
    """The feedback of a database, and the decisions about it.

    Every method may raise StoreAwayError (the database cannot be reached) and StoreError (its tables are
    missing), and may be called by several threads at once.

    Example:
        >>> import tempfile
        >>> from gongbang.serve.database.migrate import upgrade
        >>> texts = {"question": "고래는 물고기인가?", "context": "고래는 젖먹이동물이다."}
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     upgrade(f"{folder}/a.db")
        ...     with Store(f"{folder}/a.db") as store:
        ...         review = Review(store)
        ...         kept = review.keep([Judged("ask", "boolq", texts, "yes", good=False)])[0]
        ...         item = review.decide(kept.id, "correct", text="no", reviewer="min")
        ...         item.state, review.decided()[0].right
        ('corrected', 'no')
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    def keep(self, judged: Sequence[Judged]) -> list[Feedback]:
        """Keep what people thought of answers, all or none of it.

        What has a key is kept once: the same again changes nothing.

        Raises:
            DataError: one cannot be stored.
            StoreConflictError: one has the key of another that says something else.
        """
        checked = [checked_judged(one) for one in judged]
        return self.store.write(
            lambda session: [feedback_of(insert_feedback(session, one)) for one in checked]
        )

    def get(self, id: int) -> ReviewItem:
        """One piece of feedback with every decision about it.

        Raises:
            StoreMissingError: there is none.
        """
        return self.store.read(lambda session: _items(session, [_found(session, id)])[0])

    def page(
        self,
        *,
        state: str | None = None,
        origin: str | None = None,
        task: str | None = None,
        after: int = 0,
        limit: int = 50,
    ) -> Page[ReviewItem]:
        """Feedback in the order in which it came.

        Args:
            state, origin, task: those only; all when None.
            after: what came after this id only. limit: the most on the page, up to 1,000.

        Raises:
            DataError: a number is out of bounds, or there is no such state.
        """
        checked_number(after, "after")
        checked_number(limit, "limit", least=1, most=MAX_LIMIT)
        filters = [*of_origin(origin, task), *_in_state(state)]

        def work(session: Session) -> Page[ReviewItem]:
            total = session.scalar(_latest(select(func.count(FeedbackRow.id))).where(*filters)) or 0
            query = _latest(select(FeedbackRow)).where(FeedbackRow.id > after, *filters)
            rows = session.scalars(query.order_by(FeedbackRow.id).limit(limit + 1)).all()
            items = tuple(_items(session, rows[:limit]))
            return Page(items, total, items[-1].id if len(rows) > limit else None)

        return self.store.read(work)

    def decide(
        self,
        id: int,
        action: str,
        *,
        reviewer: str,
        text: str | None = None,
        note: str = "",
        version: int | None = None,
    ) -> ReviewItem:
        """Decide about feedback; what was decided before stays beside it.

        Args:
            action: "accept" what the person says is right, "correct" it by ``text``, or "reject" it.
            reviewer: who decides. note: why.
            text: of a correction alone: what is right, "" for a reader's "no answer here".
            version: of the item that was looked at; whichever there is when None.

        Raises:
            StoreMissingError: there is no such feedback.
            StoreConflictError: somebody else decided meanwhile.
            DataError: no record could be made of it, or a field cannot be stored.
        """
        known = _checked_action(action, text)
        checked_text(reviewer, "reviewer", longest=100)
        checked_text(note, "note", blank=True)
        if text is not None:
            checked_text(text, "text", blank=True)

        def work(session: Session) -> ReviewItem:
            row = _found(session, id, hold=True)
            item = _items(session, [row])[0]
            if version is not None and version != item.version:
                raise _decided_meanwhile(item, version)
            decision = DecisionRow(
                feedback_id=id,
                number=item.version,
                action=known,
                text=_right(item.feedback.judged, known, text),
                reviewer=reviewer,
                note=note,
                at=datetime.now(UTC),
            )
            session.add(decision)
            session.flush()
            return _items(session, [row])[0]

        return self.store.write(work)

    def decided(self, task: str | None = None) -> list[Decided]:
        """The last decision on each piece of feedback that was accepted or corrected, by the feedback's id.

        What went with its conversation is not there any more, whatever was decided about it.

        Args:
            task: of this task only; all when None.
        """
        kept = DecisionRow.action.in_(("accept", "correct"))

        def work(session: Session) -> list[Decided]:
            query = _latest(select(FeedbackRow, DecisionRow)).where(kept, *of_origin(None, task))
            found = session.execute(query.order_by(FeedbackRow.id).execution_options(yield_per=_BATCH))
            return [_decided(feedback, decision) for feedback, decision in found]

        return self.store.read(work, one_moment=True)


def _latest(query: Any) -> Any:
    """The query over feedback, each beside its last decision where there is one."""
    last = (
        select(DecisionRow.feedback_id, func.max(DecisionRow.number).label("number"))
        .group_by(DecisionRow.feedback_id)
        .subquery()
    )
    joined = query.select_from(FeedbackRow).outerjoin(last, last.c.feedback_id == FeedbackRow.id)
    here = (DecisionRow.feedback_id == FeedbackRow.id) & (DecisionRow.number == last.c.number)
    return joined.outerjoin(DecisionRow, here)


def _in_state(state: str | None) -> list[ColumnElement[bool]]:
    if state is None:
        return []
    if state == "open":
        return [DecisionRow.id.is_(None)]
    if state in _ACTIONS:
        return [DecisionRow.action == _ACTIONS[state]]
    raise _wrong("there is no such state.", state, ", ".join(get_args(ReviewState)), "state")


def _items(session: Session, rows: Iterable[FeedbackRow]) -> list[ReviewItem]:
    rows = list(rows)
    query = select(DecisionRow).where(DecisionRow.feedback_id.in_([row.id for row in rows]))
    found: dict[int, list[Decision]] = defaultdict(list)
    for one in session.scalars(query.order_by(DecisionRow.feedback_id, DecisionRow.number)):
        found[one.feedback_id].append(_decision(one))
    return [ReviewItem(feedback_of(row), tuple(found[row.id])) for row in rows]


def _found(session: Session, id: int, *, hold: bool = False) -> FeedbackRow:
    """The row of feedback; held, nobody else decides about it until the transaction ends."""
    row = session.get(FeedbackRow, id, with_for_update=hold or None) if 0 < id <= MAX_ID else None
    if row is None:
        raise StoreMissingError(
            "there is no feedback of this id.",
            value=id,
            allowed="the id of feedback whose conversation was not deleted",
            cure="Take the id from the list of what is to be reviewed.",
        )
    return row


def _decided_meanwhile(item: ReviewItem, version: int) -> StoreConflictError:
    last = item.decisions[-1] if item.decisions else None
    said = "" if last is None else f": {last.reviewer} says {last.action}"
    return StoreConflictError(
        f"somebody decided about this feedback since it was read{said}.",
        current=item.version,
        value=f"version {version} of feedback {item.id}",
        allowed=f"version {item.version}",
        cure="Look at it again, and decide from what it says now.",
    )


def _checked_action(action: str, text: str | None) -> Action:
    if action not in get_args(Action):
        raise _wrong("there is no such decision.", action, ", ".join(get_args(Action)), "action")
    if (action == "correct") != (text is not None):
        what = "what is right is said with a correction, and with nothing else."
        raise _wrong(what, f"{action} with {'a' if text is not None else 'no'} text", "correct, text", "text")
    return cast(Action, action)


def _right(judged: Judged, action: Action, text: str | None) -> str:
    if action == "reject":
        return ""
    right = judged.right if action == "accept" else text
    if right is None:
        what = "it was only said that the answer is wrong, not what is right."
        raise _wrong(what, judged.answer, "a correction, or a rejection", "action")
    return check_right(judged, right)


def _decision(row: DecisionRow) -> Decision:
    action = cast(Action, row.action)
    return Decision(row.id, row.feedback_id, row.number, action, row.text, row.reviewer, row.note, row.at)


def _decided(feedback: FeedbackRow, decision: DecisionRow) -> Decided:
    return Decided(
        feedback=feedback.id,
        decision=decision.id,
        action=cast(Action, decision.action),
        right=decision.text,
        reviewer=decision.reviewer,
        at=decision.at,
        judged=judged_of(feedback),
    )


def _wrong(what: str, value: object, allowed: str, field: str) -> DataError:
    return DataError(what, value=value, allowed=allowed, cure=f"Change '{field}'.", field=field)
