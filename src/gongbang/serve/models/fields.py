"""What a task's records are sent as: a type for each artifact, made of its task's schema.

The names are the task's own. Beside its texts a task may need places in them (the entities of a relation) or
labels that decoding goes by (the candidates of a response, which question a passage is read for).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import ConfigDict, Field, create_model

from gongbang.data.records import Record, Span
from gongbang.errors import DataError
from gongbang.serve.schemas import Sent

LONGEST = 20_000
"""Characters of one text."""
MOST = 100_000
"""Characters of one request: what a model can read in some seconds."""
_ID = 200
_SPANS = {"relation": ("subject", "object")}  # tasks whose spans are given and not sought
_TEXTS: dict[str, str] = {
    "question": "공방의 주인은 누구인가?",
    "context": "두루미골 공방의 주인은 도자기를 굽는 김가람 씨이다. 공방은 월요일에 쉰다.",
    "title": "두루미골 공방",
    "text": "선생님이 하나하나 가르쳐 주셔서 정말 즐거웠어요.",
    "pair": "선생님이 친절하다.",
    "response": "",
}
_LONGER = (
    "그런데 1998년 가을, 바닷가 마을에서 온 손님 37명은 비가 그칠 때까지 처마 밑에 서서 기다렸다! "
    "누가 먼저 노래를 시작했는지는 아무도 모르고, 마지막 배는 이미 떠난 뒤였다."
)

Text = Annotated[str, Field(min_length=1, max_length=LONGEST)]
Optional = Annotated[str, Field(max_length=LONGEST)]


class Entity(Sent):
    """Where an entity stands in the text, in characters, and of which type it is."""

    start: Annotated[int, Field(ge=0, le=LONGEST)]
    end: Annotated[int, Field(ge=1, le=LONGEST)]
    type: Annotated[str, Field(max_length=_ID, description="such as PER or ORG; empty where unknown")] = ""
    text: Annotated[
        str | None, Field(max_length=LONGEST, description="checked against the place, where given")
    ] = None


def example(task: Any) -> dict[str, Any]:
    """A record that a task takes, as it is sent.

    Example:
        >>> from types import SimpleNamespace
        >>> example(SimpleNamespace(name="emotions", schema=SimpleNamespace(fields=("text",), optional=())))
        {'text': '선생님이 하나하나 가르쳐 주셔서 정말 즐거웠어요.'}
    """
    if task.name == "relation":
        text = "김가람은 두루미골 공방의 대표이다."
        subject = {"start": 5, "end": 12, "type": "ORG", "text": "두루미골 공방"}
        return {"text": text, "subject": subject, "object": {"start": 0, "end": 3, "type": "PER"}}
    if task.name == "respond":
        return {"context": "몇 시에 열어요?", "candidates": ["아침 열 시에 열어요.", "주차는 뒤뜰에 해요."]}
    names = (*task.schema.fields, *task.schema.optional)
    return {name: _TEXTS.get(name, "글") for name in names if _TEXTS.get(name, "글")}


def examples(task: Any) -> list[Record]:
    """Records of unlike length, to try a model with."""
    short = example(task)
    long = {name: " ".join([value] * 4) if isinstance(value, str) else value for name, value in short.items()}
    kind = record_type("Tried", task)
    return records_of([kind.model_validate(one) for one in (short, long)], task)


def record_type(name: str, task: Any) -> type[Sent]:
    """The type of one record of a task.

    Args:
        name: of the artifact; the type is called after it, since two of one task may take other fields.
    """
    fields: dict[str, Any] = {"id": (Annotated[str | None, Field(max_length=_ID)], None)}
    fields |= dict.fromkeys(task.schema.fields, (Text, ...))
    fields |= dict.fromkeys(task.schema.optional, (Optional, ""))
    if task.name == "reader":
        said = "passages that share it are read for one question"
        fields["question_id"] = (Annotated[str | None, Field(max_length=_ID, description=said)], None)
    if task.name == "respond":
        fields["candidates"] = (Annotated[list[Text], Field(max_length=100, default_factory=list)], ...)
    fields |= dict.fromkeys(_SPANS.get(task.name, ()), (Entity, ...))
    shown = ConfigDict(extra="forbid", strict=True, json_schema_extra={"examples": [example(task)]})
    base = type("Record", (Sent,), {"model_config": shown})
    made: type[Sent] = create_model(f"{_camel(name)}Record", __base__=base, **fields)
    made.__doc__ = f"A record of the task {task.name}."
    return made


def request_type(name: str, task: Any, most: int) -> type[Sent]:
    """The type of a request to an artifact: some records, and how long they may take.

    Args:
        name: of the artifact. most: records that one request may have.
    """
    record: Any = record_type(name, task)
    shown = ConfigDict(
        extra="forbid", strict=True, json_schema_extra={"examples": [{"records": [example(task)]}]}
    )
    base = type("Request", (Sent,), {"model_config": shown})
    said = "milliseconds after which the answer is not wanted; the server's own limit when null"
    made: type[Sent] = create_model(
        f"{_camel(name)}Request",
        __base__=base,
        records=(Annotated[list[record], Field(min_length=1, max_length=most)], ...),
        deadline_ms=(Annotated[int | None, Field(ge=1, le=3_600_000, description=said)], None),
    )
    made.__doc__ = f"Records of the task {task.name}."
    return made


def records_of(sent: Sequence[Any], task: Any) -> list[Record]:
    """What was sent as records; one without an id is called by its place.

    Raises:
        DataError: a text is blank, or all of them are too long together.
        SpanError: an entity does not stand where it is said to.
    """
    records = [_record(one, place, task) for place, one in enumerate(sent)]
    letters = sum(len(text) for record in records for text in record.fields.values())
    if letters > MOST:
        raise DataError(
            "the records are too long together.",
            value=f"{letters:,} characters",
            allowed=f"{MOST:,} characters in one request",
            cure="Send fewer records at once.",
            field="records",
        )
    return records


def _record(sent: Any, place: int, task: Any) -> Record:
    fields = {name: getattr(sent, name) for name in task.schema.fields}
    for name, text in fields.items():
        if not text.strip():
            raise _wrong(place, name, "the text is blank.", "a text that is not blank")
    fields |= {name: text for name in task.schema.optional if (text := getattr(sent, name))}
    labels: dict[str, Any] = {}
    if getattr(sent, "question_id", None) is not None:
        labels["question_id"] = sent.question_id
    if task.name == "respond":
        labels["candidates"] = list(dict.fromkeys(sent.candidates))
    spans = {}
    for role in _SPANS.get(task.name, ()):
        entity = getattr(sent, role)
        if not entity.start < entity.end <= len(fields["text"]):
            raise _wrong(place, role, "the entity does not stand in the text.", "0 <= start < end <= length")
        text = fields["text"][entity.start : entity.end] if entity.text is None else entity.text
        spans[role] = (Span(entity.start, entity.end, text, field="text"),)
        labels[f"{role}_type"] = entity.type
    return Record(sent.id if sent.id is not None else str(place), fields, spans=spans, labels=labels)


def _wrong(place: int, name: str, what: str, allowed: str) -> DataError:
    field = f"records.{place}.{name}"
    return DataError(what, value=name, allowed=allowed, cure=f"Change '{field}'.", field=field)


def _camel(name: str) -> str:
    """A name for a type.

    Example:
        >>> _camel("reader-ko.v2")
        'ReaderKoV2'
    """
    words = "".join(char if char.isalnum() else " " for char in name).split()
    return "".join(word[:1].upper() + word[1:] for word in words)
