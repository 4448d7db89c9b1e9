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
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
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

_LONG_TEXT = Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")  # TEXT holds 64 KB there

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
    folded: Mapped[str] = mapped_column(_LONG_TEXT)


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
    artifact: Mapped[str | None] = mapped_column(String(200))
    artifact_id: Mapped[str | None] = mapped_column(String(64))


class FeedbackRow(Base):
    """What somebody thought of an answer, with where it came from; several may judge one. Never changed.

    ``turn_id`` is None of what was not said in a conversation. ``texts`` is a JSON object of what the model
    was given; ``belongs`` what must stay together in a split; ``key`` keeps a second copy out.
    """

    __tablename__ = "feedback"
    __table_args__ = (CheckConstraint("verdict IN ('good', 'bad')", name="verdict"), _IDS)

    id: Mapped[int] = mapped_column(LONG, primary_key=True)
    turn_id: Mapped[int | None] = mapped_column(LONG, ForeignKey("turns.id", ondelete="CASCADE"), index=True)
    verdict: Mapped[str] = mapped_column(String(8))
    note: Mapped[str] = mapped_column(Text)
    created: Mapped[datetime] = mapped_column(UtcTime)
    origin: Mapped[str] = mapped_column(String(16))
    task: Mapped[str] = mapped_column(String(16))
    client: Mapped[str] = mapped_column(String(16))
    texts: Mapped[str] = mapped_column(_LONG_TEXT)
    asked: Mapped[str] = mapped_column(Text)
    answer: Mapped[str] = mapped_column(Text)
    evidence: Mapped[str] = mapped_column(Text)
    correction: Mapped[str | None] = mapped_column(Text)
    artifact: Mapped[str] = mapped_column(String(200))
    artifact_id: Mapped[str] = mapped_column(String(64))
    reference: Mapped[str] = mapped_column(String(200))
    belongs: Mapped[str] = mapped_column(String(200))
    key: Mapped[str | None] = mapped_column(String(200), unique=True)


class DecisionRow(Base):
    """What a reviewer decided about feedback; a change of mind is one more row, and the last one counts.

    It outlives the feedback, which goes with its conversation, so ``feedback_id`` is no foreign key.
    """

    __tablename__ = "decisions"
    __table_args__ = (
        UniqueConstraint("feedback_id", "number"),
        CheckConstraint("action IN ('accept', 'correct', 'reject')", name="action"),
        _IDS,
    )

    id: Mapped[int] = mapped_column(LONG, primary_key=True)
    feedback_id: Mapped[int] = mapped_column(LONG)
    number: Mapped[int]
    action: Mapped[str] = mapped_column(String(8))
    text: Mapped[str] = mapped_column(Text)
    reviewer: Mapped[str] = mapped_column(String(100))
    note: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcTime)


class EmbeddingRow(Base):
    """The vector (little-endian float16) that one model made of one version of an answer."""

    __tablename__ = "embeddings"

    answer_id: Mapped[int] = mapped_column(
        LONG, ForeignKey("answers.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    model_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    answer_version: Mapped[int]
    vector: Mapped[bytes] = mapped_column(LargeBinary)


class JobRow(Base):
    """Slow work, see :mod:`gongbang.serve.database.jobs`; its id is a secret that nobody guesses.

    ``lease`` counts how often the job was given to a worker, and is what a worker proves itself by. A queued
    job may be started from ``due`` on; ``offered`` is when a queue was last told of it, None when it must be.
    ``version`` grows with whatever people can see. A file's facts, errors and results are JSON texts.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint("state IN ('queued', 'running', 'done', 'failed', 'cancelled')", name="state"),
        Index("ix_jobs_state_due", "state", "due"),
        _OPTIONS,
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    payload: Mapped[str] = mapped_column(_LONG_TEXT)
    state: Mapped[str] = mapped_column(String(16))
    progress: Mapped[float] = mapped_column(Double)
    message: Mapped[str] = mapped_column(String(200))
    attempts: Mapped[int]
    max_attempts: Mapped[int]
    error: Mapped[str | None] = mapped_column(Text)
    result: Mapped[str | None] = mapped_column(_LONG_TEXT)
    file: Mapped[str | None] = mapped_column(Text)
    dead: Mapped[bool]
    cancel: Mapped[bool]
    version: Mapped[int]
    created: Mapped[datetime] = mapped_column(UtcTime, index=True)
    started: Mapped[datetime | None] = mapped_column(UtcTime)
    finished: Mapped[datetime | None] = mapped_column(UtcTime)
    due: Mapped[datetime] = mapped_column(UtcTime)
    offered: Mapped[datetime | None] = mapped_column(UtcTime)
    lease: Mapped[int]
    worker: Mapped[str | None] = mapped_column(String(100))
    heartbeat: Mapped[datetime | None] = mapped_column(UtcTime)
    expires: Mapped[datetime | None] = mapped_column(UtcTime)
    idempotency_key: Mapped[str | None] = mapped_column(String(200), unique=True)
    ttl_s: Mapped[int]
    keep_until: Mapped[datetime | None] = mapped_column(UtcTime, index=True)


class GameRow(Base):
    """A game of Twenty Questions, see :mod:`gongbang.serve.database.games`; who knows its id plays it.

    ``state`` is the engine's own JSON and holds the secret: it never leaves the server. ``version`` grows
    with each change. From ``expires`` on the game is as good as deleted.
    """

    __tablename__ = "games"
    __table_args__ = (CheckConstraint("kind IN ('guess', 'reverse')", name="kind"), _OPTIONS)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    keywords: Mapped[str] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(_LONG_TEXT)
    version: Mapped[int]
    created: Mapped[datetime] = mapped_column(UtcTime)
    changed: Mapped[datetime] = mapped_column(UtcTime)
    finished: Mapped[datetime | None] = mapped_column(UtcTime)
    marked: Mapped[datetime | None] = mapped_column(UtcTime)
    expires: Mapped[datetime] = mapped_column(UtcTime, index=True)
