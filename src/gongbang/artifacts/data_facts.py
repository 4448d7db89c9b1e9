"""What a run was trained and judged on, in figures: records and groups of each part, sources and licences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gongbang.artifacts.files import read_json
from gongbang.data.records import Record

DATA = "data.json"
"""The file in a run's folder."""


def data_facts(parts: Mapping[str, Sequence[Record]]) -> dict[str, Any]:
    """Records and groups by part, and how many records came from each source under which licence.

    Args:
        parts: the records by what they were used for.

    Example:
        >>> r = Record("1", {"text": "가"}, source="/data/reviews.tsv", licence="CC0-1.0")
        >>> data_facts({"test": [r]})["sources"]
        [{'source': 'reviews.tsv', 'licence': 'CC0-1.0', 'records': 1}]
    """
    sources = Counter(
        (Path(record.source).name or "unknown", record.licence)
        for records in parts.values()
        for record in records
    )
    return {
        "parts": {
            name: {"records": len(records), "groups": len({record.group for record in records})}
            for name, records in parts.items()
        },
        "sources": [
            {"source": source, "licence": licence, "records": n}
            for (source, licence), n in sorted(sources.items())
        ],
    }


def read_data_facts(folder: Path) -> dict[str, Any]:
    """What a run's folder says of its data; empty where it says nothing.

    Raises:
        ArtifactError: the file cannot be read.
    """
    path = folder / DATA
    return dict(read_json(path, "the facts of the run's data")) if path.is_file() else {}
