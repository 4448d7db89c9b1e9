"""Records as plain JSON objects, and back without loss."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from gongbang.data.readers.place import Place, make_record, need_list, need_mapping, need_offset, need_text
from gongbang.data.records import Record, Span
from gongbang.errors import DataError


def record_to_dict(record: Record) -> dict[str, Any]:
    """A record as plain JSON; :func:`record_from_dict` gives an equal record back.

    Example:
        >>> record_to_dict(Record("1", {"text": "가"}))["fields"]
        {'text': '가'}
    """
    return {
        "id": record.id,
        "fields": dict(record.fields),
        "spans": {role: [_span_to_dict(span) for span in spans] for role, spans in record.spans.items()},
        "labels": dict(record.labels),
        "group": record.group,
        "lineage": list(record.lineage),
        "source": record.source,
        "licence": record.licence,
    }


def record_to_json(record: Record) -> str:
    """A record as one line of JSON.

    Raises:
        DataError: a label is not plain JSON, or would not come back as it was.
    """
    try:
        _check_plain(record.labels)
        return json.dumps(record_to_dict(record), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as err:
        raise DataError(
            f"record '{record.id}' holds a label that JSON cannot.",
            value=str(err),
            allowed="text, numbers, true, false, null, lists and objects of them",
            cure="Turn the label into one of these.",
            field="labels",
        ) from err


def _check_plain(value: Any) -> None:
    """Refuse what JSON would write, but as something else: a tuple as a list, a number as a key's text.

    Raises:
        TypeError: such a value.
    """
    if isinstance(value, tuple):
        raise TypeError(f"the tuple {value!r} would come back as a list")
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise TypeError(f"the key {key!r} would come back as text")
            _check_plain(inner)
    elif isinstance(value, list):
        for inner in value:
            _check_plain(inner)


def is_record(row: Any) -> bool:
    """Whether an object is a record of ours.

    Example:
        >>> is_record({"id": "1", "fields": {"text": "가"}}), is_record({"text": "가"})
        (True, False)
    """
    return isinstance(row, Mapping) and isinstance(row.get("fields"), Mapping) and "id" in row


def record_from_dict(row: Mapping[str, Any], place: Place) -> Record:
    """A record from its plain form.

    Raises:
        DataError: a part is missing or of another type.
        SpanError: a span does not hold its text.
    """
    fields = need_mapping(row.get("fields"), place.at("fields"))
    spans = need_mapping(row.get("spans", {}), place.at("spans"))
    return make_record(
        place,
        need_text(row, "id", place),
        {str(name): need_text(fields, name, place.at("fields"), blank=True) for name in fields},
        spans={role: _spans(spans, role, place.at("spans")) for role in spans},
        labels=dict(need_mapping(row.get("labels", {}), place.at("labels"))),
        group=_said(row, "group", ""),
        lineage=tuple(map(str, () if row.get("lineage") is None else need_list(row, "lineage", place))),
        source=_said(row, "source", ""),
        licence=_said(row, "licence", "unknown"),
    )


def _said(row: Mapping[str, Any], key: str, otherwise: str) -> str:
    """``row[key]`` as text; null is as good as absent."""
    value = row.get(key)
    return otherwise if value is None else str(value)


def _span_to_dict(span: Span) -> dict[str, Any]:
    return {"start": span.start, "end": span.end, "text": span.text, "field": span.field}


def _spans(spans: Mapping[str, Any], role: str, place: Place) -> tuple[Span, ...]:
    found = []
    for number, entry in enumerate(need_list(spans, role, place)):
        at = place.at(f"{role}[{number}]")
        span = need_mapping(entry, at)
        text = need_text(span, "text", at, blank=True)
        start, end = need_offset(span, "start", at), need_offset(span, "end", at)
        found.append(Span(start, end, text, str(span.get("field", "context"))))
    return tuple(found)
