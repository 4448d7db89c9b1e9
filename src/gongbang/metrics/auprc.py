"""Area under the precision-recall curve, class by class, as the KLUE relation task takes it.

A class's curve runs through every distinct probability and begins at recall 0 and precision 1; its area is
taken by trapezoids (Park et al. 2021, KLUE, section 3.5, and scikit-learn's ``precision_recall_curve``
with ``auc``). Trapezoids are a little kinder than average precision (Davis & Goadrich 2006).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gongbang.metrics.counts import defined_mean, share

_Floats = NDArray[np.float64]


class AuprcStatistic:
    """The mean over classes of the area, as a function of how often each example was drawn.

    A class without a positive among what was drawn has no curve and is left out of the mean. (Where it is
    given to scikit-learn, its recall is taken for 1 throughout and it scores about a half, whatever the
    model does.)

    Args:
        gold: (n,) class of each example, numbered in the order of the columns.
        probabilities: (n, L); only their order within a column matters.
    """

    def __init__(self, gold: NDArray[np.int64], probabilities: _Floats) -> None:
        scores = probabilities.T  # (L, n)
        self._order = np.argsort(-scores, axis=1, kind="stable")
        ranked = np.take_along_axis(scores, self._order, axis=1)
        self._positive = gold[self._order] == np.arange(len(scores))[:, None]
        self._class, self._before, self._here = _steps(ranked, self._positive)

    def __call__(self, counts: _Floats) -> _Floats:
        """(draws,) means over classes, of counts of shape (draws, n)."""
        return np.array([float(defined_mean(self.areas(row))) for row in counts])

    def areas(self, counts: _Floats) -> _Floats:
        """(L,) area of each class, of one draw's counts (n,); NaN for a class without a positive."""
        drawn = counts[self._order]  # (L, n)
        given, right = _running(drawn), _running(drawn * self._positive)
        ends = [(right[self._class, at], given[self._class, at]) for at in (self._before, self._here)]
        # At the curve's beginning nothing is given yet, and the precision is 1.
        precision = [np.divide(r, g, out=np.ones_like(r), where=g > 0) for r, g in ends]
        steps = (ends[1][0] - ends[0][0]) * (precision[0] + precision[1]) / 2
        area = np.bincount(self._class, weights=steps, minlength=len(drawn)).astype(np.float64)
        return share(area, right[:, -1])


def _running(values: _Floats) -> _Floats:
    """(L, n + 1) sums of the first 0, 1, .. n values of each row."""
    sums = np.zeros((values.shape[0], values.shape[1] + 1))
    np.cumsum(values, axis=1, out=sums[:, 1:])
    return sums


def _steps(
    ranked: _Floats, positive: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The steps of the curves in which recall rises: class, and how many examples are in before and after.

    Equal probabilities come in together, as one step; one without a positive adds no area.
    """
    classes, befores, heres = [], [], []
    for at, row in enumerate(ranked):
        here = np.append(np.flatnonzero(row[1:] != row[:-1]) + 1, len(row))
        before = np.append(0, here[:-1])
        rises = np.diff(np.append(0, np.cumsum(positive[at])[here - 1])) > 0
        classes.append(np.full(int(rises.sum()), at))
        befores.append(before[rises])
        heres.append(here[rises])
    return np.concatenate(classes), np.concatenate(befores), np.concatenate(heres)
