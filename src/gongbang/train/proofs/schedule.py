"""The loop steps its rate with the optimiser, reaches the schedule's end, and keeps the declared best.

The loop is run on a probe: a model of one number, over rows of one token, with the recipe's own settings.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gongbang.data.records import Record
from gongbang.errors import PreflightError
from gongbang.tasks.base import Features
from gongbang.train.loop import LoopResult
from gongbang.train.proofs.trial import Outcome, Trial
from gongbang.train.recipe import TrainingSettings
from gongbang.train.schedule import factor, lowered

_STEPS = 150  # optimiser steps of the probe, about
_EVALUATIONS = 6  # at least: the best is the third, and must not be the last


class _Probe(nn.Module):
    """One number whose loss falls for ever."""

    def __init__(self) -> None:
        super().__init__()
        self.place = nn.Parameter(torch.zeros(1))

    def loss(self, batch: dict[str, Tensor]) -> Tensor:
        return batch["input_ids"].float().mean() * self.place.sum()


@dataclass(slots=True)
class _Trace:
    """What the loop told and where the probe stood."""

    rates: list[float] = field(default_factory=list)
    evaluations: list[int] = field(default_factory=list)  # the steps of
    steps: list[int] = field(default_factory=list)
    places: list[float] = field(default_factory=list)
    evaluated: list[float] = field(default_factory=list)
    total: int = 0
    kept: float = 0.0
    result: LoopResult | None = None


def prove_schedule(trial: Trial) -> Outcome:
    """Count steps, and compare each step's rate with the schedule's."""
    settings, rows, trace = _once(trial)
    batches = -(-rows // settings.batch_size)
    per_epoch = -(-batches // settings.accumulate)
    total = settings.total_steps(per_epoch)
    if trace.total != total or len(trace.rates) != total:
        raise PreflightError(
            "the loop takes another number of steps than batches and accumulation give.",
            check="schedule",
            value=f"{len(trace.rates)} steps, announced {trace.total}",
            allowed=f"{total}: {batches} batches / accumulate {settings.accumulate} x {settings.epochs}"
            if settings.steps is None
            else f"training.steps: {total}",
            cure="Step the optimiser once for each accumulated batch, the last incomplete one included.",
        )
    if max(trace.rates, default=0.0) <= 0.0:
        raise PreflightError(
            "the learning rate is zero throughout.",
            check="learning rate",
            value=settings.learning_rate,
            allowed="a rate above zero",
            cure="Raise training.learning_rate.",
        )
    _compare(settings, trace, per_epoch, total)
    numbers = {"steps": total, "highest": max(trace.rates), "last": trace.rates[-1]}
    return Outcome("the rate follows the schedule step by step", dict(numbers))


def _compare(settings: TrainingSettings, trace: _Trace, per_epoch: int, total: int) -> None:
    warmup, rates = round(total * settings.warmup), trace.rates
    wanted = [
        settings.learning_rate
        * factor(step + 1, total=total + 1, warmup=warmup, schedule=settings.schedule)
        * _lowered(settings, trace, step)
        for step in range(total)
    ]
    wrong = next(
        (at for at, (a, b) in enumerate(zip(rates, wanted, strict=True)) if abs(a - b) > 1e-3 * max(wanted)),
        None,
    )
    if wrong is None:
        return
    by_steps = settings.schedule in {"linear", "cosine"}
    steady = len({round(rate, 12) for rate in rates[:per_epoch]}) == 1 and by_steps
    raise PreflightError(
        "the learning rate is stepped per epoch by a schedule that counts optimiser steps."
        if steady
        else "the learning rate does not follow the schedule.",
        check="schedule",
        value=f"step {wrong + 1} of {total}: {rates[wrong]:.3g}; the run would end at {rates[-1]:.3g}",
        allowed=f"{wanted[wrong]:.3g} there, {wanted[-1]:.3g} at the end",
        cure="Set the rate once for each optimiser step.",
    )


def _lowered(settings: TrainingSettings, trace: _Trace, step: int) -> float:
    """What the plateau schedule makes of the evaluations that lie before a step."""
    if settings.schedule != "plateau":
        return 1.0
    before = sum(at <= step for at in trace.evaluations)
    values = trace.evaluated[:before]
    return lowered(values, patience=settings.plateau_patience, factor=settings.plateau_factor)


def prove_selection(trial: Trial) -> Outcome:
    """The weights that are kept are those of the best declared metric, whatever other metrics do."""
    settings, _, trace = _once(trial)
    result = trace.result
    if result is None or not trace.evaluated:
        return Outcome("nothing is evaluated", skipped=True)
    best = int(np.argmax(trace.evaluated))
    # What was evaluated is what must be kept, the average where the recipe keeps one.
    if result.best != trace.evaluated[best] or abs(trace.kept - trace.places[best]) > 1e-6:
        raise PreflightError(
            f"the weights that are kept are not those of the best {settings.metric}.",
            check="best checkpoint",
            value=f"kept {result.best}, of step {result.best_step}",
            allowed=f"the best of {', '.join(f'{value:g}' for value in trace.evaluated)}",
            cure="Compare only the declared metric when saving the best weights.",
        )
    return Outcome(
        "the best checkpoint is that of the declared metric",
        {"metric": settings.metric, "evaluations": len(trace.evaluated)},
    )


def _once(trial: Trial) -> tuple[TrainingSettings, int, _Trace]:
    """The probe's run, which both proofs look at."""
    if "probe" not in trial.shared:
        settings, rows = _settings(trial)
        trial.shared["probe"] = (settings, rows, _run(trial, settings, rows))
    found: tuple[TrainingSettings, int, _Trace] = trial.shared["probe"]
    return found


