"""The first tables: answers with their changes, conversations with turns and feedback, embeddings."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None

# Written out, not taken from the models: a revision must go on making what it made.
_OPTIONS: dict[str, Any] = {
    f"{dialect}_{option}": value
    for dialect in ("mysql", "mariadb")
    for option, value in {"engine": "InnoDB", "charset": "utf8mb4", "collate": "utf8mb4_bin"}.items()
}
_IDS: dict[str, Any] = {**_OPTIONS, "sqlite_autoincrement": True}


def _long() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _moment(name: str) -> sa.Column[Any]:
    kind = sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    return sa.Column(name, kind, nullable=False)


def upgrade() -> None:
    _answers()
    _conversations()
    op.create_table(
        "embeddings",
        sa.Column("answer_id", _long(), autoincrement=False, nullable=False),
        sa.Column("model_hash", sa.String(64), nullable=False),
        sa.Column("answer_version", sa.Integer, nullable=False),
        sa.Column("vector", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("answer_id", "model_hash", name="pk_embeddings"),
        sa.ForeignKeyConstraint(
            ["answer_id"], ["answers.id"], name="fk_embeddings_answer_id", ondelete="CASCADE"
        ),
        **_OPTIONS,
    )


def _answers() -> None:
    op.create_table(
        "answers",
        sa.Column("id", _long(), nullable=False),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("label", sa.String(64), nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        _moment("created"),
        _moment("updated"),
        sa.Column("folded", sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_answers"),
        **_IDS,
    )
    op.create_table(
        "answer_changes",
        sa.Column("seq", _long(), autoincrement=False, nullable=False),
        sa.Column("answer_id", _long(), nullable=False),
        sa.Column("action", sa.String(8), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        _moment("at"),
        sa.PrimaryKeyConstraint("seq", name="pk_answer_changes"),
        sa.CheckConstraint("action IN ('create', 'update', 'delete')", name="ck_answer_changes_action"),
        **_OPTIONS,
    )
    counter = op.create_table(
        "change_counter",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("value", _long(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_change_counter"),
        **_OPTIONS,
    )
    op.bulk_insert(counter, [{"id": 1, "value": 0}])


def _conversations() -> None:
    op.create_table(
        "conversations",
        sa.Column("id", sa.String(32), nullable=False),
        _moment("created"),
        sa.PrimaryKeyConstraint("id", name="pk_conversations"),
        **_OPTIONS,
    )
    op.create_index("ix_conversations_created", "conversations", ["created"])
    op.create_table(
        "turns",
        sa.Column("id", _long(), nullable=False),
        sa.Column("conversation", sa.String(32), nullable=False),
        sa.Column("role", sa.String(8), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("answer_id", _long()),
        sa.Column("score", sa.Double),
        sa.Column("latency_ms", sa.Double),
        _moment("created"),
        sa.PrimaryKeyConstraint("id", name="pk_turns"),
        sa.ForeignKeyConstraint(
            ["conversation"], ["conversations.id"], name="fk_turns_conversation", ondelete="CASCADE"
        ),
        sa.CheckConstraint("role IN ('user', 'bot')", name="ck_turns_role"),
        **_IDS,
    )
    op.create_index("ix_turns_conversation", "turns", ["conversation"])
    op.create_table(
        "feedback",
        sa.Column("id", _long(), nullable=False),
        sa.Column("turn_id", _long(), nullable=False),
        sa.Column("verdict", sa.String(8), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        _moment("created"),
        sa.PrimaryKeyConstraint("id", name="pk_feedback"),
        sa.ForeignKeyConstraint(["turn_id"], ["turns.id"], name="fk_feedback_turn_id", ondelete="CASCADE"),
        sa.CheckConstraint("verdict IN ('good', 'bad')", name="ck_feedback_verdict"),
        **_IDS,
    )
    op.create_index("ix_feedback_turn_id", "feedback", ["turn_id"])


def downgrade() -> None:
    # Children first; indexes go with their tables.
    for table in (
        "embeddings",
        "feedback",
        "turns",
        "conversations",
        "change_counter",
        "answer_changes",
        "answers",
    ):
        op.drop_table(table)
