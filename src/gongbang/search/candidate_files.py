"""The files of a store of candidates: they only grow, and one small file says how much of them counts.

A row that is written stays as it is; a deleted one is listed in ``dead.bin``. Whoever writes puts new rows
behind the last one that counts, and then ``head.json`` over the old one. What a killed writer has left
behind the last row counts for nothing, and the next one writes over it.

    store/current.json               names the folder of the data, see folders.py
    store/data-x7k2m9q1/index.json   whose vectors these are
    store/data-x7k2m9q1/head.json    how many rows count, and the checksums of the files so far
    store/data-x7k2m9q1/*.bin        the rows, one file a column
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gongbang.errors import SearchIndexError
from gongbang.search.folders import MANIFEST
from gongbang.search.int8_scan import BLOCK, Blocks, rounded
from gongbang.search.store import read_manifest, write_manifest

Precision = Literal["float32", "float16"]
KIND = "candidates"
HEAD = "head.json"
APPROXIMATE = "approximate.faiss"
CURE = "Delete the folder and encode the answers again, or give the store another folder."

_COLUMNS = {"scales": "<f4", "sums": "<i4", "ids": "<i8", "versions": "<i8", "dead": "<i8"}
_FILES = (*(f"{name}.bin" for name in ("vectors", "scan", *_COLUMNS)), HEAD, APPROXIMATE, MANIFEST)
CHUNK = 8192  # rows that are written or checked at once: 12 MB at 384 dimensions


@dataclass(frozen=True, slots=True)
class Head:
    """How much of the files counts.

    Attributes:
        generation: counts the changes.
        rows: written, those that are dead by now included. dead: how many are.
        residual, longest: see :class:`gongbang.search.int8_scan.Rounded`, of all rows.
        checksums: CRC-32 of each file but ``scan``, as far as it counts.
    """

    generation: int = 0
    rows: int = 0
    dead: int = 0
    residual: float = 0.0
    longest: float = 0.0
    checksums: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows as they were at one generation, memory-mapped; later changes do not touch them.

    Attributes:
        folder: where they are. facts: see :func:`facts_of`.
        head: how many count. stamp: the bytes of ``head.json``.
        vectors: (rows, dimension), float32 or float16.
        blocks: the same in 8 bits. The last block is filled up with rows that do not count.
        ids, versions: (rows,). dead: (dead,) the rows that are deleted or replaced.
    """

    folder: Path
    facts: Mapping[str, Any]
    head: Head
    stamp: bytes
    vectors: NDArray[Any]
    blocks: Blocks
    ids: NDArray[np.int64]
    versions: NDArray[np.int64]
    dead: NDArray[np.int64]

    def __len__(self) -> int:
        return self.head.rows

    @property
    def live(self) -> NDArray[np.int64]:
        """The rows that are not dead, in the order in which they were written."""
        there = np.ones(len(self), dtype=bool)
        there[self.dead] = False
        return np.flatnonzero(there)


def create_files(
    folder: Path, model_hash: str, dimension: int, precision: Precision, generation: int = 0
) -> None:
    """Makes a folder of data without rows; ``folder`` holds nothing else."""
    manifest = {"model_hash": model_hash, "dimension": dimension, "precision": precision, "block": BLOCK}
    write_manifest(folder, KIND, manifest)
    for name in ("vectors", "scan", *_COLUMNS):
        (folder / f"{name}.bin").touch()
    _commit(folder, Head(generation))


def facts_of(folder: Path) -> dict[str, Any]:
    """What the files were made for: model_hash, dimension, precision.

    Raises:
        SearchIndexError: the manifest is damaged, or of another kind or format.
    """
    try:
        facts = read_manifest(folder, KIND)
    except SearchIndexError as err:
        raise SearchIndexError(err.what, value=err.value, allowed=err.allowed, cure=CURE) from err
    if facts["block"] != BLOCK:
        raise damaged(folder, MANIFEST, f"blocks of {facts['block']} rows instead of {BLOCK}")
    return facts


