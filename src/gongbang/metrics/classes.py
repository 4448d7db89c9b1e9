"""Metrics of one label an example: accuracy, F1 and area under the precision-recall curve, as shares.

Macro F1 is the mean of the labels' F1 (a label with neither gold nor predictions is left out, see
:mod:`gongbang.metrics.counts`). Micro F1 over all labels is the accuracy; with ``leave_out`` it is what
relation extraction reports (KLUE and TACRED: every label but ``no_relation``), where only the labels that
stay in count as found or missed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gongbang.errors import OptionError
from gongbang.metrics import counts as of_counts
from gongbang.metrics.auprc import AuprcStatistic
from gongbang.metrics.counts import LabelF1
from gongbang.metrics.resampling import Counts, Metric, Statistic, resampled_scores
from gongbang.metrics.scores import Scores

CLASS_METRICS = ("accuracy", "macro_f1", "micro_f1", "auprc")
"""The names, in the order in which they are reported."""
_AUPRC_SAMPLES = 200
_Numbers = NDArray[np.int64]


def accuracy(gold: Sequence[str], predicted: Sequence[str]) -> float:
    """Share of the examples that were given their label.

    Raises:
        OptionError: lengths differ, or nothing is given.

    Example:
        >>> accuracy(["a", "b"], ["a", "a"])
        0.5
    """
    _check_lengths(gold, predicted)
    return float(np.mean([right == told for right, told in zip(gold, predicted, strict=True)]))


def confusion(gold: Sequence[str], predicted: Sequence[str], labels: Sequence[str]) -> NDArray[np.int64]:
    """(L, L) how often a label (row) was predicted as another (column), in the order of ``labels``.

    Raises:
        OptionError: lengths differ, nothing is given, or a label is none of ``labels``.

    Example:
        >>> confusion(["a", "b", "b"], ["a", "a", "b"], ["a", "b"]).tolist()
        [[1, 0], [1, 1]]
    """
    right, told = _numbered(gold, predicted, labels)
    cells = np.bincount(right * len(labels) + told, minlength=len(labels) ** 2)
    return cells.reshape(len(labels), len(labels)).astype(np.int64)


def class_report(gold: Sequence[str], predicted: Sequence[str], labels: Sequence[str]) -> dict[str, LabelF1]:
    """Precision, recall and F1 of each label.

    Raises:
        OptionError: as in :func:`confusion`.

    Example:
        >>> class_report(["a", "b", "b"], ["a", "a", "b"], ["a", "b"])["b"].recall
        0.5
    """
    table = confusion(gold, predicted, labels).astype(np.float64)
    return of_counts.report(labels, table.diagonal(), table.sum(axis=0), table.sum(axis=1))


def macro_f1(gold: Sequence[str], predicted: Sequence[str], labels: Sequence[str]) -> float:
    """The mean of the labels' F1.

    Raises:
        OptionError: as in :func:`confusion`.

    Example:
        >>> round(macro_f1(["a", "b", "b"], ["a", "a", "b"], ["a", "b"]), 4)
        0.6667
    """
    return _value("macro_f1", gold, predicted, labels, ())


def micro_f1(
    gold: Sequence[str], predicted: Sequence[str], labels: Sequence[str], *, leave_out: Sequence[str] = ()
) -> float:
    """F1 of all labels' counts together, without those of ``leave_out``.

    Raises:
        OptionError: as in :func:`confusion`; or ``leave_out`` names no label, or all of them.

    Example:
        >>> gold, told = ["none", "founded_by", "founded_by"], ["founded_by", "founded_by", "none"]
        >>> micro_f1(gold, told, ["none", "founded_by"], leave_out=["none"])
        0.5
    """
    return _value("micro_f1", gold, predicted, labels, leave_out)


def auprc(gold: Sequence[str], probabilities: ArrayLike, labels: Sequence[str]) -> float:
    """The mean over classes of the area under the precision-recall curve (:mod:`gongbang.metrics.auprc`).

    Classes without a positive in ``gold`` are left out.

    Args:
        gold: (n,) labels.
        probabilities: (n, L) in the order of ``labels``.

    Raises:
        OptionError: shapes that do not pair up, a value outside [0, 1] (logits, most often), or an unknown
            label.

    Example:
        >>> auprc(["a", "b"], [[0.9, 0.1], [0.4, 0.6]], ["a", "b"])
        1.0
    """
    return _value("auprc", gold, probabilities, labels, ())


def class_metric(name: str, *, labels: Sequence[str], leave_out: Sequence[str] = ()) -> Metric:
    """A metric for :func:`gongbang.metrics.resampling.paired_metric_bootstrap`.

    Args:
        name: one of :data:`CLASS_METRICS`. labels: every label.
        leave_out: labels that micro F1 does not count.

    Returns:
        what takes gold labels (n,) and predicted ones (n,); for ``auprc`` probabilities (n, L) instead.

    Raises:
        OptionError: an unknown metric, or an impossible ``leave_out``.

    Example:
        >>> statistic = class_metric("macro_f1", labels=("a", "b"))(["a", "b", "b"], ["a", "a", "b"])
        >>> statistic(np.array([[1.0, 0.0, 1.0]])).tolist()  # as if the second had not been drawn
        [1.0]
    """
    if name not in CLASS_METRICS:
        near = get_close_matches(name, CLASS_METRICS, n=1)
        raise OptionError(
            "there is no such metric of classes.",
            value=name,
            allowed=", ".join(CLASS_METRICS),
            cure=f"Did you mean '{near[0]}'?" if near else "Name one of these.",
        )
    kept = _kept(labels, leave_out)

    def metric(gold: Any, predicted: Any) -> Statistic:
        if name == "auprc":
            _check_lengths(gold, predicted)
            return AuprcStatistic(_numbers(gold, labels), _probabilities(predicted, len(gold), labels))
        return _statistic([name], *_numbered(gold, predicted, labels), kept)

    return metric


def class_scores(
    gold: Sequence[str],
    predicted: Sequence[str],
    *,
    labels: Sequence[str],
    groups: Sequence[Any] | NDArray[Any] | None = None,
    probabilities: ArrayLike | None = None,
    leave_out: Sequence[str] = (),
    primary: str = "macro_f1",
    samples: int = 1000,
    seed: int = 0,
) -> Scores:
    """Accuracy, macro F1, micro F1 and (given probabilities) AUPRC, with 95 % bootstrap intervals.

    All are computed anew on every resample of the groups. AUPRC, which sorts, costs most and is computed on
    200 resamples at most, whose bounds have a standard error of about 5 % of the interval's width (that of
    a quantile of 200 normal values).

    Args:
        gold: (n,) labels. predicted: (n,) labels, in the same order.
        labels: every label, in the order of the columns of ``probabilities``.
        groups: (n,) what is drawn as a whole; single examples when None.
        probabilities: (n, L) for AUPRC; without them it is not reported.
        leave_out: labels that micro F1 does not count.
        primary: the metric that is reported first.
        samples: bootstrap resamples. seed: of the resampling.

    Raises:
        OptionError: shapes that do not pair up, nothing to score, a label that is none of ``labels``, a
            probability outside [0, 1], or a primary metric that is not measured.

    Example:
        >>> scores = class_scores(["a", "b", "b"], ["a", "a", "b"], labels=["a", "b"], primary="accuracy")
        >>> round(scores.value, 4), sorted(scores.scores)
        (0.6667, ['accuracy', 'macro_f1', 'micro_f1'])
    """
    names = [name for name in CLASS_METRICS if name != "auprc"]
    if primary not in (*names, *(() if probabilities is None else ("auprc",))):
        raise OptionError(
            "the primary metric is not measured.",
            value=primary,
            allowed=", ".join(names) + ", and auprc where probabilities are given",
            cure="Name one of these, or pass probabilities.",
        )
    right, told = _numbered(gold, predicted, labels)
    statistic = _statistic(names, right, told, _kept(labels, leave_out))
    rows = resampled_scores(statistic, len(right), groups=groups, samples=samples, seed=seed)
    scores = dict(zip(names, rows, strict=True))
    if probabilities is not None:
        areas = AuprcStatistic(right, _probabilities(probabilities, len(right), labels))
        fewer = min(samples, _AUPRC_SAMPLES)
        [scores["auprc"]] = resampled_scores(areas, len(right), groups=groups, samples=fewer, seed=seed)
    return Scores(primary, {primary: scores[primary], **scores})


def _value(name: str, gold: Any, predicted: Any, labels: Sequence[str], leave_out: Sequence[str]) -> float:
    statistic = class_metric(name, labels=labels, leave_out=leave_out)(gold, predicted)
    return float(statistic(np.ones((1, len(gold))))[0])


_FORMULAS: dict[str, Callable[[Counts, Counts, Counts, NDArray[np.bool_]], NDArray[np.float64]]] = {
    "accuracy": lambda right, predicted, gold, kept: right.sum(axis=1) / gold.sum(axis=1),
    "macro_f1": lambda right, predicted, gold, kept: of_counts.macro_f1(right, predicted, gold),
    "micro_f1": lambda right, predicted, gold, kept: of_counts.micro_f1(
        right[:, kept], predicted[:, kept], gold[:, kept]
    ),
}
"""Metrics of (draws, L) counts; ``kept`` are the labels that micro F1 counts."""


def _statistic(
    names: Sequence[str], gold: _Numbers, predicted: _Numbers, kept: NDArray[np.bool_]
) -> Statistic:
    """The named metrics as a statistic: (draws,) of one, (draws, m) of several."""
    labels = len(kept)
    found, cell = np.unique(gold * labels + predicted, return_inverse=True)  # the confusion's cells in use
    of_gold, of_predicted = np.eye(labels)[found // labels], np.eye(labels)[found % labels]  # (cells, L)

    def statistic(counts: Counts) -> NDArray[np.float64]:
        cells = _tally(cell, counts, len(found))
        tallies = (cells @ (of_gold * of_predicted), cells @ of_predicted, cells @ of_gold)
        values = [_FORMULAS[name](*tallies, kept) for name in names]
        return values[0] if len(values) == 1 else np.stack(values, axis=1)

    return statistic


def _tally(cell: _Numbers, counts: Counts, cells: int) -> NDArray[np.float64]:
    """(draws, cells) how often each cell was drawn, of examples that are in these cells, (n,)."""
    places = cell + np.arange(len(counts))[:, None] * cells
    tally = np.bincount(places.ravel(), weights=counts.ravel(), minlength=len(counts) * cells)
    return tally.reshape(len(counts), cells).astype(np.float64)


def _kept(labels: Sequence[str], leave_out: Sequence[str]) -> NDArray[np.bool_]:
    unknown = [label for label in leave_out if label not in labels]
    kept = np.array([label not in set(leave_out) for label in labels], dtype=bool)
    if unknown or not kept.any():
        raise OptionError(
            "micro F1 leaves out what it does not have." if unknown else "micro F1 leaves out every label.",
            value=", ".join(unknown or leave_out),
            allowed=f"some of: {', '.join(labels[:40])}",
            cure="Name labels of the data, and not all of them.",
        )
    return kept


def _numbered(
    gold: Sequence[str], predicted: Sequence[str], labels: Sequence[str]
) -> tuple[_Numbers, _Numbers]:
    _check_lengths(gold, predicted)
    return _numbers(gold, labels), _numbers(predicted, labels)


def _numbers(given: Sequence[str], labels: Sequence[str]) -> _Numbers:
    places = {label: at for at, label in enumerate(labels)}
    try:
        return np.array([places[label] for label in given], dtype=np.int64)
    except KeyError as err:
        near = get_close_matches(str(err.args[0]), [str(label) for label in labels], n=1)
        raise OptionError(
            "a label is none of those that are scored.",
            value=err.args[0],
            allowed=", ".join(str(label) for label in labels[:40]),
            cure=f"Did you mean '{near[0]}'?" if near else "Name every label of gold and predictions.",
        ) from None


def _check_lengths(gold: Sequence[Any], predicted: Sequence[Any]) -> None:
    if len(gold) != len(predicted) or not len(gold):
        raise OptionError(
            "gold and predictions do not pair up.",
            value=f"{len(gold)} gold, {len(predicted)} predicted",
            allowed="the same number of both, at least one",
            cure="Pass one prediction an example, in the same order.",
        )


def _probabilities(values: ArrayLike, n: int, labels: Sequence[str]) -> NDArray[np.float64]:
    found = np.asarray(values, dtype=np.float64)
    if found.shape != (n, len(labels)) or not ((found >= 0.0) & (found <= 1.0 + 1e-6)).all():
        raise OptionError(
            "the probabilities do not belong to these labels, or are none.",
            value=f"shape {found.shape}" + (f", {found.min():g} to {found.max():g}" if found.size else ""),
            allowed=f"shape {(n, len(labels))}, each from 0 to 1",
            cure="Pass one row an example, in the order of the labels; logits go through a softmax first.",
        )
    return found
