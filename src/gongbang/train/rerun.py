"""Does a run's number come out again? The promise behind every run record.

The run is repeated from its resolved recipe, or only its best weights are scored again; the data must be
byte for byte what they were.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gongbang.artifacts.compare import Change, recipe_changes
from gongbang.artifacts.environment import describe_environment
from gongbang.artifacts.hashing import code_hash, data_hashes
from gongbang.artifacts.run import Run
from gongbang.errors import ArtifactError, DataError, OptionError
from gongbang.metrics.scores import Score, Scores
from gongbang.tasks.base import Prediction
from gongbang.train.recipe import Recipe, parse_recipe
from gongbang.train.teacher import teacher_files

_ROUNDING = 1e-9
"""What is left of a float after it went through JSON and back: nothing, with room to spare."""


@dataclass(frozen=True, slots=True)
class MetricCheck:
    """One metric as the run reported it and as it came out now; ``agrees`` is within the tolerance."""

    name: str
    recorded: float
    now: float
    agrees: bool


@dataclass(frozen=True, slots=True)
class Rerun:
    """What came of repeating a run.

    Attributes:
        run: id of the run that was repeated.
        again: folder of the new run; empty when only its weights were scored.
        metrics: every metric that the run recorded.
        predictions: how many predictions were compared; 0 where the run kept none.
        changed: ids of the predictions whose text differs.
        environment: what differs between then and now, machine and packages.
        same_code: whether the sources of this package are the same.
        tolerance: points by which a metric might differ and still agree.
    """

    run: str
    again: str
    metrics: tuple[MetricCheck, ...]
    predictions: int
    changed: tuple[str, ...]
    environment: tuple[Change, ...]
    same_code: bool
    tolerance: float

    @property
    def agree(self) -> bool:
        """Whether every metric came out again."""
        return all(metric.agrees for metric in self.metrics)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON for ``--json``."""
        return {
            "run": self.run,
            "again": self.again,
            "agree": self.agree,
            "tolerance": self.tolerance,
            "metrics": {
                m.name: {"recorded": m.recorded, "now": m.now, "difference": m.now - m.recorded}
                for m in self.metrics
            },
            "predictions": {"compared": self.predictions, "changed": list(self.changed)},
            "environment": [{"key": c.key, "then": c.a, "now": c.b} for c in self.environment],
            "same_code": self.same_code,
        }


def rerun(
    run: Run,
    *,
    root: str | Path = "runs",
    evaluate_only: bool = False,
    tolerance: float = 0.0,
    on_event: Callable[[Mapping[str, Any]], None] = lambda event: None,
) -> Rerun:
    """Repeat a run and compare.

    Args:
        run: a run that was evaluated to its end.
        root: where the new run's folder goes.
        evaluate_only: load the best checkpoint and score it again instead of training.
        tolerance: points by which a metric may differ; 0 asks for the same number, which the same
            machine, packages and threads give.
        on_event: receives the new run's progress, as in :func:`gongbang.train.training.train_recipe`.

    Raises:
        OptionError: a negative tolerance.
        ArtifactError: the run has no scores, or no checkpoint to evaluate.
        DataError: the data are gone, or are not what they were.
    """
    if not tolerance >= 0.0:
        raise OptionError(
            "the tolerance is negative.", value=tolerance, allowed="0 or more points", cure="Leave it out."
        )
    recorded = run.scores
    recipe = parse_recipe(run.recipe, str(run.path))
    check_data(run, recipe)
    if evaluate_only:
        scores, predictions = score_again(run, recipe)
        again = ""
    else:
        from gongbang.train.training import train_recipe

        # The recipe has passed its proofs once; they draw no random number that training would miss.
        new = train_recipe(recipe, root=root, on_event=on_event, preflight=False, max_steps=run.closed_at)
        scores, predictions, again = new.scores, new.predictions(), str(new.path)
    return Rerun(
        run=run.id,
        again=again,
        metrics=compare_metrics(recorded, scores, tolerance),
        **_compare_predictions(run, predictions),
        environment=recipe_changes(run.environment, describe_environment()),
        same_code=run.hashes.get("code") == code_hash(),
        tolerance=tolerance,
    )


