"""Metrics of any number of labels an example: how good the first k are, and F1 of the chosen set.

Precision at k is the share of the k likeliest labels that are right, recall at k the share of the right
labels among them; both are averaged over examples. An example without a label counts 0 for precision (none
of its k is right) and is left out of recall, which it does not have. Among labels of equal probability the
wrong ones are put first, as in :mod:`gongbang.metrics.ranking`: a model that gives all labels the same
probability must not look good.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gongbang.errors import OptionError
from gongbang.metrics import counts as of_counts
from gongbang.metrics.counts import LabelF1
from gongbang.metrics.intervals import bootstrap_interval
from gongbang.metrics.resampling import Counts, Metric, Statistic, resampled_scores
from gongbang.metrics.scores import Score, Scores
from gongbang.metrics.thresholds import choose_label_thresholds

__all__ = [
    "choose_label_thresholds",
    "graded_ndcg_at_k",
    "label_metric",
    "label_report",
    "multilabel_scores",
    "precision_at_k",
    "recall_at_k",
]
_Floats = NDArray[np.float64]
_Bools = NDArray[np.bool_]
_F1: dict[str, Callable[[_Floats, _Floats, _Floats], _Floats]] = {
    "macro_f1": of_counts.macro_f1,
    "micro_f1": of_counts.micro_f1,
}


def precision_at_k(gold: ArrayLike, probabilities: ArrayLike, k: int) -> _Floats:
    """(n,) share of each example's ``k`` likeliest labels that are right; 0 where it has no label.

    Args:
        gold: (n, L) whether an example has a label. probabilities: (n, L), any scores. k: 1 to L.

    Raises:
        OptionError: shapes differ, nothing is given, a score is not finite, or ``k`` is out of range.

    Example:
        >>> precision_at_k([[1, 0, 1]], [[0.9, 0.8, 0.1]], 2).tolist()
        [0.5]
    """
    right, scores = _pair(gold, probabilities)
    return _hits(right, scores, k) / k


def recall_at_k(gold: ArrayLike, probabilities: ArrayLike, k: int) -> _Floats:
    """(n,) share of each example's labels among its ``k`` likeliest; NaN where it has no label.

    Args:
        gold: (n, L) whether an example has a label. probabilities: (n, L), any scores. k: 1 to L.

    Raises:
        OptionError: as in :func:`precision_at_k`.

    Example:
        >>> recall_at_k([[1, 0, 1], [0, 0, 0]], [[0.9, 0.8, 0.1]] * 2, 1).tolist()
        [0.5, nan]
    """
    right, scores = _pair(gold, probabilities)
    return of_counts.share(_hits(right, scores, k), right.sum(axis=1).astype(np.float64))


def graded_ndcg_at_k(grades: ArrayLike, probabilities: ArrayLike, k: int) -> _Floats:
    """(n,) normalised discounted cumulative gain (Järvelin & Kekäläinen 2002); NaN without a grade above 0.

    A label's gain is its grade (how many raters chose it), divided by log2 of its place plus 1. With grades
    0 and 1 this is :func:`gongbang.metrics.ranking.ndcg_at_k`.

    Args:
        grades: (n, L) numbers of 0 or more. probabilities: (n, L), any scores. k: 1 to L.

    Raises:
        OptionError: as in :func:`precision_at_k`, or a grade below 0.

    Example:
        >>> graded_ndcg_at_k([[3, 1, 0]], [[0.2, 0.1, 0.0]], 3).tolist()
        [1.0]
        >>> float(graded_ndcg_at_k([[3, 0]], [[0.1, 0.2]], 2)[0].round(4))
        0.6309
    """
    gains, scores = _graded(grades, probabilities)
    discount = 1.0 / np.log2(np.arange(2, _cut(k, gains.shape[1]) + 2))
    first = np.take_along_axis(gains, _order(scores, gains)[:, :k], axis=1) @ discount
    best = -np.sort(-gains, axis=1)[:, :k] @ discount
    return of_counts.share(first, best)


def label_report(gold: ArrayLike, predicted: ArrayLike, labels: Sequence[str]) -> dict[str, LabelF1]:
    """Precision, recall and F1 of each label.

    Args:
        gold, predicted: (n, L) whether an example has, and was given, a label. labels: (L,) their names.

    Raises:
        OptionError: shapes that do not pair up.

    Example:
        >>> label_report([[1, 0], [1, 1]], [[1, 0], [0, 1]], ["joy", "grief"])["joy"].recall
        0.5
    """
    right, given = _sets(gold, predicted, labels)
    sums = [column.sum(axis=0).astype(np.float64) for column in (right & given, given, right)]
    return of_counts.report(labels, *sums)


def label_metric(name: str) -> Metric:
    """A metric for :func:`gongbang.metrics.resampling.paired_metric_bootstrap`.

    Args:
        name: "macro_f1" or "micro_f1", which compare sets (n, L); or "p@K", "r@K" and "ndcg@K", which take
            probabilities (n, L) for predictions, and "ndcg@K" grades for gold.

    Raises:
        OptionError: an unknown metric.

    Example:
        >>> statistic = label_metric("p@1")([[1, 0], [1, 0]], [[0.9, 0.1], [0.2, 0.8]])
        >>> statistic(np.array([[1.0, 1.0], [2.0, 0.0]])).tolist()
        [0.5, 1.0]
    """
    kind, at, cut = name.partition("@")
    if at and kind in _AT_K and cut.isdecimal():
        return lambda gold, scores: _mean_statistic(_AT_K[kind](gold, scores, int(cut)))
    if name not in _F1:
        allowed = (*_F1, *(f"{kind}@K" for kind in _AT_K))
        near = get_close_matches(name, allowed, n=1)
        raise OptionError(
            "there is no such metric of sets of labels.",
            value=name,
            allowed=", ".join(allowed),
            cure=f"Did you mean '{near[0]}'?" if near else "Name one of these, K being a number.",
        )
    return lambda gold, predicted: _f1_statistic([name], *_sets(gold, predicted, None))


_AT_K: dict[str, Callable[[ArrayLike, ArrayLike, int], _Floats]] = {
    "p": precision_at_k,
    "r": recall_at_k,
    "ndcg": graded_ndcg_at_k,
}


def multilabel_scores(
    gold: ArrayLike,
    probabilities: ArrayLike,
    predicted: ArrayLike,
    *,
    labels: Sequence[str],
    groups: Sequence[Any] | NDArray[Any] | None = None,
    grades: ArrayLike | None = None,
    primary: str = "macro_f1",
    precision_cuts: Sequence[int] = (1, 3),
    recall_cuts: Sequence[int] = (3,),
    ndcg_cuts: Sequence[int] = (5,),
    samples: int = 1000,
    seed: int = 0,
) -> Scores:
    """Macro and micro F1, precision and recall at k, and NDCG of grades, with 95 % bootstrap intervals.

    Cuts beyond the number of labels are left out, as is a metric that no example has (recall, where no
    example has a label).

    Args:
        gold: (n, L) whether an example has a label.
        probabilities: (n, L), which order the labels.
        predicted: (n, L) whether an example was given a label.
        labels: (L,) names of the columns.
        groups: (n,) what is drawn as a whole; single examples when None.
        grades: (n, L) numbers of 0 or more, for NDCG; without them it is not reported.
        primary: the metric that is reported first.
        precision_cuts, recall_cuts, ndcg_cuts: the k of p@k, r@k and ndcg@k.
        samples: bootstrap resamples. seed: of the resampling.

    Raises:
        OptionError: shapes that do not pair up, nothing to score, a value that is not finite, or a primary
            metric that is not measured.

    Example:
        >>> gold, shares = [[1, 0], [0, 1]], [[0.9, 0.4], [0.7, 0.6]]
        >>> scores = multilabel_scores(gold, shares, [[1, 0], [1, 1]], labels=["joy", "grief"])
        >>> round(scores.value, 4), scores.scores["p@1"].value
        (0.8333, 0.5)
    """
    right, given = _sets(gold, predicted, labels)
    n, width = right.shape
    names = list(_F1)
    rows = resampled_scores(_f1_statistic(names, right, given), n, groups=groups, samples=samples, seed=seed)
    scores = dict(zip(names, rows, strict=True))
    columns = {f"p@{k}": precision_at_k(right, probabilities, k) for k in precision_cuts if k <= width}
    columns |= {f"r@{k}": recall_at_k(right, probabilities, k) for k in recall_cuts if k <= width}
    if grades is not None:
        columns |= {f"ndcg@{k}": graded_ndcg_at_k(grades, probabilities, k) for k in ndcg_cuts if k <= width}
    clusters = None if groups is None else np.asarray(groups)
    for name, column in columns.items():
        if not np.isnan(column).all():
            scores[name] = _mean(column, clusters, samples, seed)
    if primary not in scores:
        raise OptionError(
            "the primary metric is not measured.",
            value=primary,
            allowed=", ".join(scores),
            cure="Name one of these, or pass what it needs.",
        )
    return Scores(primary, {primary: scores[primary], **scores})


def _mean(column: _Floats, groups: NDArray[Any] | None, samples: int, seed: int) -> Score:
    """The mean over the examples that have the metric."""
    known = ~np.isnan(column)
    clusters = None if groups is None else groups[known]
    return bootstrap_interval(column[known], groups=clusters, samples=samples, seed=seed)


def _mean_statistic(column: _Floats) -> Statistic:
    known = ~np.isnan(column)
    values = np.where(known, column, 0.0)
    return lambda counts: np.nan_to_num(of_counts.share(counts @ values, counts @ known.astype(np.float64)))


def _f1_statistic(names: Sequence[str], gold: _Bools, predicted: _Bools) -> Statistic:
    """The named metrics as a statistic: (draws,) of one, (draws, m) of several."""
    columns = [part.astype(np.float64) for part in (gold & predicted, predicted, gold)]  # each (n, L)

    def statistic(counts: Counts) -> _Floats:
        right, given, had = (counts @ column for column in columns)  # each (draws, L)
        values = [_F1[name](right, given, had) for name in names]
        return values[0] if len(values) == 1 else np.stack(values, axis=1)

    return statistic


def _hits(gold: _Bools, scores: _Floats, k: int) -> _Floats:
    """(n,) how many of the ``k`` likeliest labels are right."""
    first = _order(scores, gold.astype(np.float64))[:, : _cut(k, gold.shape[1])]
    hits: _Floats = np.take_along_axis(gold, first, axis=1).sum(axis=1).astype(np.float64)
    return hits


def _order(scores: _Floats, worth: _Floats) -> NDArray[np.intp]:
    """(n, L) labels by falling score; of equal scores what is worth least comes first."""
    return np.lexsort((worth, -scores), axis=1)


def _cut(k: int, width: int) -> int:
    if not 1 <= k <= width:
        raise OptionError(
            "k is out of range.", value=k, allowed=f"1 to {width}, the number of labels", cure="Pass k=1."
        )
    return k


def _pair(gold: ArrayLike, scores: ArrayLike) -> tuple[_Bools, _Floats]:
    worth, values = _graded(gold, scores)
    return worth > 0, values


def _graded(grades: ArrayLike, scores: ArrayLike) -> tuple[_Floats, _Floats]:
    worth, values = np.asarray(grades, dtype=np.float64), np.asarray(scores, dtype=np.float64)
    fits = worth.ndim == 2 and worth.shape == values.shape and worth.size > 0
    if not fits or not np.isfinite(values).all() or not ((worth >= 0) & np.isfinite(worth)).all():
        raise OptionError(
            "labels and probabilities do not pair up, or hold what is no number.",
            value=f"shapes {worth.shape} and {values.shape}",
            allowed="two matrices of one shape (n, L), finite, the labels 0 or more",
            cure="Pass a row an example and a column a label, in the same order.",
        )
    return worth, values


def _sets(gold: ArrayLike, predicted: ArrayLike, labels: Sequence[str] | None) -> tuple[_Bools, _Bools]:
    right, given = np.asarray(gold).astype(bool), np.asarray(predicted).astype(bool)
    wide = right.ndim == 2 and right.size > 0 and (labels is None or right.shape[1] == len(labels))
    if not wide or right.shape != given.shape:
        raise OptionError(
            "gold and predicted labels do not pair up.",
            value=f"shapes {right.shape} and {given.shape}"
            + ("" if labels is None else f", {len(labels)} labels"),
            allowed="two matrices of one shape (n, L), a column a label, at least one row",
            cure="Pass a row an example and a column a label, in the same order.",
        )
    return right, given
