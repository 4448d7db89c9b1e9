"""From a row of columns to a record: the mapping that JSONL, CSV, TSV and Parquet share.

A mapping names, for each part of a record, the column that holds it; dots reach into nested objects
(``"meta.title"``, ``"answers.text.0"``). Parts: ``id``, ``group``, ``source``, ``licence``, ``lineage``,
``answer``, ``answers``, ``answer_start``, ``is_impossible``; every other part becomes a field
(``question``, ``context``, ``title``, ``text``, …), and ``labels.X`` a label. Columns that are not
mapped pass through as labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gongbang.data.readers.place import Place, answer_span, make_record, need_id, need_mapping, whole_text
from gongbang.data.records import Record, Span
from gongbang.data.sources import Source, document_id
from gongbang.errors import DataError, OptionError

_PARTS = {"id", "group", "source", "licence", "lineage", "answer", "answers", "answer_start", "is_impossible"}
_KNOWN = {
    "id": ("id", "guid", "qid", "question_id"),
    "question": ("question", "query", "질문"),
    "context": ("context", "passage", "paragraph", "본문", "지문"),
    "title": ("title", "제목"),
    "text": ("text", "sentence", "document", "문장"),
    "answers": ("answers",),
    "answer": ("answer", "answer_text", "답", "정답"),
    "answer_start": ("answer_start", "start"),
    "is_impossible": ("is_impossible",),
    "group": ("group",),
    "licence": ("licence", "license"),
}
_NOWHERE = object()


def guess_mapping(columns: Sequence[str], place: Place) -> dict[str, str]:
    """The mapping by usual column names.

    Raises:
        DataError: no column is known; the message shows the columns and a mapping to copy.

    Example:
        >>> guess_mapping(["질문", "context", "정답"], Place("a.csv"))
        {'question': '질문', 'context': 'context', 'answer': '정답'}
    """
    lowered = {str(column).strip().lower(): column for column in columns}
    mapping = {
        part: lowered[name]
        for part, names in _KNOWN.items()
        if (name := next((n for n in names if n in lowered), None)) is not None
    }
    if "answers" in mapping:
        mapping.pop("answer", None)
    if not {"question", "context", "text"} & mapping.keys():
        raise place.error(
            "no column with a known name.",
            value=", ".join(map(str, columns)),
            allowed="question, context, title, answer, answer_start, text, id, group, …",
            cure='Say which column is what, e.g. mapping={"question": "q", "context": "passage"}.',
        )
    return mapping


def check_mapping(mapping: Mapping[str, str]) -> None:
    """Refuse a mapping that cannot act.

    Raises:
        OptionError: no field is mapped, or offsets without answers.
    """
    fields = [part for part in mapping if part not in _PARTS and not part.startswith("labels.")]
    if not fields:
        raise OptionError(
            "the mapping names no field.",
            value=dict(mapping),
            allowed='at least one of "question", "context", "text", …',
            cure='Map a column to a field, e.g. {"question": "q"}.',
        )
    if "answer_start" in mapping and "answer" not in mapping:
        raise OptionError(
            "the mapping has 'answer_start' without 'answer'.",
            value=dict(mapping),
            allowed="both or only 'answer'",
            cure='Add "answer": the column with the answer\'s text.',
        )


def dig(row: Any, path: str) -> Any:
    """The value at a dotted path; a column that has the dotted name itself comes first.

    Example:
        >>> dig({"answers": {"text": ["서울"]}}, "answers.text.0")
        '서울'
    """
    if isinstance(row, Mapping) and path in row:
        return row[path]
    head, _, rest = path.partition(".")
    if isinstance(row, Mapping) and head in row and rest:
        return dig(row[head], rest)
    if isinstance(row, list) and head.isdecimal() and int(head) < len(row):
        return dig(row[int(head)], rest) if rest else row[int(head)]
    return _NOWHERE


def record_of(
    row: Mapping[str, Any], mapping: Mapping[str, str], place: Place, *, number: int, source: Source
) -> Record:
    """One row as a record.

    Args:
        row: column to value.
        mapping: part to column.
        place: where the row stands.
        number: the row's number (from 1), from which an id is made where none is mapped.
        source: what the file is called, and its licence.

    Raises:
        DataError: a mapped column is missing or holds something else.
        SpanError: the answer does not stand where its offset says.
    """
    values = {part: _value(row, part, column, place) for part, column in mapping.items()}
    fields = {
        p: v for p, v in values.items() if p not in _PARTS and not p.startswith("labels.") and v is not None
    }
    fields = {part: _text(value, mapping[part], place) for part, value in fields.items()}
    used = {column.partition(".")[0] for column in mapping.values()} | set(mapping.values())
    labels = {key: value for key, value in row.items() if key not in used and value is not None}
    labels |= {part.removeprefix("labels."): v for part, v in values.items() if part.startswith("labels.")}
    spans = _spans(values, fields, labels, place, mapping)
    if "context" in fields:
        labels.setdefault("document", document_id(fields["context"]))
    identity = values.get("id")
    return make_record(
        place,
        f"{source.name}#{number}" if identity in (None, "") else need_id(identity, place.at("id")),
        fields,
        spans=spans,
        labels=labels,
        group=str(values.get("group") or fields.get("title") or labels.get("document") or ""),
        lineage=_lineage(values.get("lineage")),
        source=str(values.get("source") or source.name),
        licence=str(values.get("licence") or source.licence),
    )


def _value(row: Mapping[str, Any], part: str, column: str, place: Place) -> Any:
    value = dig(row, column)
    if value is not _NOWHERE:
        return value
    if part in _PARTS or part == "title":
        return None
    raise place.error(
        f"the column '{column}' is missing.",
        value=", ".join(map(str, row)),
        allowed=f"a row with '{column}'",
        cure=f"Add it, or map '{part}' to the column that holds it.",
    )


def _text(value: Any, column: str, place: Place) -> str:
    if isinstance(value, str):
        return whole_text(value, place.at(column))
    raise place.at(column).error(
        f"text is needed, this is {type(value).__name__}.",
        value=value,
        allowed="a string",
        cure="Write it as a string, or map another column.",
    )


def _spans(
    values: Mapping[str, Any],
    fields: Mapping[str, str],
    labels: dict[str, Any],
    place: Place,
    mapping: Mapping[str, str],
) -> dict[str, tuple[Span, ...]]:
    if "answer" not in mapping and "answers" not in mapping and "is_impossible" not in mapping:
        return {}
    if _true(values.get("is_impossible")):
        return {"answers": ()}
    if "context" not in fields:
        labels["answers"] = values.get("answers", values.get("answer"))
        return {}
    if values.get("answers") is not None:
        spans = _many(values["answers"], place.at(mapping["answers"]))
    else:
        spans = _one(values, fields["context"], labels, place.at(mapping.get("answer", "answer")))
    return {"answers": tuple(dict.fromkeys(spans))}


def _many(answers: Any, place: Place) -> list[Span]:
    """Answers as a list of objects, or as an object of two lists (as the hub's data sets write them)."""
    if isinstance(answers, Mapping):
        texts, starts = answers.get("text"), answers.get("answer_start")
        if not isinstance(texts, list) or not isinstance(starts, list) or len(texts) != len(starts):
            raise place.error(
                "'text' and 'answer_start' must be lists of the same length.",
                value=answers,
                allowed='{"text": ["…"], "answer_start": [0]}',
                cure="Write as many offsets as texts.",
            )
        answers = [{"text": text, "answer_start": start} for text, start in zip(texts, starts, strict=True)]
    if not isinstance(answers, list):
        raise place.error(
            "answers must be a list.",
            value=answers,
            allowed="a list of answers",
            cure="Write a list; see the docs.",
        )
    return [answer_span(need_mapping(a, place.at(str(n))), place.at(str(n))) for n, a in enumerate(answers)]


def _one(values: Mapping[str, Any], context: str, labels: dict[str, Any], place: Place) -> list[Span]:
    """One answer by its text; without an offset, every place where it stands, and a label that says so."""
    answer, start = values.get("answer"), values.get("answer_start")
    if answer is None or answer == "":
        return []
    if start is not None and start != "":
        if start == -1 or start == "-1":  # noqa: PLR1714 - it may be a list, which no set takes
            return []
        return [answer_span({"text": answer, "answer_start": start}, place)]
    text = _text(answer, place.field or "answer", place)
    places = [at for at in range(len(context)) if context.startswith(text, at)]
    if not places:
        raise place.error(
            "the answer does not stand in the context.",
            value=text,
            allowed="words of the context itself, letter by letter",
            cure="Copy the answer out of the context, or mark the row with is_impossible.",
        )
    labels["answer_places"] = len(places)
    return [Span(at, at + len(text), text) for at in places]


def _true(value: Any) -> bool:
    return value.strip().lower() in {"true", "1", "yes"} if isinstance(value, str) else bool(value)


def _lineage(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(part for part in value.split() if part)
    return tuple(map(str, value)) if isinstance(value, list) else ()


def columns_error(place: Place, names: Sequence[str]) -> DataError:
    """The error for a row whose number of cells is not that of the header."""
    return place.error(
        "the row has more or fewer cells than the header.",
        value=", ".join(names)[:200],
        allowed="as many cells as columns",
        cure="Quote cells that hold the separator or a line end.",
    )
