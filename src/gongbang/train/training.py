"""A recipe carried out: data, proofs, loop, scores, run record."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch

from gongbang.artifacts.data_facts import DATA, data_facts
from gongbang.artifacts.files import read_json, write_json
from gongbang.artifacts.hashing import config_hash
from gongbang.artifacts.notebooks import build_notebook_for
from gongbang.artifacts.run import BEST, Run
from gongbang.data.records import Record
from gongbang.errors import ArtifactError
from gongbang.metrics.scores import Scores
from gongbang.train.checkpoint import load_weights
from gongbang.train.cost import Meter
from gongbang.train.expected import shortfalls
from gongbang.train.fresh import fresh_rows
from gongbang.train.loop import Event, Loop, LoopResult
from gongbang.train.members import average_members, steps_saved, train_members
from gongbang.train.precision import with_precision
from gongbang.train.recipe import Recipe, parse_recipe
from gongbang.train.rerun import check_data
from gongbang.train.taught import taught
from gongbang.train.teacher import taught_by, teacher_files, with_teacher
from gongbang.train.trackers import require_tracker, tracked
from gongbang.train.workbench import Workbench, assemble

_LOG = logging.getLogger(__name__)
SOFT = "soft.json"
"""Where a run keeps the probabilities that a teacher gave its training records."""


def train_recipe(
    recipe: Recipe,
    *,
    root: str | Path = "runs",
    resume: str | Path | None = None,
    on_event: Callable[[Event], None] = lambda event: None,
    preflight: bool = True,
    max_steps: int | None = None,
    soft: Mapping[str, Mapping[str, float]] | None = None,
    parent: str | Path | None = None,
) -> Run:
    """Carry out a recipe and leave its run folder behind.

    Args:
        recipe: what to do.
        root: the folder of runs.
        resume: a run to go on with; its own recipe is used.
        on_event: receives each step's and each evaluation's numbers, for progress on a terminal.
        preflight: prove first that the run can work at all, see :mod:`gongbang.train.preflight`.
        soft: a teacher's probabilities by record id and label, which training records are given; kept in the
            run's folder, from where a resumed run takes them.
        max_steps: close the run after this many steps more, on the recipe's own schedule.
        parent: the run that a new one varies, which ``gongbang compare`` sets it beside.

    Raises:
        ArtifactError: the run to go on with is being written by another process; or there is no such parent.
        DataError: its data are not what they were.

    Returns:
        The run, its status "done"; ``scores`` are of the test part (of the development part where the
        recipe holds out no test data).
    """
    meter = Meter()
    if resume is not None:
        run = Run.open(resume, root)
        recipe = parse_recipe(run.recipe, str(run.path))
        check_data(run, recipe)
    origin = None if parent is None else Run.open(parent, root)
    require_tracker(recipe.training.tracker)
    recipe = with_teacher(with_precision(recipe), root)
    bench = assemble(recipe)
    if resume is not None and (run.path / SOFT).is_file():
        soft = read_json(run.path / SOFT, "the teacher's probabilities")
    else:
        soft = taught_by(bench, soft)
    if soft is not None:
        bench.training = taught(bench.training, soft, bench.task)
    proofs = None
    if preflight:
        from gongbang.train.preflight import run_preflight

        proofs = run_preflight(bench)
    if resume is None:
        run = Run.create(root, bench.recipe.resolved(), recipe.name, data=data_files(recipe), parent=origin)
    else:
        run.resume(steps_saved(run.checkpoints))
    with run, run.logging(), meter.kept(run.path), _watched(bench, run, on_event) as watch:
        if soft is not None:
            write_json(run.path / SOFT, soft)
        if proofs is not None:
            write_json(run.path / "preflight.json", proofs.to_dict())
        write_json(run.path / DATA, data_facts(_parts(bench)))
        result = _fit(bench, run, resume=resume is not None, max_steps=max_steps, on_event=watch)
        meter.result = result
        if max_steps is not None:
            run.close_at(result.steps)
        _report(bench, run)
    return run


def finish_run(path: str | Path, *, root: str | Path = "runs") -> Run:
    """Close a run that was stopped early: score its best weights so far and train no further.

    Raises:
        ArtifactError: the run was never evaluated, so that it has no best weights.
        DataError: its data are not what they were.
    """
    meter = Meter()
    run = Run.open(path, root)
    weights = run.best_weights
    if not any(run.checkpoints.glob(f"**/{BEST}")):
        raise ArtifactError(
            "the run has no best weights yet.",
            value=run.id,
            allowed="a run that was evaluated at least once",
            cure=f"Go on with it: gongbang train --resume {run.id}.",
        )
    recipe = parse_recipe(run.recipe, str(run.path))
    check_data(run, recipe)
    bench = assemble(recipe, made=False)
    steps, total = _progress(run)
    run.resume(steps)
    if steps < total:
        run.close_at(steps)
    with run, run.logging(), meter.kept(run.path):
        if weights.is_file():
            load_weights(bench.model, weights)
        else:
            average_members(_loop(bench, run))
        if steps < total:
            _LOG.warning("closed early, after step %d of %d; the best weights so far are kept", steps, total)
        _report(bench, run)
    return run


@contextmanager
def _watched(
    bench: Workbench, run: Run, on_event: Callable[[Event], None]
) -> Iterator[Callable[[Event], None]]:
    """Who is told of each step: the recipe's tracker, and the caller."""
    settings = bench.recipe.training
    with tracked(settings.tracker, run.path, name=run.id, recipe=bench.recipe.resolved()) as track:

        def tell(event: Event) -> None:
            track(event)
            on_event(event)

        yield tell


