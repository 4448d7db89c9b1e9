"""Runs put together: weights fitted on out-of-fold predictions, judged on what no model has seen."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gongbang.artifacts.files import write_json
from gongbang.artifacts.predictions import read_predictions
from gongbang.artifacts.run import BEST, Run
from gongbang.data.fold_table import FoldTable
from gongbang.data.records import Record
from gongbang.ensemble.contribution import Contribution, contributions
from gongbang.ensemble.members import Member
from gongbang.ensemble.solution import Solution
from gongbang.ensemble.solve import solve
from gongbang.ensemble.solve_spans import SpanSolution, Valued, solve_spans
from gongbang.errors import EnsembleError
from gongbang.metrics.intervals import Difference, paired_bootstrap
from gongbang.metrics.scores import Scores
from gongbang.metrics.span import compared, span_metric
from gongbang.nn.backbones import NGRAMS
from gongbang.nn.ensemble import EnsembleModel, Kind
from gongbang.tasks.base import Prediction
from gongbang.tasks.labels import probabilities_of
from gongbang.train.checkpoint import load_weights
from gongbang.train.data import Splits, load_splits
from gongbang.train.folds import HELD_OUT, TABLE, dealt_records
from gongbang.train.recipe import Recipe, parse_recipe
from gongbang.train.rerun import check_data
from gongbang.train.workbench import Workbench, put_together, task_of

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FoldRun:
    """A finished run on folds: its record, its recipe and its table of folds."""

    run: Run
    recipe: Recipe
    table: FoldTable

    @property
    def folders(self) -> list[Path]:
        """The folders of its models, one a fold and repeat."""
        return sorted(self.run.checkpoints.glob("fold-*"))


@dataclass(frozen=True, slots=True)
class Ensembled:
    """What came of putting runs together.

    Attributes:
        solution: weights, calibrations and the out-of-fold evidence.
        contributions: what each member adds, and costs.
        run: the record: the ensemble's predictions of the test part and their scores.
        held_out: scores of the test part by member, and of the ensemble; empty where nothing is held out.
        gain: by how much the ensemble is better there than the member that is best out of fold, both as they
            were fitted out of fold; None where nothing is held out.
        members, splits: the runs, and the data that they were trained on.
    """

    solution: Solution | SpanSolution
    contributions: Sequence[Contribution]
    run: Run
    held_out: Mapping[str, Scores]
    gain: Difference | None
    members: Sequence[FoldRun]
    splits: Splits

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON for ``--json``."""
        return {
            "run": self.run.id,
            "path": str(self.run.path),
            "solution": self.solution.to_dict(),
            "contributions": [each.to_dict() for each in self.contributions],
            "held_out": {name: scores.to_dict() for name, scores in self.held_out.items()},
            "held_out_difference": None if self.gain is None else self.gain.to_dict(),
        }


def ensemble_runs(
    runs: Sequence[str | Path],
    *,
    root: str | Path = "runs",
    method: str | None = None,
    metric: str | None = None,
) -> Ensembled:
    """Solve an ensemble of runs that were trained on folds.

    Args:
        runs: two or more, by folder, id or a part of an id; made by ``gongbang train --folds``.
        root: the folder of runs.
        method: "mean", "weighted", "greedy" or "vote" of labels; "sum" or "mbr" of readers' n-best lists;
            "weighted" or "sum" when None.
        metric: what members and ensemble are judged by; the task's own when None.

    Raises:
        EnsembleError: runs without folds, of different tasks, labels or versions of the data.
        DataError: the data are not what they were.
    """
    members = open_fold_runs(runs, root)
    recipe = members[0].recipe
    splits = load_splits(recipe.data, seed=recipe.training.seed)
    task = task_of(recipe)
    judged = metric or task.primary_metric
    method = method or ("sum" if recipe.task == "reader" else "weighted")
    if recipe.task == "reader":
        solution, gains = _solved_spans(members, splits, task, method, judged)
    else:
        solution, gains = _solved_labels(members, splits, task, method, judged)
    record = {"ensemble": {"runs": [each.run.id for each in members], "method": method}, **recipe.resolved()}
    run = Run.create(root, {**record, "name": f"{recipe.name}-ensemble"}, f"{recipe.name}-ensemble")
    with run, run.logging():
        write_json(run.path / "solution.json", solution.to_dict())
        write_json(run.path / "contributions.json", [each.to_dict() for each in gains])
        held, gain = _on_test(members, splits, task, solution, run)
    return Ensembled(solution, gains, run, held, gain, members, splits)


def _solved_labels(
    members: Sequence[FoldRun], splits: Splits, task: Any, method: str, metric: str
) -> tuple[Solution | SpanSolution, Sequence[Contribution]]:
    found = [_out_of_fold(each, splits, task) for each in members]
    leave_out = ("no_relation",) if task.name == "relation" else ()
    solution = solve(found, method, metric, leave_out=leave_out)
    return solution, contributions(found, method, metric, leave_out=leave_out)


