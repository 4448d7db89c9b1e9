"""Parquet with a column mapping, and the project's own records as Parquet shards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gongbang.data.arrow import damage_told, is_own, need_pyarrow, row_to_dict
from gongbang.data.readers.columns import check_columns, check_mapping, guess_mapping
from gongbang.data.readers.place import Place, Placed
from gongbang.data.readers.rows import Rows, records_of, through
from gongbang.data.serial import record_from_dict
from gongbang.data.textfile import read_bytes
from gongbang.errors import DataError

_ROWS = 1024  # rows held at a time


def read(path: Path, mapping: Mapping[str, str] | None = None) -> Iterator[Placed | DataError]:
    """Each row of a Parquet file; its number (from 1) stands as the line in errors.

    Raises:
        MissingExtraError: pyarrow is not installed.
        DataError: the file is missing or not Parquet, no column is known, or one that is mapped is missing.
            Where the file is damaged further on, the rows before are kept.
    """
    pyarrow = need_pyarrow("reading Parquet")
    if mapping is not None:
        check_mapping(mapping)
    if not path.is_file() or path.stat().st_size == 0:
        read_bytes(path)
    with damage_told(path):
        file = pyarrow.parquet.ParquetFile(path)
    schema = file.schema_arrow
    if mapping is None and is_own(schema.names):
        return records_of(
            _rows(file, path), lambda row, place, _: record_from_dict(row_to_dict(row, place), place)
        )
    if mapping is None:
        mapping = guess_mapping(list(schema.names), Place(str(path)))
    check_columns(mapping, {column.name: _shape(column.type, pyarrow) for column in schema}, Place(str(path)))
    return records_of(_rows(file, path), through(mapping, path))


def _rows(file: Any, path: Path) -> Rows:
    number = 0
    with file:
        batches = file.iter_batches(batch_size=_ROWS)
        while True:
            try:
                with damage_told(path):
                    batch = next(batches, None)
                    rows = [] if batch is None else batch.to_pylist()
            except DataError as err:
                yield err
                return
            if batch is None:
                return
            for row in rows:
                number += 1
                yield Place(str(path), number), row


def _shape(type: Any, pyarrow: Any) -> Any:
    """What a value of an Arrow type looks like, as far as a dotted path reaches into it."""
    if pyarrow.types.is_struct(type):
        return {type.field(n).name: _shape(type.field(n).type, pyarrow) for n in range(type.num_fields)}
    if pyarrow.types.is_list(type) or pyarrow.types.is_large_list(type):
        return []
    return ""
