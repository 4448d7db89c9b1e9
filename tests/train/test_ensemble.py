"""Ensembles of runs on folds: solved out of fold, exported as one artifact, distilled into one student."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import gongbang
from gongbang.artifacts.run import Run
from gongbang.cli.main import main
from gongbang.errors import EnsembleError
from gongbang.train.ensemble import (
    agreement,
    ensemble_bench,
    ensemble_runs,
    soft_labels,
)
from gongbang.train.folds import train_folds
from gongbang.train.recipe import parse_recipe
from gongbang.train.training import train_recipe
from tests.train.tiny_labels import recipe_tree

SERVED = 1e-5  # what a served ensemble may differ by from the one that was measured


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ensemble")


def on_folds(folder: Path, task: str, name: str, **changes: object) -> Run:
    table = str(folder / f"{task}-folds.json")
    tree = recipe_tree(folder, task, folds__table=table, folds__k=2, **changes)
    tree["name"] = name
    return train_folds(parse_recipe(tree), root=folder / "runs", preflight=False)


@pytest.fixture(scope="module")
def pair(folder: Path) -> list[Run]:
    return [
        on_folds(folder, "classify", "first", training__epochs=3),
        on_folds(folder, "classify", "second", training__epochs=3, training__seed=99),
    ]


def test_the_served_ensemble_is_the_offline_one(pair: list[Run], folder: Path):
    from gongbang.export.artifact import export_bench

    runs = [run.path for run in pair]
    solved = ensemble_runs(runs, root=folder / "runs", method="mean")
    assert solved.solution.blend.weights == (0.5, 0.5) and len(solved.contributions) == 2
    bench = ensemble_bench(solved)
    export_bench(bench, solved.run, folder / "ensemble-tiny", quantise="none")
    served = gongbang.load(folder / "ensemble-tiny", engine="onnxruntime").predict(bench.splits.test)
    assert agreement(served, bench.predict(bench.splits.test), bench.task.labels) < SERVED
    assert agreement(served, solved.run.predictions(), bench.task.labels) < SERVED
    assert set(solved.held_out) == {*(run.id for run in pair), "ensemble"}
    scores = {name: scores.scores["accuracy"].value for name, scores in solved.held_out.items()}
    assert solved.gain is not None
    assert solved.gain.value == pytest.approx(scores["ensemble"] - scores[solved.solution.best])


def test_an_ensemble_of_emotions_is_served_with_its_thresholds(folder: Path):
    from gongbang.export.artifact import export_bench

    runs = [
        on_folds(folder, "emotions", "sets"),
        on_folds(folder, "emotions", "more", training__seed=5),
    ]
    paths = [run.path for run in runs]
    solved = ensemble_runs(paths, root=folder / "runs", method="mean")
    bench = ensemble_bench(solved)
    assert bench.task.settings.thresholds == pytest.approx(solved.solution.blend.thresholds)
    export_bench(bench, solved.run, folder / "emotions-ensemble", quantise="none")
    served = gongbang.load(folder / "emotions-ensemble", engine="onnxruntime").predict(bench.splits.test)
    assert agreement(served, solved.run.predictions(), bench.task.labels) < SERVED
    assert [p.details["labels"] for p in served] == [p.details["labels"] for p in solved.run.predictions()]


def test_an_ensemble_of_relations_is_served_with_its_types(folder: Path):
    from gongbang.export.artifact import export_bench

    runs = [
        on_folds(folder, "relation", "marks"),
        on_folds(folder, "relation", "first-token", model={"head": "cls"}),
    ]
    solved = ensemble_runs([run.path for run in runs], root=folder / "runs", method="mean")
    bench = ensemble_bench(solved)
    export_bench(bench, solved.run, folder / "relation-ensemble", quantise="none")
    served = gongbang.load(folder / "relation-ensemble", engine="onnxruntime").predict(bench.splits.test)
    assert agreement(served, solved.run.predictions(), bench.task.labels) < SERVED
    assert [p.text for p in served] == [p.text for p in solved.run.predictions()]


@pytest.mark.parametrize("first", ["pair", "ngrams"])
def test_members_of_one_tokenizer_are_served_together(pair: list[Run], folder: Path, first: str):
    from gongbang.export.artifact import export_bench

    tokens = f"ngrams:{pair[0].recipe['backbone']}"
    options = {"backbone": tokens, "training__learning_rate": 0.01, "training__layer_decay": 1.0}
    counted = on_folds(folder, "classify", f"counted-{first}", **options)
    runs = [pair[0], counted] if first == "pair" else [counted, pair[0]]
    solved = ensemble_runs([run.path for run in runs], root=folder / "runs", method="mean")
    bench = ensemble_bench(solved)
    report = export_bench(bench, solved.run, folder / f"mixed-{first}", quantise="none")
    assert max(report.parity.values()) < SERVED * 10
    served = gongbang.load(folder / f"mixed-{first}", engine="onnxruntime").predict(bench.splits.test)
    assert agreement(served, solved.run.predictions(), bench.task.labels) < SERVED


def test_boolean_readers_whose_windows_are_pooled_later_are_not_put_into_one_graph(folder: Path):
    runs = [
        on_folds(folder, "boolq", "one", training__epochs=1),
        on_folds(folder, "boolq", "two", training__epochs=1, training__seed=5),
    ]
    solved = ensemble_runs([run.path for run in runs], root=folder / "runs", method="mean")
    with pytest.raises(EnsembleError, match="boolean readers"):
        ensemble_bench(solved)


def test_soft_labels_are_there_for_every_record_of_the_pool(pair: list[Run], folder: Path):
    runs = [run.path for run in pair]
    solved = ensemble_runs(runs, root=folder / "runs")
    soft = soft_labels(solved)
    assert soft.keys() == {prediction.id for prediction in pair[0].predictions()}
    assert all(sum(shares.values()) == pytest.approx(1.0) for shares in soft.values())


def test_a_run_without_folds_is_no_member(pair: list[Run], folder: Path):
    plain = train_recipe(
        parse_recipe(recipe_tree(folder, "classify", training__epochs=1)),
        root=folder / "runs",
        preflight=False,
    )
    with pytest.raises(EnsembleError, match="not trained on folds"):
        ensemble_runs([pair[0].path, plain.path], root=folder / "runs")


def test_members_of_other_data_or_another_task_are_refused(pair: list[Run], folder: Path, tmp_path: Path):
    rows = (folder / "classify.jsonl").read_text(encoding="utf-8").splitlines()
    other = tmp_path / "other.jsonl"
    other.write_text("\n".join(rows[:-1]), encoding="utf-8")
    tree = recipe_tree(folder, "classify", folds__k=2, training__epochs=1)
    tree["data"]["sources"] = [{"path": str(other)}]
    run = train_folds(parse_recipe(tree), root=folder / "runs", preflight=False)
    with pytest.raises(EnsembleError, match="differ in their data"):
        ensemble_runs([pair[0].path, run.path], root=folder / "runs")


def test_a_hard_vote_has_nothing_to_export(pair: list[Run], folder: Path):
    runs = [run.path for run in pair]
    solved = ensemble_runs(runs, root=folder / "runs", method="vote")
    with pytest.raises(EnsembleError, match="hard vote"):
        ensemble_bench(solved)


def test_the_command_line_solves_exports_and_distils(
    pair: list[Run], folder: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    import yaml

    recipe = tmp_path / "student.yaml"
    tree = recipe_tree(folder, "classify", training__epochs=1)
    recipe.write_text(yaml.safe_dump(tree, allow_unicode=True), encoding="utf-8")
    words = [
        "ensemble",
        *(str(run.path) for run in pair),
        "--method",
        "weighted",
        "--root",
        str(folder / "runs"),
    ]
    os.environ.setdefault("GONGBANG_THREADS", "1")
    assert main([*words, "--out", str(tmp_path / "art"), "--distil", str(recipe), "--json", "--quiet"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (tmp_path / "art" / "model.onnx").is_file()
    assert (Path(told["student"]["path"]) / "soft.json").is_file()
    assert 0 <= told["solution"]["cross_fitted"] <= 1
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "out of fold" in out and "what each member adds" in out
    assert f"of the ensemble there less {told['solution']['best']}'s: " in out
    assert main(["ensemble", str(pair[0].path)]) == 2


def test_readers_on_folds_are_merged_by_their_answers_and_not_exported(folder: Path):
    from tests.train import tiny

    (folder / "readers").mkdir()
    runs = []
    for seed in (3, 4):
        table = str(folder / "reader-folds.json")
        tree = tiny.recipe_tree(folder / "readers", training__epochs=1, training__seed=seed)
        tree["folds"] = {"kind": "grouped", "k": 2, "table": table}
        runs.append(train_folds(parse_recipe(tree), root=folder / "runs", preflight=False))
    solved = ensemble_runs([run.path for run in runs], root=folder / "runs")
    assert solved.solution.metric == "exact_match" and set(solved.solution.alone) == {r.id for r in runs}
    assert solved.solution.n == len(list(runs[0].predictions())) and len(solved.contributions) == 2
    assert "ensemble" in solved.held_out and solved.run.predictions()
    scores = {name: scores.scores["exact_match"].value for name, scores in solved.held_out.items()}
    assert solved.gain is not None
    assert solved.gain.value == pytest.approx(scores["ensemble"] - scores[solved.solution.best])
    with pytest.raises(EnsembleError, match="no graph can"):
        ensemble_bench(solved)
    with pytest.raises(EnsembleError, match="no soft labels"):
        soft_labels(solved)
    with pytest.raises(EnsembleError, match="cannot be put together"):
        ensemble_runs([run.path for run in runs], root=folder / "runs", method="greedy")
