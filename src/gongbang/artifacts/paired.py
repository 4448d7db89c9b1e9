"""By how much one run is better than another on the records that both answered, by a paired bootstrap."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gongbang.artifacts.class_notebook import ClassNotebook, LabelOutcome
from gongbang.artifacts.notebook import ErrorNotebook
from gongbang.artifacts.notebooks import Notebook
from gongbang.artifacts.slices import Outcome
from gongbang.errors import ArtifactError
from gongbang.metrics.intervals import Difference, paired_bootstrap
from gongbang.metrics.resampling import paired_metric_bootstrap
from gongbang.metrics.scores import Scores
from gongbang.tasks.base import Prediction

_OF_LABELS = (
    "accuracy",
    "macro_f1",
    "micro_f1",
)  # metrics of what was given alone; others need probabilities
_AUPRC_SAMPLES = 200  # as for its interval: it sorts on every resample


class Answered(Protocol):
    """What was answered and how it was scored: a run, or an artifact at work on a suite."""

    @property
    def scored(self) -> bool: ...

    @property
    def scores(self) -> Scores: ...

    def predictions(self) -> Sequence[Prediction]: ...


def paired_differences(
    a: Answered, b: Answered, notebooks: tuple[Notebook, Notebook] | None, samples: int = 1000
) -> dict[str, Difference]:
    """b - a of the task's metrics, the runs' primary one first, with 95 % intervals clustered by group.

    A reader's exact match and F1 are compared question by question, in percent points; accuracy, F1 of labels
    and AUPRC are computed anew on every resample, as shares; of a task that ranks, its primary metric.

    Args:
        a, b: two runs, or two artifacts' answers.
        notebooks: of a and b; None where one has none.
        samples: resamples of the bootstrap.

    Returns:
        nothing where there is no record that both were scored on.

    Raises:
        ArtifactError: a run's record cannot be read.
    """
    if notebooks is None:
        return _ranked(a, b, samples)
    left, right = notebooks
    if isinstance(left, ErrorNotebook) and isinstance(right, ErrorNotebook):
        return _spans(left, right, samples)
    if isinstance(left, ClassNotebook) and isinstance(right, ClassNotebook):
        return _Labels(a, b, left, right, samples).differences()
    return {}


def _spans(a: ErrorNotebook, b: ErrorNotebook, samples: int) -> dict[str, Difference]:
    common = [id_ for id_ in a.outcomes if id_ in b.outcomes]
    if not common:
        return {}
    left, right = [a.outcomes[id_] for id_ in common], [b.outcomes[id_] for id_ in common]
    groups = [outcome.group or id_ for id_, outcome in zip(common, left, strict=True)]

    def exact(outcomes: Sequence[Outcome]) -> list[float]:
        return [100.0 * outcome.right for outcome in outcomes]

    def f1(outcomes: Sequence[Outcome]) -> list[float]:
        return [100.0 * outcome.f1 for outcome in outcomes]

    return {
        "exact_match": paired_bootstrap(exact(right), exact(left), groups=groups, samples=samples),
        "f1": paired_bootstrap(f1(right), f1(left), groups=groups, samples=samples),
    }


class _Labels:
    """Two runs of one label task over the records that carry the same labels in both."""

    def __init__(
        self, a: Answered, b: Answered, left: ClassNotebook, right: ClassNotebook, samples: int
    ) -> None:
        self.runs, self.samples, self.several = (a, b), samples, left.several
        self.labels = tuple(dict.fromkeys((*left.labels, *right.labels)))
        self.leave_out = left.leave_out
        self.common = [
            id_
            for id_, outcome in left.outcomes.items()
            if id_ in right.outcomes and set(outcome.gold) == set(right.outcomes[id_].gold)
        ]
        self.outcomes = tuple([book.outcomes[id_] for id_ in self.common] for book in (left, right))

    def differences(self) -> dict[str, Difference]:
        """By metric."""
        if not self.common or not all(run.scored for run in self.runs):
            return {}
        a, b = (run.scores for run in self.runs)
        primary = b.primary
        names = [primary, *(name for name in _OF_LABELS if name != primary)]
        found = {name: self._difference(name) for name in names if name in a.scores and name in b.scores}
        return {name: difference for name, difference in found.items() if difference is not None}

    def _difference(self, name: str) -> Difference | None:
        from gongbang.metrics.classes import CLASS_METRICS, class_metric
        from gongbang.metrics.multilabel import label_metric

        by_shares = name not in _OF_LABELS
        if name not in CLASS_METRICS and not (self.several and name.startswith(("p@", "r@"))):
            return None  # graded gain needs grades, which a notebook does not keep
        gold: Any
        if self.several:
            metric, gold = label_metric(name), self._matrix([o.gold for o in self.outcomes[0]])
        else:
            metric = class_metric(name, labels=self.labels, leave_out=self.leave_out)
            gold = [_one(outcome.gold) for outcome in self.outcomes[0]]
        given = [self._shares(run) if by_shares else self._given(o) for run, o in self._sides()]
        if given[0] is None or given[1] is None:
            return None
        groups = [outcome.group or id_ for id_, outcome in zip(self.common, self.outcomes[0], strict=True)]
        samples = min(self.samples, _AUPRC_SAMPLES) if name == "auprc" else self.samples
        return paired_metric_bootstrap(gold, given[1], given[0], metric, groups=groups, samples=samples)

    def _sides(self) -> list[tuple[Answered, list[LabelOutcome]]]:
        return list(zip(self.runs, self.outcomes, strict=True))

    def _given(self, outcomes: Sequence[LabelOutcome]) -> Any:
        if self.several:
            return self._matrix([outcome.predicted for outcome in outcomes])
        return [_one(outcome.predicted) for outcome in outcomes]

    def _matrix(self, sets: Sequence[Sequence[str]]) -> NDArray[np.bool_]:
        return np.array([[label in names for label in self.labels] for names in map(set, sets)])

    def _shares(self, run: Answered) -> NDArray[np.float64] | None:
        """(n, L) the labels' probabilities; None where the run kept none."""
        from gongbang.tasks.labels import probabilities_of

        found = _by_id(run)
        if any(id_ not in found for id_ in self.common):
            return None
        shares = np.stack([probabilities_of(found[id_], self.labels) for id_ in self.common])
        if self.several:
            return shares
        total = np.maximum(shares.sum(axis=1, keepdims=True), 1e-12)
        return np.asarray(shares / total)  # a label that is not judged has taken its part


