"""Dense search: inner products of unit vectors, exact.

Vectors are scanned in float16, half the memory to read, and the best are scored again in float32; both
files are memory-mapped, and of the second only the rows of the best are touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gongbang.data.records import Passage
from gongbang.errors import SearchIndexError
from gongbang.search.base import (
    Encoder,
    Explanation,
    Hit,
    check_k,
    check_new_ids,
    check_signature,
    top_k,
)
from gongbang.search.folders import Stored
from gongbang.search.passages import PassageList
from gongbang.search.store import read_index, write_parts

_BLOCK = 8192  # passages cast to float32 at once: 12 MB at 384 dimensions
_BATCH = 256  # passages encoded at once
_AGAIN = 4  # times k: how many are scored again in float32
_LEAST_AGAIN = 64
_UNIT = 1e-2  # how far from 1 a vector's length may be


class DenseIndex(Stored):
    """Passages found by the meaning of the question.

    Args:
        encoder: makes the vectors; an index is bound to its signature.
    """

    name = "dense"

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self._passages = PassageList()
        self._exact: NDArray[np.float32] = np.zeros((0, encoder.dimension), dtype=np.float32)
        self._coarse: NDArray[np.float16] = self._exact.astype(np.float16)

    @property
    def signature(self) -> str:
        """The encoder's signature."""
        return self.encoder.signature

    def __len__(self) -> int:
        return len(self._passages)

    @property
    def passages(self) -> PassageList:
        """The passages by position."""
        return self._passages

    def passage(self, position: int) -> Passage:
        return self._passages[position]

    def position(self, passage_id: str) -> int:
        return self._passages.position(passage_id)

    def build(self, passages: Sequence[Passage]) -> None:
        """Encodes these passages, forgetting any before them.

        Raises:
            SearchIndexError: two passages have one id, or the encoder gives something else than unit vectors.
        """
        check_new_ids(passages, {})
        self._set(PassageList(passages), self._encode(passages))

    def add(self, passages: Sequence[Passage]) -> None:
        """Encodes and adds passages.

        Raises:
            SearchIndexError: an id is taken, or the encoder gives something else than unit vectors.
        """
        longer = self._passages.with_added(passages)
        self._set(longer, np.concatenate([self._exact, self._encode(passages)]))

    def delete(self, ids: Sequence[str]) -> None:
        """Deletes passages.

        Raises:
            SearchIndexError: no passage has one of the ids; then nothing is deleted.
        """
        gone = [self._passages.position(passage_id) for passage_id in dict.fromkeys(ids)]
        self._set(self._passages.without(gone), np.delete(self._exact, gone, axis=0))

    def search(self, questions: Sequence[str], k: int = 10) -> list[list[Hit]]:
        """The ``k`` nearest passages of each question, nearest first, scored in float32.

        Raises:
            OptionError: ``k`` is less than 1.
        """
        check_k(k)
        if not len(self) or not questions:
            return [[] for _ in questions]
        queries = self._queries(questions)
        coarse = self._scan(queries)
        return [self._hits(query, row, k) for query, row in zip(queries, coarse, strict=True)]

    def scores(self, questions: Sequence[str]) -> NDArray[np.float64]:
        """(questions, passages) inner products; the best of each question in float32, the rest in float16."""
        if not len(self) or not questions:
            return np.zeros((len(questions), len(self)))
        queries = self._queries(questions)
        scores = self._scan(queries).astype(np.float64)
        for query, row in zip(queries, scores, strict=True):
            best = top_k(row, _LEAST_AGAIN)
            row[best] = self._exact[best] @ query
        return scores

    def explain(self, question: str, passage_id: str) -> Explanation:
        """The inner product; a vector has no tokens to show.

        Raises:
            SearchIndexError: no passage has this id.
        """
        row = self._passages.position(passage_id)
        parts = {"dense": float(self._exact[row] @ self._queries([question])[0])}
        return Explanation(question, passage_id, parts["dense"], parts, parts)

    def write(self, folder: Path) -> None:
        """Writes the index into a folder that holds nothing else."""
        manifest = {
            "signature": self.signature,
            "dimension": self.encoder.dimension,
            "passages": len(self),
        }
        arrays: dict[str, NDArray[Any]] = {"vectors16": self._coarse, "vectors32": self._exact}
        write_parts(folder, self.name, manifest, arrays, self._passages)

    @classmethod
    def open(cls, path: str | Path, encoder: Encoder, *, verify: bool = True) -> DenseIndex:
        """Opens a saved index, memory-mapped.

        Args:
            path: the folder. encoder: the one it was made with. verify: compare the hash of every file.

        Raises:
            SearchIndexError: no index, a damaged one, or one made with another encoder.
        """
        return cls._opened(path, lambda folder: cls._read(folder, encoder, verify))

    @classmethod
    def _read(cls, folder: Path, encoder: Encoder, verify: bool) -> DenseIndex:
        stored = read_index(folder, cls.name, verify=verify)
        check_signature("encoder", stored=stored.manifest["signature"], given=encoder.signature, path=folder)
        index = cls(encoder)
        index._passages = stored.passages
        index._exact, index._coarse = stored.arrays["vectors32"], stored.arrays["vectors16"]
        return index

    def _set(self, passages: PassageList, vectors: NDArray[np.float32]) -> None:
        self._passages, self._exact = passages, vectors
        self._coarse = vectors.astype(np.float16)

    def _hits(self, query: NDArray[np.float32], coarse: NDArray[np.float32], k: int) -> list[Hit]:
        near = np.sort(top_k(coarse.astype(np.float64), max(_AGAIN * k, _LEAST_AGAIN)))
        exact = (self._exact[near] @ query).astype(np.float64)
        best = top_k(exact, k)
        return [Hit(self._passages[int(near[i])], float(exact[i]), {"dense": float(exact[i])}) for i in best]

    def _scan(self, queries: NDArray[np.float32]) -> NDArray[np.float32]:
        """(questions, passages) inner products with the float16 vectors, summed in float32."""
        scores = np.empty((len(queries), len(self)), dtype=np.float32)
        for start in range(0, len(self), _BLOCK):
            block = self._coarse[start : start + _BLOCK].astype(np.float32)
            np.matmul(queries, block.T, out=scores[:, start : start + _BLOCK])
        return scores

    def _queries(self, questions: Sequence[str]) -> NDArray[np.float32]:
        return self._checked(self.encoder.encode_queries(questions), len(questions))

    def _encode(self, passages: Sequence[Passage]) -> NDArray[np.float32]:
        parts = [
            self._checked(self.encoder.encode_passages(batch), len(batch))
            for batch in (passages[i : i + _BATCH] for i in range(0, len(passages), _BATCH))
        ]
        return np.concatenate(parts) if parts else np.zeros((0, self.encoder.dimension), dtype=np.float32)

    def _checked(self, vectors: NDArray[np.float32], count: int) -> NDArray[np.float32]:
        shape = (count, self.encoder.dimension)
        lengths = np.linalg.norm(vectors, axis=-1) if vectors.shape == shape else np.zeros(1)
        if vectors.shape != shape or (np.abs(lengths - 1.0) > _UNIT).any() or not np.isfinite(lengths).all():
            raise SearchIndexError(
                "the encoder does not give unit vectors.",
                value=f"shape {vectors.shape}, lengths {lengths.min():.3f} to {lengths.max():.3f}",
                allowed=f"shape {shape}, every row of length 1",
                cure="Divide each vector by its length in the encoder, and check its dimension.",
            )
        return np.asarray(vectors, dtype=np.float32)
