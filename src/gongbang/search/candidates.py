"""The answers' vectors, kept on the disk and searched without a model.

A response is encoded once, when it is added; a message costs one scan of what is stored. The scan reads the
vectors in 8 bits, and the best are scored again from the vectors themselves, so that what is found is what
scoring everything would find.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gongbang.errors import SearchIndexError
from gongbang.search.approximate import Approximate, Kind, build_approximate, write_approximate
from gongbang.search.base import check_k
from gongbang.search.candidate_checks import (
    check_distinct,
    check_options,
    check_word,
    checked_vectors,
    context_vectors,
    no_index,
    no_store,
    stale,
    unknown,
    unwritable,
    whole_numbers,
)
from gongbang.search.candidate_files import (
    APPROXIMATE,
    CHUNK,
    Precision,
    Rows,
    check_rows,
    create_files,
    head_stamp,
    put_in_place,
    read_rows,
    remove_files,
    write_rows,
)
from gongbang.search.candidate_ranks import best_attended, best_of_all, best_of_near, most, scanned
from gongbang.search.folders import data_folder, new_folder, one_writer, read_steadily, stamp_of
from gongbang.search.int8_scan import BLOCK, Int8Scan

Attend = Literal["top", "all"]
Scan = Literal["auto", "exact", "approximate"]
EXACT_UP_TO = 1_000_000  # rows that are scanned without a question

_TOP = 256  # responses that attend, where not all do
_LOCK = "lock"
_LEAST_DEAD = BLOCK  # a few dead rows cost less than a compaction
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CandidateHit:
    """An answer that was found: its id, the version that was encoded, and its score."""

    id: int
    version: int
    score: float


class CandidateStore:
    """The vectors of one model, by the id of the answer.

    Made by :meth:`open`. May be shared between threads, and its folder between processes: one writes at a
    time, the others wait; whoever reads sees a change at the next call.

    Attributes:
        path: the folder.
        model_hash: of the model that makes the vectors.
        dimension: of a vector.

    Example:
        >>> import tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> store = CandidateStore.open(Path(folder.name) / "answers", model_hash="a1b2", dimension=2)
        >>> store.put([7, 8], [1, 1], [[1.0, 0.0], [0.6, 0.8]])
        2
        >>> [hit.id for hit in store.search([0.0, 1.0], k=2)]
        [8, 7]
        >>> store.delete([8]), len(store)
        (1, 1)
        >>> folder.cleanup()
    """

    def __init__(self, path: Path, model_hash: str, dimension: int, threads: int | None) -> None:
        self.path, self.model_hash, self.dimension = path, model_hash, dimension
        self._scan = Int8Scan(threads)
        self._state = self._read(None)
        self._approximate: tuple[Path, int, Approximate] | None = None

    @classmethod
    def open(
        cls,
        folder: str | Path,
        model_hash: str,
        dimension: int,
        create: bool = True,
        *,
        precision: Precision = "float32",
        verify: bool = True,
        threads: int | None = None,
    ) -> CandidateStore:
        """Opens a store, or makes an empty one.

        Args:
            folder: where it is. model_hash: of the model, its vectors' ``dimension``.
            create: make the store where there is none.
            precision: of the vectors in a new store. "float32" ranks as the model does; "float16" is half
                as large, and enough where the vectors were rounded to it before.
            verify: compare the checksum of every file.
            threads: of the processor, for a scan; as many as onnxruntime takes by itself when None.

        Raises:
            SearchIndexError: there is none and none is to be made, it is stale (of another model or
                dimension), or it is damaged.
            OptionError: a dimension or precision that cannot be.
        """
        path = Path(folder)
        check_options(model_hash, dimension, precision)
        if not stamp_of(path):
            if not create:
                raise no_store(path)
            _make(path, model_hash, dimension, precision)
        store = cls(path, model_hash, dimension, threads)
        if verify:
            check_rows(store._state[0])
        return store

    def __len__(self) -> int:
        rows = self._now()
        return len(rows) - len(rows.dead)

    @property
    def generation(self) -> int:
        """Counts the changes of the store, whoever makes them."""
        return self._now().head.generation

    def versions(self) -> dict[int, int]:
        """The version of each answer that is there, by id: what else an answer's table holds is missing."""
        rows = self._now()
        live = rows.live
        return dict(zip(rows.ids[live].tolist(), rows.versions[live].tolist(), strict=True))

    def mean(self) -> NDArray[np.float32]:
        """(dimension,) mean of the vectors that are there; zeros where there are none."""
        rows = self._now()
        live, total = rows.live, np.zeros(self.dimension, dtype=np.float64)
        for start in range(0, len(live), CHUNK):
            total += rows.vectors[live[start : start + CHUNK]].sum(axis=0, dtype=np.float64)
        return np.asarray(total / max(1, len(live)), dtype=np.float32)

    def along(self, direction: NDArray[np.float32]) -> NDArray[np.float64]:
        """(n,) the dot product of each vector that is there with a direction, (dimension,)."""
        rows = self._now()
        parts = [
            rows.vectors[rows.live[start : start + CHUNK]].astype(np.float64) @ direction
            for start in range(0, len(rows.live), CHUNK)
        ]
        return np.concatenate(parts) if parts else np.zeros(0)

    def put(self, ids: Sequence[int], versions: Sequence[int], vectors: ArrayLike) -> int:
        """Adds answers, or replaces those that are there; all of them or, if it is interrupted, none.

        Of an answer that is there in a newer version nothing is written: it was encoded by somebody else
        meanwhile.

        Args:
            ids: (n,) each once. versions: (n,) the versions that were encoded.
            vectors: (n, dimension).

        Returns:
            How many were written.

        Raises:
            OptionError: an id twice, or vectors of another shape, or ones that are not finite.
            SearchIndexError: the files cannot be written, or are damaged.
        """
        new_ids, new_versions = whole_numbers(ids, "ids"), whole_numbers(versions, "versions")
        matrix = checked_vectors(vectors, (len(new_ids), self.dimension))
        check_distinct(new_ids, new_versions)
        with self._writing() as rows:
            old = _rows_of(rows, new_ids)
            row_of = dict(zip(rows.ids[old].tolist(), old.tolist(), strict=True))
            held = [row_of.get(one, -1) for one in new_ids.tolist()]
            kept = [at for at, row in enumerate(held) if row < 0 or rows.versions[row] <= new_versions[at]]
            if kept:
                dead = np.array([held[at] for at in kept if held[at] >= 0], dtype=np.int64)
                write_rows(rows, matrix[kept], new_ids[kept], new_versions[kept], dead)
        return len(kept)

    def delete(self, ids: Sequence[int]) -> int:
        """Deletes answers; ids that are not there are passed over. Returns how many were deleted.

        Raises:
            SearchIndexError: the files cannot be written, or are damaged.
        """
        gone = whole_numbers(ids, "ids")
        none = np.zeros(0, dtype=np.int64)
        with self._writing() as rows:
            old = _rows_of(rows, gone)
            if len(old):
                write_rows(rows, np.zeros((0, self.dimension), np.float32), none, none, old)
        return len(old)

    def search(
        self,
        context: ArrayLike,
        k: int = 10,
        *,
        attend: Attend = "top",
        top: int | None = None,
        scan: Scan = "auto",
    ) -> list[CandidateHit]:
        """The ``k`` best answers to a context, best first; fewer where there are fewer.

        One vector is scored by the dot product. With several, as a poly-encoder gives, each answer attends
        to them (Humeau et al. 2020, section 4.4).

        Args:
            context: (dimension,) or (vectors, dimension); only the vectors that are real.
            k: how many are wanted.
            attend: "all" scores every answer by attention; "top" only those with the best dot products
                with the mean of the vectors.
            top: how many those are; 256 when None, and never fewer than ``k``.
            scan: "exact" reads all rows; "approximate" asks the index that :meth:`build_approximate` made,
                and reads the rows behind it. "auto" is exact up to a million rows, and beyond where there
                is no index.

        Raises:
            OptionError: ``k`` or ``top`` is less than 1, an unknown word, or a context of another shape.
            SearchIndexError: there is no approximate index, or the files are damaged.
            MissingExtraError: there is an approximate index, and no faiss.
        """
        vectors = context_vectors(context, self.dimension)
        count = max(check_k(k), check_k(_TOP if top is None else top))
        check_word(attend, Attend, "attend")
        check_word(scan, Scan, "scan")
        rows = self._now()
        if len(rows) == len(rows.dead):
            return []
        every = len(vectors) > 1 and attend == "all"
        index = self._index_for(rows, scan, every)
        if every:
            found, scores = best_attended(rows, vectors, k)
        elif index is None and len(vectors) == 1:
            found, scores = best_of_all(rows, self._scan, vectors[0], k)
        else:
            near = self._near(rows, vectors.mean(axis=0), count, index)
            found, scores = best_of_near(rows, vectors, near, k)
        return [
            CandidateHit(int(rows.ids[row]), int(rows.versions[row]), float(score))
            for row, score in zip(found, scores, strict=True)
        ]

    def compact(self) -> None:
        """Writes the answers that are there into new files, without an approximate index.

        A change that leaves a third of the rows dead does this by itself.
        """
        with self._writing(compact=False):
            self._compact()

    def build_approximate(self, kind: Kind = "hnsw") -> None:
        """Makes an approximate index of all rows there are; later ones are scanned behind it.

        Of a million vectors this takes minutes. A compaction drops the index.

        Args:
            kind: "hnsw" or "ivf", see :func:`gongbang.search.approximate.build_approximate`.

        Raises:
            MissingExtraError: faiss is not installed.
            SearchIndexError: the store is empty.
        """
        check_word(kind, Kind, "kind")
        rows = self._now()
        if len(rows) == len(rows.dead):
            raise no_index(self.path, "the store is empty")
        index = build_approximate(rows.vectors, kind)  # rows never change: nobody has to wait for this
        with self._writing(compact=False) as now:
            if now.folder != rows.folder:
                raise no_index(self.path, "the store was compacted while it was built")
            draft = rows.folder / f"{APPROXIMATE}.draft"
            write_approximate(index, draft)
            put_in_place(draft, rows.folder / APPROXIMATE)

    def _near(
        self, rows: Rows, query: NDArray[np.float32], count: int, index: Approximate | None
    ) -> NDArray[np.int64]:
        """The rows with the best dot products with a vector, by the scan or by an approximate index."""
        if index is None:
            return most(scanned(rows, self._scan, query), count)
        first = index.rows // BLOCK
        behind = most(scanned(rows, self._scan, query, first), count) + first * BLOCK
        found = index.nearest(query, count, rows.dead[rows.dead < index.rows])
        return np.asarray(np.union1d(found, behind), dtype=np.int64)

    def _index_for(self, rows: Rows, scan: Scan, every: bool) -> Approximate | None:
        """The approximate index that a search goes by, if it goes by one."""
        if scan == "exact" or (scan == "auto" and (len(rows) <= EXACT_UP_TO or every)):
            return None
        if every:
            raise unknown("an approximate scan does not score every answer.", "attend=all", "attend='top'")
        file = rows.folder / APPROXIMATE
        try:
            stamp = file.stat().st_mtime_ns
        except OSError as err:
            if scan == "approximate":
                raise no_index(self.path, "no approximate index was built") from err
            _LOG.info("%s: %d rows are scanned; build_approximate makes this faster", self.path, len(rows))
            return None
        held = self._approximate
        if held is None or held[:2] != (file, stamp):
            held = self._approximate = (file, stamp, Approximate(file))
        return held[2]

    @contextmanager
    def _writing(self, *, compact: bool = True) -> Iterator[Rows]:
        """The rows as they are while nobody else may write; compacted at the end where many are dead."""
        try:
            (self.path / _LOCK).touch()
            with one_writer(self.path / _LOCK):
                yield self._now()
                rows = self._now()
                if compact and _LEAST_DEAD <= len(rows.dead) >= len(rows) / 3:
                    self._compact()
        except OSError as err:
            raise unwritable(self.path, err) from err

    def _compact(self) -> None:
        rows = self._now()
        live, precision = rows.live, rows.facts["precision"]
        with new_folder(self.path, self._state[1]) as folder:
            create_files(folder, self.model_hash, self.dimension, precision, rows.head.generation)
            copied = read_rows(folder)
            for start in range(0, len(live), 8 * CHUNK):
                part = live[start : start + 8 * CHUNK]
                vectors = rows.vectors[part].astype(np.float32)
                write_rows(copied, vectors, rows.ids[part], rows.versions[part], np.zeros(0, np.int64))
                copied = read_rows(folder)
        self._now()
        for left in self.path.glob("data-*"):  # the old files, and what a killed compaction has left
            if left != data_folder(self.path):
                remove_files(left)

    def _now(self) -> Rows:
        """The rows as they are, read again where they have changed."""
        rows, stamp = self._state
        if stamp_of(self.path) != stamp or head_stamp(rows.folder) != rows.stamp:
            self._state = self._read(rows)
        return self._state[0]

    def _read(self, before: Rows | None) -> tuple[Rows, bytes]:
        rows, stamp = read_steadily(self.path, lambda folder: read_rows(folder, before))
        stored = (rows.facts["model_hash"], rows.facts["dimension"])
        if stored != (self.model_hash, self.dimension):
            raise stale(self.path, stored, (self.model_hash, self.dimension))
        return rows, stamp


def _make(path: Path, model_hash: str, dimension: int, precision: Precision) -> None:
    """An empty store, unless somebody else makes one meanwhile."""
    try:
        with new_folder(path, seen=b"") as folder:
            create_files(folder, model_hash, dimension, precision)
    except SearchIndexError:
        if not stamp_of(path):
            raise


def _rows_of(rows: Rows, ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """The rows that hold these answers now."""
    found = np.flatnonzero(np.isin(rows.ids, ids))
    return np.asarray(np.setdiff1d(found, rows.dead), dtype=np.int64)
