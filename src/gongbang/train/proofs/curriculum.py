"""A curriculum changes which rows are drawn when, and ends with all of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gongbang.errors import PreflightError
from gongbang.tasks.base import Features
from gongbang.train.curriculum import CurriculumBatches, Ranks, allowed_rows, make_sampler, rank_rows
from gongbang.train.proofs.trial import Outcome, Trial
from gongbang.train.recipe import CurriculumSettings

CHECK = "curriculum"


def prove(trial: Trial) -> Outcome:
    """Draw a run's batches of the sample, and look at how difficult the rows of its beginning are."""
    settings = trial.bench.recipe.training
    if settings.curriculum is None:
        return Outcome("there is no curriculum", skipped=True)
    # Small batches, so that the sample's run is cut as finely as the whole run's.
    small = settings.model_copy(
        update={"batch_size": max(1, min(settings.batch_size, len(trial.features) // 32))}
    )
    sampler = make_sampler(trial.features, small)
    ranks = rank_rows(trial.features, settings.curriculum, seed=settings.seed)
    _differs(ranks, settings.curriculum)
    _ends_with_all(ranks, settings.curriculum)
    assert isinstance(sampler, CurriculumBatches)
    first, all_rows = _difficulty(sampler, ranks)
    _acts(first, all_rows, settings.curriculum)
    notes = _unknown(trial.features, ranks)
    numbers = {"rank of the first tenth": round(first, 3), "of the last epoch": round(all_rows, 3)}
    return Outcome("the curriculum changes which rows come first", dict(numbers), notes)


def _differs(ranks: Ranks, settings: CurriculumSettings) -> None:
    if len(np.unique(ranks.difficulty)) > 1:
        return
    raise PreflightError(
        "every row is as difficult as every other: the curriculum would order nothing.",
        check=CHECK,
        value=f"difficulty {ranks.difficulty[0]:g} by {settings.by}",
        allowed="rows of different difficulty",
        cure="Order by another measure, or remove training.curriculum.",
    )


def _ends_with_all(ranks: Ranks, settings: CurriculumSettings) -> None:
    start, end = (allowed_rows(done, ranks, settings) for done in (0.0, settings.until))
    rows = len(ranks.order)
    if start < rows == end:
        return
    raise PreflightError(
        "the curriculum allows all rows from the first step, or never.",
        check=CHECK,
        value=f"{start} of {rows} rows at the start, {end} at its end",
        allowed="some of the rows at the start, and all at its end",
        cure="Lower training.curriculum.share, or use a table with more than one stage.",
    )


def _difficulty(sampler: CurriculumBatches, ranks: Ranks) -> tuple[float, float]:
    """Mean rank by difficulty, 0 easiest to 1, of the run's first tenth and of its last epoch."""
    known = np.sort(ranks.difficulty)
    below, upto = (np.searchsorted(known, ranks.difficulty, side=side) for side in ("left", "right"))
    place: NDArray[np.float64] = (below + upto) / (2.0 * len(known))  # rows of equal difficulty alike
    beginning: list[int] = []
    for batch in sampler:
        beginning += batch
        if len(beginning) * 10 >= len(ranks.order) * sampler.epochs:
            break
    sampler.epoch = sampler.epochs - 1
    return float(place[beginning].mean()), float(place[[row for batch in sampler for row in batch]].mean())


def _acts(first: float, all_rows: float, settings: CurriculumSettings) -> None:
    lower = first < all_rows - 0.02
    higher = first > all_rows + 0.02
    wanted = {"easy_first": lower, "hard_first": higher, "shuffle": True}[settings.direction]
    if wanted:
        return
    raise PreflightError(
        f"the curriculum does not begin as its direction says: {settings.direction}.",
        check=CHECK,
        value=f"rank {first:.3f} in the first tenth of the run, {all_rows:.3f} in its last epoch",
        allowed="easier rows first with easy_first, more difficult ones first with hard_first",
        cure="Lower training.curriculum.share or raise training.curriculum.until.",
    )


def _unknown(features: Features, ranks: Ranks) -> list[str]:
    if not ranks.unknown:
        return []
    return [
        f"{ranks.unknown:,} of {len(features):,} sampled rows are not in the difficulty table "
        "and count as the most difficult"
    ]
