"""JSON objects, one a line or in a list: through a column mapping, or the project's own records."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from gongbang.data.readers.columns import check_mapping, column_missing, guess_mapping, reaches, record_of
from gongbang.data.readers.place import Place, Placed, need_mapping
from gongbang.data.records import Record
from gongbang.data.serial import is_record, record_from_dict
from gongbang.data.sources import Source
from gongbang.data.textfile import decode, foreign_encoding, parse_json, read_bytes
from gongbang.errors import DataError

Rows = Iterator[tuple[Place, Any] | DataError]
Maker = Callable[[Mapping[str, Any], Place, int], Record]


def read_jsonl(path: Path, mapping: Mapping[str, str] | None = None) -> Iterator[Placed | DataError]:
    """One record a line: own records as they are, other objects through the mapping.

    A broken line is a problem of its own. The file is read line by line; twice where the columns are
    guessed, since any row may be the first that has an answer.

    Raises:
        DataError: the file is missing, empty or in another encoding, no column is known, or no row has a
            column that the mapping names.
    """
    return from_objects(lambda: json_lines(path), path, mapping)


def from_objects(
    rows: Callable[[], Rows], path: Path, mapping: Mapping[str, str] | None
) -> Iterator[Placed | DataError]:
    """Records of JSON objects: own ones as they are, others through a mapping.

    Args:
        rows: gives the objects from the beginning, each time it is called.
        path: the file, for errors and as the name of the source.
        mapping: part to column; guessed from the keys of all rows when None.

    Raises:
        DataError: no column is known; when all rows are read, that none has a mapped column.
    """
    if mapping is not None:
        check_mapping(mapping)
        return _checked(rows(), path, mapping)
    first = next(_objects(rows()), None)
    if first is None or is_record(first):
        return records_of(rows(), lambda row, place, _: record_from_dict(row, place))
    keys = dict.fromkeys(key for row in _objects(rows()) for key in row)
    return records_of(rows(), through(guess_mapping(list(keys), Place(str(path))), path))


def _objects(rows: Rows) -> Iterator[Mapping[str, Any]]:
    for found in rows:
        if not isinstance(found, DataError) and isinstance(found[1], Mapping):
            yield found[1]


def _checked(rows: Rows, path: Path, mapping: Mapping[str, str]) -> Iterator[Placed | DataError]:
    """The records; at the end an error where a mapped column was in no row: it would have done nothing."""
    keys: dict[str, None] = {}
    unmet = dict(mapping)

    def watched() -> Rows:
        for found in rows:
            if not isinstance(found, DataError) and isinstance(found[1], Mapping):
                keys.update(dict.fromkeys(found[1]))
                for part in [part for part, column in unmet.items() if reaches(found[1], column)]:
                    del unmet[part]
            yield found

    yield from records_of(watched(), through(mapping, path))
    for part, column in unmet.items() if keys else ():
        raise column_missing(part, column, keys, Place(str(path)))


def through(mapping: Mapping[str, str], path: Path) -> Maker:
    """What makes a record of a row by a mapping, for :func:`records_of`."""
    source = Source(path.name)
    return lambda row, place, number: record_of(row, mapping, place, number=number, source=source)


def records_of(rows: Rows, make: Maker) -> Iterator[Placed | DataError]:
    """Each row as a record, or the error that keeps it out.

    Args:
        rows: rows with their places, and errors of reading, which pass through.
        make: a record from a row, its place and its number (from 1).
    """
    for number, found in enumerate(rows, 1):
        if isinstance(found, DataError):
            yield found
            continue
        place, row = found
        try:
            yield Placed(make(need_mapping(row, place), place, number), place)
        except DataError as err:
            yield err


def json_lines(path: Path) -> Rows:
    """The object of each line that is not blank, with its place; a broken line is an error of its own."""
    _refuse_foreign(path)
    with path.open("rb") as lines:
        for number, data in enumerate(lines, 1):
            if not data.strip():
                continue
            try:
                text = decode(data, path)
                yield Place(str(path), number), parse_json(text, path, first_line=number)
            except DataError as err:
                yield DataError(
                    err.what.removeprefix(f"{err.path}:{err.line}: "),
                    value=err.value,
                    allowed=err.allowed,
                    cure=err.cure,
                    path=path,
                    line=number,
                )


def _refuse_foreign(path: Path) -> None:
    """Missing, empty, or a whole file in another encoding: one error, not one a line."""
    if not path.is_file() or path.stat().st_size < (1 << 16):
        sample = read_bytes(path)
    else:
        with path.open("rb") as file:
            sample = file.read(1 << 16)
        sample = sample[: sample.rfind(b"\n") + 1]
    if foreign_encoding(sample) is not None:
        decode(sample, path)
