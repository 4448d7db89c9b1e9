"""What comes out of the table of jobs: plain values, all times in UTC."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy.orm import Session

JobState = Literal["queued", "running", "done", "failed", "cancelled"]
OVER: frozenset[JobState] = frozenset({"done", "failed", "cancelled"})
"""States that a job does not leave by itself."""

ErrorParts = dict[str, str]
"""An error in four parts that may be shown: ``what``, ``value``, ``allowed``, ``cure``."""


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job that is not yet in the database.

    Attributes:
        kind: what is to be done. payload: with what, as plain JSON.
        max_attempts: how often it may be begun before it is given up.
        ttl_s: seconds for which the job and its result are kept after its end.
        key: an idempotency key: a second job of the same key is the first one.
    """

    kind: str
    payload: Mapping[str, Any]
    max_attempts: int = 3
    ttl_s: int = 7 * 86_400
    key: str | None = None


@dataclass(frozen=True, slots=True)
class ResultFile:
    """A result that is a file: its name in the job's folder, its SHA-256, bytes and media type."""

    name: str
    sha256: str
    bytes: int
    media: str


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands in the database.

    Attributes:
        progress: the share that is done, from 0 to 1. message: what it is at, for people.
        attempts: how often it was begun. dead: whether it was given up after its last attempt.
        cancelling: whether it is to be cancelled and its worker has not yet noticed.
        version: grows with each change that can be seen.
        payload: None in lists.
    """

    id: str
    kind: str
    state: JobState
    progress: float
    message: str
    attempts: int
    max_attempts: int
    error: ErrorParts | None
    file: ResultFile | None
    dead: bool
    cancelling: bool
    version: int
    created: datetime
    started: datetime | None
    finished: datetime | None
    due: datetime
    keep_until: datetime | None
    payload: dict[str, Any] | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more will become of it by itself."""
        return self.state in OVER


@dataclass(frozen=True, slots=True)
class Lease:
    """A job in a worker's hands.

    Attributes:
        token: grows each time the job is given away; a change that brings an older one is refused.
    """

    job: str
    kind: str
    token: int
    attempt: int
    max_attempts: int
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a job.

    Attributes:
        value: plain JSON. file: where there is more than belongs in a row.
        effect: what else is to be written to the same database, in the transaction that finishes the job and
            so exactly once; called again where the database undid the transaction.
    """

    value: dict[str, Any] = field(default_factory=dict)
    file: ResultFile | None = None
    effect: Callable[[Session], None] | None = None
