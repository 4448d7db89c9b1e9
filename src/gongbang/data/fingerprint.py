"""The hash of some records, by which tables and predictions know the data that they belong to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from gongbang.data.records import Record
from gongbang.data.serial import record_to_dict

_LEFT_OUT = ("source", "licence")  # where a file lies says nothing of what it holds


def records_hash(records: Iterable[Record]) -> str:
    """The SHA-256 of ids and contents, in whatever order the records stand.

    Fields, spans, labels, group and lineage count; the place of the file and the licence do not.

    Example:
        >>> a, b = Record("a", {"text": "가"}), Record("b", {"text": "나"})
        >>> records_hash([a, b]) == records_hash([b, a]) != records_hash([a])
        True
    """
    whole = hashlib.sha256()
    for digest in sorted(map(_digest, records)):
        whole.update(digest)
    return whole.hexdigest()


def _digest(record: Record) -> bytes:
    content = {name: value for name, value in record_to_dict(record).items() if name not in _LEFT_OUT}
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _plain(value: Any) -> Any:
    """What JSON does not know: arrays as lists, sets in order, anything else by its name."""
    if isinstance(value, (set, frozenset)):
        return sorted(map(str, value))
    return value.tolist() if hasattr(value, "tolist") else str(value)
