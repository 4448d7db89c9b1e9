"""Feedback and its review, as they are sent and answered."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from gongbang.serve.database.checks import MAX_ID, MAX_TEXT
from gongbang.serve.database.feedback_rows import MAX_TEXTS
from gongbang.serve.schemas import After, Asked, Id, Limit, Page, Sent, Told

Verdict = Literal["good", "bad"]
Task = Literal["reader", "boolq", "respond", "classify"]
Origin = Literal["chat", "ask", "game", "predict"]
State = Literal["open", "accepted", "corrected", "rejected"]
Action = Literal["accept", "correct", "reject"]
Words = Annotated[str, Field(max_length=MAX_TEXT)]
Name = Annotated[str, Field(max_length=200)]
Correction = Annotated[
    str | None, Field(max_length=MAX_TEXT, description="what would have been right; empty: no answer")
]
_WHEN = "2026-11-02T09:30:00Z"
_TEXTS = {"question": "고래는 물고기인가?", "context": "고래는 젖먹이동물이다."}
_ANSWERED = {
    "origin": "ask",
    "task": "boolq",
    "texts": _TEXTS,
    "answer": "yes",
    "asked": "고래는 물고기야?",
    "evidence": "고래는 젖먹이동물이다.",
    "artifact": "boolq-ko",
    "artifact_id": "ba7816bf",
    "reference": "sea.md",
    "group": "sea.md",
}
_FEEDBACK = {
    "id": 1,
    "turn_id": 2,
    "verdict": "bad",
    "note": "",
    "created": _WHEN,
    "origin": "chat",
    "correction": "공방은 아침 열 시에 열어요.",
}
_DECISION = {
    "number": 1,
    "action": "correct",
    "text": "no",
    "reviewer": "min",
    "note": "",
    "at": _WHEN,
}
_ITEM = {
    "id": 1,
    "state": "corrected",
    "version": 2,
    "created": _WHEN,
    "verdict": "bad",
    "correction": "no-answer",
    "note": "",
    "client": "rest",
    **_ANSWERED,
    "decisions": [_DECISION],
}


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [values]})


class Answered(Sent):
    """An answer that was given outside a conversation, with where it came from."""

    model_config = _example(**_ANSWERED)

    origin: Literal["ask", "predict"]
    task: Task
    texts: Annotated[
        dict[str, Annotated[str, Field(max_length=MAX_TEXTS)]],
        Field(description="what the model was given: question and context, context alone, or text"),
    ]
    answer: Words
    asked: Words = ""
    evidence: Words = ""
    artifact: Name = ""
    artifact_id: Annotated[str, Field(max_length=64)] = ""
    reference: Name = ""
    group: Annotated[Name, Field(description="the document whose questions must stay together")] = ""


class NewFeedback(Sent):
    """What somebody thinks of a turn, or of an answer that was given elsewhere: one of the two."""

    model_config = _example(turn_id=2, verdict="good", note="")

    turn_id: Id | None = None
    answered: Answered | None = None
    verdict: Verdict
    correction: Correction = None
    note: Words = ""
    client: Annotated[str, Field(max_length=16, description="what it came by")] = "rest"


class Feedback(Told):
    """What somebody thought of an answer; ``turn_id`` is null where it was not of a conversation."""

    model_config = _example(**_FEEDBACK)

    id: int
    turn_id: int | None
    verdict: Verdict
    note: str
    created: datetime
    origin: Origin
    correction: str | None


class FeedbackPage(Page[Feedback]):
    """Feedback in the order in which it came."""

    model_config = _example(items=[_FEEDBACK], total=2, next=1)


class FeedbackQuery(Asked):
    """Which feedback is wanted."""

    after: After = 0
    limit: Limit = 50
    turn_id: Id | None = None
    verdict: Verdict | None = None


class NewDecision(Sent):
    """What a reviewer decides; ``text`` is what is right, of a correction alone."""

    model_config = _example(action="correct", text="no", reviewer="min", note="", version=1)

    action: Action
    reviewer: Annotated[str, Field(min_length=1, max_length=100)]
    text: Correction = None
    note: Words = ""
    version: Annotated[int, Field(ge=1, le=MAX_ID)] | None = None


class Decision(Told):
    """What a reviewer decided; never changed, and the last one counts."""

    number: int
    action: Action
    text: str
    reviewer: str
    note: str
    at: datetime


class ReviewItem(Told):
    """Feedback with where it came from, and every decision about it; ``version`` is the ETag too."""

    model_config = _example(**_ITEM)

    id: int
    state: State
    version: int
    created: datetime
    verdict: Verdict
    correction: str | None
    note: str
    client: str
    origin: Origin
    task: str
    texts: dict[str, str]
    answer: str
    asked: str
    evidence: str
    artifact: str
    artifact_id: str
    reference: str
    group: str
    decisions: list[Decision]


class ReviewPage(Page[ReviewItem]):
    """Feedback to be reviewed, in the order in which it came."""

    model_config = _example(items=[_ITEM], total=2, next=1)


class ReviewQuery(Asked):
    """Which feedback is wanted."""

    after: After = 0
    limit: Limit = 50
    state: State | None = None
    origin: Origin | None = None
    task: Task | None = None
