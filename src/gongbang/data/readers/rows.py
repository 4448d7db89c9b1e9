"""JSONL, CSV and TSV with a column mapping, and the project's own records as JSONL."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from gongbang.data.readers.columns import check_mapping, columns_error, guess_mapping, record_of
from gongbang.data.readers.place import Place, need_mapping
from gongbang.data.records import Record
from gongbang.data.serial import is_record, record_from_dict
from gongbang.data.sources import Source
from gongbang.data.textfile import decode, guess_encoding, parse_json, read_bytes, read_text
from gongbang.errors import DataError

_CELL = 1 << 27  # characters; contexts of whole pages pass the csv module's default of 131,072


def read_jsonl(path: Path, mapping: Mapping[str, str] | None = None) -> Iterator[Record | DataError]:
    """One record a line: own records as they are, other objects through the mapping.

    A broken line is a problem of its own. The file is read line by line.

    Raises:
        DataError: the file is missing, empty or in another encoding, or no column is known.
    """
    if mapping is not None:
        check_mapping(mapping)
    return from_rows(_json_lines(path), path, mapping)


def read_csv(path: Path, mapping: Mapping[str, str] | None = None) -> Iterator[Record | DataError]:
    """Comma-separated values with a header (RFC 4180: quoted cells may hold line ends)."""
    return _separated(path, mapping, ",")


def read_tsv(path: Path, mapping: Mapping[str, str] | None = None) -> Iterator[Record | DataError]:
    """Tab-separated values with a header."""
    return _separated(path, mapping, "\t")


def _json_lines(path: Path) -> Iterator[tuple[Place, Any] | DataError]:
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
        decode_whole = read_bytes(path)
    else:
        with path.open("rb") as file:
            decode_whole = file.read(1 << 16)
        decode_whole = decode_whole[: decode_whole.rfind(b"\n") + 1]
    try:
        decode(decode_whole, path)
    except DataError:
        if guess_encoding(decode_whole) is not None:
            raise


def _separated(path: Path, mapping: Mapping[str, str] | None, comma: str) -> Iterator[Record | DataError]:
    if mapping is not None:
        check_mapping(mapping)
    return from_rows(_csv_rows(read_text(path), path, comma), path, mapping)


def _csv_rows(text: str, path: Path, comma: str) -> Iterator[tuple[Place, Any] | DataError]:
    before = csv.field_size_limit(_CELL)
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=comma, strict=True)
        header: list[str] | None = None
        while True:
            place = Place(str(path), rows.line_num + 1)
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error as err:
                yield place.error(
                    f"broken quoting: {err}.",
                    value=_line(text, place.line or 1),
                    allowed='quotes around whole cells, doubled inside ("")',
                    cure="Mend the quotes of this line.",
                )
                continue
            if not any(row):
                continue
            if header is None:
                header = [name.strip() for name in row]
                _check_header(header, place)
            elif len(row) != len(header):
                yield columns_error(place, row)
            else:
                yield place, {name: cell for name, cell in zip(header, row, strict=True) if cell != ""}
    finally:
        csv.field_size_limit(before)


def _check_header(header: list[str], place: Place) -> None:
    double = sorted({name for name in header if header.count(name) > 1})
    if double:
        raise place.error(
            "two columns have the same name.",
            value=", ".join(double),
            allowed="a header of distinct names",
            cure="Rename one of them.",
        )


def _line(text: str, number: int) -> str:
    lines = text.split("\n", number)
    return lines[number - 1] if number <= len(lines) else ""


def from_rows(
    rows: Iterator[tuple[Place, Any] | DataError], path: Path, mapping: Mapping[str, str] | None
) -> Iterator[Record | DataError]:
    source = Source(path.name)
    given = mapping
    make: Callable[[Any, Place, int], Record] | None = None

    def own(row: Any, place: Place, number: int) -> Record:
        return record_from_dict(need_mapping(row, place), place)

    def mapped(row: Any, place: Place, number: int) -> Record:
        return record_of(need_mapping(row, place), mapping or {}, place, number=number, source=source)

    for number, found in enumerate(rows, 1):
        if isinstance(found, DataError):
            yield found
            continue
        place, row = found
        if make is None:
            if given is None and not is_record(row):
                mapping = guess_mapping(list(need_mapping(row, place)), place)
            make = own if given is None and is_record(row) else mapped
        try:
            yield make(row, place, number)
        except DataError as err:
            yield err
