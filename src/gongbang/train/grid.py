"""Many runs that belong together: trained, kept as they come, gone on with after a stop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from gongbang.artifacts.files import read_json, write_json
from gongbang.artifacts.run import Run
from gongbang.errors import ArtifactError, OptionError, RecipeError
from gongbang.train.loop import Event
from gongbang.train.recipe import Recipe
from gongbang.train.recipe_data import AugmentSettings
from gongbang.train.side_by_side import train_side_by_side
from gongbang.train.training import train_recipe

RUNS = "runs"
"""The folder of the runs, below the grid's own."""


def train_grid(
    recipes: Mapping[str, Recipe],
    file: Path,
    *,
    identity: str,
    on_event: Callable[[str, Event], None] = lambda key, event: None,
    proved: Callable[[str], bool] = lambda key: True,
    workers: int = 1,
) -> dict[str, Run]:
    """Train every recipe once, in order.

    Args:
        recipes: by a key of the caller's making.
        file: JSON in which finished runs are kept; where it is there, they are not trained again. The runs
            lie in the folder :data:`RUNS` beside it.
        identity: what the grid is of; a file of another grid is refused.
        on_event: receives each step's numbers with the key of its run.
        proved: whether a run's proofs are carried out before it.
        workers: runs that are trained at a time (:mod:`gongbang.train.side_by_side`).

    Returns:
        The runs by key.

    Raises:
        RecipeError: the file holds another grid.
        OptionError: fewer workers than one.
    """
    if workers < 1:
        raise OptionError(
            "somebody has to train the runs.",
            value=f"workers={workers}",
            allowed="1 or more",
            cure="Leave it out for one run after the other.",
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    root, done = file.parent / RUNS, _done(file, identity)
    wanting = {key: recipe for key, recipe in recipes.items() if key not in done}
    trained = (
        _one_by_one(wanting, root, on_event, proved)
        if workers == 1
        else train_side_by_side(wanting, root, workers=workers, on_event=on_event, proved=proved)
    )
    for key, id in trained:
        done[key] = id
        write_json(file, {"recipe": identity, "runs": done})
    return {key: Run.open(done[key], root) for key in recipes}


def _one_by_one(
    recipes: Mapping[str, Recipe],
    root: Path,
    on_event: Callable[[str, Event], None],
    proved: Callable[[str], bool],
) -> Iterator[tuple[str, str]]:
    for key, recipe in recipes.items():
        run = train_recipe(recipe, root=root, on_event=_told(on_event, key), preflight=proved(key))
        yield key, run.id


def cell(recipe: Recipe, *, name: str, augment: Sequence[AugmentSettings], seed: int) -> Recipe:
    """The recipe of one run of a grid, with its name, copies and seed; no score is expected of it."""
    return recipe.model_copy(
        update={
            "name": name,
            "data": recipe.data.model_copy(update={"augment": list(augment)}),
            "training": recipe.training.model_copy(update={"seed": seed}),
            "expected": {},
        }
    )


def best_values(run: Run, metric: str) -> dict[str, float]:
    """The development scores, by metric, of the weights that the run kept: those best by ``metric``.

    Raises:
        ArtifactError: the run was never evaluated on development data.
    """
    rows = [row for row in run.curve() if f"development/{metric}" in row]
    if not rows:
        raise ArtifactError(
            "a run was never evaluated on development data.",
            value=run.id,
            allowed=f"runs with development data, on which {metric} is compared",
            cure="Raise data.split.development in the recipe.",
        )
    best = max(rows, key=lambda row: float(row[f"development/{metric}"]))
    prefix = "development/"
    return {
        name.removeprefix(prefix): float(value) for name, value in best.items() if name.startswith(prefix)
    }


def _done(file: Path, identity: str) -> dict[str, str]:
    """The runs of an earlier sitting, by key."""
    if not file.is_file():
        return {}
    kept = read_json(file, "the runs so far")
    if kept.get("recipe") != identity:
        raise RecipeError(
            "the folder holds runs of another recipe.",
            value=str(file),
            allowed="a new folder, or that of this very recipe",
            cure="Name another folder with --out.",
        )
    return dict(kept["runs"])


def _told(on_event: Callable[[str, Event], None], key: str) -> Callable[[Event], None]:
    return lambda event: on_event(key, event)
