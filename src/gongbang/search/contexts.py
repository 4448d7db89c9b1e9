"""The contexts of labelled records as the passages that are searched, and which of them answer."""

from __future__ import annotations

import unicodedata
from collections.abc import Container, Iterable

from gongbang.data.records import Passage, Record
from gongbang.search.base import Hit


def asks(record: Record) -> bool:
    """Whether a record asks something of a text, neither of them blank."""
    return all(record.fields.get(name, "").strip() for name in ("question", "context"))


def document_of(record: Record) -> str:
    """Id of the document that a record's context is: its label ``document``, else its context itself."""
    return str(record.labels.get("document") or record.fields["context"])


def passages_of(records: Iterable[Record]) -> list[Passage]:
    """Every distinct context of a data set as one passage, documents in order of appearance.

    A passage has its document's id, and where a document has several contexts, a number behind it (``d#0``,
    ``d#1``). Records whose context holds no words are passed over.

    Example:
        >>> made = [Record(str(n), {"context": f"글 {n}"}, labels={"document": "d"}) for n in (0, 1, 1)]
        >>> [(p.id, p.document, p.text) for p in passages_of(made)]
        [('d#0', 'd', '글 0'), ('d#1', 'd', '글 1')]
    """
    contexts: dict[str, dict[str, Record]] = {}
    for record in records:
        if record.fields.get("context", "").strip():
            contexts.setdefault(document_of(record), {}).setdefault(record.fields["context"], record)
    found: dict[str, Passage] = {}
    for document, held in contexts.items():
        for number, (context, record) in enumerate(held.items()):
            id = _free(document if len(held) == 1 else f"{document}#{number}", found)
            title = record.fields.get("title", "")
            found[id] = Passage(id, context, title, document, source=record.source)
    return list(found.values())


def _free(id: str, taken: Container[str]) -> str:
    """The id, or where a document of that very name was met before, the id with a mark behind it."""
    while id in taken:
        id += "'"
    return id


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
