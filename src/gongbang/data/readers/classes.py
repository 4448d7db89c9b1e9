"""From the label columns of a row to the labels of a record to classify."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gongbang.data.readers.place import Place, whole_text
from gongbang.errors import DataError

_TRUTHS = {"true": "yes", "false": "no"}


def class_labels(
    values: Mapping[str, Any], fields: Mapping[str, str], place: Place, mapping: Mapping[str, str]
) -> dict[str, Any]:
    """The labels ``label`` and ``labels`` of a row; what is empty is not labelled, and has neither.

    A label is always text, whatever the file writes; of a question with its passage, true and false are
    "yes" and "no". An empty list says that no label holds; an empty cell says nothing, since it may be
    one that was lost.

    Args:
        values: part to what its column holds.
        fields: the row's texts.
        place: where the row stands.
        mapping: part to column.

    Raises:
        DataError: a label that is neither text nor a number, or labels that are no list of them.

    Example:
        >>> row = {"label": 1, "labels": "기쁨, 놀람"}
        >>> class_labels(row, {"text": "가"}, Place("a.csv"), {"label": "label", "labels": "labels"})
        {'label': '1', 'labels': ['기쁨', '놀람']}
    """
    found: dict[str, Any] = {}
    value = values.get("label")
    if value is not None and value != "":
        name = _name(value, place.at(mapping["label"]))
        asked = "question" in fields and "context" in fields
        found["label"] = _TRUTHS.get(name.lower(), name) if asked else name
    several = values.get("labels")
    if several is not None and several != "":
        found["labels"] = _names(several, place.at(mapping["labels"]))
    return found


def _names(value: Any, place: Place) -> Any:
    if isinstance(value, Mapping):  # judgements of another kind, such as KLUE-STS's grades
        return value
    if isinstance(value, str):
        value = [part for part in value.split(",") if part.strip()]
    if not isinstance(value, list):
        value = [value]
    return list(dict.fromkeys(_name(part, place) for part in value))


def _name(value: Any, place: Place) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return str(int(value))
    if isinstance(value, float):
        return str(value)
    if isinstance(value, str) and value.strip():
        return whole_text(value.strip(), place)
    raise _no_name(value, place)


def _no_name(value: Any, place: Place) -> DataError:
    return place.error(
        f"a label is needed, this is {type(value).__name__}.",
        value=value,
        allowed="the label's name or number, or a list of them",
        cure="Write the label as text, or map another column.",
    )
