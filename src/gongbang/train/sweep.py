"""A sweep: one recipe trained with each ratio of made to found records and each seed, and the curve's knee.

Ratios are compared by the declared metric on development data: the test part of the recipe is not looked at,
so that the ratio that is chosen can still be judged on it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gongbang.artifacts.files import write_json
from gongbang.artifacts.hashing import config_hash
from gongbang.augment.knee import LearningCurve, learning_curve, plot_learning_curve
from gongbang.errors import RecipeError
from gongbang.train.grid import best_values, cell, train_grid
from gongbang.train.loop import Event
from gongbang.train.recipe import Recipe
from gongbang.train.recipe_data import AugmentSettings


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
    workers: int = 1,
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
        workers: runs that are trained at a time.

    Raises:
        RecipeError: no method to sweep or several, no ratio 0, or nothing to select by.
        OptionError: fewer workers than one.
    """
    settings = _swept(recipe, method)
    if 0 not in ratios or len(set(ratios)) < 2 or not seeds:
        raise RecipeError(
            "a sweep compares ratios with none at all.",
            value=f"ratios {list(ratios)}, seeds {list(seeds)}",
            allowed="two ratios or more, 0 among them, and one seed or more",
            cure="Pass --augment-ratio 0,0.25,1,3 --seeds 17,18,19.",
        )
    if settings.on_the_fly and max(ratios) > 1:
        raise RecipeError(
            "copies on the fly take the place of their originals: there is one of each at most.",
            value=f"ratios {list(ratios)}",
            allowed="ratios from 0 to 1",
            cure="Pass --augment-ratio 0,0.25,0.5,1, or remove on_the_fly.",
        )
    folder, metric = Path(out), recipe.training.metric
    cells = {f"{ratio:g}/{seed}": (ratio, seed) for ratio in ratios for seed in seeds}
    identity = _hash(recipe, settings)
    runs = train_grid(
        {key: _varied(recipe, settings, *cell) for key, cell in cells.items()},
        folder / "sweep.json",
        identity=identity,
        on_event=lambda key, event: on_event({**event, "ratio": cells[key][0], "seed": cells[key][1]}),
        proved=lambda key: preflight and cells[key][1] == seeds[0],
        workers=workers,
    )
    scores: dict[float, dict[int, float]] = {}
    for key, (ratio, seed) in cells.items():
        scores.setdefault(ratio, {})[seed] = best_values(runs[key], metric)[metric]
    curve = learning_curve(scores)
    plot_learning_curve(curve, folder / "sweep.png", metric=metric, title=f"{recipe.name}: {settings.method}")
    ids = {key: runs[key].id for key in sorted(runs)}
    result = Sweep(metric, curve, ids, folder)
    write_json(folder / "sweep.json", {"recipe": identity, **result.to_dict()})
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
    return cell(recipe, name=f"{recipe.name}-{ratio:g}-{seed}", augment=augment, seed=seed)


def _hash(recipe: Recipe, settings: AugmentSettings) -> str:
    plain = recipe.model_copy(update={"data": recipe.data.model_copy(update={"augment": [settings]})})
    return config_hash(plain.resolved())
