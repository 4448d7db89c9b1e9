"""A run's numbers copied to MLflow or Weights & Biases, into files below the run's own folder.

The run folder stays what counts; a tracker is a second view of it for teams that have one. Nothing is sent:
MLflow writes to a database in the folder, W&B in its offline mode, from where ``wandb sync`` uploads when
somebody says so.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from gongbang.errors import MissingExtraError

Kind = Literal["none", "mlflow", "wandb"]
Track = Callable[[Mapping[str, Any]], None]

FOLDER = "tracker"
_QUIET: dict[str, dict[str, str]] = {
    "mlflow": {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"},
    "wandb": {"WANDB_MODE": "offline", "WANDB_ERROR_REPORTING": "false", "WANDB_SILENT": "true"},
}
"""Environment variables under which each library reaches for no network."""


@contextmanager
def tracked(kind: Kind, folder: Path, *, name: str, recipe: Mapping[str, Any]) -> Iterator[Track]:
    """While open, gives a function that copies a run's events to the tracker.

    Args:
        kind: of ``training.tracker``.
        folder: the run's; the tracker's files lie below it in ``tracker/``.
        name: the run's id.
        recipe: the resolved recipe, which the tracker is told as its configuration.

    Raises:
        MissingExtraError: the tracker's library is not installed.
    """
    if kind == "none":
        yield _nobody
        return
    require_tracker(kind)
    with _environment(_QUIET[kind]):
        tracker = _start(kind, folder / FOLDER, name, str(recipe.get("name", "gongbang")))
        try:
            tracker.store_init_configuration(flat(recipe))
            yield lambda event: _log(tracker, event)
        finally:
            tracker.finish()


def require_tracker(kind: Kind) -> None:
    """Say before anything is trained that the tracker's library is missing.

    Raises:
        MissingExtraError: it is not installed.
    """
    if kind != "none" and find_spec(kind) is None:
        raise MissingExtraError(kind, extra="trackers", purpose=f"training.tracker: {kind}")


def _start(kind: Kind, folder: Path, name: str, project: str) -> Any:
    from accelerate import PartialState
    from accelerate.tracking import MLflowTracker, WandBTracker

    PartialState()  # the trackers ask it which process is the main one
    folder.mkdir(parents=True, exist_ok=True)
    if kind == "mlflow":
        where = folder.resolve()
        import_module("mlflow").set_tracking_uri(f"sqlite:///{where / 'mlflow.db'}")
        tracker: Any = MLflowTracker(project, logging_dir=(where / "artifacts").as_uri(), run_name=name)
    else:
        tracker = WandBTracker(project, name=name, dir=str(folder), mode="offline")
    tracker.start()
    return tracker


def _log(tracker: Any, event: Mapping[str, Any]) -> None:
    numbers = {
        name.replace("@", "_at_"): float(value)  # MLflow takes no @ in a metric's name
        for name, value in flat(event).items()
        if isinstance(value, (int, float)) and not isinstance(value, bool) and name != "step"
    }
    tracker.log(numbers, step=int(event["step"]))


def flat(tree: Mapping[str, Any], parent: str = "") -> dict[str, Any]:
    """Nested mappings as one, keys joined by dots.

    Example:
        >>> flat({"seed": 7, "training": {"epochs": 2}})
        {'seed': 7, 'training.epochs': 2}
    """
    found: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{parent}{key}.")
        else:
            found[f"{parent}{key}"] = value
    return found


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _nobody(event: Mapping[str, Any]) -> None:
    """No tracker is asked for."""
