"""What development data decides of response selection: the temperature, and how known pairs are used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gongbang.metrics.selection import right_ranks
from gongbang.tasks.base import Arrays, Features
from gongbang.tasks.labels import fitted_temperature
from gongbang.tasks.pair_memory import Recall

if TYPE_CHECKING:
    from gongbang.tasks.respond import RespondTask

_ABSENT = -1e4  # the score of a candidate that a record does not have, where a softmax is fitted
_RECALLS = tuple(
    Recall(neighbours, temperature, weight)
    for neighbours in (10, 20, 50)
    for temperature in (0.03, 0.05, 0.1)
    for weight in (0.0, 0.25, 0.5, 0.75, 1.0, 1.5)
)
"""Ways to use known pairs that a fit looks at."""


def fitted(task: RespondTask, outputs: Arrays, features: Features) -> tuple[RespondTask, dict[str, Any]]:
    """The task with its temperature fitted, and how it asks the pairs that it knows; and what that did.

    Known pairs that do not help these records are left out.

    Args:
        task: its settings' temperature is that from before.
        outputs: as its ``decode`` takes them, of records that were not trained on, each with its response.
        features: of these records.
    """
    task, told = _recalling(task, outputs, features)
    scored = task.scored(outputs, features)
    logits = _matrix([scores for _, _, scores in scored])
    # Dot products of unit vectors lie close together: in units of their spread the search is wide enough.
    spread = float(np.concatenate([scores for _, _, scores in scored]).std()) or 1.0
    gold = np.zeros(len(scored), dtype=np.int64)  # the right response is the first
    logits[logits > _ABSENT] /= spread
    best, report = fitted_temperature(logits, gold, task.settings.temperature / spread)
    temperature = round(best * spread, 6)
    settings = replace(task.settings, temperature=temperature)
    return replace(task, settings=settings), {**report, "temperature": temperature, **told}


def _recalling(task: RespondTask, outputs: Arrays, features: Features) -> tuple[RespondTask, dict[str, Any]]:
    """The task with its known pairs used in the way that gives the best MRR, of equals the least."""
    if task.memory is None:
        return task, {}
    found: dict[Recall, float] = {}
    for recall in _RECALLS:
        scored = task.remembering(task.memory.used(recall)).scored(outputs, features)
        matrix = _matrix([scores for _, _, scores in scored])
        found[recall] = float(np.mean(1.0 / right_ranks(matrix, there=matrix > _ABSENT)))
    best = max(_RECALLS, key=lambda recall: (found[recall], -recall.weight))
    without = next(value for recall, value in found.items() if not recall.weight)
    told = {
        "pairs": len(task.memory),
        "neighbours": best.neighbours,
        "temperature": best.temperature,
        "weight": best.weight,
        "mrr without": round(without, 4),
        "mrr with": round(found[best], 4),
    }
    return task.remembering(task.memory.used(best) if best.weight else None), {"memory": told}


def _matrix(rows: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """(n, most) scores, filled up where a row has fewer."""
    matrix = np.full((len(rows), max(map(len, rows))), _ABSENT)
    for at, scores in enumerate(rows):
        matrix[at, : len(scores)] = scores
    return matrix
