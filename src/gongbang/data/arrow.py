"""Records as Arrow columns. pyarrow is optional and imported only here, when it is needed."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gongbang.data.readers.place import Place
from gongbang.data.records import Record
from gongbang.data.serial import record_to_dict, record_to_json
from gongbang.data.textfile import parse_json
from gongbang.errors import DataError, MissingExtraError

_JSON = ("fields", "spans", "labels")  # of any shape, so kept as JSON text
_OWN = {"id", *_JSON}


def need_pyarrow(purpose: str) -> Any:
    """The module pyarrow, with ``parquet`` loaded.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        importlib.import_module("pyarrow.parquet")
        return importlib.import_module("pyarrow")
    except ImportError as err:
        raise MissingExtraError("pyarrow", extra="train", purpose=purpose) from err


def records_to_table(records: Sequence[Record]) -> Any:
    """An Arrow table, one row a record; free-form parts as JSON text, so that nothing is lost."""
    pyarrow = need_pyarrow("writing Parquet")
    text = pyarrow.string()
    schema = pyarrow.schema(
        [("id", text), ("group", text), ("source", text), ("licence", text), ("lineage", pyarrow.list_(text))]
        + [(name, text) for name in _JSON]
    )
    return pyarrow.Table.from_pylist([_row(record) for record in records], schema=schema)


def is_own(columns: Sequence[str]) -> bool:
    """Whether a table of these columns holds records of ours.

    Example:
        >>> is_own(["id", "fields", "spans", "labels"]), is_own(["id", "question"])
        (True, False)
    """
    return set(columns) >= _OWN


def row_to_dict(row: Mapping[str, Any], place: Place) -> dict[str, Any]:
    """A row of such a table in the plain form of a record.

    Free-form parts that another program wrote as structs are taken so; what a struct has for the sake of
    other rows alone is empty in this one and left out.

    Raises:
        DataError: a part is not JSON.
    """
    return {**row, **{name: _free(row[name], place.at(name)) for name in _JSON}}


def _free(value: Any, place: Place) -> Any:
    if isinstance(value, Mapping):
        return {key: inner for key, inner in value.items() if inner is not None}
    if isinstance(value, str) and value:
        return parse_json(value, place.path, first_line=place.line or 1)
    return value or {}


@contextmanager
def damage_told(path: Path) -> Iterator[None]:
    """Turn what Arrow raises over a damaged file into the error that says so.

    Raises:
        DataError: in place of the errors of Arrow, which it derives from many types.
    """
    try:
        yield
    except (OSError, ValueError, TypeError, KeyError, IndexError, NotImplementedError) as err:
        raise DataError(
            "the file is not Parquet, or is damaged.",
            value=str(err),
            allowed="a whole Parquet file",
            cure="Write or download it again.",
            path=path,
        ) from err


def _row(record: Record) -> dict[str, Any]:
    record_to_json(record)  # refuses labels that JSON cannot hold
    row = record_to_dict(record)
    return row | {name: json.dumps(row[name], ensure_ascii=False) for name in _JSON}
