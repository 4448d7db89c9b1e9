"""Conversations: what was said, and what people thought of it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import cast

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gongbang.errors import StoreMissingError
from gongbang.serve.database.checks import (
    MAX_ID,
    MAX_LIMIT,
    checked_number,
    checked_text,
    checked_turn,
    checked_verdict,
)
from gongbang.serve.database.feedback_rows import (
    checked_judged,
    feedback_of,
    insert_feedback,
    judged_turn,
)
from gongbang.serve.database.rows import (
    Conversation,
    Feedback,
    NewTurn,
    Page,
    Role,
    Turn,
)
from gongbang.serve.database.store import Store
from gongbang.serve.database.tables import ConversationRow, FeedbackRow, TurnRow

_ID = re.compile(r"[0-9a-f]{32}")


class Conversations:
    """The conversations of a database.

    Every method may raise StoreAwayError (the database cannot be reached) and StoreError (its tables are
    missing), and may be called by several threads at once.

    Example:
        >>> import tempfile
        >>> from gongbang.serve.database.migrate import upgrade
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     upgrade(f"{folder}/answers.db")
        ...     with Store(f"{folder}/answers.db") as store:
        ...         talks = Conversations(store)
        ...         talk = talks.start()
        ...         said = talks.add(talk.id, [NewTurn("user", "안녕?"), NewTurn("bot", "반가워요.")])
        ...         judged = talks.judge(said[1].id, "good")
        ...         [turn.text for turn in talks.turns(talk.id)], judged.verdict
        (['안녕?', '반가워요.'], 'good')
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    def start(self) -> Conversation:
        """Begin a conversation."""
        talk = Conversation(secrets.token_hex(16), datetime.now(UTC))
        self.store.write(lambda session: session.add(ConversationRow(id=talk.id, created=talk.created)))
        return talk

    def get(self, id: str) -> Conversation:
        """The conversation of an id.

        Raises:
            StoreMissingError: there is none.
        """
        return self.store.read(lambda session: _conversation(_talk(session, id)))

    def page(self, *, offset: int = 0, limit: int = 50) -> Page[Conversation]:
        """Conversations, the newest first; ``next`` is the next offset.

        Raises:
            DataError: a number is out of bounds.
        """
        checked_number(offset, "offset")
        checked_number(limit, "limit", least=1, most=MAX_LIMIT)

        def work(session: Session) -> Page[Conversation]:
            total = session.scalar(select(func.count()).select_from(ConversationRow)) or 0
            query = select(ConversationRow).order_by(ConversationRow.created.desc(), ConversationRow.id)
            rows = session.scalars(query.offset(offset).limit(limit + 1)).all()
            items = tuple(map(_conversation, rows[:limit]))
            return Page(items, total, offset + limit if len(rows) > limit else None)

        return self.store.read(work)

    def delete(self, id: str) -> None:
        """Take a conversation out, with its turns and what people thought of them.

        Raises:
            StoreMissingError: there is none.
        """
        self.store.write(lambda session: session.delete(_talk(session, id)))

    def add(self, id: str, turns: Sequence[NewTurn]) -> list[Turn]:
        """Add turns to a conversation, all or none of them and next to each other.

        Raises:
            StoreMissingError: there is no such conversation.
            DataError: a turn cannot be stored.
        """
        checked = [checked_turn(turn) for turn in turns]

        def work(session: Session) -> list[Turn]:
            _talk(session, id, hold=True)
            now = datetime.now(UTC)
            rows = [
                TurnRow(
                    conversation=id,
                    role=turn.role,
                    text=turn.text,
                    answer_id=turn.answer_id,
                    score=turn.score,
                    latency_ms=turn.latency_ms,
                    created=now,
                    artifact=turn.artifact or None,
                    artifact_id=turn.artifact_id or None,
                )
                for turn in checked
            ]
            session.add_all(rows)
            session.flush()
            return [_turn(row) for row in rows]

        return self.store.write(work)

    def turns(self, id: str, *, last: int = MAX_LIMIT) -> list[Turn]:
        """The last turns of a conversation, in the order in which they were said.

        Raises:
            StoreMissingError: there is no such conversation.
            DataError: ``last`` is not from 1 to 1,000.
        """
        checked_number(last, "last", least=1, most=MAX_LIMIT)

        def work(session: Session) -> list[Turn]:
            _talk(session, id)
            query = select(TurnRow).where(TurnRow.conversation == id).order_by(TurnRow.id.desc())
            return [_turn(row) for row in session.scalars(query.limit(last))][::-1]

        return self.store.read(work)

    def turn(self, id: int) -> Turn:
        """The turn of an id.

        Raises:
            StoreMissingError: there is none.
        """
        return self.store.read(lambda session: _turn(_said(session, id)))

    def judge(
        self,
        turn_id: int,
        verdict: str,
        note: str = "",
        *,
        correction: str | None = None,
        client: str = "",
    ) -> Feedback:
        """Keep what somebody thought of a turn, with what was said before it; several may judge one.

        Args:
            correction: what should have been said. client: what the judgement came by.

        Raises:
            StoreMissingError: there is no such turn.
            DataError: the verdict is neither "good" nor "bad", a text cannot be stored, or a turn that is
                good is corrected.
        """
        good = checked_verdict(verdict) == "good"
        checked_text(note, "note", blank=True)
        if correction is not None:
            checked_text(correction, "correction")
        said = {"note": note, "correction": correction, "client": client}

        def work(session: Session) -> Feedback:
            turn = _said(session, turn_id, hold=True)
            judged = checked_judged(judged_turn(session, turn, good, **said))
            return feedback_of(insert_feedback(session, judged, turn_id))

        return self.store.write(work)

    def feedback(
        self,
        *,
        after: int = 0,
        limit: int = 50,
        turn_id: int | None = None,
        verdict: str | None = None,
    ) -> Page[Feedback]:
        """Feedback in the order in which it came.

        Args:
            after: what came after this one only.
            limit: the most on the page, up to 1,000.
            turn_id, verdict: of this turn, or with this verdict only; all when None.

        Raises:
            DataError: a number is out of bounds, or there is no such verdict.
        """
        checked_number(after, "after")
        checked_number(limit, "limit", least=1, most=MAX_LIMIT)
        filters = []
        if turn_id is not None:
            filters.append(FeedbackRow.turn_id == checked_number(turn_id, "turn_id"))
        if verdict is not None:
            filters.append(FeedbackRow.verdict == checked_verdict(verdict))

        def work(session: Session) -> Page[Feedback]:
            total = session.scalar(select(func.count()).select_from(FeedbackRow).where(*filters)) or 0
            query = select(FeedbackRow).where(FeedbackRow.id > after, *filters).order_by(FeedbackRow.id)
            rows = session.scalars(query.limit(limit + 1)).all()
            items = tuple(map(feedback_of, rows[:limit]))
            return Page(items, total, items[-1].id if len(rows) > limit else None)

        return self.store.read(work)


