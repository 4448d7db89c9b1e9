"""Folds: a recipe trained once for each fold, and every record predicted by a model that did not see it.

The records of the training and development parts are dealt into folds by the recipe's ``folds``; those of
sources that are there for training alone, and what is made of records (cloze questions, negatives), join the
training side of a fold only where nothing ties them to what the fold holds out. A fold's model keeps its last
weights: choosing its best by the very records it is then judged on would flatter it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gongbang.artifacts.data_facts import DATA, data_facts
from gongbang.artifacts.files import write_json
from gongbang.artifacts.hashing import config_hash
from gongbang.artifacts.notebooks import build_notebook_for
from gongbang.artifacts.predictions import read_predictions, write_predictions
from gongbang.artifacts.run import Run
from gongbang.data.fold_checks import check_folds, merge_near_duplicates, training_records
from gongbang.data.fold_table import FoldTable
from gongbang.data.folds import load_or_make
from gongbang.data.records import Record
from gongbang.data.splits import find_leaks
from gongbang.ensemble.spans import merge_spans
from gongbang.errors import RecipeError
from gongbang.metrics.scores import Scores
from gongbang.tasks.base import Prediction
from gongbang.tasks.labels import mean_predictions
from gongbang.train.checkpoint import saved_progress
from gongbang.train.cost import Learnt, Meter
from gongbang.train.data import Splits, load_splits
from gongbang.train.fresh import fresh_rows
from gongbang.train.loop import Event, Loop
from gongbang.train.precision import with_precision
from gongbang.train.recipe import Recipe, parse_recipe
from gongbang.train.rerun import check_data
from gongbang.train.teacher import refuse_teacher
from gongbang.train.training import data_files
from gongbang.train.workbench import Workbench, completed, put_together, task_of

_LOG = logging.getLogger(__name__)
TABLE = "folds.json"
HELD_OUT = "held-out"
"""The folder of predictions of the test part: the mean of all models, and each model's own."""


def train_folds(
    recipe: Recipe,
    *,
    root: str | Path = "runs",
    resume: str | Path | None = None,
    on_event: Callable[[Event], None] = lambda event: None,
    preflight: bool = True,
    parent: str | Path | None = None,
) -> Run:
    """Train a recipe on its folds.

    Args:
        recipe: its ``folds`` say how records are dealt, its test part is held out from all of them.
        root: the folder of runs.
        resume: a run to go on with, by its own recipe; folds that were finished are not trained again.
        on_event: receives each step's numbers, with ``fold`` and ``folds``.
        preflight: prove first, on the first fold, that the run can work at all.
        parent: the run that a new one varies.

    Raises:
        ArtifactError: there is no such parent.
        SplitError: a group, a lineage or a near-duplicate text crosses the folds, or the stored table is of
            other data.
        RecipeError: the task ranks a corpus, whose records are not judged one by one.

    Returns:
        The run. Its predictions are out of fold, and its scores are of them; ``others`` holds the test part's
        scores of the mean of all models and of each. The folder has the fold table, and under ``held-out``
        the predictions of the test part.
    """
    meter = Meter()
    if resume is not None:
        run = Run.open(resume, root)
        recipe = parse_recipe(run.recipe, str(run.path))
        check_data(run, recipe)
    origin = None if parent is None else Run.open(parent, root)
    refuse_teacher(recipe)
    recipe = with_precision(recipe)
    splits = load_splits(recipe.data, seed=recipe.training.seed)
    recipe = completed(recipe, splits)
    pool = dealt_records(recipe, splits)
    if resume is None:
        run = Run.create(
            root, recipe.resolved(), f"{recipe.name}-folds", data=data_files(recipe), parent=origin
        )
    else:
        run.resume(max((int(row["step"]) for row in run.curve()), default=0))
    with run, run.logging(), meter.kept(run.path):
        table = _table(recipe, run, pool)
        work = _Folds(recipe, run, splits, pool, table, on_event)
        if preflight and resume is None:
            work.prove()
        meter.result = work.train()
        work.report()
    return run


