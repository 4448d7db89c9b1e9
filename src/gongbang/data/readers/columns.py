"""From a row of columns to a record: the mapping that JSONL, CSV, TSV and Parquet share.

A mapping names, for each part of a record, the column that holds it; dots reach into nested objects
(``"meta.title"``, ``"answers.text.0"``). Parts: ``id``, ``group``, ``source``, ``licence``, ``lineage``,
``answer``, ``answers``, ``answer_start``, ``is_impossible``, ``label`` (a class), ``labels`` (several, as a
list or with commas between); every other part becomes a field (``question``, ``context``, ``title``,
``text``, ``pair``, …), and ``labels.X`` a label. Columns that are not mapped pass through as labels; the
label ``document`` is always the context's own id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from gongbang.data.readers.answers import answer_spans
from gongbang.data.readers.classes import class_labels
from gongbang.data.readers.place import Place, make_record, need_id, text_cell
from gongbang.data.records import Record
from gongbang.data.sources import Source, document_id
from gongbang.errors import DataError, OptionError

_PARTS = {
    "id",
    "group",
    "source",
    "licence",
    "lineage",
    "answer",
    "answers",
    "answer_start",
    "is_impossible",
    "label",
    "labels",
}
_KNOWN = {
    "id": ("id", "guid", "qid", "question_id"),
    "question": ("question", "query", "질문"),
    "context": ("context", "passage", "paragraph", "본문", "지문"),
    "title": ("title", "제목"),
    "text": ("text", "sentence", "document", "문장", "premise", "sentence1", "text1"),
    "pair": ("pair", "hypothesis", "sentence2", "text2"),
    "label": ("label", "gold_label", "레이블", "라벨"),
    "labels": ("labels",),
    "answers": ("answers",),
    "answer": ("answer", "answer_text", "답", "정답"),
    "answer_start": ("answer_start", "start"),
    "is_impossible": ("is_impossible",),
    "group": ("group",),
    "licence": ("licence", "license"),
}
_NOWHERE = object()


def mapping_of(pairs: Sequence[str]) -> dict[str, str]:
    """``["question=q"]``, as people write it, as a mapping.

    Raises:
        OptionError: words that are not of that form.

    Example:
        >>> mapping_of(["question=q", "context=passage"])
        {'question': 'q', 'context': 'passage'}
    """
    mapping: dict[str, str] = {}
    for pair in pairs:
        part, equals, column = pair.partition("=")
        if not (part and equals and column):
            raise OptionError(
                "a mapping of columns is not of the form PART=COLUMN.",
                value=pair,
                allowed="PART=COLUMN, such as question=q",
                cure="Write the part of a record, an equals sign and the file's own name for it.",
            )
        mapping[part] = column
    return mapping


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
    if "context" in mapping:
        mapping.pop("text", None)
    if "text" not in mapping:
        mapping.pop("pair", None)
    if {"answer", "answers"} & mapping.keys():  # of question answering a label is one among others
        mapping.pop("label", None)
        mapping.pop("labels", None)
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
        OptionError: no field is mapped, offsets without answers, or a label that is not the user's.
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
    if "context" in mapping and "labels.document" in mapping:
        raise OptionError(
            "the label 'document' is made from the context.",
            value=mapping["labels.document"],
            allowed="another label, or group for what must not be split",
            cure=f'Write "labels.name": "{mapping["labels.document"]}", or map the column to group.',
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


def check_columns(mapping: Mapping[str, str], columns: Mapping[str, Any], place: Place) -> None:
    """Refuse a mapping of columns that a table does not have.

    Args:
        mapping: part to column.
        columns: a row of the table's shape: what its values are does not count, but what they hold does.
        place: the table.

    Raises:
        DataError: a column is not there.
    """
    for part, column in mapping.items():
        if not reaches(columns, column):
            raise column_missing(part, column, list(columns), place)


def column_missing(part: str, column: str, columns: Iterable[object], place: Place) -> DataError:
    """The error for a mapped column that a row or a whole file does not have."""
    names = [str(name) for name in columns]
    near = get_close_matches(column, names, n=1)
    meant = f"Did you mean '{near[0]}'? " if near else ""
    return place.error(
        f"the column '{column}' is missing.",
        value=", ".join(names),
        allowed=f"data with '{column}'",
        cure=f"{meant}Add it, or map '{part}' to the column that holds it.",
    )


def reaches(row: Any, path: str) -> bool:
    """Whether a row has what a dotted path names; a list that is too short has it, only empty.

    Example:
        >>> reaches({"answers": {"text": []}}, "answers.text.0"), reaches({"answers": {}}, "answers.text")
        (True, False)
    """
    if isinstance(row, Mapping) and path in row:
        return True
    head, _, rest = path.partition(".")
    if isinstance(row, Mapping):
        return head in row and (row[head] is None or (bool(rest) and reaches(row[head], rest)))
    if isinstance(row, list) and head.isdecimal():
        return int(head) >= len(row) or not rest or reaches(row[int(head)], rest)
    return False


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
    fields = {part: text_cell(value, mapping[part], place) for part, value in fields.items()}
    used = {column.partition(".")[0] for column in mapping.values()} | set(mapping.values())
    labels = {key: value for key, value in row.items() if key not in used and value is not None}
    labels |= {part.removeprefix("labels."): v for part, v in values.items() if part.startswith("labels.")}
    labels |= class_labels(values, fields, place, mapping)
    spans = answer_spans(values, fields, labels, place, mapping)
    if "context" in fields:
        labels["document"] = document_id(fields["context"])
    identity = values.get("id")
    return make_record(
        place,
        f"{source.name}#{number}" if identity in (None, "") else need_id(identity, place.at("id")),
        fields,
        spans=spans,
        labels=labels,
        group=_first(values.get("group"), fields.get("title"), labels.get("document")),
        lineage=_lineage(values.get("lineage")),
        source=_first(values.get("source"), source.name),
        licence=_first(values.get("licence"), source.licence),
    )


def _first(*values: Any) -> str:
    """The first value that says something, as text; 0 does."""
    return next((str(value) for value in values if value is not None and value != ""), "")


def _value(row: Mapping[str, Any], part: str, column: str, place: Place) -> Any:
    value = dig(row, column)
    if value is not _NOWHERE:
        return value
    if part in _PARTS or part == "title":
        return None
    raise column_missing(part, column, row, place)


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
