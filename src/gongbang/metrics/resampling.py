"""Bootstrap intervals of metrics that are no means of examples: macro F1, micro F1, AUPRC.

Such a metric is written as a *statistic*: a function of how often each example was drawn. Reading gold and
predictions is done once; a resample then costs a product of its counts with a table of columns. What is
drawn, and how groups are kept together, is as in :mod:`gongbang.metrics.intervals`, so that intervals of
different metrics come from the same resamples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gongbang.errors import OptionError
from gongbang.metrics.intervals import Difference, difference_of, drawn_units, percentile_bounds, units_of
from gongbang.metrics.scores import Score

Counts = NDArray[np.float64]
Statistic = Callable[[Counts], NDArray[np.float64]]
"""From (draws, n), how often each example was drawn, to (draws,) values, or (draws, m) of m metrics."""
Metric = Callable[[Any, Any], Statistic]
"""From gold and predictions of n examples to their statistic."""


def resampled_scores(
    statistic: Statistic,
    n: int,
    *,
    groups: Sequence[Any] | NDArray[Any] | None = None,
    samples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> list[Score]:
    """The value of each metric of a statistic, with its percentile interval.

    Args:
        statistic: of n examples; gives (draws,) or (draws, m).
        n: how many examples there are.
        groups: (n,) what is drawn as a whole; single examples when None.
        samples: number of resamples. level: share of resamples inside the interval. seed: of the draws.

    Returns:
        m scores (one for a statistic of shape (draws,)); without bounds where n is 1.

    Raises:
        OptionError: no examples, not one group an example, or an impossible ``samples`` or ``level``.

    Example:
        >>> right = np.array([1.0, 1.0, 1.0, 0.0])
        >>> [score] = resampled_scores(lambda counts: counts @ right / counts.sum(axis=1), 4)
        >>> score.value, score.n
        (0.75, 4)
    """
    whole = _table(statistic(_once(n)))[0]  # (m,)
    parts = [_table(statistic(counts)) for counts in _resamples(n, groups, samples, seed)]
    values = np.concatenate(parts)  # (samples, m)
    bounds = [percentile_bounds(column, level) for column in values.T]
    if n == 1:
        return [Score(float(value), 1) for value in whole]
    return [Score(float(value), n, low, high) for value, (low, high) in zip(whole, bounds, strict=True)]


def paired_metric_bootstrap(
    gold: Sequence[Any] | NDArray[Any],
    a: Sequence[Any] | NDArray[Any],
    b: Sequence[Any] | NDArray[Any],
    metric: Metric,
    *,
    groups: Sequence[Any] | NDArray[Any] | None = None,
    samples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Difference:
    """Compares two systems by any metric on the same examples (Koehn 2004, section 3).

    Both are judged on the same resamples; for a metric that is a mean this gives what
    :func:`gongbang.metrics.intervals.paired_bootstrap` gives.

    Args:
        gold: (n, ...) truth.
        a: (n, ...) predictions of system A. b: (n, ...) of system B, in the same order.
        metric: e.g. :func:`gongbang.metrics.classes.class_metric` or
            :func:`gongbang.metrics.multilabel.label_metric`.
        groups: (n,) what is drawn as a whole; single examples when None.
        samples: number of resamples. level: share of resamples inside the interval. seed: of the draws.

    Returns:
        the metric of A less that of B, in the metric's own unit.

    Raises:
        OptionError: lengths differ, nothing to compare, or what the metric refuses.

    Example:
        >>> from gongbang.metrics.classes import class_metric
        >>> gold, a, b = ["x", "y", "y", "x"], ["x", "y", "y", "x"], ["x", "x", "x", "x"]
        >>> difference = paired_metric_bootstrap(gold, a, b, class_metric("accuracy", labels=("x", "y")))
        >>> difference.value, difference.n
        (0.5, 4)
    """
    if len(a) != len(gold) or len(b) != len(gold):
        raise OptionError(
            "the two systems were not scored on the same examples.",
            value=f"{len(gold)} examples, {len(a)} and {len(b)} predictions",
            allowed="equal lengths, in the same order",
            cure="Predict one list of examples with both.",
        )
    first, second = metric(gold, a), metric(gold, b)

    def gap(counts: Counts) -> NDArray[np.float64]:
        difference: NDArray[np.float64] = first(counts) - second(counts)
        return difference

    n = len(gold)
    whole = float(gap(_once(n))[0])
    values = np.concatenate([gap(counts) for counts in _resamples(n, groups, samples, seed)])
    return difference_of(whole, values, level, n)


def _once(n: int) -> Counts:
    """The data as they are: every example once, (1, n)."""
    if not n:
        raise OptionError(
            "there is nothing to score.",
            value="no examples",
            allowed="one or more",
            cure="Check that the data set is not empty.",
        )
    return np.ones((1, n))


def _resamples(
    n: int, groups: Sequence[Any] | NDArray[Any] | None, samples: int, seed: int
) -> Iterator[Counts]:
    """(some resamples, n) how often each example was drawn, until ``samples`` are through."""
    unit = units_of(n, groups)
    units = int(unit.max()) + 1
    for drawn in drawn_units(units, samples, seed):
        places = drawn + np.arange(len(drawn))[:, None] * units
        counts = np.bincount(places.ravel(), minlength=len(drawn) * units).astype(np.float64)
        yield np.take(counts.reshape(len(drawn), units), unit, axis=1)


def _table(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values if values.ndim == 2 else values[:, None]