def _solved_spans(
    members: Sequence[FoldRun], splits: Splits, task: Any, method: str, metric: str
) -> tuple[Solution | SpanSolution, Sequence[Contribution]]:
    by_id = {record.id: record for record in dealt_records(members[0].recipe, splits)}
    first = members[0].table
    records = [by_id[id] for id in first.ids if id in by_id]
    told = {each.run.id: {one.id: one for one in read_predictions(each.run.path)} for each in members}
    golds = _golds(records, task)
    return solve_spans(
        {name: [table[record.id] for record in records] for name, table in told.items()},
        golds,
        np.array([first.fold_of(record.id, 0) for record in records]),
        _span_values(records, golds, task, metric),
        method=method,
        metric=metric,
        groups=[record.group for record in records],
        costs={each.run.id: _megabytes(each) for each in members},
    )


def _golds(records: Sequence[Record], task: Any) -> list[list[str]]:
    """The acceptable answers of each record, as the language compares them."""
    clean = task.language.comparable
    return [[clean(answer.text) for answer in record.answers] for record in records]


def _span_values(records: Sequence[Record], golds: Sequence[Sequence[str]], task: Any, metric: str) -> Valued:
    """What gives the metric of each answer to these records, in percent points."""
    worth = compared(span_metric(metric), task.language.comparable)

    def value_of(predictions: Sequence[Prediction]) -> NDArray[np.float64]:
        by_question = {prediction.id: prediction.text for prediction in predictions}
        pairs = zip(records, golds, strict=True)
        return np.array([100.0 * worth(by_question[record.id], gold) for record, gold in pairs])

    return value_of


def open_fold_runs(runs: Sequence[str | Path], root: str | Path = "runs") -> list[FoldRun]:
    """The runs, all of one task, one pipeline of labels and one version of the data.

    Raises:
        EnsembleError: see :func:`ensemble_runs`.
    """
    found = [_fold_run(Run.open(name, root)) for name in runs]
    first = found[0]
    for other in found[1:]:
        _check_alike(first, other)
    return found


def _fold_run(run: Run) -> FoldRun:
    recipe = parse_recipe(run.recipe, str(run.path))
    if run.status != "done" or not (run.path / TABLE).is_file():
        raise EnsembleError(
            "a member was not trained on folds, so there is nothing that weights may be fitted on.",
            value=f"{run.id}: {run.status}" + ("" if (run.path / TABLE).is_file() else ", no folds.json"),
            allowed="finished runs of gongbang train --folds",
            cure="Train it on folds: its out-of-fold predictions are what an ensemble is fitted on.",
        )
    check_data(run, recipe)
    return FoldRun(run, recipe, FoldTable.load(run.path / TABLE))


def _check_alike(first: FoldRun, other: FoldRun) -> None:
    """Refuse two runs that do not speak of the same records and labels."""
    ours, theirs = first.recipe, other.recipe
    pairs = {
        "task": (ours.task, theirs.task),
        "labels": (sorted(ours.pipeline.get("labels", [])), sorted(theirs.pipeline.get("labels", []))),
        "split": (ours.data.split.model_dump(), theirs.data.split.model_dump()),
        "data": (first.run.hashes["data"].get("evaluation"), other.run.hashes["data"].get("evaluation")),
    }
    for name, (left, right) in pairs.items():
        if left != right:
            raise EnsembleError(
                f"the members differ in their {name}: what they predict cannot be put together.",
                value=f"{other.run.id}: {str(right)[:120]}",
                allowed=f"as {first.run.id}: {str(left)[:120]}",
                cure="Train both on the same files, split and labels; only sources for training may differ.",
            )


def _out_of_fold(each: FoldRun, splits: Splits, task: Any) -> Member:
    by_id = {record.id: record for record in dealt_records(each.recipe, splits)}
    records = [by_id[id] for id in each.table.ids if id in by_id]
    return _member(each, records, read_predictions(each.run.path), task, each.table)


def _member(
    each: FoldRun,
    records: Sequence[Record],
    predictions: Sequence[Prediction],
    task: Any,
    table: FoldTable | None = None,
) -> Member:
    cost = each.run.path / "cost.json"
    return Member.from_predictions(
        each.run.id,
        predictions,
        records,
        origin="held-out" if table is None else "out-of-fold",
        label="labels" if task.name == "emotions" else getattr(task.settings, "label", "label"),
        labels=task.labels,
        table=table,
        megabytes=_megabytes(each) if cost.is_file() else None,
    )


def _megabytes(each: FoldRun) -> float:
    """What the run's trained weights weigh, all folds together."""
    return sum((folder / BEST).stat().st_size for folder in each.folders) / 1e6