def _one(labels: Sequence[str]) -> str:
    return labels[0] if labels else ""


def _ranked(a: Answered, b: Answered, samples: int) -> dict[str, Difference]:
    """Of runs whose predictions are rankings with their gold: the primary metric, question by question."""
    if not (a.scored and b.scored) or a.scores.primary != b.scores.primary:
        return {}
    name, left, right = a.scores.primary, _by_id(a), _by_id(b)
    common = [id_ for id_ in left if id_ in right and _gold(left[id_]) == _gold(right[id_]) is not None]
    if not common:
        return {}
    metric = _rank_metric(name)
    if metric is None:
        return {}
    columns = [[metric(found[id_]) for id_ in common] for found in (left, right)]
    groups = [str(left[id_].details.get("group", left[id_].details["gold"])) for id_ in common]
    return {name: paired_bootstrap(columns[1], columns[0], groups=groups, samples=samples)}


def _gold(prediction: Prediction) -> str | None:
    gold = prediction.details.get("gold")
    return None if gold is None or "ranked" not in prediction.details else str(gold)


def _rank_metric(name: str) -> Callable[[Prediction], float] | None:
    """A metric of one ranking, "recall@10" or "mrr@10" for instance; None where the name is of no such."""
    from gongbang.metrics import ranking

    kind, _, cut = name.partition("@")
    metric = {"recall": ranking.recall_at_k, "mrr": ranking.mrr_at_k}.get(kind)
    if metric is None or not cut.isdecimal():
        return None
    return lambda prediction: float(
        metric(prediction.details["ranked"], {prediction.details["gold"]}, int(cut))
    )


def _by_id(run: Answered) -> Mapping[str, Prediction]:
    try:
        return {prediction.id: prediction for prediction in run.predictions()}
    except ArtifactError:
        return {}
