"""What is sent and answered, as types; the OpenAPI document is made of them.

A key or a parameter that is not known is an error, so that a slip of the pen is told and not passed over.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from gongbang.apps.chat import LONGEST
from gongbang.serve.database.checks import MAX_ID, MAX_LABEL, MAX_LIMIT, MAX_TEXT

T = TypeVar("T")
_WHEN = "2026-11-02T09:30:00Z"
_TALK = "3f2b8c1e9d7a4f60b5c8e1a2d3f4a5b6"

Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT, description="what the bot says")]
Question = Annotated[str, Field(max_length=MAX_TEXT, description="what it replies to, or empty")]
Label = Annotated[str, Field(max_length=MAX_LABEL, description="an emotion or a topic, or empty")]
Active = Annotated[bool, Field(description="whether the bot may say it")]
Id = Annotated[int, Field(ge=1, le=MAX_ID)]
TalkId = Annotated[str, Field(pattern="^[0-9a-f]{32}$", description="the id of a conversation")]
Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT, description="the most on a page")]
After = Annotated[int, Field(ge=0, le=MAX_ID, description="what comes after this id only")]
Offset = Annotated[int, Field(ge=0, le=MAX_ID, description="how many are skipped")]


class Sent(BaseModel):
    """Something that a client sends as a body: exactly these types."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Asked(BaseModel):
    """The parameters of a query, which are all written as text."""

    model_config = ConfigDict(extra="forbid")


class Told(BaseModel):
    """Something that the server answers."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [values]})


_DRAFT = {
    "text": "공방은 아침 열 시에 열어요.",
    "question": "몇 시에 열어요?",
    "label": "안내",
    "active": True,
}
_ANSWER = {"id": 1, **_DRAFT, "version": 1, "created": _WHEN, "updated": _WHEN}
_CONVERSATION = {"id": _TALK, "created": _WHEN}
_TURN = {
    "id": 2,
    "role": "bot",
    "text": _DRAFT["text"],
    "answer_id": 1,
    "score": 0.93,
    "latency_ms": 12.4,
    "created": _WHEN,
}


class NewAnswer(Sent):
    """An answer to add."""

    model_config = _example(**_DRAFT)

    text: Text
    question: Question = ""
    label: Label = ""
    active: Active = True


class AnswerEdit(Sent):
    """What is to be changed of an answer; what is left out, or null, stays."""

    model_config = _example(text="공방은 아침 아홉 시에 열어요.", version=1)

    text: Text | None = None
    question: Question | None = None
    label: Label | None = None
    active: Active | None = None
    version: Annotated[int, Field(ge=1, le=MAX_ID)] | None = None


class Answer(Told):
    """An answer; ``version`` grows with each change and is the ETag too."""

    model_config = _example(**_ANSWER)

    id: int
    text: str
    question: str
    label: str
    active: bool
    version: int
    created: datetime
    updated: datetime


class Page(Told, Generic[T]):
    """Some of many; ``next`` is what to pass for the next page, null on the last."""

    items: list[T]
    total: int
    next: int | None


class AnswerPage(Page[Answer]):
    """Answers in the order of their ids."""

    model_config = _example(items=[_ANSWER], total=2, next=1)


class AnswerQuery(Asked):
    """Which answers are wanted."""

    after: After = 0
    limit: Limit = 50
    search: Annotated[str, Field(max_length=200, description="what question or text contain")] = ""
    label: Label | None = None
    active: Active | None = None


class VersionQuery(Asked):
    """The version that a deletion means; an If-Match header says the same."""

    version: Annotated[int, Field(ge=1, le=MAX_ID)] | None = None


class Fault(Told):
    """Something wrong with one field."""

    field: str
    detail: str


class Row(Told):
    """A row of a file that could not be used."""

    line: int | None
    field: str | None
    detail: str
    allowed: str
    cure: str


class Imported(Told):
    """What became of a file's rows; of the problems the first hundred are told."""

    model_config = _example(
        created=2,
        updated=0,
        same=1,
        ignored=["memo"],
        problem_count=1,
        problems=[
            {
                "line": 4,
                "field": "text",
                "detail": "the text is blank.",
                "allowed": "some text",
                "cure": "Change 'text'.",
            }
        ],
    )

    created: int
    updated: int
    same: int
    ignored: list[str]
    problem_count: int
    problems: list[Row]