def _on_test(
    members: Sequence[FoldRun], splits: Splits, task: Any, solution: Solution | SpanSolution, run: Run
) -> tuple[dict[str, Scores], Difference | None]:
    """Scores of every member and of the ensemble on the test part, and what the ensemble gains there.

    The ensemble's own go into the record.
    """
    test = splits.test
    if not test:
        return {}, None
    told = {each.run.id: list(read_predictions(each.run.path / HELD_OUT)) for each in members}
    singles = {name: task.score(predictions, test) for name, predictions in told.items()}
    if isinstance(solution, SpanSolution):
        predictions = solution.predict(told)
        values = _span_values(test, _golds(test, task), task, solution.metric)
        groups = [record.group for record in test]
        gain = paired_bootstrap(values(predictions), values(told[solution.best]), groups=groups)
    else:
        found = [_member(each, test, told[each.run.id], task) for each in members]
        predictions = solution.predict(found)
        gain = solution.held_out_difference(found)
    scores = task.score(predictions, test)
    run.save_predictions(predictions)
    run.save_metrics(scores, baselines=task.baselines((splits.train, test)), others=singles)
    return {**singles, "ensemble": scores}, gain


def ensemble_bench(found: Ensembled) -> Workbench:
    """The ensemble as one model on a workbench, ready to be exported.

    Raises:
        EnsembleError: members whose texts are prepared in different ways, a hard vote, which has no
            probabilities that a graph could give, or a task whose windows are pooled behind the graph.
    """
    members, solution, splits = found.members, found.solution, found.splits
    if isinstance(solution, SpanSolution):
        raise EnsembleError(
            "an ensemble of readers is not exported: answers are merged by their texts, which no graph can.",
            value=f"method {solution.method}",
            allowed="classify, emotions, relation",
            cure="Export one reader whose weights are a mean: training.members in its recipe.",
        )
    if solution.blend.method == "vote":
        raise EnsembleError(
            "a hard vote is not exported: it has no probabilities that could be served.",
            value="method vote",
            allowed="mean, weighted, greedy",
            cure="Solve with --method weighted.",
        )
    recipe = members[0].recipe
    if recipe.task == "boolq":
        raise EnsembleError(
            "an ensemble of boolean readers is not exported: one graph would mix its members' windows, where"
            " the ensemble that was judged mixes their answers to the whole passage.",
            value="task boolq",
            allowed="classify, emotions, relation",
            cure="Distil it: gongbang ensemble RUN... --distil RECIPE.",
        )
    _check_pipelines(members)
    # Development records were trained on by all models but one of each member: only the test part can judge.
    splits = replace(splits, train=[*splits.train, *splits.development], development=[])
    kind: Kind = "sigmoid" if recipe.task == "emotions" else "softmax"
    bench = put_together(recipe, splits, made=False)
    models = [_models(each, splits, kind) for each in members]
    calibrations = solution.blend.calibrations
    bench.model = EnsembleModel(
        models,
        solution.blend.weights,
        kind=kind,
        slopes=[1.0 / each.temperature for each in calibrations],
        offsets=[each.offset for each in calibrations],
    ).eval()
    if solution.blend.thresholds is not None:
        config = {**bench.task.config(), "thresholds": list(solution.blend.thresholds)}
        bench.task = type(bench.task).from_config(bench.task.tokenizer, config)
    return bench


def _check_pipelines(members: Sequence[FoldRun]) -> None:
    first = members[0].recipe
    for other in members[1:]:
        ours, theirs = (recipe.backbone.removeprefix(NGRAMS) for recipe in (first, other.recipe))
        if (first.pipeline, ours) != (other.recipe.pipeline, theirs):  # n-grams are of the same tokens
            raise EnsembleError(
                "the members prepare their texts in different ways: one graph cannot serve them.",
                value=f"{other.recipe.backbone}, {other.recipe.pipeline}"[:200],
                allowed=f"{first.backbone}, {first.pipeline}"[:200],
                cure="Export runs of one tokenizer and pipeline; others can be distilled into one.",
            )


def _models(each: FoldRun, splits: Splits, kind: Kind) -> EnsembleModel:
    """The models of a run's folds as their mean."""
    models = []
    for folder in each.folders:
        own = put_together(each.recipe, replace(splits, train=splits.train[:1]), made=False)
        load_weights(own.model, folder / BEST)
        models.append(own.model.eval())
    return EnsembleModel(models, [1.0 / len(models)] * len(models), kind=kind)


def soft_labels(found: Ensembled) -> dict[str, dict[str, float]]:
    """The ensemble's probabilities of every record that was dealt into folds, by id and label.

    Each is of models that did not see the record (Hinton et al. 2015, section 2, out of fold), so that a
    student does not learn their over-confidence.
    """
    task = task_of(found.members[0].recipe)
    if isinstance(found.solution, SpanSolution):
        raise EnsembleError(
            "a student of readers has no soft labels to learn from.",
            value="task reader",
            allowed="classify, boolq, emotions, relation",
            cure="Train a reader with training.members instead.",
        )
    return found.solution.soft_labels([_out_of_fold(each, found.splits, task) for each in found.members])


def agreement(first: Sequence[Prediction], second: Sequence[Prediction], labels: Sequence[str]) -> float:
    """The largest difference between two lists of predictions' probabilities, record by record."""
    pairs = zip(first, second, strict=True)
    return max(float(abs(probabilities_of(a, labels) - probabilities_of(b, labels)).max()) for a, b in pairs)
