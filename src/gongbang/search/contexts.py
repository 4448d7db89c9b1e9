"""The contexts of labelled records as the passages that are searched, and which of them answer."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from gongbang.data.records import Passage, Record
from gongbang.search.base import Hit


def document_of(record: Record) -> str:
    """Id of the document that a record's context is: its label ``document``, else its context itself."""
    return str(record.labels.get("document") or record.fields["context"])


def passages_of(records: Iterable[Record]) -> list[Passage]:
    """Every distinct context of a data set as one passage, in order of appearance."""
    found: dict[str, Passage] = {}
    for record in records:
        key = document_of(record)
        if key not in found:
            fields = record.fields
            found[key] = Passage(key, fields["context"], fields.get("title", ""), key, source=record.source)
    return list(found.values())


def holds_answer(text: str, record: Record) -> bool:
    """Whether a text holds any of the record's answers, spaces, case and width set aside.

    Example:
        >>> from gongbang.data.records import Span
        >>> r = Record("1", {"question": "?", "context": "김 구"}, spans={"answers": (Span(0, 3, "김 구"),)})
        >>> holds_answer("독립운동가 김구", r)
        True
    """
    plain = _plain(text)
    return any(_plain(answer.text) in plain for answer in record.answers)


def answers(hit: Hit, record: Record) -> bool:
    """Whether a hit may answer a record's question: its own document, or one that holds an answer."""
    passage = hit.passage
    return hit.document == document_of(record) or holds_answer(f"{passage.title}\n{passage.text}", record)


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).lower().split())
