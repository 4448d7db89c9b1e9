"""The metric that selects is one of development data, can tell good from bad, and grows with good."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gongbang.errors import PreflightError
from gongbang.metrics.scores import Scores
from gongbang.train.proofs.perfect import blank_outputs, perfect_outputs, random_outputs
from gongbang.train.proofs.trial import Outcome, Trial

CHECK = "selection metric"
_OF_TRAINING = re.compile(r"(^|[_/. -])train(ing)?([_/. -]|$)", re.IGNORECASE)
_LESS_IS_BETTER = re.compile(
    r"(^|[_/. -])(loss|perplexity|ppl|error|rmse|mae|wer|cer)([_/. -]|$)", re.IGNORECASE
)


def prove(trial: Trial) -> Outcome:
    """Score perfect and blank outputs over development records with the task's own metric."""
    metric = trial.bench.recipe.training.metric
    if _OF_TRAINING.search(metric):
        _refuse(
            "the best weights would be chosen by a score on training data.",
            metric,
            "a metric of development data",
            "Set training.metric to one the task measures on development data, e.g. "
            f"{trial.bench.task.primary_metric}.",
        )
    if _LESS_IS_BETTER.search(metric):
        _refuse(
            "the best weights would be the worst: this metric falls as a model gets better.",
            metric,
            "a metric that grows",
            f"Set training.metric: {trial.bench.task.primary_metric}.",
        )
    records = [r for r in trial.bench.splits.development if r.answers or not r.spans][:64]
    if not records:
        return Outcome("no development data: nothing is selected", skipped=True)
    features = trial.bench.task.prepare(records)
    perfect = (
        perfect_outputs(getattr(trial.model, "output_names", ()), features, trial.labels)
        if features.targets
        else None
    )
    outputs = (
        [trial.outputs(features)]
        if perfect is None
        else [
            perfect,
            blank_outputs(perfect),
            random_outputs(perfect, 17),
        ]
    )
    scores: Sequence[Scores] = [
        trial.bench.task.score(trial.bench.task.decode(made, features), records) for made in outputs
    ]
    names = list(scores[0].scores)
    if metric not in names:
        _refuse(
            "the task does not measure this metric.",
            metric,
            ", ".join(names),
            f"Set training.metric: {scores[0].primary}.",
        )
    if perfect is None:
        return Outcome("the metric is measured on development data", {"metric": metric})
    values = [score.scores[metric].value for score in scores]
    if values[0] <= max(values[1:]):
        _refuse(
            "the metric does not tell a model that knows from one that guesses.",
            f"{metric} is {values[0]:.4g} for perfect outputs, {values[1]:.4g} for blank and "
            f"{values[2]:.4g} for random ones",
            "more for perfect outputs",
            "Check the direction of the metric, and that development records carry their answers.",
        )
    return Outcome(
        "the metric grows with what it measures, on development data",
        {"metric": metric, "perfect": round(values[0], 4), "blank": round(values[1], 4)},
    )


def _refuse(what: str, value: object, allowed: str, cure: str) -> None:
    raise PreflightError(what, check=CHECK, value=value, allowed=allowed, cure=cure)
