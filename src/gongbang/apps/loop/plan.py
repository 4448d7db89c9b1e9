"""What a retraining is going to do: recipe, data sets, suite and champion, opened and checked together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from gongbang.artifacts.champions import Champion
from gongbang.artifacts.datasets import DatasetVersion, find_version
from gongbang.artifacts.files import read_json
from gongbang.artifacts.format import Artifact
from gongbang.artifacts.hashing import config_hash, data_hashes, short
from gongbang.artifacts.suite import Suite, open_suite
from gongbang.artifacts.suite_ties import SuiteTies
from gongbang.errors import OptionError

if TYPE_CHECKING:
    from gongbang.train.recipe import Recipe

STATE = "state.json"


class Asked(Protocol):
    """What was asked for; see :class:`gongbang.apps.loop.retrain.Retraining`."""

    recipe: str | Path
    champion: Path
    suite: Path
    datasets: Sequence[str | Path]
    work: Path
    overrides: Sequence[str]
    new_suite: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What is going to be done.

    Attributes:
        recipe: with the data sets among its sources. folder: of this recipe and data, where results lie.
        champion: the id of the champion of now; empty where there is none.
    """

    name: str
    recipe: Recipe
    datasets: tuple[DatasetVersion, ...]
    suite: Suite
    folder: Path
    champion: str

    @property
    def challenger(self) -> Path:
        """The challenger's folder; its name is the champion's."""
        return self.folder / "challenger" / self.name

    def state(self) -> dict[str, Any]:
        """The results of the steps that were carried out."""
        path = self.folder / STATE
        return dict(read_json(path, "the state of the retraining")) if path.is_file() else {}

    def refuse_leaks(self) -> None:
        """Stop where what is trained on, or chosen by, stands in the suite.

        Raises:
            SplitError: names the first records.
        """
        from gongbang.train.data import load_splits

        splits = load_splits(self.recipe.data, seed=self.recipe.training.seed)
        ties = SuiteTies(self.suite.records())
        for part in ("train", "development"):
            ties.refuse(splits.part(part), f"the recipe's {part} part")

    def to_dict(self) -> dict[str, Any]:
        """The plan as plain JSON."""
        return {
            "name": self.name,
            "task": self.recipe.task,
            "recipe": self.recipe.name,
            "datasets": [
                {"path": str(one.path), "id": one.id, "records": _count(one)} for one in self.datasets
            ],
            "suite": self.suite.id,
            "before": self.champion,
            "folder": str(self.folder),
        }


def plan_of(asked: Asked) -> Plan:
    """Open and check what is asked for; nothing is written.

    Raises:
        RecipeError: the recipe cannot be used.
        DataError: a file of the recipe is not there.
        ArtifactError: a data set, the suite or the champion was changed.
        OptionError: they are for different tasks, or the champion was judged on another suite.
    """
    from gongbang.artifacts.store import find_recipe
    from gongbang.train.recipe import load_recipe

    recipe = load_recipe(find_recipe(asked.recipe), asked.overrides)
    suite = open_suite(asked.suite)
    versions = tuple(find_version(folder) for folder in asked.datasets)
    champion = Champion(asked.champion)
    held, pointer = champion.current(), champion.pointer
    _same_task(recipe.task, suite, versions, held)
    if pointer is not None and pointer.suite != suite.id and not asked.new_suite:
        raise OptionError(
            "the champion was judged on another suite.",
            value=f"{suite.path}: {short(suite.id)}",
            allowed=f"the suite {short(pointer.suite)}",
            cure="Name that suite, or say --new-suite: then both are judged on the new one.",
        )
    recipe = _with_datasets(recipe, versions)
    data = data_hashes(source.path for source in recipe.data.sources)
    resolved = recipe.resolved()
    for source in resolved["data"]["sources"]:
        del source["path"]  # what is in a file counts, not where it lies
    key = {
        "recipe": resolved,
        "data": [one["sha256"] for one in data],
        "datasets": [version.id for version in versions],
    }
    folder = Path(asked.work) / champion.name / short(config_hash(key), 12)
    return Plan(champion.name, recipe, versions, suite, folder, "" if held is None else held.id)


def _with_datasets(recipe: Recipe, versions: Sequence[DatasetVersion]) -> Recipe:
    """The recipe that trains on the versions too, and on them alone beyond what it says itself."""
    from gongbang.train.recipe_data import SourceSettings

    more = [
        SourceSettings(path=str(version.records), format="jsonl", role="train")
        for version in versions
        if _count(version)
    ]
    data = recipe.data.model_copy(update={"sources": [*recipe.data.sources, *more]})
    return recipe.model_copy(update={"data": data})


def _same_task(
    task: str, suite: Suite, versions: Sequence[DatasetVersion], champion: Artifact | None
) -> None:
    others = {f"the suite {suite.path}": suite.task}
    others |= {f"the data set {version.path}": version.task for version in versions}
    if champion is not None:
        others["the champion"] = champion.manifest.task
    for name, other in others.items():
        if other != task:
            raise OptionError(
                f"{name} is for another task than the recipe.",
                value=other,
                allowed=task,
                cure="Name what belongs to the recipe's task.",
            )


def _count(version: DatasetVersion) -> int:
    return int(version.manifest["records"])
