"""Games of Twenty Questions: each with its secret, its version and its time to live."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0004"
down_revision = "0003"

# Written out, not taken from the models: a revision must go on making what it made.
_OPTIONS: dict[str, Any] = {
    f"{dialect}_{option}": value
    for dialect in ("mysql", "mariadb")
    for option, value in {"engine": "InnoDB", "charset": "utf8mb4", "collate": "utf8mb4_bin"}.items()
}


def _moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    kind = sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    return sa.Column(name, kind, nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "games",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("keywords", sa.String(64), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("state", sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb"), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        _moment("created"),
        _moment("changed"),
        _moment("finished", nullable=True),
        _moment("marked", nullable=True),
        _moment("expires"),
        sa.PrimaryKeyConstraint("id", name="pk_games"),
        sa.CheckConstraint("kind IN ('guess', 'reverse')", name="ck_games_kind"),
        **_OPTIONS,
    )
    op.create_index("ix_games_expires", "games", ["expires"])


def downgrade() -> None:
    op.drop_table("games")
