"""Out-of-fold probabilities from a model that takes seconds: what a data check needs before any training.

Multinomial naive Bayes over hashed character n-grams of one to three letters (McCallum and Nigam 1998;
counted once a text, which helps short ones: Wang and Manning 2012, section 2.1). Its scores are far too
sure, since neighbouring n-grams say the same twice; one temperature, fitted on the out-of-fold scores,
makes probabilities of them. Everything is deterministic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LONGEST = 3
"""Letters of the longest n-grams."""

_BUCKETS = 1 << 17
_LETTERS = 1_000  # of a text that are looked at
_SMOOTHING = 0.5
_CHUNK = 1_000_000  # n-grams whose scores are added up at a time
_TEMPERATURES = np.geomspace(1.0, 64.0, 25)

Pieces = Sequence[str]
"""What a record says, as one or more texts; the same n-gram is another one in another piece."""


@dataclass(frozen=True, slots=True)
class Grams:
    """Distinct n-grams of each text: ``ids[borders[i]:borders[i + 1]]`` are those of text ``i``."""

    ids: NDArray[np.int32]
    borders: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.borders) - 1

    @property
    def owners(self) -> NDArray[np.int64]:
        """(n-grams,) the text that each belongs to."""
        return np.repeat(np.arange(len(self)), np.diff(self.borders))


def grams_of(texts: Sequence[Pieces]) -> Grams:
    """The hashed n-grams of each text, each once a text.

    Example:
        >>> grams = grams_of([["가나"], ["가나", "가나"]])
        >>> np.diff(grams.borders).tolist()  # 가, 나, 가나; and the same in a second piece
        [3, 6]
    """
    found = [_hashes(pieces) for pieces in texts]
    borders = np.cumsum([0, *(len(ids) for ids in found)])
    return Grams(np.concatenate(found) if found else np.zeros(0, np.int32), borders)


def _hashes(pieces: Pieces) -> NDArray[np.int32]:
    parts = []
    for number, text in enumerate(pieces):
        letters = text[:_LETTERS].lower().encode("utf-32-le", "surrogatepass")
        points = np.frombuffer(letters, dtype=np.uint32).astype(np.uint64)
        for width in range(1, min(LONGEST, len(points)) + 1):
            hashes = np.full(len(points) - width + 1, 31 * number + width, np.uint64)
            for place in range(width):
                hashes = hashes * np.uint64(1_000_003) + points[place : place + len(hashes)]
            hashes = (hashes ^ (hashes >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
            parts.append(((hashes >> np.uint64(32)) % np.uint64(_BUCKETS)).astype(np.int32))
    return np.unique(np.concatenate(parts)) if parts else np.zeros(0, np.int32)


def oof_probabilities(
    grams: Grams, labels: NDArray[np.int64], classes: int, folds: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(n, L) probability of each class for each text, by a model that did not see the text's fold.

    Args:
        grams: the texts.
        labels: (n,) number of each text's class.
        classes: L.
        folds: (n,) number of each text's fold; two or more distinct ones.
    """
    scores = np.zeros((len(grams), classes))
    for fold in np.unique(folds):
        seen = folds != fold
        weights, bias = _naive_bayes(grams, labels, classes, seen)
        rows = np.flatnonzero(~seen)
        scores[rows] = _add_up(grams, weights, rows) + bias
    return _softmax(scores / _temperature(scores, labels))


def oof_probabilities_of_several(
    grams: Grams, held: NDArray[np.bool_], folds: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(n, L) probability that each label holds, one two-class model a label.

    Args:
        grams: the texts.
        held: (n, L) whether a label holds.
        folds: (n,) number of each text's fold.
    """
    columns = [
        oof_probabilities(grams, held[:, label].astype(np.int64), 2, folds)[:, 1]
        for label in range(held.shape[1])
    ]
    return np.stack(columns, axis=1) if columns else np.zeros((len(grams), 0))


def _naive_bayes(
    grams: Grams, labels: NDArray[np.int64], classes: int, seen: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """((buckets, L) log probability of each n-gram, (L,) log probability of each class)."""
    kept = np.repeat(seen, np.diff(grams.borders))
    at = grams.ids[kept].astype(np.int64) * classes + labels[grams.owners[kept]]
    counts = np.bincount(at, minlength=_BUCKETS * classes).reshape(_BUCKETS, classes)
    # An n-gram that no text has seen says nothing of any class; smoothing by the classes' sizes would.
    weights = np.log(counts + _SMOOTHING) - np.log(counts.sum(axis=0) + _SMOOTHING * _BUCKETS)
    weights[counts.sum(axis=1) == 0] = 0.0
    sizes = np.bincount(labels[seen], minlength=classes)
    return weights.astype(np.float32), np.log(sizes + 1.0) - np.log(sizes.sum() + classes)


def _add_up(grams: Grams, weights: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """(rows, L) the sum of the weights of each text's n-grams."""
    sums = np.zeros((len(rows), weights.shape[1]))
    widths = np.diff(grams.borders)[rows]
    start = 0
    while start < len(rows):
        width = np.cumsum(widths[start:])
        end = start + max(1, int(np.searchsorted(width, _CHUNK, side="right")))
        ids = np.concatenate(
            [grams.ids[grams.borders[row] : grams.borders[row + 1]] for row in rows[start:end]]
        )
        owners = np.repeat(np.arange(end - start), widths[start:end])
        for column in range(weights.shape[1]):
            sums[start:end, column] = np.bincount(owners, weights[ids, column], minlength=end - start)
        start = end
    return sums


def _temperature(scores: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """The temperature under which the labels are most likely (Guo et al. 2017, section 4.2)."""
    rows = np.arange(len(labels))
    losses = [
        float(-np.log(np.maximum(_softmax(scores / t)[rows, labels], 1e-12)).sum()) for t in _TEMPERATURES
    ]
    return float(_TEMPERATURES[int(np.argmin(losses))])


def _softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return shares
