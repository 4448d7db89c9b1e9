"""The best rows for a context: an 8-bit scan proposes, the vectors themselves decide.

What the scan gives is at most a margin away from the exact score. Once the k-th best of some rows is known
exactly, every row that the scan puts less than that margin below it is scored exactly too; no other row can
be among the best. Attention over several vectors has no such margin that would spare much (it grows with the
number and the length of the vectors), so that all rows are scored from the vectors where all are to attend.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gongbang.search.base import top_k
from gongbang.search.candidate_files import CHUNK, Rows
from gongbang.search.int8_scan import BLOCK, Int8Scan

Ranked = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Rows, best first, and their scores."""

_AGAIN = 4  # times k: how many rows are scored exactly at first
_LEAST_AGAIN = 64


def attended(dots: NDArray[np.floating], axis: int) -> NDArray[np.floating]:
    """Scores of responses that attend to a context's vectors (Humeau et al. 2020, section 4.4).

    A response's attention is the softmax of its dot products with the vectors. What it attends to is their
    weighted mean, whose dot product with the response is the same mean of the dot products.

    Args:
        dots: dot products, those with a context's vectors along ``axis``.

    Example:
        >>> attended(np.array([[2.0], [3.0]]), axis=1).tolist()
        [2.0, 3.0]
    """
    weights = np.exp(dots - dots.max(axis=axis, keepdims=True))
    total = weights.sum(axis=axis)
    weights *= dots
    return np.asarray(weights.sum(axis=axis) / total)


def best_of_all(rows: Rows, scan: Int8Scan, query: NDArray[np.float32], k: int) -> Ranked:
    """The ``k`` best of all rows by their dot products with one vector, (dimension,)."""
    rough = scanned(rows, scan, query)
    near = most(rough, max(_AGAIN * k, _LEAST_AGAIN))
    scores = exact(rows, near, query[None])
    if len(near) > k:
        border = float(np.partition(scores, len(scores) - k)[len(scores) - k])
        least = border - scan.margin(query, rows.head.residual, rows.head.longest)
        near = np.union1d(near, np.flatnonzero(rough >= least))
        scores = exact(rows, near, query[None])
    return _ordered(near, scores, k)


def best_attended(rows: Rows, context: NDArray[np.float32], k: int) -> Ranked:
    """The ``k`` best of all rows by attention, each scored from its vector: (vectors, dimension)."""
    scores = np.empty(len(rows), dtype=np.float32)
    for start in range(0, len(rows), CHUNK):
        part = rows.vectors[start : start + CHUNK].astype(np.float32, copy=False)
        scores[start : start + CHUNK] = attended(context @ part.T, axis=0)
    scores[rows.dead] = -np.inf
    return best_of_near(rows, context, most(scores, max(_AGAIN * k, _LEAST_AGAIN)), k)


def best_of_near(rows: Rows, context: NDArray[np.float32], near: NDArray[np.int64], k: int) -> Ranked:
    """The ``k`` best of some rows, distinct and in rising order, by attention."""
    return _ordered(near, exact(rows, near, context), k)


def scanned(rows: Rows, scan: Int8Scan, query: NDArray[np.float32], first: int = 0) -> NDArray[np.float32]:
    """Dot products by the 8-bit scan of the rows from block ``first`` on; of dead rows minus infinity."""
    scores = np.zeros(0, dtype=np.float32)
    if first < len(rows.blocks):
        scores = scan.products(query, rows.blocks[first:])[: len(rows) - first * BLOCK]
    scores[rows.dead[rows.dead >= first * BLOCK] - first * BLOCK] = -np.inf
    return scores


def exact(rows: Rows, chosen: NDArray[np.int64], context: NDArray[np.float32]) -> NDArray[np.float64]:
    """(chosen,) scores of rows by their vectors, computed in float64."""
    wide = context.astype(np.float64)
    scores = np.empty(len(chosen))
    for start in range(0, len(chosen), CHUNK):
        part = slice(start, start + CHUNK)
        vectors = rows.vectors[chosen[part]].astype(np.float64)
        if len(wide) == 1:  # a product of BLAS would give equal vectors scores that differ in the last bit
            scores[part] = np.einsum("nd,d->n", vectors, wide[0])
        else:
            scores[part] = attended(wide @ vectors.T, axis=0)
    return scores


def most(scores: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """The ``count`` rows with the highest scores, as far as there are as many alive, in rising order."""
    whole = len(scores) // BLOCK
    if whole > count:  # as many rows as there are blocks reach the count-th of the blocks' best scores
        best = scores[: whole * BLOCK].reshape(whole, BLOCK).max(axis=1)
        least = np.partition(best, whole - count)[whole - count]
        near = np.flatnonzero(scores >= least)
    else:
        near = np.arange(len(scores))
    if len(near) > count:
        near = near[np.argpartition(scores[near], len(near) - count)[len(near) - count :]]
    return np.asarray(np.sort(near[scores[near] > -np.inf]), dtype=np.int64)


def _ordered(near: NDArray[np.int64], scores: NDArray[np.float64], k: int) -> Ranked:
    """The ``k`` best, best first; equal scores in the order of the rows, which must be rising."""
    best = top_k(scores, k)
    return near[best], scores[best]
