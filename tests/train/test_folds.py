"""Folds: every record is predicted by a model that did not see it, and nothing crosses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from gongbang.artifacts.predictions import read_predictions
from gongbang.artifacts.run import Run
from gongbang.data.fold_table import FoldTable
from gongbang.errors import RecipeError, SplitError
from gongbang.train.cost import read_cost
from gongbang.train.ensemble import ensemble_runs
from gongbang.train.folds import HELD_OUT, TABLE, train_folds
from gongbang.train.recipe import parse_recipe
from gongbang.train.workbench import assemble
from tests.train.tiny_labels import recipe_tree


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("folds")


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    return train_folds(parse_recipe(recipe_tree(folder, "classify")), root=folder / "runs")


def test_every_record_of_the_pool_is_predicted_once_out_of_fold(run: Run, folder: Path):
    bench = assemble(parse_recipe(run.recipe), made=False)
    pool = {record.id for record in (*bench.splits.train, *bench.splits.development)}
    assert {prediction.id for prediction in run.predictions()} == pool
    assert len(run.predictions()) == len(pool)
    table = FoldTable.load(run.path / TABLE)
    for fold in range(3):
        own = read_predictions(run.checkpoints / f"fold-0-{fold}" / "out-of-fold")
        assert {prediction.id for prediction in own} == set(table.held_out_ids(fold))
        assert not set(table.train_ids(fold)) & {prediction.id for prediction in own}


def test_the_test_part_is_predicted_by_all_models_and_by_their_mean(run: Run):
    assert run.scores.scores["accuracy"].n == len(run.predictions())
    names = list(run.others)
    assert names[0] == "test part, mean of the folds" and len(names) == 4
    mean = {p.id: p for p in read_predictions(run.path / HELD_OUT)}
    each = [
        {p.id: p for p in read_predictions(run.checkpoints / f"fold-0-{fold}" / HELD_OUT)}
        for fold in range(3)
    ]
    for id, prediction in mean.items():
        share = {c.text: c.probability for c in prediction.candidates}["good"]
        own = [{c.text: c.probability for c in told[id].candidates}["good"] for told in each]
        assert share == pytest.approx(sum(own) / 3)


def test_the_cost_is_of_all_folds(run: Run):
    steps = [
        json.loads((run.checkpoints / f"fold-0-{fold}" / "last" / "state.json").read_text(encoding="utf-8"))
        for fold in range(3)
    ]
    cost = read_cost(run.path)
    assert cost is not None and cost.steps == sum(state["progress"]["step"] for state in steps) > 0
    assert cost.training_seconds == pytest.approx(
        sum(state["progress"]["seconds"] for state in steps), abs=0.01
    )
    assert cost.examples_per_second > 0 and cost.seconds > cost.training_seconds


def test_a_finished_fold_is_not_trained_again(run: Run, folder: Path):
    marks = [path.stat().st_mtime_ns for path in sorted(run.checkpoints.glob("fold-*/best.safetensors"))]
    missing = run.checkpoints / "fold-0-2" / "out-of-fold" / "predictions.jsonl"
    before = missing.read_text(encoding="utf-8")
    missing.unlink()
    again = train_folds(parse_recipe(run.recipe), root=folder / "runs", resume=run.path)
    after = [path.stat().st_mtime_ns for path in sorted(again.checkpoints.glob("fold-*/best.safetensors"))]
    assert marks[:2] == after[:2]
    assert missing.read_text(encoding="utf-8") == before  # the fold's checkpoint was at its end


def test_groups_that_a_plain_table_draws_apart_stop_the_run(folder: Path, tmp_path: Path):
    tree = recipe_tree(folder, "classify", folds__kind="plain")
    rows = [json.loads(line) for line in (folder / "classify.jsonl").read_text(encoding="utf-8").splitlines()]
    data = tmp_path / "paraphrases.jsonl"  # sets of four tellings of the same matter
    data.write_text(
        "\n".join(
            json.dumps({**row, "group": f"set-{at // 4}"}, ensure_ascii=False) for at, row in enumerate(rows)
        ),
        encoding="utf-8",
    )
    tree["data"]["sources"] = [{"path": str(data)}]
    with pytest.raises(SplitError, match="group"):
        train_folds(parse_recipe(tree), root=tmp_path / "runs", preflight=False)


def test_near_duplicates_are_refused_or_kept_together(folder: Path, tmp_path: Path):
    tree = recipe_tree(folder, "classify", folds__kind="stratified_grouped", training__epochs=1)
    rows = [json.loads(line) for line in (folder / "classify.jsonl").read_text(encoding="utf-8").splitlines()]
    twins = []
    for at in range(0, 60, 6):
        text = " ".join(row["text"] for row in rows[at : at + 6]) + f" 이야기 {at}번"
        twins += [{**rows[at], "id": f"t{at}{side}", "text": text + side} for side in ("", "!끝")]
    data = tmp_path / "twins.jsonl"
    data.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows + twins), encoding="utf-8")
    tree["data"]["sources"] = [{"path": str(data)}]
    with pytest.raises(SplitError, match=r"near-duplicate[\s\S]*near_duplicates=together"):
        train_folds(parse_recipe(tree), root=tmp_path / "runs", preflight=False)
    tree["folds"]["near_duplicates"] = "together"
    done = train_folds(parse_recipe(tree), root=tmp_path / "runs", preflight=False)
    table = FoldTable.load(done.path / TABLE)
    folds = {prediction.id: table.fold_of(prediction.id) for prediction in done.predictions()}
    pairs = [(f"t{at}", f"t{at}!끝") for at in range(0, 60, 6)]
    pairs = [pair for pair in pairs if set(pair) <= set(folds)]
    assert len(pairs) > 3 and all(folds[first] == folds[second] for first, second in pairs)
    tree["folds"]["table"], tree["training"]["seed"] = str(done.path / TABLE), 99
    other = train_folds(parse_recipe(tree), root=tmp_path / "runs", preflight=False)
    assert ensemble_runs([done.path, other.path], root=tmp_path / "runs").solution.members


def test_what_must_be_beaten_has_not_seen_the_answers_either(tmp_path: Path):
    """Labels that nothing can tell: a naive Bayes that learnt from all folds would know most of them."""
    tree = recipe_tree(tmp_path, "classify", training__epochs=1)
    data = tmp_path / "classify.jsonl"
    rows = [json.loads(line) for line in data.read_text(encoding="utf-8").splitlines()]
    rng = np.random.default_rng(3)
    labels = rng.permutation([row["label"] for row in rows])
    own = ["".join(chr(0xAC00 + n) for n in rng.integers(11_172, size=20)) for _ in rows]  # syllables
    told = [
        {**row, "text": f"{row['text']} {word}", "label": str(label)}
        for row, word, label in zip(rows, own, labels, strict=True)
    ]
    data.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in told), encoding="utf-8")
    run = train_folds(parse_recipe(tree), root=tmp_path / "runs", preflight=False)
    found = run.baselines["bigram bayes"].scores["accuracy"]
    bench = assemble(parse_recipe(run.recipe), made=False)
    pool = [*bench.splits.train, *bench.splits.development]
    seen = bench.task.baselines((pool, pool))["bigram bayes"].scores["accuracy"]
    assert found.n == seen.n == len(pool) and seen.value > 0.8 and found.value < 0.65


def test_a_stored_table_of_other_data_is_refused(folder: Path, run: Run, tmp_path: Path):
    tree = recipe_tree(folder, "classify", folds__table=str(run.path / TABLE))
    rows = (folder / "classify.jsonl").read_text(encoding="utf-8").splitlines()
    data = tmp_path / "fewer.jsonl"
    data.write_text("\n".join(rows[:-20]), encoding="utf-8")
    tree["data"]["sources"] = [{"path": str(data)}]
    with pytest.raises(SplitError):
        train_folds(parse_recipe(tree), root=tmp_path / "runs", preflight=False)


def test_sources_for_training_alone_are_in_no_fold_and_ties_to_a_fold_are_left_out(
    folder: Path, tmp_path: Path
):
    tree = recipe_tree(folder, "classify", training__epochs=1)
    rows = [json.loads(line) for line in (folder / "classify.jsonl").read_text(encoding="utf-8").splitlines()]
    extra = tmp_path / "extra.jsonl"
    others = [
        {**row, "id": f"x{at}", "text": f"{row['text']} 그리고 소반"} for at, row in enumerate(rows[:30])
    ]
    extra.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in others), encoding="utf-8")
    tree["data"]["sources"].append({"path": str(extra), "role": "train"})
    done = train_folds(parse_recipe(tree), root=tmp_path / "runs", preflight=False)
    assert not any(prediction.id.startswith("x") for prediction in done.predictions())


def test_a_task_that_ranks_a_corpus_has_no_folds(tmp_path: Path):
    from tests.train.tiny import recipe_tree as reader_tree

    tree = reader_tree(tmp_path, task="encode", training__metric="mrr@10", folds__kind="grouped")
    tree["pipeline"] = {"max_length": 96, "max_question": 40}
    with pytest.raises(RecipeError, match="ranks a whole corpus"):
        train_folds(parse_recipe(tree), root=tmp_path / "runs", preflight=False)


def test_a_reader_on_folds_merges_spans_of_the_test_part(tmp_path: Path):
    from tests.train.tiny import recipe_tree as reader_tree

    tree = reader_tree(tmp_path, training__epochs=1, folds__kind="grouped", folds__k=2)
    done = train_folds(parse_recipe(tree), root=tmp_path / "runs", preflight=False)
    assert done.scores.primary == "exact_match"
    assert "test part, mean of the folds" in done.others
