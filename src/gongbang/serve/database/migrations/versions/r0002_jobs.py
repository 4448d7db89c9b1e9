"""Jobs: slow work with its state, its lease and what came of it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0002"
down_revision = "0001"

# Written out, not taken from the models: a revision must go on making what it made.
_OPTIONS: dict[str, Any] = {
    f"{dialect}_{option}": value
    for dialect in ("mysql", "mariadb")
    for option, value in {"engine": "InnoDB", "charset": "utf8mb4", "collate": "utf8mb4_bin"}.items()
}


def _moment(name: str, *, nullable: bool = True) -> sa.Column[Any]:
    kind = sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    return sa.Column(name, kind, nullable=nullable)


def _long_text(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb"), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        _long_text("payload"),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("progress", sa.Double, nullable=False),
        sa.Column("message", sa.String(200), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("max_attempts", sa.Integer, nullable=False),
        sa.Column("error", sa.Text),
        _long_text("result", nullable=True),
        sa.Column("file", sa.Text),
        sa.Column("dead", sa.Boolean, nullable=False),
        sa.Column("cancel", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        _moment("created", nullable=False),
        _moment("started"),
        _moment("finished"),
        _moment("due", nullable=False),
        _moment("offered"),
        sa.Column("lease", sa.Integer, nullable=False),
        sa.Column("worker", sa.String(100)),
        _moment("heartbeat"),
        _moment("expires"),
        sa.Column("idempotency_key", sa.String(200)),
        sa.Column("ttl_s", sa.Integer, nullable=False),
        _moment("keep_until"),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sa.UniqueConstraint("idempotency_key", name="uq_jobs_idempotency_key"),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'done', 'failed', 'cancelled')", name="ck_jobs_state"
        ),
        **_OPTIONS,
    )
    op.create_index("ix_jobs_state_due", "jobs", ["state", "due"])
    op.create_index("ix_jobs_created", "jobs", ["created"])
    op.create_index("ix_jobs_keep_until", "jobs", ["keep_until"])


def downgrade() -> None:
    op.drop_table("jobs")
