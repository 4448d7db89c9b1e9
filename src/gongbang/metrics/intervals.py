"""Bootstrap intervals: how far a mean could be from what another draw of the data would give.

Percentile bootstrap (Efron & Tibshirani 1993, chapter 13). Questions of one article are not
independent; pass ``groups`` and whole groups are drawn (cluster bootstrap, Davison & Hinkley 1997,
section 3.8), which gives the wider, honest interval. Metrics that are no means, macro F1 among them, are
in :mod:`gongbang.metrics.resampling`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
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

    ``value`` is the mean (or the metric) of A less that of B; ``low`` and ``high`` bound it; ``p_value`` is
    the two-sided share of resamples on the other side of zero; ``n`` counts the examples. Of a single
    example nothing can be drawn: the bounds are infinite and ``p_value`` is 1.
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
    low, high = percentile_bounds(_means(column, groups, samples, seed), level)
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
    means = _means(gap, groups, samples, seed)
    return difference_of(float(gap.mean()), means, level, len(gap))


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


def units_of(n: int, groups: Sequence[Any] | NDArray[Any] | None) -> NDArray[np.int64]:
    """(n,) number of the unit that each example is drawn with.

    Single examples are the units without groups, and where all examples are of one group: drawn again and
    again it would look as if its value were certain.

    Raises:
        OptionError: there is not one group an example.

    Example:
        >>> units_of(3, ["b", "a", "b"]).tolist(), units_of(2, ["a", "a"]).tolist()
        ([1, 0, 1], [0, 1])
    """
    if groups is None:
        return np.arange(n)
    if len(groups) != n:
        raise _lengths("there is not one group an example.", n, len(groups))
    _, unit = np.unique(np.asarray(groups), return_inverse=True)
    return unit.astype(np.int64) if unit.any() else np.arange(n)


def drawn_units(units: int, samples: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Which units each resample holds, in arrays of (some resamples, units); drawn with replacement.

    The same ``units`` and ``seed`` give the same resamples, whatever is computed of them.

    Raises:
        OptionError: no resamples asked for.
    """
    if samples < 1:
        raise OptionError(
            "a bootstrap needs resamples.", value=samples, allowed="1 or more", cure="Pass samples=1000."
        )
    rng = np.random.default_rng(seed)
    step = max(1, _CELLS // units)
    for start in range(0, samples, step):
        yield rng.integers(0, units, size=(min(step, samples - start), units))


def percentile_bounds(values: NDArray[np.float64], level: float) -> tuple[float, float]:
    """The bounds between which the share ``level`` of the resamples' values lies.

    Raises:
        OptionError: a level that is not between 0 and 1.

    Example:
        >>> percentile_bounds(np.arange(5.0), 0.5)
        (1.0, 3.0)
    """
    if not 0.0 < level < 1.0:
        raise OptionError(
            "the level of an interval is a share.",
            value=level,
            allowed="0 < level < 1",
            cure="Pass level=0.95.",
        )
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def difference_of(value: float, resampled: NDArray[np.float64], level: float, n: int) -> Difference:
    """A difference, bounded by what its resamples gave, with its p-value.

    Args:
        value: on all examples. resampled: (samples,) the same difference on each resample.
        level: share of resamples inside the interval. n: how many examples there are.
    """
    low, high = percentile_bounds(resampled, level)
    if n == 1:
        return Difference(value, -math.inf, math.inf, 1.0, 1)
    tail = min((resampled <= 0).mean(), (resampled >= 0).mean())
    return Difference(value, low, high, float(min(1.0, 2 * tail)), n)


def _means(
    column: NDArray[np.float64], groups: Sequence[Any] | NDArray[Any] | None, samples: int, seed: int
) -> NDArray[np.float64]:
    """(samples,) means of resamples: units drawn with replacement, then all their examples averaged."""
    unit = units_of(len(column), groups)
    sums, counts = np.bincount(unit, weights=column), np.bincount(unit).astype(np.float64)
    draws = drawn_units(len(sums), samples, seed)
    return np.concatenate([sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1) for drawn in draws])


def _lengths(what: str, first: int, second: int) -> OptionError:
    return OptionError(
        what,
        value=f"{first} and {second}",
        allowed="equal lengths, in the same order",
        cure="Score both on one list of examples, or pass one group an example.",
    )
