"""Lines of cells to records, for the sets that have a table of their own: what their readers share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from gongbang.data.readers.columns import columns_error
from gongbang.data.readers.place import Place, Placed
from gongbang.data.readers.tables import tabbed
from gongbang.data.records import Record
from gongbang.data.textfile import read_text
from gongbang.errors import DataError

Row = Mapping[str, str]
Make = Callable[[Row, Place], Record]


def rows_with_header(path: Path, columns: Sequence[str], make: Make) -> Iterator[Placed | DataError]:
    """Each row below a header as a record, or the error that keeps it out; quotes are letters.

    Args:
        path: a file of tab-separated lines.
        columns: what the header must have, in any order.
        make: a record from a row (column to cell) and its place.

    Raises:
        DataError: the file cannot be read, or its header lacks a column.
    """
    found = tabbed(read_text(path), path, quoted=False)
    place, header = next(found)  # type: ignore[misc]  # tabbed gives no errors, and the file is not empty
    header = [name.strip() for name in header]
    missing = [name for name in columns if name not in header]
    if missing:
        raise place.error(
            f"the column '{missing[0]}' is missing.",
            value=", ".join(header)[:200],
            allowed=f"a header with {', '.join(columns)}",
            cure="Name the format that the file is in, or give a mapping of its columns.",
        )
    return _records(found, header, make)


def rows_without_header(
    path: Path, columns: Sequence[str], make: Make, *, quoted: bool = False
) -> Iterator[Placed | DataError]:
    """Each line as a record, or the error that keeps it out, for files that begin with their first row.

    Args:
        path: a file of tab-separated lines.
        columns: the names of its cells, in order.
        make: a record from a row and its place.
        quoted: whether cells that hold quotes were quoted by the file's writer.
    """
    return _records(tabbed(read_text(path), path, quoted=quoted), columns, make)


def _records(
    found: Iterator[tuple[Place, list[str]] | DataError], header: Sequence[str], make: Make
) -> Iterator[Placed | DataError]:
    for item in found:
        if isinstance(item, DataError):
            yield item
            continue
        place, cells = item
        if len(cells) != len(header):
            yield columns_error(place, cells)
            continue
        try:
            yield Placed(make(dict(zip(header, cells, strict=True)), place), place)
        except DataError as err:
            yield err


def named(row: Row, column: str, names: Mapping[str, str], place: Place) -> str:
    """The name of the label whose number stands in a cell.

    Raises:
        DataError: a number that names no label.

    Example:
        >>> named({"label": "1"}, "label", {"0": "negative", "1": "positive"}, Place("a.tsv"))
        'positive'
    """
    value = row[column].strip()
    if value not in names:
        raise place.at(column).error(
            "the label is none of this set.",
            value=row[column],
            allowed=", ".join(f"{number} ({name})" for number, name in names.items()),
            cure="Write one of these numbers, or drop the row.",
        )
    return names[value]
