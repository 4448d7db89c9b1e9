"""``gongbang train``: from a recipe to a run, and on with one that was stopped."""

from __future__ import annotations

import json

import pytest
import yaml

from gongbang.artifacts.run import Run
from gongbang.cli.training import duration, event_line

pytestmark = pytest.mark.slow


def test_a_run_says_its_scores_its_baselines_and_where_it_lies(call, made, tmp_path):
    called = call("train", made / "recipe.yaml", "--no-check", "--root", tmp_path, "--no-preflight", "--json")
    assert called.code == 0
    data = called.data
    run = Run.open(data["path"])
    assert data["run"] == run.id and run.status == data["status"] == "done"
    assert data["scores"]["exact_match"] == run.scores.value and "f1" in data["scores"]["intervals"]
    assert {"first word", "nearest sentence"} == set(data["baselines"])
    assert data["cost"]["steps"] > 0 and data["cost"]["peak_memory"] > 0
    assert "step 1/" in called.err and "development" in called.err and "left" in called.err
    assert "iB, " in called.err  # the peak memory so far


def test_keys_are_set_and_people_read_a_table(call, made, tmp_path):
    words = ("--root", tmp_path, "--no-preflight", "--set", "training.seed=5", "--set", "name=seeded")
    called = call("train", made / "recipe.yaml", "--no-check", *words, "--quiet")
    assert called.code == 0
    assert "step" not in called.err and "records" not in called.err
    assert "95 % interval" in called.out and "nearest sentence" in called.out and "run: " in called.out
    assert "cost: " in called.out and "; peak memory " in called.out
    (run,) = Run.list(tmp_path)
    assert run.recipe["training"]["seed"] == 5 and "seeded" in run.id


def test_a_run_is_set_beside_its_parent(call, made, reader_run, tmp_path):
    """It keeps its parts' counts and its error notebook, and knows the run that it varies."""
    words = ("--root", tmp_path, "--no-preflight", "--quiet", "--set", "training.seed=6")
    assert call("train", made / "recipe.yaml", "--no-check", *words, "--parent", reader_run.path).code == 0
    (run,) = Run.list(tmp_path)
    assert run.open_parent().path == reader_run.path.resolve()
    parts = json.loads((run.path / "data.json").read_text(encoding="utf-8"))["parts"]
    assert parts["test"]["records"] == len(run.predictions())
    data = call("compare", run.path, "--json").data
    assert data["a"] == reader_run.id and data["causes"] == ["training.seed"]
    assert set(data["paired"]) == {"exact_match", "f1"}


def test_a_parent_that_would_say_nothing_is_refused(call, made, reader_run, tmp_path):
    called = call("train", "--resume", reader_run.path, "--parent", reader_run.path)
    assert called.code == 2 and "keeps the parent" in called.lines[0]
    called = call(
        "train", made / "recipe.yaml", "--no-check", "--root", tmp_path, "--parent", "none", "--no-preflight"
    )
    assert called.code == 2 and "no such run" in called.lines[0]


def test_a_stopped_run_goes_on_to_the_same_end(call, made, reader_run, tmp_path):
    # What an interruption leaves behind: the folder, a checkpoint, and no scores.
    import shutil

    stopped = tmp_path / reader_run.id
    shutil.copytree(reader_run.path, stopped)
    (stopped / "metrics.json").unlink()
    called = call("train", "--resume", reader_run.id, "--root", tmp_path, "--no-preflight", "--json")
    assert called.code == 0 and called.data["path"] == str(stopped)
    assert Run.open(stopped).scores == reader_run.scores


def test_a_resumed_run_keeps_its_recipe(call, made, reader_run):
    for words in (("--set", "training.epochs=9"), (_other_recipe(made),)):
        called = call("train", *words, "--resume", reader_run.path)
        assert called.code == 2 and "goes on by the recipe" in called.lines[0]
        assert called.lines[1].startswith("value: training.epochs") and len(called.lines) == 4


def test_an_interrupted_run_says_how_to_go_on(call, made, tmp_path, monkeypatch):
    from gongbang.train.loop import Loop

    def interrupted(self: Loop, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Loop, "run", interrupted)  # what Ctrl-C does while the loop runs
    called = call("train", made / "recipe.yaml", "--no-check", "--root", tmp_path, "--no-preflight")
    (run,) = Run.list(tmp_path)
    assert called.code == 130 and run.status == "interrupted"
    assert f"gongbang train --resume {run.id} --root {tmp_path}" in called.err


def test_precision_auto_is_no_other_recipe_than_what_it_meant(call, made, reader_run, monkeypatch):
    """A run that began with auto is recorded under fp32 or bf16; its recipe's file still says auto."""
    tree = yaml.safe_load((made / "recipe.yaml").read_text(encoding="utf-8"))
    tree["training"]["precision"] = "auto"
    (made / "auto.yaml").write_text(yaml.safe_dump(tree, allow_unicode=True), encoding="utf-8")
    monkeypatch.setattr("gongbang.train.training.train_recipe", lambda recipe, **options: reader_run)
    assert call("train", made / "auto.yaml", "--no-check", "--resume", reader_run.path).code == 0


def _other_recipe(made):
    tree = yaml.safe_load((made / "recipe.yaml").read_text(encoding="utf-8"))
    tree["training"]["epochs"] = 7
    (made / "other.yaml").write_text(yaml.safe_dump(tree, allow_unicode=True), encoding="utf-8")
    return made / "other.yaml"


def test_what_cannot_be_trained_is_told_in_four_lines(call, made, tmp_path):
    broken = tmp_path / "broken.yaml"
    broken.write_text("name: [", encoding="utf-8")
    for words, told in (
        ((), "nothing to train"),
        ((tmp_path / "absent.yaml",), "no recipe of that name"),
        ((broken,), "not readable as YAML"),
        ((made / "recipe.yaml", "--set", "training.epoch=2"), "Did you mean 'epochs'?"),
        ((made / "recipe.yaml", "--set", "epochs"), "key=value"),
        (("--resume", "no-such-run", "--root", tmp_path), "no such run"),
    ):
        called = call("train", *words)
        assert called.code == 2 and len(called.lines) == 4 and told in called.err, called
        assert not list(tmp_path.glob("*/recipe.yaml"))
    with_json = call("train", "--json")
    assert with_json.code == 2 and json.loads(with_json.out)["error"] == "OptionError"


def test_events_are_told_in_the_metric_s_own_unit():
    line = event_line({"step": 3, "evaluation": {"recall@1": 0.5, "mrr@10": 0.25}, "best": None})
    assert line == "step 3: development recall@1 0.5000, mrr@10 0.2500"
    assert duration(3599.6) == "1 h 0 min"


def test_data_that_was_not_checked_is_refused_with_the_command_to_do_so(call, made, tmp_path, monkeypatch):
    monkeypatch.setenv("GONGBANG_CACHE", str(tmp_path / "cache"))
    words = (made / "recipe.yaml", "--root", tmp_path, "--no-preflight", "--quiet")
    called = call("train", *words)
    assert called.code == 2 and "gongbang check" in called.err and "--no-check" in called.err
    assert call("check", made / "made.json", "--task", "reader", "--quiet").code == 0
    assert call("train", *words).code == 0
