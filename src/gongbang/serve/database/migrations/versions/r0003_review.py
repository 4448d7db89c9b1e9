"""Feedback from everywhere with its provenance, and what reviewers decide about it.

Feedback of before is of turns: it is given what was said around its turn. Which artifact replied is not known
of those turns and stays empty.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0003"
down_revision = "0002"

# Written out, not taken from the models: a revision must go on making what it made.
_OPTIONS: dict[str, Any] = {
    f"{dialect}_{option}": value
    for dialect in ("mysql", "mariadb")
    for option, value in {"engine": "InnoDB", "charset": "utf8mb4", "collate": "utf8mb4_bin"}.items()
}
_IDS: dict[str, Any] = {**_OPTIONS, "sqlite_autoincrement": True}
_TURNS = 8  # that stand before the reply in the text of a conversation
_MAY_BE_EMPTY = ("correction", "key")


def _long() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _moment() -> sa.types.TypeEngine[Any]:
    return sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


def upgrade() -> None:
    op.add_column("turns", sa.Column("artifact", sa.String(200)))
    op.add_column("turns", sa.Column("artifact_id", sa.String(64)))
    # First columns that may be empty, then what they hold of the rows of before, then no longer empty: no row
    # is lost where this is interrupted and the database cannot undo the change of a table.
    with _batch(_feedback()) as batch:
        batch.alter_column("turn_id", existing_type=_long(), nullable=True)
        for column in _new_columns():
            batch.add_column(column)
        batch.create_unique_constraint("uq_feedback_key", ["key"])
    _fill()
    unique = sa.UniqueConstraint("key", name="uq_feedback_key")
    with _batch(_feedback(*_new_columns(), unique, of_turns=False)) as batch:
        for column in _new_columns():
            if column.name not in _MAY_BE_EMPTY:
                batch.alter_column(column.name, existing_type=column.type, nullable=False)
    op.create_table(
        "decisions",
        sa.Column("id", _long(), nullable=False),
        sa.Column("feedback_id", _long(), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("action", sa.String(8), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("reviewer", sa.String(100), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("at", _moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_decisions"),
        sa.UniqueConstraint("feedback_id", "number", name="uq_decisions_feedback_id_number"),
        sa.CheckConstraint("action IN ('accept', 'correct', 'reject')", name="ck_decisions_action"),
        **_IDS,
    )


def downgrade() -> None:
    # Feedback that is not of a turn has no place in the older table.
    op.drop_table("decisions")
    op.execute("DELETE FROM feedback WHERE turn_id IS NULL")
    unique = sa.UniqueConstraint("key", name="uq_feedback_key")
    with _batch(_feedback(*_new_columns(empty=False), unique, of_turns=False)) as batch:
        batch.drop_constraint("uq_feedback_key", type_="unique")
        for column in _new_columns():
            batch.drop_column(column.name)
        batch.alter_column("turn_id", existing_type=_long(), nullable=False)
    op.drop_column("turns", "artifact_id")
    op.drop_column("turns", "artifact")


def _new_columns(*, empty: bool = True) -> list[sa.Column[Any]]:
    """What feedback is given beside its turn."""
    long_text = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")
    kinds: dict[str, Any] = {
        **{"origin": sa.String(16), "task": sa.String(16), "client": sa.String(16), "texts": long_text},
        **{"asked": sa.Text(), "answer": sa.Text(), "evidence": sa.Text(), "correction": sa.Text()},
        **{"artifact": sa.String(200), "artifact_id": sa.String(64), "reference": sa.String(200)},
        **{"belongs": sa.String(200), "key": sa.String(200)},
    }
    return [sa.Column(name, kind, nullable=empty or name in _MAY_BE_EMPTY) for name, kind in kinds.items()]


def _feedback(*more: Any, of_turns: bool = True) -> sa.Table:
    """The table as it stands, for SQLite, which changes a table by copying it."""
    return sa.Table(
        "feedback",
        sa.MetaData(),
        sa.Column("id", _long(), nullable=False),
        sa.Column("turn_id", _long(), nullable=not of_turns),
        sa.Column("verdict", sa.String(8), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("created", _moment(), nullable=False),
        *more,
        sa.PrimaryKeyConstraint("id", name="pk_feedback"),
        sa.ForeignKeyConstraint(["turn_id"], ["turns.id"], name="fk_feedback_turn_id", ondelete="CASCADE"),
        sa.CheckConstraint("verdict IN ('good', 'bad')", name="ck_feedback_verdict"),
        sa.Index("ix_feedback_turn_id", "turn_id"),
    )


def _batch(table: sa.Table) -> Any:
    return op.batch_alter_table("feedback", copy_from=table, table_kwargs={"sqlite_autoincrement": True})


def _fill() -> None:
    """Give rows of before what was said before their turns."""
    names = ("id", "turn_id", *(column.name for column in _new_columns()))
    feedback = sa.table("feedback", *map(sa.column, names))
    turns = sa.table("turns", *map(sa.column, ("id", "conversation", "text")))
    connection = op.get_bind()
    for id, turn in connection.execute(sa.select(feedback.c.id, feedback.c.turn_id)).all():
        said = connection.execute(sa.select(turns).where(turns.c.id == turn)).mappings().one()
        earlier = sa.select(turns.c.text).where(
            turns.c.conversation == said["conversation"], turns.c.id < said["id"]
        )
        texts = connection.scalars(earlier.order_by(turns.c.id.desc()).limit(_TURNS)).all()[::-1]
        context = "\n".join(" ".join(str(text).split()) for text in texts)
        values = {
            **dict.fromkeys(("client", "evidence", "artifact", "artifact_id"), ""),
            "origin": "chat",
            "task": "respond",
            "texts": json.dumps({"context": context}, ensure_ascii=False),
            "asked": str(texts[-1]) if texts else "",
            "answer": said["text"],
            "reference": f"turn {said['id']}",
            "belongs": f"conversation-{hashlib.sha256(said['conversation'].encode()).hexdigest()[:12]}",
        }
        connection.execute(sa.update(feedback).where(feedback.c.id == id).values(**values))
