"""What comes out of the database: plain values, all times in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Literal, TypeVar

from gongbang.apps.loop.judged import Action as ReviewAction
from gongbang.apps.loop.judged import Judged

T = TypeVar("T")
Action = Literal["create", "update", "delete"]
Role = Literal["user", "bot"]
Verdict = Literal["good", "bad"]
ReviewState = Literal["open", "accepted", "corrected", "rejected"]
_STATES: dict[ReviewAction, ReviewState] = {
    "accept": "accepted",
    "correct": "corrected",
    "reject": "rejected",
}


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
        artifact, artifact_id: the name and the content hash of what replied.
    """

    role: Role
    text: str
    answer_id: int | None = None
    score: float | None = None
    latency_ms: float | None = None
    artifact: str = ""
    artifact_id: str = ""


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
    artifact: str = ""
    artifact_id: str = ""


@dataclass(frozen=True, slots=True)
class Feedback:
    """What somebody thought of an answer.

    Attributes:
        turn_id: of what was said in a conversation; None of what was answered elsewhere.
        judged: what was asked and answered, by which artifact, and what would have been right.
    """

    id: int
    turn_id: int | None
    verdict: Verdict
    note: str
    created: datetime
    judged: Judged

    @property
    def origin(self) -> str:
        """Where the answer was given."""
        return self.judged.origin

    @property
    def correction(self) -> str | None:
        """What would have been right, where that was said."""
        return self.judged.correction


@dataclass(frozen=True, slots=True)
class Decision:
    """What a reviewer decided about feedback; never changed, and the last one counts.

    Attributes:
        number: 1 for the first about this feedback. text: what is right; "" of a rejection.
    """

    id: int
    feedback_id: int
    number: int
    action: ReviewAction
    text: str
    reviewer: str
    note: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """Feedback with every decision about it, oldest first."""

    feedback: Feedback
    decisions: tuple[Decision, ...] = ()

    @property
    def id(self) -> int:
        """The feedback's."""
        return self.feedback.id

    @property
    def state(self) -> ReviewState:
        """What the last decision made of it."""
        return _STATES[self.decisions[-1].action] if self.decisions else "open"

    @property
    def version(self) -> int:
        """Counts from 1 and grows with each decision."""
        return 1 + len(self.decisions)