def _progress(run: Run) -> tuple[int, int]:
    """The last step that a run's curve tells of, and how many its recipe makes."""
    rows = run.curve()
    return max((int(row["step"]) for row in rows), default=0), max(
        (int(row.get("steps", 0)) for row in rows), default=0
    )


def _fit(
    bench: Workbench, run: Run, *, resume: bool, max_steps: int | None, on_event: Callable[[Event], None]
) -> LoopResult:
    loop = _loop(bench, run, on_event)
    train = train_members if bench.recipe.training.members > 1 else Loop.run
    result = train(loop, resume=resume, max_steps=max_steps)
    _LOG.info("best %s %s at step %d", bench.recipe.training.metric, result.best, result.best_step)
    return result


def _loop(bench: Workbench, run: Run, on_event: Callable[[Event], None] = lambda event: None) -> Loop:
    def event(values: Event) -> None:
        numbers = dict(values)
        metrics = numbers.pop("evaluation", {})
        run.log(**numbers, **{f"development/{name}": value for name, value in metrics.items()})
        on_event(values)

    def evaluate(model: torch.nn.Module) -> Mapping[str, float]:
        scores, _ = bench.score(bench.splits.development)
        return {name: score.value for name, score in scores.scores.items()}

    features = bench.task.prepare(bench.training)
    return Loop(
        model=bench.model,
        features=features,
        settings=bench.recipe.training,
        folder=run.checkpoints,
        evaluate=evaluate if bench.splits.development else None,
        fresh=fresh_rows(bench.recipe, bench.task, features),
        recipe=config_hash(bench.recipe.resolved()),
        on_event=event,
    )


def data_files(recipe: Recipe) -> dict[str, list[str]]:
    """The recipe's files by role; two runs are comparable when all but ``train`` have equal content."""
    files: dict[str, list[str]] = {}
    for source in recipe.data.sources:
        files.setdefault("train" if source.role == "train" else "evaluation", []).append(source.path)
    curriculum = recipe.training.curriculum
    if curriculum is not None and curriculum.file is not None:
        files.setdefault("train", []).append(curriculum.file)
    for path in (
        *(path for settings in recipe.data.augment for path in settings.files),
        *teacher_files(recipe),
    ):
        files.setdefault("train", []).append(path)
    return files


def _parts(bench: Workbench) -> dict[str, Sequence[Record]]:
    """The records by what they are used for; what training makes beside them is among those trained on."""
    splits = bench.splits
    return {"trained on": bench.training, "development": splits.development, "test": splits.test}


def _report(bench: Workbench, run: Run) -> None:
    records = bench.splits.test or bench.splits.development
    if not records:
        _warn_below(bench.recipe, None)
        return
    scores, predictions = bench.score(records)
    run.save_predictions(predictions)
    baselines = bench.task.baselines((bench.splits.train, bench.with_other_passages(records)))
    run.save_metrics(scores, baselines=baselines)
    notebook = build_notebook_for(bench.task, records, predictions, name=run.id)
    if notebook is not None:
        notebook.save(run.path)
    run.plot()
    _warn_below(bench.recipe, scores)


def _warn_below(recipe: Recipe, scores: Scores | None) -> None:
    for line in shortfalls(recipe.expected, scores):
        _LOG.warning("below what the recipe expects: %s", line)
