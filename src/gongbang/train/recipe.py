"""The recipe: a YAML file that says everything about a run. Unknown keys are errors."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from gongbang.errors import RecipeError
from gongbang.train.overrides import put_override
from gongbang.train.precision import Precision
from gongbang.train.recipe_data import DataSettings, Strict
from gongbang.train.schedule import Schedule

_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


class CurriculumSettings(Strict):
    """Which rows come first (:mod:`gongbang.train.curriculum`).

    ``by`` is what makes a row difficult: its length, how few models got it right, or how little probability
    they gave its gold label; the latter two are read from ``file``, a difficulty table. ``pacing`` says how
    the share of the rows that may be drawn grows: by the square root of time or in a line from ``share``
    (0.1), or stage by stage, which are the table's, or ``stages`` (4) of like size where there is no table.
    After ``until`` of the run all rows may be drawn. ``direction: shuffle`` is the control of an ablation:
    the same pacing over rows in an order by chance.
    """

    by: Literal["length", "agreement", "log_prob"] = "length"
    file: str | None = None
    pacing: Literal["root", "linear", "stages"] = "root"
    share: Annotated[float, Field(gt=0, lt=1)] | None = None
    until: Annotated[float, Field(gt=0, le=1)] = 0.5
    stages: Annotated[int, Field(ge=2)] | None = None
    direction: Literal["easy_first", "hard_first", "shuffle"] = "easy_first"

    @model_validator(mode="after")
    def _nothing_idle(self) -> Self:
        if (self.by == "length") != (self.file is None):
            raise ValueError(
                "'file' is the difficulty table of by: agreement and by: log_prob, and of them alone"
            )
        if self.share is not None and self.pacing == "stages":
            raise ValueError(
                "'share' is where pacing: root and linear begin; pacing: stages begins with a stage"
            )
        if self.stages is not None and (self.pacing != "stages" or self.file is not None):
            raise ValueError("'stages' is for pacing: stages without a table, which has stages of its own")
        return self


class TeacherSettings(Strict):
    """A finished run that a student of response selection learns from (:mod:`gongbang.train.teacher`).

    ``run`` is a cross-encoder's run on the same data and split, by its folder, its id or a part of it.
    ``weight`` is of the divergence from the teacher's probabilities, which is added to the loss;
    ``temperature`` softens both before they are compared.
    """

    run: str
    weight: Annotated[float, Field(gt=0)] = 0.5
    temperature: Annotated[float, Field(gt=0)] = 1.0


class TrainingSettings(Strict):
    """How long and how fast.

    ``average_decay`` keeps an exponential moving average of the weights, which is what is evaluated and saved
    (0: off). ``steps`` ends the run after that many steps of the optimiser, however many epochs they are: so
    are recipes compared whose data differs in size. ``evaluate_every`` is in epochs; ``patience`` counts
    evaluations without a gain (0: never stop early). ``metric`` is measured on development data. ``batch_by``
    puts rows of like length together, or rows of the same groups, whose passages are each other's hard
    negatives. ``sample_by: label`` draws as many rows an epoch with replacement, so that a label of ``n``
    rows comes in proportion to ``n ** (1 - sample_power)``: all labels equally often at 1, by the square root
    of their rows at 0.5 (:func:`gongbang.train.batches.label_chances`). ``members`` trains that many times
    from the same start, each with the next seed, and averages the weights (:mod:`gongbang.train.members`).
    ``schedule: plateau`` multiplies the rate by ``plateau_factor`` when the metric has not risen for
    ``plateau_patience`` evaluations. ``precision: auto`` is bf16 where the hardware multiplies in it, else
    fp32 (:mod:`gongbang.train.precision`). ``teacher`` is who a student of response selection learns from.
    ``tracker`` copies the run's numbers into a tracker's own files below the run's folder
    (:mod:`gongbang.train.trackers`).
    """

    epochs: Annotated[int, Field(ge=1)] = 3
    steps: Annotated[int, Field(ge=1)] | None = None
    batch_size: Annotated[int, Field(ge=1)] = 16
    accumulate: Annotated[int, Field(ge=1)] = 1
    learning_rate: Annotated[float, Field(gt=0)] = 1e-4
    layer_decay: Annotated[float, Field(gt=0, le=1)] = 1.0
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    warmup: Annotated[float, Field(ge=0, lt=1)] = 0.1
    schedule: Schedule = "linear"
    plateau_factor: Annotated[float, Field(gt=0, lt=1)] = 0.5
    plateau_patience: Annotated[int, Field(ge=1)] = 2
    batch_by: Literal["length", "group"] = "length"
    sample_by: Literal["none", "label"] = "none"
    sample_power: Annotated[float, Field(gt=0, le=1)] = 1.0
    curriculum: CurriculumSettings | None = None
    max_grad_norm: Annotated[float, Field(gt=0)] = 1.0
    precision: Precision = "auto"
    average_decay: Annotated[float, Field(ge=0, lt=1)] = 0.0
    evaluate_every: Annotated[float, Field(gt=0)] = 1.0
    patience: Annotated[int, Field(ge=0)] = 0
    metric: str = "f1"
    log_every: Annotated[int, Field(ge=1)] = 10
    members: Annotated[int, Field(ge=1)] = 1
    teacher: TeacherSettings | None = None
    tracker: Literal["none", "mlflow", "wandb"] = "none"
    seed: int = 17

    @model_validator(mode="after")
    def _one_order(self) -> Self:
        if self.curriculum is not None and self.batch_by == "group":
            raise ValueError(
                "curriculum orders rows by difficulty, batch_by: group by their groups: choose one"
            )
        if self.curriculum is not None and self.steps is not None:
            raise ValueError("curriculum goes from easy to hard over 'epochs', and 'steps' overrides them")
        if self.sample_by == "label" and (self.curriculum is not None or self.batch_by == "group"):
            raise ValueError(
                "sample_by: label, curriculum and batch_by: group each say which rows come when: choose one"
            )
        if self.sample_by == "none" and self.sample_power != 1.0:
            raise ValueError("'sample_power' says how strongly sample_by: label evens out, and there is none")
        return self

    def total_steps(self, per_epoch: int) -> int:
        """Optimiser steps of the whole run, where an epoch has ``per_epoch``.

        Example:
            >>> TrainingSettings(epochs=2).total_steps(40), TrainingSettings(steps=50).total_steps(40)
            (80, 50)
        """
        return per_epoch * self.epochs if self.steps is None else self.steps


class FoldSettings(Strict):
    """Folds of the training and development records, see :func:`gongbang.data.folds.make_folds`.

    ``near_duplicates: together`` makes one group of records with nearly the same text; otherwise such records
    in different folds stop the run. ``table`` is a file where the table is kept, so that runs that name the
    same one can be put together; the run's own folder where none is named.
    """

    kind: Literal["plain", "stratified", "grouped", "stratified_grouped", "time"] = "stratified_grouped"
    k: Annotated[int, Field(ge=2)] = 5
    repeats: Annotated[int, Field(ge=1)] = 1
    seed: int = 17
    label: str | None = None
    time: str | None = None
    near_duplicates: Literal["refuse", "together"] = "refuse"
    table: str | None = None


class ExportSettings(Strict):
    """How the artifact is made: the gate is the loss of the primary metric, in points, that is borne.

    ``limits`` are sentences for its card: what a model of this data cannot do, beside what the card says of
    every model of the task. ``memory`` keeps the training pairs of a bi-encoder of replies beside it, as
    vectors (:mod:`gongbang.tasks.pair_memory`); how they are used is fitted on development data.
    """

    quantise: Literal["int8", "none"] = "int8"
    gate: Annotated[float, Field(ge=0)] = 0.5
    memory: bool = False
    limits: list[str] = Field(default_factory=list)


class Recipe(Strict):
    """Everything about a run.

    ``layers`` keeps that many of the backbone's layers, from the first on.
    ``folds`` says how ``gongbang train --folds`` deals the records.
    ``pipeline`` and ``model`` are the options of the task and of its model, which check them.
    ``expected`` holds the least score by metric that a run must reach: one that falls short is done like any
    other, says so in its log, and ``gongbang train`` ends with exit status 2 behind its report.
    """

    name: str
    task: str
    description: str = ""
    backbone: str = "e5-small"
    layers: Annotated[int, Field(ge=1)] | None = None
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    freeze: list[str] = Field(default_factory=list)
    model: dict[str, Any] = Field(default_factory=dict)
    pipeline: dict[str, Any] = Field(default_factory=dict)
    data: DataSettings
    training: TrainingSettings = TrainingSettings()
    folds: FoldSettings = FoldSettings()
    export: ExportSettings = ExportSettings()
    expected: dict[str, float] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _can_remember(self) -> Self:
        alike = self.task == "respond" and self.pipeline.get("architecture", "bi") == "bi"
        if self.export.memory and not alike:
            raise ValueError("export.memory is for task: respond with pipeline.architecture: bi")
        if self.export.memory and not self.data.split.development:
            raise ValueError("export.memory is fitted on development data: set data.split.development")
        return self

    def resolved(self) -> dict[str, Any]:
        """Every key with its value, defaults included, as plain JSON."""
        return self.model_dump(mode="json")


def load_recipe(path: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe.

    Args:
        path: a YAML file; ``${NAME}`` and ``${NAME:-default}`` are taken from the environment.
        overrides: ``"training.epochs=1"`` and the like, values in YAML.

    Raises:
        RecipeError: the file is missing or broken, a key is unknown, or a value is not allowed.
    """
    file = Path(path)
    if not file.is_file():
        raise RecipeError(
            "the recipe is not there.",
            value=str(path),
            allowed="a YAML file, e.g. recipes/reader-ko.yaml",
            cure="Check the path.",
        )
    try:
        tree = yaml.safe_load(_expand(file.read_text(encoding="utf-8"), str(file)))
    except (yaml.YAMLError, UnicodeDecodeError) as err:
        raise RecipeError(
            f"{file} is not readable as YAML: {' '.join(str(err).split())[:200]}",
            value=str(file),
            allowed="YAML in UTF-8",
            cure="Mend the line that the message names.",
        ) from err
    if not isinstance(tree, dict):
        raise RecipeError(
            f"{file} holds no keys.",
            value=type(tree).__name__,
            allowed="a mapping",
            cure="Begin with 'name: ...'.",
        )
    for override in overrides:
        put_override(tree, override)
    return parse_recipe(tree, str(file))