def check_data(run: Run, recipe: Recipe) -> None:
    """Refuse data that are not what the run was made from.

    Raises:
        DataError: a file is missing, changed, or was added since.
    """
    recorded = [entry for files in run.hashes.get("data", {}).values() for entry in files]
    then = {str(entry["name"]): str(entry["sha256"]) for entry in recorded}
    paths = [source.path for source in recipe.data.sources]
    curriculum = recipe.training.curriculum
    if curriculum is not None and curriculum.file is not None:
        paths.append(curriculum.file)
    paths += [path for settings in recipe.data.augment for path in settings.files]
    paths += teacher_files(recipe)
    now = {entry["name"]: entry["sha256"] for entry in data_hashes(paths)}
    # Compared by name as well: which file plays which part is decided by the recipe's paths.
    changed = sorted(name for name in {*then, *now} if then.get(name) != now.get(name))
    if changed:
        raise DataError(
            f"the data of run '{run.id}' changed since; its number cannot come out again.",
            value="; ".join(f"{name}: {_short(now.get(name))}" for name in changed[:3]),
            allowed="; ".join(f"{name}: {_short(then.get(name))}" for name in changed[:3]),
            cure="Put the files of then back, or train a new run on the new data: gongbang train.",
        )


def _short(digest: str | None) -> str:
    return f"sha256 {digest[:10]}" if digest else "no such file"


def score_again(
    run: Run, recipe: Recipe, *, development: bool = False
) -> tuple[Scores, Sequence[Prediction]]:
    """The scores of a run's best weights and the predictions behind them, by the code as it is now.

    Args:
        run: where the weights are. recipe: the run's own.
        development: on development data; else on what the run reported on, test data where it has them.

    Raises:
        ArtifactError: the run kept no best weights.
    """
    weights = run.best_weights
    if not weights.is_file():
        raise ArtifactError(
            "the run kept no best weights.",
            value=str(weights),
            allowed="a run that was evaluated at least once",
            cure="Repeat it in full, without --evaluate-only.",
        )
    from gongbang.train.checkpoint import load_weights
    from gongbang.train.workbench import assemble

    bench = assemble(recipe, made=False)  # only training draws them
    load_weights(bench.model, weights)
    bench.model.eval()
    splits = bench.splits
    scores, predictions = bench.score(
        splits.development if development else splits.test or splits.development
    )
    return scores, predictions


def compare_metrics(recorded: Scores, now: Scores, tolerance: float) -> tuple[MetricCheck, ...]:
    """Every recorded metric beside its new value, the primary one first; one that is missing disagrees.

    Example:
        >>> then, now = Scores("f1", {"f1": Score(50.0, 2)}), Scores("f1", {"f1": Score(50.5, 2)})
        >>> compare_metrics(then, now, 0.0)[0].agrees, compare_metrics(then, now, 1.0)[0].agrees
        (False, True)
    """
    names = sorted(recorded.scores, key=lambda name: name != recorded.primary)
    return tuple(_check(name, recorded.scores[name], now.scores.get(name), tolerance) for name in names)


def _check(name: str, recorded: Score, now: Score | None, tolerance: float) -> MetricCheck:
    if now is None:
        return MetricCheck(name, recorded.value, float("nan"), False)
    agrees = recorded.n == now.n and abs(recorded.value - now.value) <= tolerance + _ROUNDING
    return MetricCheck(name, recorded.value, now.value, agrees)


def _compare_predictions(run: Run, now: Sequence[Prediction]) -> dict[str, Any]:
    try:
        then = {prediction.id: prediction.text for prediction in run.predictions()}
    except ArtifactError:  # an older run, or one whose predictions were not kept
        return {"predictions": 0, "changed": ()}
    texts = {prediction.id: prediction.text for prediction in now}
    changed = tuple(id_ for id_ in {**then, **texts} if then.get(id_) != texts.get(id_))
    return {"predictions": len(then), "changed": changed}
