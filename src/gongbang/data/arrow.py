"""Records as Arrow columns. pyarrow is optional and imported only here, when it is needed."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from gongbang.data.records import Record
from gongbang.data.serial import record_to_dict, record_to_json
from gongbang.errors import MissingExtraError

_JSON = ("fields", "spans", "labels")  # of any shape, so kept as JSON text


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


def row_to_dict(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of such a table in the plain form of a record."""
    return {**row, **{name: json.loads(row[name] or "{}") for name in _JSON}}


def _row(record: Record) -> dict[str, Any]:
    record_to_json(record)  # refuses labels that JSON cannot hold
    row = record_to_dict(record)
    return row | {name: json.dumps(row[name], ensure_ascii=False) for name in _JSON}
