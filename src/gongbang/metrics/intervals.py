"""Bootstrap intervals: how far a mean could be from what another draw of the data would give.

Percentile bootstrap (Efron & Tibshirani 1993, chapter 13). Questions of one article are not
independent; pass ``groups`` and whole groups are drawn (cluster bootstrap, Davison & Hinkley 1997,
section 3.8), which gives the wider, honest interval.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gongbang.errors import OptionError
from gongbang.metrics.scores import Score

_CELLS = 4_000_000  # random indices drawn at once: bounds the memory, not the result's meaning


@dataclass(frozen=True, slots=True)
class Difference:
    """How much system A is better than system B on the same examples.

    ``value`` is mean(A) - mean(B); ``low`` and ``high`` bound it; ``p_value`` is the two-sided share of
    resamples on the other side of zero; ``n`` counts the examples. Of a single example nothing can be
    drawn: the bounds are infinite and ``p_value`` is 1.
    """

    value: float
    low: float
    high: float
    p_value: float
    n: int

    @property
    def significant(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0

    def to_dict(self) -> dict[str, Any]:
        return {"value": self.value, "low": self.low, "high": self.high, "p_value": self.p_value, "n": self.n}


def bootstrap_interval(
    values: ArrayLike,
    *,
    groups: Sequence[Any] | NDArray[Any] | None = None,
    samples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Score:
    """The mean of ``values`` with its percentile interval.

    Args:
        values: (n,) one number an example.
        groups: (n,) cluster of each example; single examples are drawn when None, and where all are of
            one cluster: the interval then speaks of this cluster alone.
        samples: number of resamples. level: share of resamples inside the interval. seed: of the draws.

    Returns:
        the score; without bounds where there is a single example, which says nothing of others.

    Raises:
        OptionError: no values, a value that is not finite, or lengths that differ.

    Example:
        >>> score = bootstrap_interval([1.0, 1.0, 1.0, 0.0])
        >>> score.value, score.n, 0.0 <= score.low <= score.value <= score.high <= 1.0
        (0.75, 4, True)
    """
    column = _column(values, "values")
    sums, counts = _clusters(column, groups)
    low, high = _bounds(_means(sums, counts, samples, seed), level)
    if len(column) == 1:
        return Score(float(column[0]), 1)
    return Score(float(column.mean()), len(column), low, high)


def paired_bootstrap(
    a: ArrayLike,
    b: ArrayLike,
    *,
    groups: Sequence[Any] | NDArray[Any] | None = None,
    samples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Difference:
    """Compares two systems scored on the same examples (Koehn 2004, section 3).

    Args:
        a: (n,) scores of system A. b: (n,) scores of system B, in the same order.
        groups: (n,) cluster of each example; as in :func:`bootstrap_interval`.
        samples: number of resamples. level: share of resamples inside the interval. seed: of the draws.

    Raises:
        OptionError: lengths differ, no values, or a value that is not finite.

    Example:
        >>> paired_bootstrap([1, 1, 1, 1], [0, 0, 0, 0]).value
        1.0
    """
    first, second = _column(a, "a"), _column(b, "b")
    if len(first) != len(second):
        raise _lengths("the two systems were not scored on the same examples.", len(first), len(second))
    gap = first - second
    sums, counts = _clusters(gap, groups)
    means = _means(sums, counts, samples, seed)
    low, high = _bounds(means, level)
    if len(gap) == 1:
        return Difference(float(gap[0]), -math.inf, math.inf, 1.0, 1)
    tail = min((means <= 0).mean(), (means >= 0).mean())
    return Difference(float(gap.mean()), low, high, float(min(1.0, 2 * tail)), len(gap))


def _column(values: ArrayLike, name: str) -> NDArray[np.float64]:
    column = np.asarray(values, dtype=np.float64).reshape(-1)
    if not len(column) or not np.isfinite(column).all():
        raise OptionError(
            f"'{name}' cannot be averaged.",
            value="no values" if not len(column) else "values that are not finite",
            allowed="one finite number an example, at least one example",
            cure="Check that the data set is not empty and that no score is NaN.",
        )
    return column


def _clusters(
    column: NDArray[np.float64], groups: Sequence[Any] | NDArray[Any] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sum and count of each unit that is drawn: two arrays of shape (units,)."""
    if groups is None:
        return column, np.ones(len(column))
    if len(groups) != len(column):
        raise _lengths("there is not one group an example.", len(column), len(groups))
    _, unit = np.unique(np.asarray(groups), return_inverse=True)
    if not unit.any():  # one cluster is drawn again and again, as if its mean were certain
        return column, np.ones(len(column))
    sums = np.bincount(unit, weights=column).astype(np.float64)
    return sums, np.bincount(unit).astype(np.float64)


def _means(
    sums: NDArray[np.float64], counts: NDArray[np.float64], samples: int, seed: int
) -> NDArray[np.float64]:
    """(samples,) means of resamples: units drawn with replacement, then all their examples averaged."""
    if samples < 1:
        raise OptionError(
            "a bootstrap needs resamples.", value=samples, allowed="1 or more", cure="Pass samples=1000."
        )
    rng = np.random.default_rng(seed)
    units = len(sums)
    step = max(1, _CELLS // units)
    parts = []
    for start in range(0, samples, step):
        drawn = rng.integers(0, units, size=(min(step, samples - start), units))
        parts.append(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1))
    return np.concatenate(parts)


def _bounds(means: NDArray[np.float64], level: float) -> tuple[float, float]:
    if not 0.0 < level < 1.0:
        raise OptionError(
            "the level of an interval is a share.",
            value=level,
            allowed="0 < level < 1",
            cure="Pass level=0.95.",
        )
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _lengths(what: str, first: int, second: int) -> OptionError:
    return OptionError(
        what,
        value=f"{first} and {second}",
        allowed="equal lengths, in the same order",
        cure="Score both on one list of examples, or pass one group an example.",
    )