class Message(Sent):
    """A message to the chatbot; without a conversation a new one begins."""

    model_config = _example(text="몇 시에 열어요?", explain=False)

    text: Annotated[str, Field(min_length=1, max_length=LONGEST)]
    conversation_id: TalkId | None = None
    explain: Annotated[bool, Field(description="show what else was found, with the scores")] = False


class Candidate(Told):
    """An answer that was found, and why."""

    answer_id: int
    text: str
    question: str
    response_score: float
    question_score: float
    domain_score: float = 0.0
    confidence: float


class Reply(Told):
    """What the chatbot says: an answer, questions asked back, nothing it knows, or where help is found."""

    model_config = _example(
        kind="answer",
        text=_DRAFT["text"],
        confidence=0.93,
        answer_id=1,
        questions=[],
        milliseconds=12.4,
        conversation_id=_TALK,
        turn_id=2,
    )

    kind: Literal["answer", "clarify", "silent", "safety"]
    text: str
    confidence: float
    answer_id: int | None
    questions: list[str]
    milliseconds: float
    conversation_id: str
    turn_id: int
    candidates: list[Candidate] | None = None


class Conversation(Told):
    """A conversation; who knows its id may go on with it."""

    model_config = _example(**_CONVERSATION)

    id: str
    created: datetime


class Turn(Told):
    """Something that one side said."""

    id: int
    role: Literal["user", "bot"]
    text: str
    answer_id: int | None
    score: float | None
    latency_ms: float | None
    created: datetime


class Talk(Conversation):
    """A conversation with its last turns, in the order in which they were said."""

    model_config = _example(**_CONVERSATION, turns=[_TURN])

    turns: list[Turn]


class ConversationPage(Page[Conversation]):
    """Conversations, the newest first; ``next`` is the next offset."""

    model_config = _example(items=[_CONVERSATION], total=2, next=1)


class ConversationQuery(Asked):
    """Which conversations are wanted."""

    offset: Offset = 0
    limit: Limit = 50


class TalkQuery(Asked):
    """How much of a conversation is wanted."""

    last: Annotated[int, Field(ge=1, le=MAX_LIMIT, description="the last turns")] = MAX_LIMIT


class Live(Told):
    """The process answers."""

    model_config = _example(live=True)

    live: Literal[True] = True


class ModelHealth(Told):
    """An artifact at work, and how many requests wait for it."""

    name: str
    id: str
    waiting: int


Work = Literal["predict", "ask", "chat", "games", "jobs", "feedback"]


class Health(Live):
    """Whether the server can do its work, and what it lacks."""

    model_config = _example(
        live=True,
        ready=True,
        database="up",
        artifact="respond-ko",
        changes=12,
        on=["predict", "chat", "games", "jobs", "feedback"],
        models=[{"name": "reader-ko", "id": "ba7816bf", "waiting": 0}],
    )

    ready: bool
    database: Annotated[Literal["up", "away", "none"], Field(description="none where the server needs none")]
    artifact: Annotated[str | None, Field(description="the chatbot's; null where there is no chatbot")]
    changes: Annotated[int | None, Field(description="the number of the last change of the answers")]
    on: Annotated[
        list[Work], Field(description="what the server does; chat is with answers and conversations")
    ] = []
    models: list[ModelHealth]


class Problem(Told):
    """A problem document (RFC 9457)."""

    model_config = _example(
        type="urn:gongbang:problem:invalid",
        title="Unprocessable Entity",
        status=422,
        detail="the text is blank.",
        field="text",
        allowed="some text",
        cure="Change 'text'.",
        errors=[{"field": "text", "detail": "the text is blank."}],
    )

    type: str
    title: str
    status: int
    detail: str
    field: Annotated[str, Field(description="the first field that is wrong")] = ""
    line: Annotated[int, Field(description="of the file that was sent")] = 0
    allowed: str = ""
    cure: str = ""
    current: Annotated[int, Field(description="of a conflict: the version that the answer has now")] = 0
    errors: list[Fault] = []
