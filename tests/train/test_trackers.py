"""Trackers: the run's numbers reach them, in files below the run; nothing is sent; absent ones are named."""

from __future__ import annotations

import os
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from gongbang.errors import MissingExtraError
from gongbang.train.recipe import parse_recipe
from gongbang.train.trackers import tracked
from gongbang.train.training import train_recipe
from tests.train.tiny import recipe_tree


def module(name: str, monkeypatch: pytest.MonkeyPatch, **parts: Any) -> ModuleType:
    made = ModuleType(name)
    made.__spec__ = ModuleSpec(name, None)
    for part, value in parts.items():
        setattr(made, part, value)
    monkeypatch.setitem(sys.modules, name, made)
    return made


@pytest.fixture
def mlflow(monkeypatch):
    """What accelerate calls of MLflow, writing down what it was told."""
    told: dict[str, Any] = {"params": {}, "metrics": [], "ended": 0}

    def start_run(**options: Any) -> object:
        told["run"], told["quiet"] = options, os.environ.get("MLFLOW_DISABLE_TELEMETRY")
        return object()

    def end_run() -> None:
        told["ended"] += 1

    module(
        "mlflow",
        monkeypatch,
        set_tracking_uri=lambda uri: told.update(uri=uri),
        search_experiments=lambda **options: [],
        create_experiment=lambda **options: told.update(experiment=options) or "1",
        start_run=start_run,
        end_run=end_run,
        log_params=told["params"].update,
        log_metrics=lambda values, step: told["metrics"].append((step, values)),
        utils=SimpleNamespace(
            validation=SimpleNamespace(MAX_PARAM_VAL_LENGTH=500, MAX_PARAMS_TAGS_PER_BATCH=100)
        ),
    )
    return told


def test_mlflow_writes_below_the_run(tmp_path: Path, mlflow: dict[str, Any]):
    recipe = parse_recipe(recipe_tree(tmp_path, training__epochs=1, training__tracker="mlflow"))
    run = train_recipe(recipe, root=tmp_path / "runs", preflight=False)
    folder = run.path.resolve() / "tracker"
    assert mlflow["uri"] == f"sqlite:///{folder / 'mlflow.db'}" and folder.is_dir()
    assert mlflow["experiment"]["artifact_location"].startswith(folder.as_uri())
    assert mlflow["run"]["run_name"] == run.id and mlflow["quiet"] == "true"
    assert mlflow["params"]["training.batch_size"] == 8 and mlflow["params"]["name"] == "tiny"
    losses = [(step, values["loss"]) for step, values in mlflow["metrics"] if "loss" in values]
    assert losses == [(row["step"], row["loss"]) for row in run.curve() if "loss" in row]
    assert any("evaluation.f1" in values for _, values in mlflow["metrics"])
    assert mlflow["ended"] == 1 and "MLFLOW_DISABLE_TELEMETRY" not in os.environ


def test_a_tracker_is_closed_when_a_run_fails(tmp_path: Path, mlflow: dict[str, Any]):
    with pytest.raises(OSError), tracked("mlflow", tmp_path, name="r", recipe={"name": "n"}) as track:
        track({"step": 1, "loss": 0.5, "recall@1": 0.25, "kept": True, "word": "x"})
        raise OSError
    assert mlflow["metrics"] == [(1, {"loss": 0.5, "recall_at_1": 0.25})] and mlflow["ended"] == 1


def test_wandb_stays_offline(tmp_path: Path, monkeypatch):
    told: dict[str, Any] = {"logged": [], "finished": 0}

    def finish() -> None:
        told["finished"] += 1

    def init(**options: Any) -> Any:
        told.update(options=options, mode=os.environ.get("WANDB_MODE"))
        return SimpleNamespace(log=lambda values, step: told["logged"].append((step, values)), finish=finish)

    config = SimpleNamespace(update=lambda values, **options: told.update(config=values))
    module("wandb", monkeypatch, init=init, config=config)
    with tracked("wandb", tmp_path, name="run-1", recipe={"name": "tiny", "training": {"seed": 7}}) as track:
        track({"step": 2, "evaluation": {"f1": 50.0}, "best": 50.0})
    options = told["options"]
    assert options["mode"] == told["mode"] == "offline" and options["dir"] == str(tmp_path / "tracker")
    assert (options["project"], options["name"]) == ("tiny", "run-1")
    assert told["config"] == {"name": "tiny", "training.seed": 7}
    assert told["logged"] == [(2, {"evaluation.f1": 50.0, "best": 50.0})] and told["finished"] == 1
    assert "WANDB_MODE" not in os.environ


@pytest.mark.parametrize("kind", ["mlflow", "wandb"])
def test_an_absent_tracker_is_named_before_anything_is_done(tmp_path: Path, monkeypatch, kind: str):
    monkeypatch.setattr("gongbang.train.trackers.find_spec", lambda name: None)
    recipe = parse_recipe(recipe_tree(tmp_path, training__tracker=kind))
    with pytest.raises(MissingExtraError) as caught:
        train_recipe(recipe, root=tmp_path / "runs", preflight=False)
    assert caught.value.cure == 'pip install "gongbang[trackers]"' and kind in caught.value.what
    assert not (tmp_path / "runs").exists()


def test_none_is_nobody(tmp_path: Path):
    with tracked("none", tmp_path, name="r", recipe={}) as track:
        track({"step": 1, "loss": 0.5})
    assert not list(tmp_path.iterdir())
