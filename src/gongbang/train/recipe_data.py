"""The part of a recipe that says where the examples come from, and what is made of them."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Strict(BaseModel):
    """Settings whose unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceSettings(Strict):
    """One file of examples and how much of it is used.

    ``rename`` gives texts the names that the task knows them by, ``relabel`` labels those that it knows, so
    that a set made for another task can be learned from; a label that ``relabel`` does not name is refused.

    ``role`` says what it is used for: "split" deals its groups out by the recipe's split, the others give
    the whole source to one part. ``share`` keeps that share of its records (seeded). ``augmented`` says
    that the rows are made, not found: such rows never enter development or test data. ``make: claims`` makes
    yes/no questions of a reader's questions (:mod:`gongbang.augment.claims`), which are trained on alone.
    """

    path: str
    format: str | None = None
    mapping: dict[str, str] = Field(default_factory=dict)
    rename: dict[str, str] = Field(default_factory=dict)
    relabel: dict[str, str] = Field(default_factory=dict)
    licence: str | None = None
    role: Literal["split", "train", "development", "test"] = "split"
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    augmented: bool = False
    make: Literal["none", "claims"] = "none"


class SplitSettings(Strict):
    """Shares of the groups that are held out for development and test.

    ``group_by`` names a text, such as the context of a reply: records of the same text are a group then, and
    what else the reader ties together may fall into several parts.
    """

    group_by: str = ""
    development: Annotated[float, Field(ge=0, lt=1)] = 0.1
    test: Annotated[float, Field(ge=0, lt=1)] = 0.1
    seed: int = 17


class NegativeSettings(Strict):
    """Wrong examples that a search through the training records finds, beside the right ones.

    For a task that reads passages they are retrieved passages that do not answer the question, as examples of
    "no answer"; passages that contain the answer after normalisation are never taken. For response selection
    they are responses that other training records give to contexts much like this one
    (:mod:`gongbang.train.response_negatives`); those that may be right after all are never taken.

    ``per_question`` may be below one (a share of the questions, or contexts); ``top_n`` is how deep they are
    drawn from. ``drawn`` is for a cross-encoder alone: how many wrong responses a training record that lists
    none is dealt by chance, beside those that are mined; one less than ``pipeline.candidates`` when None.
    """

    per_question: Annotated[float, Field(ge=0)] = 0.0
    top_n: Annotated[int, Field(ge=1)] = 10
    drawn: Annotated[int, Field(ge=1)] | None = None
    seed: int = 17


class ClozeSettings(Strict):
    """Questions made of the training passages (:mod:`gongbang.augment.cloze`).

    ``per_passage`` is how many are made of one at most (0: none), ``limit`` how many in all.
    """

    per_passage: Annotated[int, Field(ge=0)] = 0
    limit: Annotated[int, Field(ge=1)] | None = None
    seed: int = 17


class AugmentSettings(Strict):
    """Copies of the training records by one method (:mod:`gongbang.augment`); none is made by default.

    ``method`` is a name of :data:`gongbang.augment.table.AUGMENTERS` with its ``options``, ``ratio`` how many
    copies are made per record, ``filters`` are names of :data:`gongbang.augment.filters.FILTERS` (with their
    options) that a copy must pass. ``on_the_fly`` stores none: in each epoch every record is replaced by a
    fresh copy with the chance ``ratio`` (:mod:`gongbang.train.fresh`).
    """

    method: str
    ratio: Annotated[float, Field(ge=0)] = 1.0
    options: dict[str, Any] = Field(default_factory=dict)
    filters: dict[str, dict[str, Any]] = Field(default_factory=dict)
    on_the_fly: bool = False
    seed: int = 17

    @model_validator(mode="after")
    def _one_copy(self) -> Self:
        if self.on_the_fly and self.ratio > 1:
            raise ValueError("on_the_fly replaces a record by one copy: 'ratio' is its chance, at most 1")
        return self

    @property
    def files(self) -> list[str]:
        """Files that the copies depend on: stored translations."""
        return [str(self.options["cache"])] if self.options.get("cache") else []


class DataSettings(Strict):
    """Where the examples come from and how they are split."""

    sources: Annotated[list[SourceSettings], Field(min_length=1)]
    split: SplitSettings = SplitSettings()
    negatives: NegativeSettings = NegativeSettings()
    cloze: ClozeSettings = ClozeSettings()
    augment: list[AugmentSettings] = Field(default_factory=list)
