"""The metric that an ensemble is chosen and reported by: of probabilities, higher is better."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gongbang.ensemble.combine import told_of_truth
from gongbang.ensemble.members import Gold
from gongbang.metrics.classes import CLASS_METRICS, class_metric
from gongbang.metrics.intervals import Difference
from gongbang.metrics.multilabel import label_metric
from gongbang.metrics.resampling import Counts, Statistic, paired_metric_bootstrap

ByHand = Callable[[NDArray[Any], NDArray[np.float64]], float]
"""From gold, (n,) or (n, L), and probabilities, (n, L), to a number; higher is better."""
LOG_LIKELIHOOD = "log_likelihood"
_LEAST = 1e-12


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is said of n examples: probabilities (n, L), and of several labels an example which are given."""

    shares: NDArray[np.float64]
    given: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.shares)

    def __getitem__(self, rows: NDArray[Any]) -> Outcome:
        return Outcome(self.shares[rows], None if self.given is None else self.given[rows])


@dataclass(frozen=True, slots=True)
class Judge:
    """A metric with the labels it is about.

    Attributes:
        metric: "accuracy", "macro_f1", "micro_f1", "auprc" or "log_likelihood"; of several labels an example
            "macro_f1", "micro_f1", "p@K", "r@K" or "log_likelihood"; or a function of one's own.
        labels: (L,) in the order of the columns.
        multi_label: whether an example may have several labels.
        leave_out: labels that micro F1 does not count.

    Example:
        >>> judge = Judge("accuracy", ("no", "yes"), multi_label=False)
        >>> judge.value(np.array([0, 1]), Outcome(np.array([[0.9, 0.1], [0.8, 0.2]])))
        0.5
    """

    metric: str | ByHand
    labels: tuple[str, ...]
    multi_label: bool
    leave_out: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The metric's name; of a function, the function's."""
        return self.metric if isinstance(self.metric, str) else getattr(self.metric, "__name__", "metric")

    def value(self, gold: Gold, outcome: Outcome) -> float:
        """The metric of all examples.

        Raises:
            OptionError: an unknown metric.
        """
        if not isinstance(self.metric, str):
            return float(self.metric(gold, outcome.shares))
        return float(self.statistic(gold, outcome)(np.ones((1, len(outcome))))[0])

    def difference(
        self,
        gold: Gold,
        a: Outcome,
        b: Outcome,
        *,
        groups: Sequence[str] | None = None,
        samples: int = 1000,
        seed: int = 0,
    ) -> Difference:
        """By how much a is better than b, by a paired bootstrap over groups."""
        first: Any = a
        second: Any = b
        return paired_metric_bootstrap(
            gold, first, second, self.statistic, groups=groups, samples=samples, seed=seed
        )

    def statistic(self, gold: Any, outcome: Any) -> Statistic:
        """The metric as a function of how often each example was drawn.

        Raises:
            OptionError: an unknown metric.
        """
        if not isinstance(self.metric, str):
            return _by_hand(self.metric, gold, outcome.shares)
        if self.metric == LOG_LIKELIHOOD:
            told = told_of_truth(outcome.shares[None], gold)[0].reshape(len(gold), -1)
            return _mean(np.log(np.maximum(told, _LEAST)).mean(axis=1))
        if self.multi_label:
            at_k = "@" in self.metric
            return label_metric(self.metric)(gold, outcome.shares if at_k else outcome.given)
        if self.metric == "accuracy":
            return _mean((outcome.shares.argmax(axis=1) == gold).astype(np.float64))
        metric = class_metric(self.metric, labels=self.labels, leave_out=self.leave_out)
        named = [self.labels[number] for number in gold]
        if self.metric == "auprc":
            return metric(named, outcome.shares)
        return metric(named, [self.labels[number] for number in outcome.shares.argmax(axis=1)])


METRICS = (*CLASS_METRICS, LOG_LIKELIHOOD)
"""Names for one label an example."""


def _mean(column: NDArray[np.float64]) -> Statistic:
    return lambda counts: counts @ column / counts.sum(axis=1)


def _by_hand(metric: ByHand, gold: NDArray[Any], shares: NDArray[np.float64]) -> Statistic:
    def statistic(counts: Counts) -> NDArray[np.float64]:
        drawn = [np.repeat(np.arange(len(gold)), row.astype(np.int64)) for row in counts]
        return np.array([float(metric(gold[rows], shares[rows])) for rows in drawn])

    return statistic
