"""The log of changes to the answers, by which other processes follow them.

Its numbers come out of one row, ``change_counter``, that whoever changes an answer updates first and so
holds until the commit. Changes are therefore numbered in the order of their commits, without gaps, and a
reader that has seen number N has seen every change up to N: with a sequence of the database, which gives
numbers out before the commit, it could see 12 while 11 is still under way, and never ask for 11 again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import Executable, insert, select, update
from sqlalchemy.orm import Session

from gongbang.errors import StoreError
from gongbang.serve.database.rows import Action, Answer, Change
from gongbang.serve.database.tables import AnswerRow, ChangeRow, CounterRow


def lock_answers(session: Session, count: int = 1) -> int:
    """Hold the answers until the transaction ends, and take numbers for changes of them.

    It must be the first statement of the transaction, so that what is read after it stays true, and so that
    two writers wait here and not for each other's rows.

    Args:
        session: of a transaction that writes.
        count: how many changes there will be; 0 takes the lock alone.

    Returns:
        The first of the numbers.

    Raises:
        StoreError: the counter is not there.
    """
    session.execute(update(CounterRow).values(value=CounterRow.value + count))
    return last_change(session) - count + 1


def last_change(session: Session) -> int:
    """The number of the last change; 0 when there was none."""
    value: int | None = session.scalar(select(CounterRow.value))
    if value is None:
        raise StoreError(
            "the counter of changes is missing.",
            value="change_counter has no row",
            allowed="one row, made by the first migration",
            cure="Restore the table from a backup, or insert (1, the largest seq of answer_changes).",
        )
    return value


def log(session: Session, first: int, action: Action, rows: Sequence[AnswerRow], at: datetime) -> None:
    """Write one change a row, numbered from ``first`` on."""
    changes = [
        {"seq": seq, "answer_id": row.id, "action": action, "version": row.version, "at": at}
        for seq, row in enumerate(rows, first)
    ]
    session.execute(insert(ChangeRow), changes)


def changes_after(session: Session, seq: int, limit: int) -> list[Change]:
    """The changes after number ``seq``, in order, each with the answer as it is now."""
    query = (
        select(
            ChangeRow.seq, ChangeRow.answer_id, ChangeRow.action, ChangeRow.version, ChangeRow.at, *COLUMNS
        )
        .outerjoin(AnswerRow, AnswerRow.id == ChangeRow.answer_id)
        .where(ChangeRow.seq > seq)
        .order_by(ChangeRow.seq)
        .limit(limit)
    )
    return [
        Change(seq, id, cast(Action, action), version, at, None if answer[0] is None else Answer(*answer))
        for seq, id, action, version, at, *answer in session.execute(query)
    ]


COLUMNS = (
    AnswerRow.id,
    AnswerRow.question,
    AnswerRow.text,
    AnswerRow.label,
    AnswerRow.active,
    AnswerRow.version,
    AnswerRow.created,
    AnswerRow.updated,
)
"""What an :class:`Answer` is made of; reading these alone is three times as fast as reading whole rows."""


def answers_in(session: Session, query: Executable) -> list[Answer]:
    """What a query of :data:`COLUMNS` finds."""
    return [Answer(*row) for row in session.execute(query)]


def answer_of(row: AnswerRow) -> Answer:
    """A row as a value."""
    return Answer(
        row.id, row.question, row.text, row.label, row.active, row.version, row.created, row.updated
    )
