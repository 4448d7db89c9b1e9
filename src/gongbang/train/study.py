"""A study: one recipe and its variants over the same seeds, and a table that keeps what came to nothing.

Each variant is compared with the base seed by seed on development data, with Student's interval; the test
part is not looked at, so that a variant that a study speaks for can still be judged on it. The table goes
into a page between two marks of its own, so that it is never typed and never older than its runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gongbang.artifacts.data_facts import DATA
from gongbang.artifacts.files import plain, read_json, write_json
from gongbang.artifacts.hashing import config_hash
from gongbang.artifacts.run import Run
from gongbang.artifacts.store import find_recipe
from gongbang.errors import RecipeError
from gongbang.metrics.costs import Costs
from gongbang.metrics.intervals import Difference
from gongbang.metrics.scores import Score, number
from gongbang.metrics.small_samples import paired_t, t_interval
from gongbang.train.grid import best_values, cell, train_grid
from gongbang.train.loop import Event
from gongbang.train.recipe import Recipe, load_recipe, parse_recipe
from gongbang.train.rerun import check_data, score_again
from gongbang.train.study_costs import CostSettings, MakeMeasure, measure_of, measured


class StudySettings(BaseModel):
    """What a study's file says.

    ``recipe`` is the recipe's name, or its path from the study's folder; ``set`` changes it for every run,
    each entry of ``variants`` for that variant alone (``key.key=value`` as in ``--set``). ``base`` is what
    the table calls the recipe without a variant. ``metrics`` are the columns, the first of them decides.
    ``costs`` are columns beside them, measured on each variant's run with the first seed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    question: str
    recipe: str
    base: str = "none"
    set: list[str] = Field(default_factory=list)
    seeds: Annotated[list[int], Field(min_length=2)]
    metrics: Annotated[list[str], Field(min_length=1)]
    variants: Annotated[dict[str, list[str]], Field(min_length=1)]
    costs: CostSettings | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A variant: each metric's mean over the seeds, and how far it is from the base (None for itself).

    ``costs`` are its measured columns; None where the study has none.
    """

    name: str
    means: Mapping[str, Score]
    differences: Mapping[str, Difference] | None
    costs: Costs | None = None

    def verdict(self, metric: str) -> str:
        """ "better", "worse", or "not told apart" where the interval holds zero; empty for the base."""
        if self.differences is None:
            return ""
        found = self.differences[metric]
        return "better" if found.low > 0 else "worse" if found.high < 0 else "not told apart"


@dataclass(frozen=True, slots=True)
class Study:
    """What came of a study."""

    settings: StudySettings
    recipe: str
    rows: tuple[Row, ...]
    examples: int
    """Development records that each run was judged on."""
    runs: Mapping[str, str]

    @property
    def columns(self) -> list[str]:
        """The measured columns, in the order of the rows that have them."""
        return list(dict.fromkeys(name for row in self.rows if row.costs for name in row.costs.columns))

    @property
    def notes(self) -> list[str]:
        """What is to be said of the measured columns."""
        return list(dict.fromkeys(note for row in self.rows if row.costs for note in row.costs.notes))

    def words(self) -> list[str]:
        """What was found, a sentence a variant: whether the first metric tells it from the base."""
        metric, base = self.settings.metrics[0], self.settings.base
        return [_in_words(row, base, metric) for row in self.rows if row.differences is not None]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON for ``--json``."""
        found: dict[str, Any] = plain(
            {
                "study": self.settings.name,
                "question": self.settings.question,
                "recipe": self.recipe,
                "seeds": list(self.settings.seeds),
                "development": self.examples,
                "rows": [
                    {
                        "name": row.name,
                        "means": {metric: score.to_dict() for metric, score in row.means.items()},
                        "differences": None
                        if row.differences is None
                        else {metric: found.to_dict() for metric, found in row.differences.items()},
                        "verdict": row.verdict(self.settings.metrics[0]),
                        "costs": None if row.costs is None else row.costs.to_dict(),
                    }
                    for row in self.rows
                ],
                "words": self.words(),
                "runs": dict(self.runs),
            }
        )
        return found


def _in_words(row: Row, base: str, metric: str) -> str:
    assert row.differences is not None
    gap = row.differences[metric]
    numbers = (
        f"{number(metric, gap.value, signed=True)} ({number(metric, gap.low, signed=True)} to "
        f"{number(metric, gap.high, signed=True)}; p {gap.p_value:.2g}, {gap.n} seeds)"
    )
    verdict = row.verdict(metric)
    if verdict == "not told apart":
        return f"{row.name} does not differ from {base} beyond noise in {metric}: {numbers}."
    return f"{row.name} is {verdict} than {base} in {metric}: {numbers}."


def load_study(path: str | Path) -> StudySettings:
    """Read a study.

    Raises:
        RecipeError: the file is missing or broken, a key is unknown, or a value is not allowed.
    """
    file = Path(path)
    try:
        return StudySettings.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except ValidationError as err:
        first = err.errors()[0]
        raise RecipeError(
            f"{file}: key '{'.'.join(map(str, first['loc']))}': {first['msg']}.",
            value=repr(first.get("input"))[:200],
            allowed=", ".join(StudySettings.model_fields),
            cure="Mend or remove the key.",
        ) from err
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as err:
        raise RecipeError(
            "the study cannot be read.",
            value=f"{file}: {' '.join(str(err).split())[:200]}",
            allowed="a YAML file with name, question, recipe, seeds, metrics and variants",
            cure="Check the path and the file; recipes/studies has examples.",
        ) from err


