"""The tables, as SQLAlchemy 2 models; :mod:`gongbang.serve.database.migrations` makes them.

Texts are compared code point by code point on every database (``utf8mb4_bin`` on MariaDB), so that 'ａ' is
not 'a'. Times are kept in UTC. Ids of answers and turns are never given twice.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    TypeDecorator,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
_OPTIONS: dict[str, Any] = {
    f"{dialect}_{option}": value
    for dialect in ("mysql", "mariadb")
    for option, value in {"engine": "InnoDB", "charset": "utf8mb4", "collate": "utf8mb4_bin"}.items()
}
_IDS: dict[str, Any] = {**_OPTIONS, "sqlite_autoincrement": True}  # else SQLite gives a deleted last id again

LONG = BigInteger().with_variant(Integer, "sqlite")  # only INTEGER counts up by itself there


class UtcTime(TypeDecorator[datetime]):
    """A moment to the microsecond, in UTC; databases without time zones keep its UTC reading."""

    impl = DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a time zone: {value}")
        moment = value.astimezone(UTC)
        return moment if dialect.name == "postgresql" else moment.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """What the tables share: how constraints are named, and the options of MariaDB."""

    metadata = MetaData(naming_convention=_NAMES)
    __table_args__: Any = _OPTIONS


class AnswerRow(Base):
    """An answer; ``folded`` is question and text as they are searched."""

    __tablename__ = "answers"
    __table_args__ = _IDS

    id: Mapped[int] = mapped_column(LONG, primary_key=True)
    question: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    label: Mapped[str] = mapped_column(String(64))
    active: Mapped[bool]
    version: Mapped[int]
    created: Mapped[datetime] = mapped_column(UtcTime)
    updated: Mapped[datetime] = mapped_column(UtcTime)
    folded: Mapped[str] = mapped_column(Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb"))


class ChangeRow(Base):
    """One change of one answer. It outlives the answer, so it is no foreign key."""

    __tablename__ = "answer_changes"
    __table_args__ = (CheckConstraint("action IN ('create', 'update', 'delete')", name="action"), _OPTIONS)

    seq: Mapped[int] = mapped_column(LONG, primary_key=True, autoincrement=False)
    answer_id: Mapped[int] = mapped_column(LONG)
    action: Mapped[str] = mapped_column(String(8))
    version: Mapped[int]
    at: Mapped[datetime] = mapped_column(UtcTime)


class CounterRow(Base):
    """One row: the number of the last change. Who changes an answer holds it until the commit."""

    __tablename__ = "change_counter"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    value: Mapped[int] = mapped_column(LONG)


class ConversationRow(Base):
    """A conversation; its id is a secret that nobody guesses."""

    __tablename__ = "conversations"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    created: Mapped[datetime] = mapped_column(UtcTime, index=True)


class TurnRow(Base):
    """What one side said. What was said stays when the answer goes, so ``answer_id`` is no foreign key."""

    __tablename__ = "turns"
    __table_args__ = (CheckConstraint("role IN ('user', 'bot')", name="role"), _IDS)

    id: Mapped[int] = mapped_column(LONG, primary_key=True)
    conversation: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    role: Mapped[str] = mapped_column(String(8))
    text: Mapped[str] = mapped_column(Text)
    answer_id: Mapped[int | None] = mapped_column(LONG)
    score: Mapped[float | None] = mapped_column(Double)
    latency_ms: Mapped[float | None] = mapped_column(Double)
    created: Mapped[datetime] = mapped_column(UtcTime)


class FeedbackRow(Base):
    """What somebody thought of a turn; several may judge one."""

    __tablename__ = "feedback"
    __table_args__ = (CheckConstraint("verdict IN ('good', 'bad')", name="verdict"), _IDS)

    id: Mapped[int] = mapped_column(LONG, primary_key=True)
    turn_id: Mapped[int] = mapped_column(LONG, ForeignKey("turns.id", ondelete="CASCADE"), index=True)
    verdict: Mapped[str] = mapped_column(String(8))
    note: Mapped[str] = mapped_column(Text)
    created: Mapped[datetime] = mapped_column(UtcTime)


class EmbeddingRow(Base):
    """The vector (little-endian float16) that one model made of one version of an answer."""

    __tablename__ = "embeddings"

    answer_id: Mapped[int] = mapped_column(
        LONG, ForeignKey("answers.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    model_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    answer_version: Mapped[int]
    vector: Mapped[bytes] = mapped_column(LargeBinary)
