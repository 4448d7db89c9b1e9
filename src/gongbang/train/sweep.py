"""A sweep: one recipe trained with each ratio of made to found records and each seed, and the curve's knee.

Ratios are compared by the declared metric on development data: the test part of the recipe is not looked at,
so that the ratio that is chosen can still be judged on it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gongbang.artifacts.files import read_json, write_json
from gongbang.artifacts.hashing import config_hash
from gongbang.artifacts.run import Run
from gongbang.augment.knee import LearningCurve, learning_curve, plot_learning_curve
from gongbang.errors import ArtifactError, RecipeError
from gongbang.train.loop import Event
from gongbang.train.recipe import AugmentSettings, Recipe
from gongbang.train.training import train_recipe

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sweep:
    """What came of a sweep: the curve, the runs by ratio and seed, and the folder of figure and figures."""

    metric: str
    curve: LearningCurve
    runs: dict[str, str]
    folder: Path

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON for ``--json``."""
        return {
            "metric": self.metric,
            **self.curve.to_dict(),
            "runs": self.runs,
            "figure": str(self.folder / "sweep.png"),
        }


def sweep_augmentation(
    recipe: Recipe,
    ratios: Sequence[float],
    *,
    seeds: Sequence[int],
    out: str | Path,
    method: str | None = None,
    on_event: Callable[[Event], None] = lambda event: None,
    preflight: bool = True,
) -> Sweep:
    """Train a recipe for every ratio and seed.

    A sweep that was stopped goes on where it was: what is done is read from ``out/sweep.json``.

    Args:
        recipe: what is trained; its one entry of ``data.augment`` is varied.
        ratios: copies per record, 0 among them.
        seeds: of training; the same for every ratio, so that differences are paired.
        out: folder of the runs, the figure and ``sweep.json``.
        method: the method that is swept, where the recipe names none.
        on_event: receives each step's numbers with ``ratio`` and ``seed``.
        preflight: prove the first run of each ratio.

    Raises:
        RecipeError: no method to sweep or several, no ratio 0, or nothing to select by.
    """
    settings = _swept(recipe, method)
    if 0 not in ratios or len(set(ratios)) < 2 or not seeds:
        raise RecipeError(
            "a sweep compares ratios with none at all.",
            value=f"ratios {list(ratios)}, seeds {list(seeds)}",
            allowed="two ratios or more, 0 among them, and one seed or more",
            cure="Pass --augment-ratio 0,0.25,1,3 --seeds 17,18,19.",
        )
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    done = _done(folder, recipe, settings)
    scores: dict[float, dict[int, float]] = {}
    for ratio in ratios:
        for place, seed in enumerate(seeds):
            key = f"{ratio:g}/{seed}"
            if key not in done:
                run = train_recipe(
                    _varied(recipe, settings, ratio, seed),
                    root=folder / "runs",
                    on_event=_told(on_event, ratio, seed),
                    preflight=preflight and place == 0,
                )
                done[key] = run.id
                write_json(folder / "sweep.json", {"recipe": _hash(recipe, settings), "runs": done})
            run = Run.open(done[key], folder / "runs")
            scores.setdefault(ratio, {})[seed] = _best(run, recipe.training.metric)
    curve = learning_curve(scores)
    plot_learning_curve(
        curve, folder / "sweep.png", metric=recipe.training.metric, title=f"{recipe.name}: {settings.method}"
    )
    result = Sweep(recipe.training.metric, curve, {key: done[key] for key in sorted(done)}, folder)
    write_json(folder / "sweep.json", {"recipe": _hash(recipe, settings), "runs": done, **result.to_dict()})
    return result


def _swept(recipe: Recipe, method: str | None) -> AugmentSettings:
    found = recipe.data.augment
    if method is not None:
        return AugmentSettings(method=method)
    if len(found) == 1:
        return found[0]
    raise RecipeError(
        "there is no one method to sweep.",
        value=", ".join(settings.method for settings in found) or "data.augment is empty",
        allowed="one entry of data.augment in the recipe, or a method named for the sweep",
        cure="gongbang sweep RECIPE --augment aeda --augment-ratio 0,0.25,1,3",
    )


def _varied(recipe: Recipe, settings: AugmentSettings, ratio: float, seed: int) -> Recipe:
    augment = [settings.model_copy(update={"ratio": ratio})] if ratio else []
    return recipe.model_copy(
        update={
            "name": f"{recipe.name}-{ratio:g}-{seed}",
            "data": recipe.data.model_copy(update={"augment": augment}),
            "training": recipe.training.model_copy(update={"seed": seed}),
            "expected": {},
        }
    )


def _hash(recipe: Recipe, settings: AugmentSettings) -> str:
    plain = recipe.model_copy(update={"data": recipe.data.model_copy(update={"augment": [settings]})})
    return config_hash(plain.resolved())


def _done(folder: Path, recipe: Recipe, settings: AugmentSettings) -> dict[str, str]:
    """The runs of an earlier sitting, by ratio and seed.

    Raises:
        RecipeError: the folder holds a sweep of another recipe.
    """
    path = folder / "sweep.json"
    if not path.is_file():
        return {}
    kept = read_json(path, "the sweep so far")
    if kept.get("recipe") != _hash(recipe, settings):
        raise RecipeError(
            "the folder holds a sweep of another recipe.",
            value=str(path),
            allowed="a new folder, or that of a sweep of this very recipe",
            cure="Name another folder with --out.",
        )
    return dict(kept["runs"])


def _told(on_event: Callable[[Event], None], ratio: float, seed: int) -> Callable[[Event], None]:
    return lambda event: on_event({**event, "ratio": ratio, "seed": seed})


def _best(run: Run, metric: str) -> float:
    """The best value on development data, which chose the run's weights.

    Raises:
        ArtifactError: the run has none.
    """
    values = [float(row[f"development/{metric}"]) for row in run.curve() if f"development/{metric}" in row]
    if not values:
        raise ArtifactError(
            "a run of the sweep was never evaluated on development data.",
            value=run.id,
            allowed="runs with development data, on which ratios are compared",
            cure="Raise data.split.development in the recipe.",
        )
    return max(values)
