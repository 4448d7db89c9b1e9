"""Parquet with a column mapping, and the project's own records as Parquet shards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gongbang.data.arrow import need_pyarrow, row_to_dict
from gongbang.data.readers.columns import check_mapping, guess_mapping, record_of
from gongbang.data.readers.place import Place
from gongbang.data.records import Record
from gongbang.data.serial import record_from_dict
from gongbang.data.sources import Source
from gongbang.data.textfile import read_bytes
from gongbang.errors import DataError

_ROWS = 1024  # rows held at a time


def read(path: Path, mapping: Mapping[str, str] | None = None) -> Iterator[Record | DataError]:
    """Each row of a Parquet file; its number (from 1) stands as the line in errors.

    Raises:
        MissingExtraError: pyarrow is not installed.
        DataError: the file is missing or not Parquet, or no column is known.
    """
    parquet = need_pyarrow("reading Parquet").parquet
    if mapping is not None:
        check_mapping(mapping)
    if not path.is_file() or path.stat().st_size == 0:
        read_bytes(path)
    try:
        file = parquet.ParquetFile(path)
    except (OSError, ValueError) as err:
        raise DataError(
            "the file is not Parquet, or is damaged.",
            value=str(err),
            allowed="a whole Parquet file",
            cure="Write or download it again.",
            path=path,
        ) from err
    names = list(file.schema_arrow.names)
    own = mapping is None and {"id", "fields", "spans", "labels"} <= set(names)
    if not own:
        mapping = mapping or guess_mapping(names, Place(str(path)))
    return _records(file, path, None if own else mapping)


def _records(file: Any, path: Path, mapping: Mapping[str, str] | None) -> Iterator[Record | DataError]:
    number, source = 0, Source(path.name)
    with file:
        for batch in file.iter_batches(batch_size=_ROWS):
            for row in batch.to_pylist():
                number += 1
                place = Place(str(path), number)
                try:
                    if mapping is None:
                        yield record_from_dict(row_to_dict(row), place)
                    else:
                        yield record_of(row, mapping, place, number=number, source=source)
                except DataError as err:
                    yield err
