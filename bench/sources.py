"""The questions and documents that every contestant is given."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gongbang.artifacts.store import bundled
from gongbang.data.documents import read_documents
from gongbang.data.passages import passages_of
from gongbang.data.reading import documents_of, read_records
from gongbang.data.records import Document, Passage, Record

_KORQUAD = "qa/korquad1/KorQuAD_v1.0_dev_112.json"
_DATA = os.environ.get("GONGBANG_DATA", "../shared/data")


@dataclass(frozen=True, slots=True)
class Question:
    """A question, the answers that are right, and the document that holds them."""

    text: str
    answers: tuple[str, ...]
    document: str
    group: str


@dataclass(frozen=True, slots=True)
class Source:
    """A data set: what is searched, what is asked, and records to train on (none for the samples)."""

    name: str
    documents: list[Document]
    passages: list[Passage]
    questions: list[Question]
    records: list[Record]


def open_source(data: str | None, *, seed: int, documents: int | None = None) -> Source:
    """The data set to measure on, its questions shuffled.

    Args:
        data: a file in SQuAD's format, or a folder with KorQuAD 1.0 below it; None takes
            ``$GONGBANG_DATA`` or ``../shared/data``, and the bundled samples where there is neither.
        seed: of the order of the questions.
        documents: keep only so many documents, and the questions about them.
    """
    path = _find(data)
    source = _samples() if path is None else _squad(path)
    if documents is not None:
        source = _first(source, documents)
    random.Random(seed).shuffle(source.questions)
    return source


def _first(source: Source, count: int) -> Source:
    documents = source.documents[:count]
    kept = {document.id for document in documents}
    return replace(
        source,
        documents=documents,
        passages=[passage for passage in source.passages if (passage.document or passage.id) in kept],
        questions=[question for question in source.questions if question.document in kept],
    )


def _find(data: str | None) -> Path | None:
    if data is None:
        path = Path(_DATA) / _KORQUAD
        return path if path.is_file() else None
    path = Path(data)
    inside = path / _KORQUAD
    if inside.is_file():
        return inside
    if path.is_file():
        return path
    found = sorted(path.glob("*.json"))
    if not found:
        raise SystemExit(f"--data {data}: no SQuAD file there; name one, or a folder with {_KORQUAD}")
    return found[0]


def _squad(path: Path) -> Source:
    """One passage a context, as retrieval is measured on KorQuAD."""
    records = read_records(path).items
    documents = documents_of(records)
    passages = [Passage(d.id, d.text, d.title, d.id, source=d.source) for d in documents]
    by_text = {document.text: document.id for document in documents}
    questions = [
        Question(
            record.fields["question"],
            tuple(answer.text for answer in record.answers),
            by_text[record.fields["context"]],
            record.group,
        )
        for record in records
        if record.answers
    ]
    return Source(path.name, documents, passages, questions, records)


def _samples() -> Source:
    folder = bundled("samples")
    documents = read_documents(folder).items
    known = {Path(document.id).name: document.id for document in documents}
    rows = [json.loads(line) for line in _lines(folder / "questions.jsonl")]
    questions = [
        Question(row["question"], tuple(row["answers"]), known[row["document"]], row["document"])
        for row in rows
        if row.get("answers") and row.get("document") in known
    ]
    return Source("samples/", documents, passages_of(documents), questions, [])


def _lines(path: Path) -> Sequence[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
