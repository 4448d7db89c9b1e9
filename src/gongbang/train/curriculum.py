"""Which rows may be drawn when: a curriculum from easy to difficult, or its controls.

At each step only a share of the rows may be drawn, those that come first by difficulty, and the share grows
until all may be: Platanios et al. 2019, "Competence-based Curriculum Learning for Neural Machine
Translation", section 2.2. Optimiser and schedule are those of one unbroken run, so that what is compared is
the order alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gongbang.errors import DataError, RecipeError
from gongbang.tasks.base import Features
from gongbang.train.batches import (
    GroupBatches,
    LengthBatches,
    RecordBatches,
    label_chances,
    make_batches,
    row_labels,
    row_lengths,
)
from gongbang.train.difficulty import read_difficulty, stages_of

if TYPE_CHECKING:
    from gongbang.train.recipe import CurriculumSettings, TrainingSettings

_START = 0.1  # share that may be drawn at the first step
_STAGES = 4
_POOL = 32  # batches that are sorted by length together at most
_REFRESH = 16  # times in an epoch that the allowed share is looked at, at least
_UNKNOWN = 0.5  # share of rows that may be without a difficulty before the table counts as another data set's


@dataclass(frozen=True, slots=True)
class Ranks:
    """Rows in the order in which a curriculum opens them.

    Attributes:
        order: (rows,) row numbers, first allowed first.
        difficulty: (rows,) of each row by number, higher is more difficult.
        stages: (rows,) of each row by number.
        unknown: rows whose difficulty the table does not know; they count as the most difficult.
    """

    order: NDArray[np.int64]
    difficulty: NDArray[np.float64]
    stages: NDArray[np.int64]
    unknown: int = 0


def competence(done: float, settings: CurriculumSettings) -> float:
    """The share of rows that may be drawn when ``done`` of the run lies behind; for root and linear pacing.

    Example:
        >>> from gongbang.train.recipe import CurriculumSettings
        >>> root = CurriculumSettings(share=0.1, until=0.5)
        >>> [round(competence(done, root), 3) for done in (0.0, 0.125, 0.5, 0.9)]
        [0.1, 0.507, 1.0, 1.0]
    """
    start = _START if settings.share is None else settings.share
    past = min(1.0, done / settings.until)
    if past == 1.0:
        return 1.0
    if settings.pacing == "linear":
        return start + past * (1.0 - start)
    return math.sqrt(past * (1.0 - start**2) + start**2)


def allowed_rows(done: float, ranks: Ranks, settings: CurriculumSettings) -> int:
    """How many rows of ``ranks.order`` may be drawn when ``done`` of the run lies behind; at least one."""
    rows = len(ranks.order)
    if settings.pacing != "stages":
        return min(rows, max(1, math.ceil(rows * competence(done, settings) - 1e-9)))
    sizes = np.bincount(ranks.stages)
    sizes = sizes[sizes > 0]
    if settings.direction == "hard_first":
        sizes = sizes[::-1]
    last = len(sizes) - 1
    stage = min(last, int(done / settings.until * last + 1e-9))
    return int(sizes[: stage + 1].sum())


def rank_rows(features: Features, settings: CurriculumSettings, *, seed: int) -> Ranks:
    """The rows of features in the order in which a curriculum opens them.

    Rows of equal difficulty come in an order that the seed decides; with ``direction: shuffle`` all do.

    Raises:
        DataError: the table cannot be read, or knows less than half of the rows.
    """
    values, stages, unknown = _values(features, settings)
    chance = np.random.default_rng((seed, 0)).permutation(len(values))
    sign = -1.0 if settings.direction == "hard_first" else 1.0
    if settings.direction == "shuffle":
        order = chance
    else:
        order = chance[np.argsort(sign * values[chance], kind="stable")]
    return Ranks(order.astype(np.int64), values, stages, unknown)


def _values(
    features: Features, settings: CurriculumSettings
) -> tuple[NDArray[np.float64], NDArray[np.int64], int]:
    if settings.by == "length" or settings.file is None:
        values = row_lengths(features).astype(np.float64)
        return values, stages_of(values, settings.stages or _STAGES), 0
    table = read_difficulty(settings.file, settings.by)
    found = [table.get(features.records[record].id) for record in features.record]
    unknown = sum(row is None for row in found)
    if unknown > _UNKNOWN * len(found):
        raise DataError(
            "the difficulty table does not know most of the rows that are trained on.",
            value=f"{unknown:,} of {len(found):,} rows are not in it",
            allowed="the ids of the training records",
            cure="Make the table from out-of-fold predictions of this recipe's own data.",
            path=settings.file,
        )
    values = np.asarray([math.inf if row is None else row.value(settings.by) for row in found])
    last = max(row.stage for row in table.values())
    return values, np.asarray([last if row is None else row.stage for row in found]), unknown


class CurriculumBatches:
    """A batch sampler that draws from the rows that are allowed by then, the least drawn of an epoch first.

    Once all rows are allowed, an epoch holds each row once. The order depends on the seed, the epoch and the
    length of the run alone, so that a run that resumes within an epoch sees the very same batches.

    Args:
        ranks: rows in the order in which they open.
        lengths: (rows,) tokens in each row; rows of like length go together, as far as that is allowed.
        batch_size: rows in a batch; the last one may be smaller.
        settings: pacing and direction.
        epochs: of the whole run.
        seed: of the draws.
    """

    drop_last = False

    def __init__(
        self,
        ranks: Ranks,
        lengths: NDArray[np.int64],
        batch_size: int,
        settings: CurriculumSettings,
        *,
        epochs: int,
        seed: int,
    ) -> None:
        self.ranks = ranks
        self.lengths = lengths
        self.batch_size = batch_size
        self.settings = settings
        self.epochs = epochs
        self.seed = seed
        self.epoch = 0

    def __len__(self) -> int:
        return math.ceil(len(self.lengths) / self.batch_size)

    def allowed(self, batch: int) -> int:
        """How many rows of ``ranks.order`` may stand in this batch of the present epoch."""
        done = (self.epoch * len(self) + batch) / (self.epochs * len(self))
        return allowed_rows(done, self.ranks, self.settings)

    def __iter__(self) -> Iterator[list[int]]:
        rng = np.random.default_rng((self.seed, self.epoch))
        rows, batches = len(self.lengths), len(self)
        drawn = np.zeros(rows, dtype=np.int64)  # how often in this epoch
        together = min(_POOL, max(1, batches // _REFRESH))
        for first in range(0, batches, together):
            last = min(batches, first + together)
            count = min(rows, last * self.batch_size) - first * self.batch_size
            # What the chunk's first batch may hold, each later one may hold as well.
            chosen = self._draw(rng, drawn, self.allowed(first), count)
            chosen = chosen[np.argsort(self.lengths[chosen], kind="stable")]
            cuts = [
                chosen[at : at + self.batch_size].tolist() for at in range(0, len(chosen), self.batch_size)
            ]
            for place in rng.permutation(len(cuts)):
                yield cuts[place]

    def _draw(
        self, rng: np.random.Generator, drawn: NDArray[np.int64], allowed: int, count: int
    ) -> NDArray[np.int64]:
        """``count`` rows, those that were drawn least often first; ``drawn`` is brought up to date."""
        pool = self.ranks.order[:allowed]
        parts = []
        while count > 0:
            order = pool[rng.permutation(len(pool))]
            order = order[np.argsort(drawn[order], kind="stable")][:count]
            drawn[order] += 1
            parts.append(order)
            count -= len(order)
        return np.concatenate(parts)


def make_sampler(
    features: Features, settings: TrainingSettings
) -> LengthBatches | RecordBatches | GroupBatches | CurriculumBatches:
    """The batch sampler of a recipe: by its curriculum where it has one, else by ``training.batch_by``.

    Raises:
        RecipeError: rows are to be drawn by their label and do not have one each, or rows that are learnt
            from together would be parted.
    """
    if "record" in features.targets:
        _refuse_parting(settings)
    if settings.sample_by == "label":
        chances = label_chances(row_labels(features), settings.sample_power)
        lengths = row_lengths(features)
        return LengthBatches(lengths, settings.batch_size, seed=settings.seed, chances=chances)
    if settings.curriculum is None:
        return make_batches(features, settings.batch_size, by=settings.batch_by, seed=settings.seed)
    return CurriculumBatches(
        rank_rows(features, settings.curriculum, seed=settings.seed),
        row_lengths(features),
        settings.batch_size,
        settings.curriculum,
        epochs=settings.epochs,
        seed=settings.seed,
    )


def _refuse_parting(settings: TrainingSettings) -> None:
    """Raise where the rows of a record, over which a loss goes, would be dealt into different batches."""
    parting = {
        "training.sample_by": settings.sample_by if settings.sample_by == "label" else None,
        "training.curriculum": settings.curriculum,
        "training.batch_by": settings.batch_by if settings.batch_by != "length" else None,
    }
    for key, value in parting.items():
        if value is not None:
            raise RecipeError(
                "a record's candidates are learnt from together, and this parts them.",
                value=f"{key}: {value}",
                allowed="batches of whole records (training.batch_by: length)",
                cure=f"Remove {key}.",
            )