def parse_recipe(tree: Mapping[str, Any], source: str = "recipe") -> Recipe:
    """A recipe from plain data, with errors that name the key and its nearest known neighbour."""
    try:
        return Recipe.model_validate(tree)
    except ValidationError as err:
        first = err.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise RecipeError(
            f"{source}: key '{place}': {_message(first)}",
            value=repr(first.get("input"))[:200],
            allowed=_allowed(first),
            cure=_cure(first),
        ) from err


def _message(error: Mapping[str, Any]) -> str:
    return (
        "unknown key."
        if error["type"] == "extra_forbidden"
        else f"{error['msg'][:1].lower()}{error['msg'][1:]}."
    )


def _siblings(loc: Sequence[Any]) -> list[str]:
    model: Any = Recipe
    for part in loc[:-1]:
        if isinstance(part, int) or not hasattr(model, "model_fields") or part not in model.model_fields:
            continue
        annotation = model.model_fields[part].annotation
        inner = getattr(annotation, "__args__", ())
        model = next((kind for kind in (annotation, *inner) if hasattr(kind, "model_fields")), model)
    return list(getattr(model, "model_fields", {}))


def _allowed(error: Mapping[str, Any]) -> str:
    if error["type"] == "extra_forbidden":
        return ", ".join(_siblings(error["loc"]))
    context = error.get("ctx") or {}
    return str(
        context.get("expected")
        or ", ".join(f"{key} {value}" for key, value in context.items())
        or error["type"]
    )


def _cure(error: Mapping[str, Any]) -> str:
    if error["type"] == "extra_forbidden":
        near = get_close_matches(str(error["loc"][-1]), _siblings(error["loc"]), n=1)
        return f"Did you mean '{near[0]}'?" if near else "Remove the key."
    if error["type"] == "missing":
        return f"Add '{error['loc'][-1]}'."
    return "Set an allowed value."


def _expand(text: str, source: str) -> str:
    def value(match: re.Match[str]) -> str:
        name, default = match[1], match[2]
        found = os.environ.get(name, default)
        if found is None:
            raise RecipeError(
                f"{source} needs the environment variable {name}.",
                value=f"${{{name}}}",
                allowed="a variable that is set, or a default as in ${NAME:-value}",
                cure=f"export {name}=...",
            )
        return found

    return _VARIABLE.sub(value, text)