def run_study(
    path: str | Path,
    *,
    out: str | Path,
    on_event: Callable[[Event], None] = lambda event: None,
    preflight: bool = True,
    measures: MakeMeasure | None = None,
    workers: int = 1,
    again: bool = False,
) -> Study:
    """Train the base and every variant with every seed; what an earlier sitting finished is read.

    Args:
        path: the study's file.
        out: folder of the runs and of ``study.json``.
        on_event: receives each step's numbers with ``variant`` and ``seed``.
        preflight: prove the first run of each variant.
        measures: finds the measure that the study's ``costs`` name.
        workers: runs that are trained at a time; what they cost is measured one by one in any case.
        again: score the weights of each run again instead of taking what was measured when it was trained,
            for a metric that was mended since.

    Raises:
        RecipeError: the study or its recipe cannot be used, or ``out`` holds another study.
        OptionError: there is no such measure of costs, or there are fewer workers than one.
        DataError: runs are to be scored again, and their data are not what they were.
    """
    settings = load_study(path)
    measure = measure_of(settings.costs, measures)
    if settings.base in settings.variants:
        raise RecipeError(
            "a variant bears the name of the base.",
            value=settings.base,
            allowed="another name for one of the two",
            cure="Set 'base' to what the recipe without a variant is to be called.",
        )
    source = _recipe_path(settings, Path(path))
    cells = {
        f"{name}/{seed}": (name, seed)
        for name in (settings.base, *settings.variants)
        for seed in settings.seeds
    }
    recipes = {key: _varied(settings, source, *cell) for key, cell in cells.items()}
    file = Path(out) / "study.json"
    identity = config_hash({key: recipe.resolved() for key, recipe in recipes.items()})
    runs = train_grid(
        recipes,
        file,
        identity=identity,
        on_event=lambda key, event: on_event({**event, "variant": cells[key][0], "seed": cells[key][1]}),
        proved=lambda key: preflight and cells[key][1] == settings.seeds[0],
        workers=workers,
    )
    metric = recipes[next(iter(cells))].training.metric
    values: dict[str, list[Mapping[str, float]]] = {}
    for key, (name, _) in cells.items():
        found = _scored_again(runs[key]) if again else best_values(runs[key], metric)
        values.setdefault(name, []).append(found)
    rows = [_row(name, own, values[settings.base], settings) for name, own in values.items()]
    if settings.costs is not None and measure is not None:
        firsts = {name: runs[f"{name}/{settings.seeds[0]}"] for name in values}
        costs = measured(firsts, Path(out), settings.costs, measure)
        rows = [replace(row, costs=costs[row.name]) for row in rows]
    study = Study(
        settings,
        source.stem,
        tuple(rows),
        _examples(next(iter(runs.values()))),
        {key: run.id for key, run in runs.items()},
    )
    write_json(file, {**study.to_dict(), "recipe": identity})
    return study


def _scored_again(run: Run) -> dict[str, float]:
    recipe = parse_recipe(run.recipe, str(run.path))
    check_data(run, recipe)
    scores, _ = score_again(run, recipe, development=True)
    return {name: score.value for name, score in scores.scores.items()}


def _recipe_path(settings: StudySettings, study: Path) -> Path:
    beside = study.parent / settings.recipe
    return beside if beside.is_file() else find_recipe(settings.recipe)


def _varied(settings: StudySettings, source: Path, name: str, seed: int) -> Recipe:
    """The recipe of one cell; copies are drawn by the seed too, so that they are not one draw's luck."""
    recipe = load_recipe(source, [*settings.set, *settings.variants.get(name, [])])
    made = [entry.model_copy(update={"seed": seed}) for entry in recipe.data.augment]
    return cell(recipe, name=f"{settings.name}-{name}-{seed}", augment=made, seed=seed)


def _row(
    name: str,
    found: Sequence[Mapping[str, float]],
    base: Sequence[Mapping[str, float]],
    settings: StudySettings,
) -> Row:
    lacking = [metric for metric in settings.metrics if metric not in found[0]]
    if lacking:
        raise RecipeError(
            "the study asks for a metric that its runs do not have.",
            value=", ".join(lacking),
            allowed=", ".join(found[0]),
            cure="Mend 'metrics' of the study.",
        )
    columns = {metric: [values[metric] for values in found] for metric in settings.metrics}
    differences = None
    if name != settings.base:
        differences = {
            metric: paired_t(column, [values[metric] for values in base])
            for metric, column in columns.items()
        }
    return Row(name, {metric: t_interval(column) for metric, column in columns.items()}, differences)


def _examples(run: Run) -> int:
    parts = read_json(run.path / DATA, "the run's data").get("parts", {})
    return int(parts.get("development", {}).get("records", 0))
