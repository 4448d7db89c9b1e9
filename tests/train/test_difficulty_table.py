"""A difficulty table out of runs on folds, and the curriculum that it orders."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gongbang.cli.main import main
from gongbang.train.difficulty import read_difficulty
from gongbang.train.folds import train_folds
from gongbang.train.recipe import parse_recipe
from gongbang.train.training import train_recipe
from tests.train.tiny_labels import recipe_tree


def test_out_of_fold_predictions_become_a_table_that_a_curriculum_follows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    tree = recipe_tree(tmp_path, "classify", folds__k=2, training__epochs=2)
    run = train_folds(parse_recipe(tree), root=tmp_path / "runs", preflight=False)
    out = tmp_path / "hard.jsonl"
    words = ["difficulty", str(run.path), "--out", str(out), "--stages", "3", "--json", "--quiet"]
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["records"] == len(list(run.predictions())) == sum(s["records"] for s in told["stages"])
    means = [stage["mean_gold_log_prob"] for stage in told["stages"]]
    assert means == sorted(means, reverse=True)  # stages are monotone in difficulty
    assert len(read_difficulty(out, "log_prob")) == told["records"]
    tree["training"]["curriculum"] = {"by": "log_prob", "file": str(out)}
    tree["training"]["epochs"] = 1
    assert train_recipe(parse_recipe(tree), root=tmp_path / "runs", preflight=False).status == "done"
    plain = train_recipe(parse_recipe(recipe_tree(tmp_path, "classify", training__epochs=1)),
                         root=tmp_path / "runs", preflight=False)  # fmt: skip
    assert main(["difficulty", str(plain.path), "--out", str(out)]) == 2
    assert "not trained on folds" in capsys.readouterr().err