def _talk(session: Session, id: str, *, hold: bool = False) -> ConversationRow:
    """The row of a conversation; held, nobody deletes it or adds to it until the transaction ends."""
    row = None
    if _ID.fullmatch(id):
        query = select(ConversationRow).where(ConversationRow.id == id)
        row = session.scalar(query.with_for_update() if hold else query)
    if row is None:
        raise StoreMissingError(
            "there is no conversation of this id.",
            value=ascii(id),
            allowed="the id of a conversation that was not deleted",
            cure="Begin a new conversation.",
        )
    return row


def _said(session: Session, id: int, *, hold: bool = False) -> TurnRow:
    row = session.get(TurnRow, id, with_for_update=hold or None) if 0 < id <= MAX_ID else None
    if row is None:
        raise StoreMissingError(
            "there is no turn of this id.",
            value=id,
            allowed="the id of a turn whose conversation was not deleted",
            cure="Take the id from the conversation's turns.",
        )
    return row


def _conversation(row: ConversationRow) -> Conversation:
    return Conversation(row.id, row.created)


def _turn(row: TurnRow) -> Turn:
    return Turn(
        row.id,
        row.conversation,
        cast(Role, row.role),
        row.text,
        row.answer_id,
        row.score,
        row.latency_ms,
        row.created,
        row.artifact or "",
        row.artifact_id or "",
    )
