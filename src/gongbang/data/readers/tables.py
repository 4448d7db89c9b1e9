"""Tables of text with a header, CSV and TSV, through a column mapping."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from gongbang.data.readers.columns import check_columns, check_mapping, columns_error, guess_mapping
from gongbang.data.readers.place import Place, Placed
from gongbang.data.readers.rows import Rows, records_of, through
from gongbang.data.textfile import read_text
from gongbang.errors import DataError

_CELL = 1 << 27  # characters; contexts of whole pages pass the csv module's default of 131,072
Cells = Iterator[tuple[Place, list[str]] | DataError]


def read_csv(path: Path, mapping: Mapping[str, str] | None = None) -> Iterator[Placed | DataError]:
    """Comma-separated values with a header (RFC 4180: quoted cells may hold line ends).

    Raises:
        DataError: the file is missing, empty or in another encoding, or its header lacks what is needed.
    """
    return _table(path, mapping, ",")


def read_tsv(path: Path, mapping: Mapping[str, str] | None = None) -> Iterator[Placed | DataError]:
    """Tab-separated values with a header, a row a line: quotes are letters like others.

    Two exceptions, for what other programs write: where the header is quoted, all is as in CSV; a cell
    that is quoted because it holds quotes (they are doubled then) is taken without them.
    """
    return _table(path, mapping, "\t")


def _table(path: Path, mapping: Mapping[str, str] | None, comma: str) -> Iterator[Placed | DataError]:
    if mapping is not None:
        check_mapping(mapping)
    header, rows = named_rows(path, comma)
    if mapping is None:
        mapping = guess_mapping(header, Place(str(path)))
    check_columns(mapping, dict.fromkeys(header, ""), Place(str(path)))
    return records_of(rows, through(mapping, path))


def named_rows(path: Path, comma: str | None = None) -> tuple[list[str], Rows]:
    """A table's header, and its rows as column to cell, empty cells left out.

    Args:
        path: the file.
        comma: what stands between cells; a tab where the header holds one, else a comma, when None.

    Raises:
        DataError: the file is missing, empty or in another encoding, or its header is broken.
    """
    text = read_text(path)
    if comma is None:
        comma = "\t" if "\t" in text.lstrip().split("\n", 1)[0] else ","
    raw = comma == "\t" and not _is_quoted(text)
    rows = tabbed(text, path) if raw else _quoted(text, path, comma)
    header = _header(rows, path)
    return header, _named(rows, header)


def _is_quoted(text: str) -> bool:
    """Whether every name of a TSV's header stands in quotes, so that its writer quotes all it writes."""
    header = text.lstrip().split("\n", 1)[0].rstrip("\r").split("\t")
    return all(len(name) > 1 and name[0] == name[-1] == '"' for name in header)


def tabbed(text: str, path: Path, *, quoted: bool = True) -> Cells:
    """The cells of each line that is not blank; a lone carriage return is a letter like others.

    Args:
        text: the file's text.
        path: the file, for places.
        quoted: whether :func:`unquoted` is applied to each cell.
    """
    for number, line in enumerate(text.split("\n" if "\n" in text else "\r"), 1):
        cells = line.removesuffix("\r").split("\t")
        if any(cells):
            yield Place(str(path), number), [unquoted(cell) for cell in cells] if quoted else cells


def _quoted(text: str, path: Path, comma: str) -> Cells:
    """The cells of each row that is not blank, the header first.

    A quote that is never closed swallows the rows after it. So of a row that cannot be used one line is
    given up, and reading goes on with the next.
    """
    lines = list(io.StringIO(text, newline=""))
    before = csv.field_size_limit(_CELL)
    try:
        width, start = 0, 0
        while start < len(lines):
            origin = start
            rows = csv.reader((lines[at] for at in range(origin, len(lines))), delimiter=comma, strict=True)
            while True:
                start = origin + rows.line_num
                place = Place(str(path), start + 1)
                try:
                    cells = next(rows)
                except StopIteration:
                    return
                except csv.Error as err:
                    yield _broken(err, lines[start], place)
                    break
                if not any(cells):
                    continue
                width = width or len(cells)
                yield place, cells
                if len(cells) != width and origin + rows.line_num > start + 1:  # it took in other lines
                    break
            start += 1
    finally:
        csv.field_size_limit(before)


def _broken(err: csv.Error, line: str, place: Place) -> DataError:
    return place.error(
        f"broken quoting: {err}.",
        value=line.strip("\r\n"),
        allowed='quotes around whole cells, doubled inside ("")',
        cure="Mend the quotes of this line.",
    )


def _header(rows: Cells, path: Path) -> list[str]:
    found = next(rows, None)
    if isinstance(found, DataError):
        raise found
    place, cells = found or (Place(str(path)), [])
    header = [name.strip() for name in cells]
    double = sorted({name for name in header if header.count(name) > 1})
    if double:
        raise place.error(
            "two columns have the same name.",
            value=", ".join(double),
            allowed="a header of distinct names",
            cure="Rename one of them.",
        )
    return header


def _named(rows: Cells, header: Sequence[str]) -> Rows:
    """Rows as column to cell, without empty cells."""
    for found in rows:
        if isinstance(found, DataError):
            yield found
            continue
        place, cells = found
        if len(cells) != len(header):
            yield columns_error(place, cells)
            continue
        yield place, {name: cell for name, cell in zip(header, cells, strict=True) if cell != ""}


def unquoted(cell: str) -> str:
    """A cell as it was before its writer quoted it for the quotes in it; other cells as they are."""
    inner = cell[1:-1]
    if cell[:1] == cell[-1:] == '"' and '""' in inner and '"' not in inner.replace('""', ""):
        return inner.replace('""', '"')
    return cell
