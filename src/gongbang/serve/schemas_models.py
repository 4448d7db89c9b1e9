"""What the resources of the models are sent and answer, as types; see :mod:`gongbang.serve.schemas`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from gongbang.apps.ask import TOP_K
from gongbang.serve.schemas import Sent, Told

_ID = "sha256 of everything in it"
_HASH = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [values]})


_CANDIDATE = {"text": "김가람", "start": 20, "end": 23, "score": 14.2, "probability": 0.91, "record": "0"}
_MODEL: dict[str, Any] = {
    "name": "reader-ko",
    "task": "reader",
    "artifact": "reader-ko",
    "id": _HASH,
    "fields": ["question", "context"],
    "labels": [],
    "licence": "CC BY-ND 2.0 KR; MIT",
    "trained_on": [{"name": "KorQuAD 1.0", "licence": "CC BY-ND 2.0 KR", "url": ""}],
    "metrics": {"exact_match": 72.5, "f1": 84.3, "n": 432},
    "hashes": {"model.onnx": _HASH},
    "bytes": 17_000_000,
    "engine": "onnxruntime",
    "shares_batches": False,
    "loaded": "2026-11-02T09:30:00Z",
    "load_seconds": 1.2,
    "waiting": 0,
}


class TrainedOn(Told):
    """A data set behind the weights."""

    name: str
    licence: str
    url: str


class ModelInfo(Told):
    """An artifact at work."""

    model_config = _example(**_MODEL)

    name: Annotated[str, Field(description="what it is called here")]
    task: str
    artifact: Annotated[str, Field(description="what it calls itself")]
    id: Annotated[str, Field(description=_ID)]
    fields: Annotated[list[str], Field(description="texts that a record needs")]
    labels: list[str]
    licence: str
    trained_on: list[TrainedOn]
    metrics: Annotated[dict[str, Any], Field(description="scores of its card, as they were measured")]
    hashes: Annotated[dict[str, str], Field(description="sha256 of each file")]
    bytes: int
    engine: str
    shares_batches: Annotated[bool, Field(description="whether requests run together, answers being equal")]
    loaded: datetime
    load_seconds: float
    waiting: Annotated[int, Field(description="requests that wait for it")]


class ModelCard(ModelInfo):
    """An artifact at work, with its card."""

    model_config = _example(**_MODEL, card="# reader-ko\n…")

    card: Annotated[str, Field(description="its card, in Markdown")]


class ModelList(Told):
    """The artifacts of this server."""

    model_config = _example(items=[_MODEL])

    items: list[ModelInfo]


class Reloaded(Told):
    """What a reload led to."""

    model_config = _example(name="reader-ko", changed=True, id=_HASH)

    name: str
    changed: Annotated[bool, Field(description="false where the same artifact lay there")]
    id: Annotated[str, Field(description=_ID)]


class PredictedSpan(Told):
    """One possible answer of an artifact."""

    text: str
    start: int
    end: int
    score: float | None
    probability: float | None
    record: Annotated[str, Field(description="id of the record it was read from")]


class Prediction(Told):
    """What an artifact says of one record; ``text`` is empty for "no answer"."""

    id: str
    text: str
    confidence: float | None
    null_score: float | None
    candidates: Annotated[list[PredictedSpan], Field(description="the n-best, best first")]
    details: Any


class Predictions(Told):
    """Predictions in the order of the records, as ``gongbang predict --json`` gives them."""

    model_config = _example(
        artifact="reader-ko",
        id=_HASH,
        n=1,
        answered=1,
        predictions=[
            {
                "id": "0",
                "text": "김가람",
                "confidence": 0.91,
                "null_score": 1.5,
                "candidates": [_CANDIDATE],
                "details": {},
            }
        ],
    )

    artifact: str
    id: Annotated[str, Field(description=_ID)]
    n: int
    answered: Annotated[int, Field(description="of them with an answer")]
    predictions: list[Prediction]


class AskQuestion(Sent):
    """A question to the documents."""

    model_config = _example(question="두루미골의 면적은 얼마인가?")

    question: Annotated[str, Field(min_length=1, max_length=2000)]
    top_k: Annotated[int, Field(ge=1, le=50, description="passages to read at most")] = TOP_K
    no_answer_threshold: Annotated[
        float | None, Field(ge=0, le=1, description="confidence below which nothing is claimed")
    ] = None
    deadline_ms: Annotated[
        int | None, Field(ge=1, le=3_600_000, description="milliseconds after which it is not wanted")
    ] = None


class FoundSpan(Told):
    """A span of a document."""

    text: str
    start: int
    end: int
    probability: float | None
    score: float | None
    document: str
    title: str
    source: str
    location: str
    passage: str


class ReadPassage(Told):
    """A passage that was read, and what each stage of the search gave it."""

    passage: str
    document: str
    title: str
    source: str
    location: str
    start: int
    score: float | None
    parts: dict[str, float | None]
    text: str


class AskAnswer(Told):
    """The answer, as ``gongbang ask --json`` gives it: ``document.text[start:end] == text``, or no answer."""

    model_config = _example(
        question="두루미골의 면적은 얼마인가?",
        text="14제곱킬로미터",
        answered=True,
        confidence=0.81,
        evidence="두루미골의 면적은 14제곱킬로미터이고, 그 가운데 10분의 7이 숲이다.",
        evidence_start=120,
        evidence_end=160,
        document="village.md",
        title="두루미골",
        source="samples/village.md",
        location="땅과 물",
        start=130,
        end=138,
        threshold=None,
        candidates=[],
        passages=[],
        seconds=0.05,
    )

    question: str
    text: str
    answered: bool
    confidence: float | None
    evidence: str
    evidence_start: int
    evidence_end: int
    document: str
    title: str
    source: str
    location: str
    start: int
    end: int
    threshold: float | None = None
    candidates: list[FoundSpan]
    passages: list[ReadPassage]
    seconds: float
