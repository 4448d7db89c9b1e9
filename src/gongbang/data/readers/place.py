"""Where a row stands, and errors that say so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from gongbang.data.records import Record, Span
from gongbang.errors import DataError, SpanError


@dataclass(frozen=True, slots=True)
class Place:
    """A row's place: the file, its line (1-based) where known, and the path of the field within."""

    path: str
    line: int | None = None
    field: str | None = None

    def at(self, field: str) -> Place:
        """The same row, this field of it."""
        return replace(self, field=f"{self.field}.{field}" if self.field else field)

    def error(self, what: str, *, value: object, allowed: str, cure: str) -> DataError:
        return DataError(
            what, value=value, allowed=allowed, cure=cure, path=self.path, line=self.line, field=self.field
        )


@dataclass(frozen=True, slots=True)
class Placed:
    """A record and where it was read, so that a fault that shows later can still say where.

    ``line_of`` finds the line where ``place`` has none yet; it is called for faults alone.
    """

    record: Record
    place: Place
    line_of: Callable[[Place], int | None] | None = None

    def located(self) -> Place:
        """The place with its line, where one can be found."""
        if self.place.line is not None or self.line_of is None:
            return self.place
        return replace(self.place, line=self.line_of(self.place))


def need_text(row: Mapping[str, Any], key: str, place: Place, *, blank: bool = False) -> str:
    """``row[key]`` as text.

    Raises:
        DataError: the key is missing, holds something else, or is blank where it must not be.
    """
    if key not in row:
        raise place.error(
            f"the key '{key}' is missing.",
            value=", ".join(map(str, row)) or "(no keys)",
            allowed=f"a row with '{key}'",
            cure=f"Add '{key}' to this row, or name the key that holds it with a mapping.",
        )
    value = row[key]
    if not isinstance(value, str):
        raise place.at(key).error(
            f"text is needed, this is {type(value).__name__}.",
            value=value,
            allowed="a string",
            cure=f"Write '{key}' as a string.",
        )
    if not blank and not value.strip():
        raise place.at(key).error(
            "the text is blank.", value=value, allowed="some text", cure=f"Fill in '{key}' or drop the row."
        )
    return whole_text(value, place.at(key))


def whole_text(value: str, place: Place) -> str:
    """``value``, where it is text that can be written again.

    Raises:
        DataError: half of a surrogate pair: an emoji that was cut in two when the file was made.
    """
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as err:
        raise place.error(
            "the text holds half a character.",
            value=ascii(value[max(0, err.start - 10) : err.end + 10]),
            allowed="whole Unicode characters",
            cure=f"Mend or remove character {err.start} of this text.",
        ) from err
    return value


def text_cell(value: Any, column: str, place: Place) -> str:
    """The value of a column that must hold text.

    Raises:
        DataError: it holds something else, or half a character.
    """
    if isinstance(value, str):
        return whole_text(value, place.at(column))
    raise place.at(column).error(
        f"text is needed, this is {type(value).__name__}.",
        value=value,
        allowed="a string",
        cure="Write it as a string, or map another column.",
    )


def need_id(value: Any, place: Place) -> str:
    """An id, as text; whole numbers are taken."""
    if isinstance(value, (str, int)) and not isinstance(value, bool) and str(value).strip():
        return whole_text(str(value), place)
    raise place.error(
        f"an id is needed, this is {type(value).__name__}.",
        value=value,
        allowed="text or a whole number",
        cure="Give each row an id of its own, or leave the column out.",
    )


def need_list(row: Mapping[str, Any], key: str, place: Place) -> list[Any]:
    """``row[key]`` as a list."""
    value = row.get(key)
    if isinstance(value, list):
        return value
    what = (
        f"the key '{key}' is missing."
        if key not in row
        else f"a list is needed, this is {type(value).__name__}."
    )
    raise place.at(key).error(
        what, value=value, allowed="a list", cure=f"Write '{key}' as a list; see the format's description."
    )


def need_mapping(value: Any, place: Place) -> Mapping[str, Any]:
    """``value`` as a JSON object."""
    if isinstance(value, Mapping):
        return value
    raise place.error(
        f"an object is needed, this is {type(value).__name__}.",
        value=value,
        allowed='an object such as {"text": "…", "answer_start": 0}',
        cure="Write this entry as a JSON object.",
    )


def need_offset(row: Mapping[str, Any], key: str, place: Place) -> int:
    """``row[key]`` as a character offset; numbers written as text are taken."""
    value = row.get(key)
    if isinstance(value, str) and value.strip().isdecimal():
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise place.at(key).error(
        f"the key '{key}' is missing." if key not in row else "a whole number is needed.",
        value=value,
        allowed="a character offset, 0 or more",
        cure=f"Give '{key}' as the number of characters before the answer.",
    )


def is_true(value: Any) -> bool:
    """Whether a mark such as ``is_impossible`` is set; words in a cell or a string count as they read.

    Example:
        >>> is_true("false"), is_true("True"), is_true(1), is_true(None)
        (False, True, True, False)
    """
    return value.strip().lower() in {"true", "1", "yes"} if isinstance(value, str) else bool(value)


def make_record(place: Place, id: str, fields: Mapping[str, str], **rest: Any) -> Record:
    """A record, with its place in the error where a span does not hold its text."""
    try:
        return Record(id, fields, **rest)
    except SpanError as err:
        prefix = f"field '{err.field}': " if err.field else ""
        field = f"{place.field}.{err.field}" if place.field else err.field
        raise SpanError(
            err.what.removeprefix(prefix),
            value=err.value,
            allowed=err.allowed,
            cure=err.cure,
            path=place.path,
            line=place.line,
            field=field,
        ) from err


def answer_span(answer: Mapping[str, Any], place: Place, *, field: str = "context") -> Span:
    """The span of ``{"text": …, "answer_start": …}``."""
    text = need_text(answer, "text", place)
    start = need_offset(answer, "answer_start", place)
    return Span(start, start + len(text), text, field)
