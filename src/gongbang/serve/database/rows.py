"""What comes out of the database: plain values, all times in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Literal, TypeVar

T = TypeVar("T")
Action = Literal["create", "update", "delete"]
Role = Literal["user", "bot"]
Verdict = Literal["good", "bad"]


@dataclass(frozen=True, slots=True)
class Draft:
    """An answer that is not yet in the database.

    Attributes:
        text: what the bot says. question: what it replies to, or "". label: an emotion or a topic, or "".
        active: whether the bot may say it.
    """

    text: str
    question: str = ""
    label: str = ""
    active: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it stands in the database; ``version`` counts from 1 and grows with each change."""

    id: int
    question: str
    text: str
    label: str
    active: bool
    version: int
    created: datetime
    updated: datetime

    def draft(self) -> Draft:
        """Its content alone."""
        return Draft(self.text, self.question, self.label, self.active)


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one answer.

    Attributes:
        seq: the number of the change; numbers follow each other without gaps, in the order of the commits.
        version: the answer's after the change; of a deletion, the last that it had.
        answer: the answer as it is now, which may be newer than this change; None when it is gone.
    """

    seq: int
    answer_id: int
    action: Action
    version: int
    at: datetime
    answer: Answer | None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of many.

    Attributes:
        total: how many rows there are over all pages.
        next: what to pass as ``after`` for the next page; None on the last.
    """

    items: tuple[T, ...]
    total: int
    next: int | None


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation; who knows its id may go on with it."""

    id: str
    created: datetime


@dataclass(frozen=True, slots=True)
class NewTurn:
    """Something said, not yet in the database.

    Attributes:
        answer_id: the answer that was given, of the bot's turns; None where it abstained.
        score: how well the answer fits. latency_ms: how long the reply took, in milliseconds.
    """

    role: Role
    text: str
    answer_id: int | None = None
    score: float | None = None
    latency_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """Something said in a conversation; ids grow with time."""

    id: int
    conversation: str
    role: Role
    text: str
    answer_id: int | None
    score: float | None
    latency_ms: float | None
    created: datetime


@dataclass(frozen=True, slots=True)
class Feedback:
    """What somebody thought of a turn."""

    id: int
    turn_id: int
    verdict: Verdict
    note: str
    created: datetime
