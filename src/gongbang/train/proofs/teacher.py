"""A teacher that was asked for speaks, tells responses apart, and moves the loss."""

from __future__ import annotations

import numpy as np
import torch

from gongbang.errors import PreflightError
from gongbang.train.proofs.trial import Outcome, Trial

CHECK = "teacher"
_APART = 1e-3  # of a probability: what a teacher says of responses that are all alike to it
_MOVES = 1e-6  # of the loss


def prove(trial: Trial) -> Outcome:
    """Look at the teacher's probabilities, and at the loss with and without them."""
    settings = trial.bench.recipe.training.teacher
    if settings is None:
        return Outcome("no teacher", skipped=True)
    soft = trial.features.targets.get("soft")
    rows = np.zeros(0, dtype=np.int64) if soft is None else np.flatnonzero(soft.sum(axis=1) > 0)
    if soft is None or not len(rows):
        _refuse(
            "the teacher speaks of no training record.",
            settings.run,
            "probabilities of mined responses",
            "Raise data.negatives.top_n, so that responses are mined; among few records all may be right.",
        )
    assert soft is not None
    told = soft[rows]
    lowest = np.where(told > 0, told, np.inf).min(axis=1)
    if float((told.max(axis=1) - lowest).max()) < _APART:
        _refuse(
            "the teacher finds all responses alike: there is nothing to learn from it.",
            f"{settings.run}: probabilities of {told[0].round(4).tolist()}",
            "probabilities that differ",
            "Train the teacher longer; its own scores say whether it has learned anything.",
        )
    batch = trial.batch(rows[:4])
    trial.model.eval()
    with torch.no_grad():
        taught = float(trial.model.loss(batch))
        alone = float(trial.model.loss({name: value for name, value in batch.items() if name != "soft"}))
    trial.model.train()
    if abs(taught - alone) <= _MOVES * max(1.0, abs(alone)):
        _refuse(
            "the teacher does not move the loss.",
            f"{alone:.6g} without, {taught:.6g} with weight={settings.weight} at {settings.temperature}",
            "a loss that changes",
            "Raise training.teacher.weight, or lower its temperature.",
        )
    right = float((told[:, 0] >= told.max(axis=1)).mean())
    numbers = {"judged": len(rows), "right by the teacher": round(right, 3), "adds": round(taught - alone, 4)}
    notes = [] if right > 0.5 else ["the teacher prefers a mined response to the right one as a rule"]
    return Outcome("the teacher tells responses apart and moves the loss", dict(numbers), notes)


def _refuse(what: str, value: object, allowed: str, cure: str) -> None:
    raise PreflightError(what, check=CHECK, value=value, allowed=allowed, cure=cure)