def head_stamp(folder: Path) -> bytes:
    """The bytes of ``head.json``, which no two generations share; empty where it is gone."""
    with suppress(OSError):
        return (folder / HEAD).read_bytes()
    return b""


def read_rows(folder: Path, before: Rows | None = None) -> Rows:
    """The rows that count by now.

    Args:
        before: the rows as they were; blocks that only have been filled up need not be mapped again.

    Raises:
        SearchIndexError: a file is missing, or shorter than what counts.
    """
    facts = facts_of(folder)
    stamp = head_stamp(folder)
    try:
        head = Head(**json.loads(stamp))
    except (ValueError, TypeError) as err:
        raise damaged(folder, HEAD, f"unreadable: {err}") from err
    rows, dimension, whole = head.rows, facts["dimension"], -(-head.rows // BLOCK)
    held = before.blocks if before is not None and before.folder == folder else None
    if held is None or len(held) != whole:
        values = _mapped(folder, "scan", "i1", (whole, dimension, BLOCK))
        scales = _mapped(folder, "scales", _COLUMNS["scales"], (whole, BLOCK))
        sums = _mapped(folder, "sums", _COLUMNS["sums"], (whole, BLOCK))
        held = Blocks(values, scales, sums)
    return Rows(
        folder=folder,
        facts=facts,
        head=head,
        stamp=stamp,
        vectors=_mapped(folder, "vectors", _dtype(facts["precision"]), (rows, dimension)),
        blocks=held,
        ids=_mapped(folder, "ids", _COLUMNS["ids"], (rows,)),
        versions=_mapped(folder, "versions", _COLUMNS["versions"], (rows,)),
        dead=np.array(_mapped(folder, "dead", _COLUMNS["dead"], (head.dead,))),
    )


def check_rows(rows: Rows) -> None:
    """Compares the checksum of every file, and of the rows in 8 bits their sums.

    Raises:
        SearchIndexError: something is not as it was written.
    """
    columns = {
        "vectors": rows.vectors,
        "scales": rows.blocks.scales.reshape(-1)[: len(rows)],
        "sums": rows.blocks.sums.reshape(-1)[: len(rows)],
        "ids": rows.ids,
        "versions": rows.versions,
        "dead": rows.dead,
    }
    for name, column in columns.items():
        found = 0
        for start in range(0, len(column), CHUNK):
            found = zlib.crc32(np.ascontiguousarray(column[start : start + CHUNK]).data, found)
        if found != rows.head.checksums.get(name, 0):
            raise damaged(rows.folder, f"{name}.bin", "its contents have changed")
    for start in range(0, len(rows.blocks), CHUNK // BLOCK):
        part = rows.blocks[start : start + CHUNK // BLOCK]
        sums = part.values.sum(axis=1, dtype=np.int32)
        there = len(rows) - start * BLOCK  # what is behind the last row counts for nothing
        if not np.array_equal(sums.reshape(-1)[:there], part.sums.reshape(-1)[:there]):
            raise damaged(rows.folder, "scan.bin", "its contents have changed")


def write_rows(
    rows: Rows,
    vectors: NDArray[np.float32],
    ids: NDArray[np.int64],
    versions: NDArray[np.int64],
    dead: NDArray[np.int64],
) -> None:
    """Puts rows behind those there are and others among the dead, in one step for whoever reads.

    Args:
        rows: as they are now; the caller is the only one who writes.
        vectors: (n, dimension) in float32. ids, versions: (n,).
        dead: (m,) rows that are dead from now on.
    """
    head, checksums = rows.head, dict(rows.head.checksums)
    residual, longest = head.residual, head.longest

    def append(name: str, column: NDArray[Any], at: int, whole: int = 0) -> None:
        _write(rows.folder / f"{name}.bin", column, at, whole)
        checksums[name] = zlib.crc32(column.data, checksums.get(name, 0))

    for start in range(0, len(vectors), CHUNK):
        part = slice(start, start + CHUNK)
        kept = np.ascontiguousarray(vectors[part], dtype=rows.vectors.dtype)
        small, at = rounded(kept.astype(np.float32)), head.rows + start
        filled = -(-(at + len(kept)) // BLOCK) * BLOCK
        residual, longest = max(residual, small.residual), max(longest, small.longest)
        append("vectors", kept, at)
        append("scales", small.scales, at, filled)
        append("sums", small.sums, at, filled)
        append("ids", np.ascontiguousarray(ids[part], dtype="<i8"), at)
        append("versions", np.ascontiguousarray(versions[part], dtype="<i8"), at)
        _write_blocks(rows.folder / "scan.bin", small.values, at)
    append("dead", np.ascontiguousarray(dead, dtype="<i8"), head.dead)
    for name in checksums if len(vectors) else ("dead",):
        _sync(rows.folder / f"{name}.bin")
    grown = (head.generation + 1, head.rows + len(vectors), head.dead + len(dead))
    _commit(rows.folder, Head(*grown, residual, longest, checksums))


def remove_files(folder: Path) -> None:
    """Deletes a folder of data, but for files that are not the store's."""
    for name in (*_FILES, *(f"{name}.draft" for name in _FILES)):
        with suppress(OSError):
            (folder / name).unlink()
    with suppress(OSError):
        folder.rmdir()


def put_in_place(draft: Path, file: Path) -> None:
    """A finished draft over the file that it is to replace, on the disk before it is renamed."""
    _sync(draft)
    draft.replace(file)


def damaged(folder: Path, name: str, how: str) -> SearchIndexError:
    """The error for a store of which a file is not as it was written."""
    return SearchIndexError(
        f"{folder}: the store of candidates is damaged.",
        value=f"{name}: {how}",
        allowed="every file as it was written",
        cure=CURE,
    )


def _dtype(precision: Precision) -> str:
    return {"float32": "<f4", "float16": "<f2"}[precision]


def _commit(folder: Path, head: Head) -> None:
    draft = folder / f"{HEAD}.draft"
    draft.write_text(json.dumps(asdict(head)) + "\n", encoding="utf-8")
    put_in_place(draft, folder / HEAD)


def _sync(file: Path) -> None:
    """Waits until what was written to a file is on the disk."""
    with file.open("rb+") as held:
        os.fsync(held.fileno())


def _write(file: Path, column: NDArray[Any], at: int, whole: int) -> None:
    """Writes a column's rows from row ``at`` on; the file has at least ``whole`` rows then."""
    if not len(column):
        return
    size = column[:1].nbytes
    with file.open("rb+") as held:
        held.seek(at * size)
        held.write(column.data)
        if held.seek(0, os.SEEK_END) < whole * size:
            held.truncate(whole * size)


def _write_blocks(file: Path, values: NDArray[np.int8], at: int) -> None:
    """Puts rows into the blocks from row ``at`` on."""
    end = at + len(values)
    shape = (-(-end // BLOCK), values.shape[1], BLOCK)
    size = shape[0] * shape[1] * shape[2]
    with file.open("rb+") as held:
        if held.seek(0, os.SEEK_END) < size:
            held.truncate(size)
    blocks = np.memmap(file, dtype="i1", mode="r+", shape=shape)
    for block in range(at // BLOCK, shape[0]):
        first, last = max(at, block * BLOCK), min(end, (block + 1) * BLOCK)
        columns = slice(first - block * BLOCK, last - block * BLOCK)
        blocks[block, :, columns] = values[first - at : last - at].T
    blocks.flush()


def _mapped(folder: Path, name: str, dtype: str, shape: tuple[int, ...]) -> NDArray[Any]:
    """The rows of a file that count, read-only."""
    file, kind = folder / f"{name}.bin", np.dtype(dtype)
    if not shape[0]:
        return np.zeros(shape, dtype=kind)  # an empty file cannot be mapped
    needed = int(np.prod(shape, dtype=np.int64)) * kind.itemsize
    try:
        size = file.stat().st_size
        if size >= needed:
            return np.asarray(np.memmap(file, dtype=kind, mode="r", shape=shape))
    except OSError as err:
        raise damaged(folder, file.name, f"unreadable: {err}") from err
    raise damaged(folder, file.name, f"{size} bytes instead of {needed}")