def _settings(trial: Trial) -> tuple[TrainingSettings, int]:
    """The recipe's settings at the probe's size, and its rows: one too many, so that a batch is cut."""
    settings = trial.bench.recipe.training
    size, accumulate = min(settings.batch_size, 4), settings.accumulate
    epochs = min(settings.epochs, 12)
    per_epoch = max(6, _STEPS // epochs)
    changed = settings.model_copy(
        update={
            "batch_size": size,
            "epochs": epochs,
            "steps": settings.steps and epochs * per_epoch - 1,
            "log_every": 1,
            "patience": 0,
            "evaluate_every": min(0.34, epochs / _EVALUATIONS),
            "layer_decay": 1.0,
            "curriculum": None,
            "sample_by": "none",
            "precision": "fp32",
        }
    )
    return changed, size * accumulate * per_epoch + 1


def _run(trial: Trial, settings: TrainingSettings, rows: int) -> _Trace:
    trace, model = _Trace(), _Probe()
    ones = np.ones((rows, 1), dtype=np.int64)
    features = Features(
        inputs={"input_ids": ones, "attention_mask": ones},
        targets={},
        record=np.arange(rows),
        rows=[None] * rows,
        records=[Record(str(row), {}, group=str(row // 3)) for row in range(rows)],
    )

    def evaluate(probe: nn.Module) -> dict[str, float]:
        # The declared metric is best in the middle; every other one only grows, or only falls.
        number = len(trace.evaluated)
        value = 1.0 / (1 + abs(number - 2))
        trace.evaluated.append(value)
        trace.places.append(float(model.place.detach()))
        others = {"loss": -float(number), "accuracy": float(number), "recall@20": float(number)}
        return {**others, settings.metric: value}

    def event(values: Any) -> None:
        if "evaluation" in values:
            trace.evaluations.append(int(values["step"]))
        if "lr" in values:
            trace.rates.append(float(values["lr"]))
            trace.total = int(values["steps"])

    with TemporaryDirectory() as folder:
        trace.result = trial.loop(
            model=model,
            features=features,
            settings=settings,
            folder=Path(folder),
            evaluate=evaluate,
            on_event=event,
        ).run()
    trace.kept = float(model.place.detach())
    return trace
