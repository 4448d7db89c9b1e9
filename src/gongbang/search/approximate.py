"""Approximate search among very many vectors, by faiss; the extra ``ann``."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gongbang.errors import MissingExtraError, SearchIndexError
from gongbang.search.candidate_files import CHUNK

Kind = Literal["hnsw", "ivf"]

_LINKS = 32  # neighbours of a vector in the graph (Malkov and Yashunin 2018, section 4: 5 to 48)
_BUILT_AMONG = 128  # neighbours that are looked at for each new vector
_LEAST_AMONG = 128  # neighbours that are looked at for a query
_PROBED = 4  # of so many lists one is looked through
_TRAINED = 64  # vectors a list, from which the lists' centres are found


def build_approximate(vectors: NDArray[Any], kind: Kind) -> Any:
    """A faiss index of the inner products with all of these rows, their numbers in 8 bits.

    Args:
        vectors: (rows, dimension), at least one row.
        kind: "hnsw", a graph of neighbours, quick to search and slow to build (Malkov and Yashunin 2018);
            "ivf", lists around centres (Jégou et al. 2011, section 4), the other way round.

    Raises:
        MissingExtraError: faiss is not installed.
    """
    faiss = _faiss()
    rows, dimension = vectors.shape
    bits, product = faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
    lists = max(1, round(rows**0.5))
    if kind == "hnsw":
        index = faiss.IndexHNSWSQ(dimension, bits, _LINKS, product)
        index.hnsw.efConstruction = _BUILT_AMONG
    else:
        centres = faiss.IndexFlatIP(dimension)
        index = faiss.IndexIVFScalarQuantizer(centres, dimension, lists, bits, product)
        index.cp.min_points_per_centroid = 1  # few vectors are no reason to print a warning
    chosen = np.linspace(0, rows - 1, min(rows, _TRAINED * lists)).astype(np.int64)
    index.train(vectors[chosen].astype(np.float32))
    for start in range(0, rows, CHUNK):
        index.add(vectors[start : start + CHUNK].astype(np.float32))
    return index


def write_approximate(index: Any, file: Path) -> None:
    """Writes what :func:`build_approximate` gave."""
    _faiss().write_index(index, str(file))


class Approximate:
    """An index that :func:`write_approximate` wrote.

    Attributes:
        rows: how many rows it knows.

    Raises:
        MissingExtraError: faiss is not installed.
        SearchIndexError: the file is damaged.
    """

    def __init__(self, file: Path) -> None:
        self._faiss = _faiss()
        try:
            self._index = self._faiss.read_index(str(file))
        except RuntimeError as err:
            raise SearchIndexError(
                f"{file}: the approximate index cannot be read.",
                value=" ".join(str(err).split())[-200:],
                allowed="the file as it was written",
                cure="Build it again with build_approximate, or search with scan='exact'.",
            ) from err
        self.rows = int(self._index.ntotal)

    def nearest(self, query: NDArray[np.float32], count: int, dead: NDArray[np.int64]) -> NDArray[np.int64]:
        """About the ``count`` rows with the highest inner products, without those that are dead.

        Args:
            query: (dimension,).
        """
        chosen = {}
        if len(dead):
            selector = self._faiss.IDSelectorNot(self._faiss.IDSelectorBatch(dead))
            chosen = {"sel": selector}
        if hasattr(self._index, "hnsw"):
            among = max(_LEAST_AMONG, 2 * count)
            parameters = self._faiss.SearchParametersHNSW(efSearch=among, **chosen)
        else:
            probed = -(-self._index.nlist // _PROBED)
            parameters = self._faiss.SearchParametersIVF(nprobe=probed, **chosen)
        _, found = self._index.search(query[None], min(count, self.rows), params=parameters)
        return np.asarray(found[0][found[0] >= 0], dtype=np.int64)


def _faiss() -> Any:
    try:
        import faiss
    except ImportError as err:
        raise MissingExtraError("faiss-cpu", extra="ann", purpose="approximate search") from err
    return faiss
