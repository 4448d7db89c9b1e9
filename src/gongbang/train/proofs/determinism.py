"""The same seed gives the same features, the same batches and the same first loss."""

from __future__ import annotations

import numpy as np
import torch

from gongbang.errors import PreflightError
from gongbang.train.curriculum import make_sampler
from gongbang.train.proofs.trial import Outcome, Trial

CHECK = "determinism"


def prove(trial: Trial) -> Outcome:
    """Do everything before the first step twice."""
    settings = trial.bench.recipe.training
    records = trial.records[:16]
    first, second = (trial.bench.task.prepare(records) for _ in range(2))
    for name, array in {**first.inputs, **first.targets}.items():
        if not np.array_equal(array, {**second.inputs, **second.targets}[name]):
            _refuse("preparing the same records twice gives other features", name)
    one, two = (list(make_sampler(trial.features, settings)) for _ in range(2))
    if one != two:
        _refuse("the same seed gives other batches", settings.seed)
    losses = []
    rows = trial.few(4)
    for _ in range(2):
        torch.manual_seed(settings.seed)
        trial.model.train()
        with torch.no_grad():
            losses.append(float(trial.model.loss(trial.batch(rows))))
    if losses[0] != losses[1]:
        _refuse("the same seed gives another first loss", f"{losses[0]!r} and {losses[1]!r}")
    return Outcome("the same seed gives the same first loss", {"first loss": round(losses[0], 6)})


def _refuse(what: str, value: object) -> None:
    raise PreflightError(
        f"{what}: the run could not be repeated.",
        check=CHECK,
        value=value,
        allowed="the same twice",
        cure="Draw random numbers from torch's generator or from one seeded by the recipe, and iterate over "
        "lists, not sets.",
    )
