"""The SQuAD family: SQuAD 1.1 and 2.0, KorQuAD 1.0, TyDi QA GoldP, XQuAD, and KLUE-MRC's frame.

Rajpurkar et al. 2016 (SQuAD), 2018 (SQuAD 2.0); Lim et al. 2019 (KorQuAD 1.0); Clark et al. 2020 (TyDi);
Artetxe et al. 2020 (XQuAD). Contexts are taken as they are, stray markup and all: offsets count them so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from gongbang.data.json_places import line_of, object_lines
from gongbang.data.readers.place import (
    Place,
    Placed,
    answer_span,
    is_true,
    make_record,
    need_list,
    need_mapping,
    need_text,
)
from gongbang.data.records import Document, Record, Span
from gongbang.data.sources import Source, document_id, recognise
from gongbang.data.textfile import parse_json, read_text
from gongbang.errors import DataError

_TAKEN = {"id", "guid", "question", "answers", "plausible_answers"}


def read(path: Path, mapping: Mapping[str, str] | None = None) -> Iterator[Placed | DataError]:
    """Each question of a SQuAD-shaped file, or the error that keeps it out.

    Raises:
        DataError: the file as a whole cannot be read (missing, empty, encoding, broken JSON, no ``data``).
    """
    text = read_text(path)
    return read_parsed(parse_json(text, path), text, path)


def read_parsed(parsed: Any, text: str, path: Path) -> Iterator[Placed | DataError]:
    """The same for a file that is already parsed; ``text`` serves to find lines."""
    whole = need_mapping(parsed, Place(str(path)))
    articles = need_list(whole, "data", Place(str(path)))
    source = recognise(path.name, version=str(whole.get("version", "")), first_id=_first_id(articles))
    reader = _Reader(path, text, source)
    found = _articles(articles, reader)
    return (reader.with_line(item) if isinstance(item, DataError) else item for item in found)


def read_contexts(path: Path) -> list[Document]:
    """Every context of a SQuAD-shaped file, also those that nobody asks about, once each.

    Other JSON files have none.

    Raises:
        DataError: the file as a whole cannot be read.
    """
    text = read_text(path)
    whole = parse_json(text, path)
    articles = whole.get("data") if isinstance(whole, Mapping) else None
    if not isinstance(articles, list):
        return []
    source = recognise(path.name, version=str(whole.get("version", "")), first_id=_first_id(articles))
    found: dict[str, Document] = {}
    for article in articles:
        paragraphs = article.get("paragraphs") if isinstance(article, Mapping) else None
        for paragraph in paragraphs if isinstance(paragraphs, list) else []:
            context = paragraph.get("context") if isinstance(paragraph, Mapping) else None
            if isinstance(context, str) and context.strip():
                id, title = document_id(context), str(article.get("title") or "").replace("_", " ")
                found.setdefault(id, Document(id, context, title, source.name, source.licence))
    return list(found.values())


class _Reader:
    """What is the same for every row of one file."""

    def __init__(self, path: Path, text: str, source: Source) -> None:
        self.path = str(path)
        self.text = text
        self.source = source

    @cached_property
    def lines(self) -> Mapping[str, int]:
        """Where each object stands; looked for once, and only when there is an error to place."""
        return object_lines(self.text)

    def line_of(self, place: Place) -> int | None:
        """The line of the innermost object that holds a place."""
        return line_of(self.lines, place.field or "")

    def with_line(self, err: DataError) -> DataError:
        """The same error, with the line of the object that it speaks of."""
        prefix = f"{err.path}: " + (f"field '{err.field}': " if err.field else "")
        return type(err)(
            err.what.removeprefix(prefix),
            value=err.value,
            allowed=err.allowed,
            cure=err.cure,
            path=err.path,
            line=line_of(self.lines, err.field or ""),
            field=err.field,
        )


def _articles(articles: list[Any], reader: _Reader) -> Iterator[Placed | DataError]:
    for number, entry in enumerate(articles):
        place = Place(reader.path, field=f"data[{number}]")
        try:
            article = need_mapping(entry, place)
            paragraphs = need_list(article, "paragraphs", place)
        except DataError as err:
            yield err
            continue
        for index, paragraph in enumerate(paragraphs):
            yield from _paragraph(paragraph, article, reader, place.at(f"paragraphs[{index}]"))


def _paragraph(
    entry: Any, article: Mapping[str, Any], reader: _Reader, place: Place
) -> Iterator[Placed | DataError]:
    try:
        paragraph = need_mapping(entry, place)
        context = need_text(paragraph, "context", place)
        questions = need_list(paragraph, "qas", place)
    except DataError as err:
        yield err
        return
    shared = _shared(context, article, reader, place)
    for index, question in enumerate(questions):
        at = place.at(f"qas[{index}]")
        try:
            yield Placed(_question(question, shared, reader, at), at, reader.line_of)
        except DataError as err:
            yield err


def _shared(context: str, article: Mapping[str, Any], reader: _Reader, place: Place) -> dict[str, Any]:
    """What all questions of a paragraph have in common.

    Wikipedia's page names write "_" for a space: the title people read and search has spaces, the group
    keeps the name as it is. An untitled article is its own group.
    """
    title = article.get("title")
    name = title if isinstance(title, str) and title.strip() else ""
    labels: dict[str, Any] = {"document": document_id(context)}
    labels |= {k: v for k, v in article.items() if k not in {"title", "paragraphs"} and _plain(v)}
    return {
        "context": context,
        "title": name.replace("_", " "),
        "group": name or f"{Path(reader.path).name}#{(place.field or '').split('.')[0]}",
        "labels": labels,
    }


def _question(entry: Any, shared: Mapping[str, Any], reader: _Reader, place: Place) -> Record:
    row = need_mapping(entry, place)
    key = "id" if "id" in row or "guid" not in row else "guid"
    if isinstance(row.get(key), int):
        row = {**row, key: str(row[key])}
    identity = need_text(row, key, place)
    fields = {"question": need_text(row, "question", place), "context": shared["context"]}
    if shared["title"]:
        fields["title"] = shared["title"]
    return make_record(
        place,
        identity,
        fields,
        spans=_spans(row, place),
        labels={**shared["labels"], **{k: v for k, v in row.items() if k not in _TAKEN and _plain(v)}},
        group=shared["group"],
        source=reader.source.name,
        licence=reader.source.licence,
    )


def _spans(row: Mapping[str, Any], place: Place) -> dict[str, tuple[Span, ...]]:
    """The answers, and under another role the plausible ones of a question that has no answer.

    Raises:
        DataError: no answer and no ``is_impossible`` that says so, or an answer that is not one.
    """
    impossible = is_true(row.get("is_impossible"))
    answers = _answers(row, "answers", place)
    plausible = _answers(row, "plausible_answers", place) if "plausible_answers" in row else ()
    if impossible:
        answers, plausible = (), plausible or answers
    elif not answers:
        raise place.at("answers").error(
            "the question has no answer, and nothing says that it has none.",
            value=row.get("answers"),
            allowed='at least one answer, or "is_impossible": true',
            cure='Add the answer, or "is_impossible": true for a question without one.',
        )
    spans = {"answers": answers}
    return spans | {"plausible_answers": plausible} if plausible else spans


def _answers(row: Mapping[str, Any], role: str, place: Place) -> tuple[Span, ...]:
    """Distinct spans in the file's order (SQuAD's development set repeats what annotators agreed on)."""
    if role not in row and is_true(row.get("is_impossible")):
        return ()
    found = need_list(row, role, place)
    spans = [
        answer_span(need_mapping(answer, place.at(f"{role}[{n}]")), place.at(f"{role}[{n}]"))
        for n, answer in enumerate(found)
    ]
    return tuple(dict.fromkeys(spans))


def _first_id(articles: list[Any]) -> str:
    """The first question's id, as a mark of the data set; empty when the frame is not as expected."""
    try:
        first = articles[0]["paragraphs"][0]["qas"][0]
        return str(first.get("guid") or first.get("id") or "")
    except (IndexError, KeyError, TypeError, AttributeError):
        return ""


def _plain(value: Any) -> bool:
    return isinstance(value, (str, int, float, bool))
