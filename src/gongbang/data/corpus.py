"""Corpora: records by number, read when they are asked for and not before.

A corpus of our own JSONL keeps one offset a line (8 bytes a record) and reads single lines; a folder of
Parquet shards keeps one row group of each recently used shard; anything else is read whole.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, overload

import numpy as np
from numpy.typing import NDArray

from gongbang.data.loaded import Loaded
from gongbang.data.readers.place import Place, need_mapping
from gongbang.data.reading import read_records
from gongbang.data.records import Record
from gongbang.data.serial import is_record, record_from_dict
from gongbang.data.textfile import decode, parse_json, read_bytes
from gongbang.errors import DataError

_KEPT = 4  # row groups held at a time


class _Store(Protocol):
    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> Record: ...


class Corpus(Sequence[Record]):
    """A sequence of records behind one of three stores.

    Example:
        >>> corpus = Corpus([Record("1", {"text": "가"}), Record("2", {"text": "나"})])
        >>> len(corpus), corpus[-1].id, [r.id for r in corpus[:1]]
        (2, '2', ['1'])
    """

    def __init__(self, store: _Store) -> None:
        self._store = store

    @classmethod
    def open(
        cls, path: str | Path, format: str | None = None, mapping: Mapping[str, str] | None = None
    ) -> Corpus:
        """Open a file or a folder of shards; our own formats lazily, the others through their reader.

        Raises:
            DataError: missing, empty or broken; of a set that is read whole, the first bad row, since a
                corpus has no place to keep problems (use :func:`read_records` to see them all).
            MissingExtraError: Parquet without pyarrow.
        """
        path = Path(path)
        if format is None and mapping is None:
            shards = sorted(path.glob("*.parquet")) if path.is_dir() else []
            if shards and all(map(_Shards.is_own, shards)):
                return cls(_Shards(shards))
            if path.suffix == ".jsonl" and _is_own(path):
                return cls(_Lines(path))
            if path.suffix == ".parquet" and path.is_file() and _Shards.is_own(path):
                return cls(_Shards([path]))
        loaded: Loaded[Record] = read_records(path, format, mapping)
        return cls(loaded.strict())

    def __len__(self) -> int:
        return len(self._store)

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> list[Record]: ...
    def __getitem__(self, index: int | slice) -> Record | list[Record]:
        if isinstance(index, slice):
            return [self._store[place] for place in range(*index.indices(len(self)))]
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError(f"record {index} of a corpus of {len(self)}")
        return self._store[place]

    def __iter__(self) -> Iterator[Record]:
        return (self._store[place] for place in range(len(self)))


class _Lines:
    """Records of a JSONL file by the offsets of their lines."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._starts, self._numbers = _line_starts(path)
        self._file = path.open("rb")

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, index: int, /) -> Record:
        self._file.seek(int(self._starts[index]))
        line, number = self._file.readline(), int(self._numbers[index])
        row = parse_json(decode(line, self._path), self._path, first_line=number)
        place = Place(str(self._path), number)
        return record_from_dict(need_mapping(row, place), place)

    def __reduce__(self) -> tuple[Any, ...]:
        """Workers of a loader open the file themselves: a file position must not be shared."""
        return _Lines, (self._path,)

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            self._file.close()


class _Shards:
    """Records of Parquet shards, a row group at a time, the few last used ones kept."""

    def __init__(self, paths: Sequence[Path]) -> None:
        from gongbang.data.arrow import need_pyarrow

        parquet = need_pyarrow("reading Parquet").parquet
        self._paths = list(paths)
        self._files = [_open_shard(parquet, path) for path in paths]
        self._groups: list[tuple[int, int]] = []
        borders = [0]
        for number, file in enumerate(self._files):
            for group in range(file.metadata.num_row_groups):
                self._groups.append((number, group))
                borders.append(borders[-1] + file.metadata.row_group(group).num_rows)
        self._borders = borders
        self._kept: OrderedDict[int, list[dict[str, Any]]] = OrderedDict()

    @staticmethod
    def is_own(path: Path) -> bool:
        from gongbang.data.arrow import is_own, need_pyarrow

        with _open_shard(need_pyarrow("reading Parquet").parquet, path) as file:
            return is_own(file.schema_arrow.names)

    def __len__(self) -> int:
        return self._borders[-1]

    def __getitem__(self, index: int, /) -> Record:
        from gongbang.data.arrow import row_to_dict

        group = bisect_right(self._borders, index) - 1
        row = self._rows(group)[index - self._borders[group]]
        path = self._paths[self._groups[group][0]]
        place = Place(str(path), index + 1)
        return record_from_dict(row_to_dict(row, place), place)

    def __reduce__(self) -> tuple[Any, ...]:
        return _Shards, (self._paths,)

    def _rows(self, group: int) -> list[dict[str, Any]]:
        from gongbang.data.arrow import damage_told

        if group not in self._kept:
            number, within = self._groups[group]
            with damage_told(self._paths[number]):
                self._kept[group] = self._files[number].read_row_group(within).to_pylist()
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(group)
        return self._kept[group]


def _open_shard(parquet: Any, path: Path) -> Any:
    from gongbang.data.arrow import damage_told

    with damage_told(path):
        return parquet.ParquetFile(path)


def _is_own(path: Path) -> bool:
    """Whether the first line is a record of ours."""
    if not path.is_file() or path.stat().st_size == 0:
        read_bytes(path)  # raises the error for a missing or empty file
    with path.open("rb") as lines:
        first = next((line for line in lines if line.strip()), b"")
    try:
        return is_record(parse_json(decode(first, path), path))
    except DataError:
        return False


def _line_starts(path: Path) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each line that is not blank, the byte it begins at and its number (from 1)."""
    starts, numbers, at = [], [], 0
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                starts.append(at)
                numbers.append(number)
            at += len(line)
    return np.asarray(starts, np.int64), np.asarray(numbers, np.int64)
