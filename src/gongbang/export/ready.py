"""Whether a run can be exported, told before minutes are spent on it; and what is exported of it."""

from __future__ import annotations

from typing import Any

from gongbang.artifacts.run import Run
from gongbang.errors import ArtifactError
from gongbang.tasks.encode import is_pair
from gongbang.tasks.reader import question_id
from gongbang.train.checkpoint import load_weights
from gongbang.train.recipe import parse_recipe
from gongbang.train.workbench import Workbench, assemble


def trained_bench(run: Run) -> Workbench:
    """The run's workbench with its best weights, after what export asks of a run.

    Raises:
        ArtifactError: the run is not done, has no weights or no scores.
    """
    check_done(run)
    bench = assemble(parse_recipe(run.recipe, str(run.path)), made=False)
    check_scored(run, bench)
    check_same_questions(run, bench)
    load_weights(bench.model, run.best_weights)
    return bench


def check_done(run: Run) -> None:
    """Refuse a run that is being trained, that failed, or that left no weights.

    Raises:
        ArtifactError: says which, and how to go on.
    """
    if run.status != "done":
        raise ArtifactError(
            "the run is not done." if run.status == "running" else "the run did not come to its end.",
            value=f"{run.id}: {run.status}" + (f", {run.error}" if run.error else ""),
            allowed="a run whose status is done",
            cure="Wait until it ends."
            if run.status == "running"
            else f"Go on with it: gongbang train --resume {run.id}; with --finish to train no further.",
        )
    weights = run.best_weights
    if not weights.is_file():
        raise ArtifactError(
            "the run has no trained weights.",
            value=str(weights),
            allowed="a run that was trained to its end",
            cure="Resume it: gongbang train --resume RUN.",
        )


def check_scored(run: Run, bench: Workbench) -> None:
    """Refuse a run that holds data out and has no scores.

    Raises:
        ArtifactError: it was never scored.
    """
    if not run.scored and (bench.splits.test or bench.splits.development):
        raise ArtifactError(
            "the run was never scored, though its recipe holds data out.",
            value=str(run.path / "metrics.json"),
            allowed="a run with its scores",
            cure=f"Score its best weights: gongbang train --resume {run.id} --finish.",
        )


def check_servable(task: Any) -> None:
    """Refuse a pipeline that looks at the answers.

    Raises:
        ArtifactError: its ``highlight`` is "oracle".
    """
    if getattr(getattr(task, "settings", None), "highlight", "none") == "oracle":
        raise ArtifactError(
            "the model was shown the sentences of the labelled answers, which nobody has when it is served.",
            value="pipeline.highlight: oracle",
            allowed="none, predicted",
            cure="Export a run of --set pipeline.highlight=predicted; oracle is for measuring alone.",
        )


def check_same_questions(run: Run, bench: Workbench) -> None:
    """Refuse a held-out part that is not the run's: what is held out now may have been trained on then.

    Raises:
        ArtifactError: the data, or the way they are split, changed since.
    """
    try:
        then = {prediction.id for prediction in run.predictions()}
    except ArtifactError:  # a run may be kept without its predictions
        return
    held = bench.splits.test or bench.splits.development
    now = {question_id(record) for record in held if is_pair(record) or not bench.task.ranks_corpus}
    if then != now:
        raise ArtifactError(
            "the recipe holds out other questions now than when the run was scored.",
            value=f"{len(now - then)} new ones, {len(then - now)} gone",
            allowed=f"the {len(then)} questions of the run's predictions",
            cure="Export with the data and the release of then, or train a new run: gongbang train.",
        )