def dealt_records(recipe: Recipe, splits: Splits) -> list[Record]:
    """The records that are dealt out to folds, in the groups that folds keep together."""
    pool = [r for r in (*splits.train, *splits.development) if r.id not in splits.always and not r.lineage]
    return merge_near_duplicates(pool) if recipe.folds.near_duplicates == "together" else pool


def _table(recipe: Recipe, run: Run, pool: Sequence[Record]) -> FoldTable:
    """The recipe's table of folds, kept in the run as well; nothing may cross it."""
    settings = recipe.folds
    label = settings.label or ("labels" if recipe.task == "emotions" else "label")
    table = load_or_make(
        settings.table or run.path / TABLE,
        pool,
        kind=settings.kind,
        k=settings.k,
        repeats=settings.repeats,
        seed=settings.seed,
        label=label,
        time=settings.time,
    )
    table.save(run.path / TABLE)
    check_folds(table, pool)
    return table


@dataclass(slots=True)
class _Folds:
    """The folds of one run on their way."""

    recipe: Recipe
    run: Run
    splits: Splits
    pool: Sequence[Record]
    table: FoldTable
    on_event: Callable[[Event], None]
    others: list[Record] = field(init=False)
    by_id: dict[str, Record] = field(init=False)

    def __post_init__(self) -> None:
        self.others = [r for r in self.splits.train if r.id in self.splits.always or r.lineage]
        self.by_id = {record.id: record for record in self.pool}

    def places(self) -> Iterator[tuple[int, int]]:
        """Every (repeat, fold)."""
        yield from ((repeat, fold) for repeat in range(self.table.repeats) for fold in range(self.table.k))

    def folder(self, repeat: int, fold: int) -> Path:
        """Where a fold's weights and predictions lie."""
        return self.run.checkpoints / f"fold-{repeat}-{fold}"

    def held_out(self, repeat: int, fold: int) -> list[Record]:
        """The records that a fold holds out."""
        return [self.by_id[id] for id in self.table.held_out_ids(fold, repeat)]

    def bench(self, repeat: int, fold: int) -> Workbench:
        """The workbench of a fold; its test part is what the fold holds out."""
        train, held = self.sides(repeat, fold)
        seed = self.recipe.training.seed + repeat * self.table.k + fold
        training = self.recipe.training.model_copy(update={"seed": seed})
        splits = replace(self.splits, train=train, development=[], test=held, always=set())
        bench = put_together(self.recipe.model_copy(update={"training": training}), splits)
        if bench.task.ranks_corpus:
            raise RecipeError(
                "folds judge each record by itself, and this task ranks a whole corpus.",
                value=f"task '{bench.task.name}'",
                allowed="reader, classify, boolq, emotions, relation",
                cure="Train it without --folds.",
            )
        return bench

    def sides(self, repeat: int, fold: int) -> tuple[list[Record], list[Record]]:
        """The records that a fold trains on, and those that it holds out."""
        held = self.held_out(repeat, fold)
        own = training_records(
            self.table, fold, self.pool, [r for r in self.others if r.lineage], repeat=repeat
        )
        extra = [record for record in self.others if not record.lineage]
        tied = {leak.test for leak in find_leaks(held, extra)}
        return [*own, *(record for record in extra if record.id not in tied)], held

    def prove(self) -> None:
        """Preflight on the first fold, with its held-out records in development's place."""
        from gongbang.train.preflight import run_preflight

        bench = self.bench(0, 0)
        bench.splits = replace(bench.splits, development=bench.splits.test, test=self.splits.test)
        write_json(self.run.path / "preflight.json", run_preflight(bench).to_dict())

    def train(self) -> Learnt | None:
        """Train and predict every fold that is not done yet; gives what all of them took, if any was left."""
        pace = 0.0
        for number, (repeat, fold) in enumerate(self.places()):
            folder = self.folder(repeat, fold)
            if (folder / "out-of-fold" / "predictions.jsonl").is_file():
                continue
            bench = self.bench(repeat, fold)
            features = bench.task.prepare(bench.training)
            loop = Loop(
                model=bench.model,
                features=features,
                fresh=fresh_rows(bench.recipe, bench.task, features),
                settings=bench.recipe.training.model_copy(update={"patience": 0}),
                folder=folder,
                recipe=config_hash(bench.recipe.resolved()),
                on_event=self._as_of_all(number),
            )
            pace = loop.run(resume=True).examples_per_second
            if self.splits.test:
                _write(folder / HELD_OUT, bench.predict(self.splits.test))
            _write(folder / "out-of-fold", bench.predict(bench.splits.test))  # last: it says the fold is done
            _LOG.info("fold %d of repeat %d is done", fold, repeat)
        ends = [saved_progress(self.folder(*place) / "last") for place in self.places()]
        steps, seconds = sum(end.step for end in ends), sum(end.seconds for end in ends)
        return Learnt(steps, seconds, pace) if pace else None

    def _as_of_all(self, number: int) -> Callable[[Event], None]:
        """A fold's events among all folds'."""
        folds = self.table.repeats * self.table.k

        def tell(event: Event) -> None:
            told = {**event, "fold": number + 1, "folds": folds}
            if "steps" in event:
                told["step"] = event["step"] + number * event["steps"]
                told["steps"] = folds * event["steps"]
                pace = event["seconds_left"] / max(1, event["steps"] - event["step"])
                told["seconds_left"] = round(pace * (told["steps"] - told["step"]))
            self.run.log(**told)
            self.on_event(told)

        return tell

    def report(self) -> None:
        """Out-of-fold predictions and scores, and those of the test part."""
        task = task_of(self.recipe)
        repeats = [self._out_of_fold(repeat) for repeat in range(self.table.repeats)]
        told = _mean(task, repeats)
        asked = {record.id: record for record in self.pool}
        records = [asked[prediction.id] for prediction in told]
        self.run.save_predictions(told)
        others = self._on_test(task)
        baselines = task.baselines(*(self.sides(0, fold) for fold in range(self.table.k)))
        self.run.save_metrics(task.score(told, records), baselines=baselines, others=others)
        notebook = build_notebook_for(task, records, told, name=self.run.id)
        if notebook is not None:
            notebook.save(self.run.path)
        parts = {"in folds": self.pool, "trained on beside them": self.others, "test": self.splits.test}
        write_json(self.run.path / DATA, data_facts(parts))
        self.run.plot()

    def _out_of_fold(self, repeat: int) -> list[Prediction]:
        found = [
            prediction
            for fold in range(self.table.k)
            for prediction in read_predictions(self.folder(repeat, fold) / "out-of-fold")
        ]
        return sorted(found, key=lambda prediction: prediction.id)

    def _on_test(self, task: Any) -> dict[str, Scores]:
        """Scores of the test part, of the mean of the models and of each."""
        if not self.splits.test:
            return {}
        single = {
            f"fold {fold}" + (f" of repeat {repeat}" if self.table.repeats > 1 else ""): list(
                read_predictions(self.folder(repeat, fold) / HELD_OUT)
            )
            for repeat, fold in self.places()
        }
        mean = _mean(task, list(single.values()))
        _write(self.run.path / HELD_OUT, mean)
        scores = {"test part, mean of the folds": task.score(mean, self.splits.test)}
        return scores | {
            f"test part, {name}": task.score(told, self.splits.test) for name, told in single.items()
        }


def _mean(task: Any, told: Sequence[Sequence[Prediction]]) -> list[Prediction]:
    """The mean of several models' predictions: of probabilities, or of spans by their text."""
    if len(told) == 1:
        return list(told[0])
    if "answers" in task.schema.spans:
        return merge_spans({str(number): predictions for number, predictions in enumerate(told)})
    return mean_predictions(task, told)


def _write(folder: Path, predictions: Sequence[Prediction]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_predictions(folder, predictions)
