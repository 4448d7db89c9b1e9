"""Writing records: JSONL, or Parquet in shards; both come back as they were."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from gongbang.data.records import Record
from gongbang.data.serial import record_to_json


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A temporary file beside ``path`` that takes its place only when everything went well.

    It is opened as any new file is, so that it may be read by whom the user's umask allows.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    part.touch(exist_ok=False)
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_jsonl(records: Iterable[Record], path: str | Path) -> int:
    """Write records, one JSON object a line; returns how many.

    Raises:
        DataError: a record holds a label that JSON cannot. No half-written file is left.

    Example:
        >>> import tempfile
        >>> from gongbang.data.reading import read_records
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "r.jsonl")
        ...     n = write_jsonl([Record("1", {"text": "공방"})], path)
        ...     back = read_records(path).items
        >>> n, back[0].fields["text"]
        (1, '공방')
    """
    count = 0
    with atomic(Path(path)) as part, part.open("w", encoding="utf-8", newline="\n") as lines:
        for record in records:
            lines.write(record_to_json(record) + "\n")
            count += 1
    return count


_SHARD = re.compile(r"part-\d{5,}\.parquet")


def write_parquet(records: Iterable[Record], folder: str | Path, *, shard_size: int = 50_000) -> list[Path]:
    """Write records as Parquet shards ``part-00000.parquet``, …; returns their paths.

    Shards that an earlier and larger set left in the folder are taken away: they would be read as part of
    this one.

    Args:
        records: what to write; only ``shard_size`` of them are held at a time.
        folder: created where it does not exist.
        shard_size: records a file.

    Raises:
        MissingExtraError: pyarrow is not installed.
        DataError: a record holds a label that JSON cannot.
    """
    from gongbang.data.arrow import need_pyarrow

    need_pyarrow("writing Parquet")
    stream = iter(records)
    paths: list[Path] = []
    while shard := list(islice(stream, shard_size)):
        paths.append(_shard(shard, Path(folder) / f"part-{len(paths):05d}.parquet"))
    for left in set(Path(folder).glob("part-*.parquet")) - set(paths):
        if _SHARD.fullmatch(left.name):
            left.unlink()
    return paths


def _shard(records: Sequence[Record], path: Path) -> Path:
    from gongbang.data.arrow import need_pyarrow, records_to_table

    pyarrow = need_pyarrow("writing Parquet")
    with atomic(path) as part:
        pyarrow.parquet.write_table(records_to_table(records), part, compression="zstd", row_group_size=1024)
    return path
