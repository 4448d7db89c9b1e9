"""JSON objects with names of their own, in a list or one a line, to records with located errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from gongbang.data.json_places import line_of, object_lines
from gongbang.data.readers.place import Place, Placed, need_mapping
from gongbang.data.readers.rows import json_lines, records_of
from gongbang.data.records import Record
from gongbang.data.textfile import parse_json, read_text
from gongbang.errors import DataError

Make = Callable[[Mapping[str, Any], Place], Record]


def records_of_lines(path: Path, make: Make) -> Iterator[Placed | DataError]:
    """Each line's object as a record, or the error that keeps it out.

    Raises:
        DataError: the file as a whole cannot be read.
    """
    return records_of(json_lines(path), lambda row, place, _: make(row, place))


def records_of_list(path: Path, make: Make) -> Iterator[Placed | DataError]:
    """Each object of a JSON list (or of its ``data``) as a record, or the error that keeps it out.

    A file of one object a line is read as :func:`records_of_lines` does.

    Raises:
        DataError: the file as a whole cannot be read, or holds no list.
    """
    text = read_text(path)
    if text.lstrip()[:1] == "{" and not _is_frame(text):
        return records_of_lines(path, make)
    whole = parse_json(text, path)
    rows = whole.get("data") if isinstance(whole, Mapping) else whole
    if not isinstance(rows, list):
        raise DataError(
            "the JSON holds no list of rows.",
            value=text[:80],
            allowed="a list of objects, or an object with such a list as 'data'",
            cure="Name the format that the file is in.",
            path=path,
            line=1,
        )
    root = "data" if isinstance(whole, Mapping) else ""
    return _placed(rows, make, path, _Lines(text), root)


def _is_frame(text: str) -> bool:
    """Whether a text that begins with an object is one object, not one a line."""
    first = text.lstrip().split("\n", 1)[0]
    try:
        row = parse_json(first, "")
    except DataError:
        return True
    return isinstance(row, Mapping) and isinstance(row.get("data"), list)


class _Lines:
    """Where each object stands; looked for once, and only when there is an error to place."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def found(self) -> Mapping[str, int]:
        return object_lines(self.text)

    def line_of(self, place: Place) -> int | None:
        return line_of(self.found, place.field or "")


def _placed(
    rows: list[Any], make: Make, path: Path, lines: _Lines, root: str
) -> Iterator[Placed | DataError]:
    for number, row in enumerate(rows):
        place = Place(str(path), field=f"{root}[{number}]")
        try:
            yield Placed(make(need_mapping(row, place), place), place, lines.line_of)
        except DataError:
            # Read it again where its line is known, so that the error is made with it: only bad rows pay.
            try:
                make(need_mapping(row, place), Place(str(path), lines.line_of(place), place.field))
            except DataError as err:
                yield err
