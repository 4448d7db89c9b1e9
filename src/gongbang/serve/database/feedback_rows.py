"""Feedback as rows: what of a judged answer may be stored, and how it comes out again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast, get_args

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from gongbang.apps.loop.judged import Judged, Origin, secret_group
from gongbang.data.dialogue import one_line
from gongbang.errors import DataError, StoreConflictError
from gongbang.serve.database.checks import checked_text
from gongbang.serve.database.rows import Feedback, Verdict
from gongbang.serve.database.tables import FeedbackRow, TurnRow

MAX_TEXTS = 200_000
"""Characters of the texts that a model was given, together."""

CONTEXT_TURNS = 8
"""Turns before a reply that are kept with what somebody thought of it."""

_SHORT = {"task": 16, "client": 16, "artifact": 200, "artifact_id": 64, "reference": 200, "group": 200}


def checked_judged(judged: Judged) -> Judged:
    """The judged answer, if it may be stored.

    Raises:
        DataError: a text is too long or holds what no database keeps, or the origin is unknown.
    """
    if judged.origin not in get_args(Origin):
        raise _wrong("there is no such origin.", judged.origin, ", ".join(get_args(Origin)), "origin")
    for name, longest in _SHORT.items():
        checked_text(getattr(judged, name), name, blank=True, longest=longest)
    checked_text(judged.key, "key", blank=True, longest=200)
    for name in ("answer", "asked", "evidence", "note"):
        checked_text(getattr(judged, name), name, blank=True)
    if judged.correction is not None:
        checked_text(judged.correction, "correction", blank=True)
        if judged.good:
            raise _wrong(
                "an answer that is right needs no correction.", judged.correction, "none", "correction"
            )
    if sum(len(name) + len(text) for name, text in judged.texts.items()) > MAX_TEXTS:
        raise _wrong("the texts are too long.", "texts", f"up to {MAX_TEXTS:,} characters together", "texts")
    for name, text in judged.texts.items():
        checked_text(name, "texts", longest=40)
        checked_text(text, f"texts.{name}", blank=True, longest=MAX_TEXTS)
    return judged


def insert_feedback(session: Session, judged: Judged, turn_id: int | None = None) -> FeedbackRow:
    """Add what somebody thought, within a transaction; what is there already under its key stays.

    Raises:
        StoreConflictError: under its key there is something else.
    """
    if judged.key:
        row = session.scalar(select(FeedbackRow).where(FeedbackRow.key == judged.key))
        if row is not None:
            if judged_of(row) == judged:
                return row
            raise StoreConflictError(
                "this answer was judged before, otherwise.",
                current=1,
                value=judged.key,
                allowed="one judgement of it, which a reviewer may correct",
                cure="Leave it as it is, or correct it in the review.",
            )
    row = FeedbackRow(
        turn_id=turn_id,
        verdict="good" if judged.good else "bad",
        note=judged.note,
        created=datetime.now(UTC),
        origin=judged.origin,
        task=judged.task,
        client=judged.client,
        texts=json.dumps(dict(judged.texts), ensure_ascii=False),
        asked=judged.asked,
        answer=judged.answer,
        evidence=judged.evidence,
        correction=judged.correction,
        artifact=judged.artifact,
        artifact_id=judged.artifact_id,
        reference=judged.reference,
        belongs=judged.group,
        key=judged.key or None,
    )
    session.add(row)
    session.flush()
    return row


def judged_turn(session: Session, turn: TurnRow, good: bool, **more: Any) -> Judged:
    """A turn as somebody judged it, with what was said before it; its conversation's id stays secret."""
    earlier = select(TurnRow.text).where(TurnRow.conversation == turn.conversation, TurnRow.id < turn.id)
    texts: Sequence[str] = session.scalars(earlier.order_by(TurnRow.id.desc()).limit(CONTEXT_TURNS)).all()
    said = [one_line(text) for text in reversed(texts)]
    return Judged(
        origin="chat",
        task="respond",
        texts={"context": "\n".join(said)},
        answer=turn.text,
        good=good,
        asked=said[-1] if said else "",
        artifact=turn.artifact or "",
        artifact_id=turn.artifact_id or "",
        reference=f"turn {turn.id}" + (f", answer {turn.answer_id}" if turn.answer_id is not None else ""),
        group=secret_group("conversation", turn.conversation),
        **more,
    )


def judged_of(row: FeedbackRow) -> Judged:
    """The judged answer that a row holds."""
    return Judged(
        origin=cast(Origin, row.origin),
        task=row.task,
        texts=json.loads(row.texts),
        answer=row.answer,
        good=row.verdict == "good",
        correction=row.correction,
        asked=row.asked,
        evidence=row.evidence,
        artifact=row.artifact,
        artifact_id=row.artifact_id,
        reference=row.reference,
        group=row.belongs,
        client=row.client,
        note=row.note,
        key=row.key or "",
    )


def feedback_of(row: FeedbackRow) -> Feedback:
    """A row as a plain value."""
    return Feedback(row.id, row.turn_id, cast(Verdict, row.verdict), row.note, row.created, judged_of(row))


def of_origin(origin: str | None, task: str | None) -> list[ColumnElement[bool]]:
    """Conditions on feedback: of this origin and task only; all when None."""
    wanted = {FeedbackRow.origin: origin, FeedbackRow.task: task}
    return [column == value for column, value in wanted.items() if value is not None]


def _wrong(what: str, value: object, allowed: str, field: str) -> DataError:
    return DataError(what, value=value, allowed=allowed, cure=f"Change '{field}'.", field=field)
