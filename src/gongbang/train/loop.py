"""The one loop that trains everything.

It knows features, a model with a ``loss`` and a function that scores the model; it knows no task.
Accumulation and the choice of the device are Hugging Face accelerate's; a run is one process on one device.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from gongbang.artifacts.run import BEST
from gongbang.errors import PreflightError
from gongbang.tasks.base import Features
from gongbang.train.checkpoint import (
    Progress,
    Weights,
    load_checkpoint,
    load_weights,
    put_weights,
    random_states,
    save_checkpoint,
    save_weights,
    trainable,
)
from gongbang.train.cost import peak_memory
from gongbang.train.gear import Gear, make_gear
from gongbang.train.heap import KeptHeap
from gongbang.train.recipe import TrainingSettings
from gongbang.train.schedule import factor

_LOG = logging.getLogger(__name__)
Event = Mapping[str, Any]
_SAVE_EVERY = 600.0  # seconds after which a checkpoint is due, evaluated or not: what a power cut may cost


@dataclass(slots=True)
class LoopResult:
    """What came of a run: the best value of the declared metric and where its weights lie."""

    best: float | None
    best_step: int
    steps: int
    seconds: float
    examples_per_second: float
    weights: Path


@dataclass(slots=True)
class _Sitting:
    """What this process has done of a run that another may have begun.

    Attributes:
        first: steps that were behind the run when it was taken up.
        before: seconds of earlier sittings.
        rows: rows seen.
        began, saved: when the sitting began, and when its last checkpoint was written.
    """

    first: int
    before: float
    rows: int = 0
    began: float = field(default_factory=time.monotonic)
    saved: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        return max(1e-9, time.monotonic() - self.began)

    def left(self, step: int, total: int) -> float:
        """Seconds to the run's end at this sitting's pace."""
        return self.seconds / max(1, step - self.first) * (total - step)


@dataclass(frozen=True, slots=True)
class _Whole:
    """Where the run stood after its last whole step."""

    progress: Progress
    random: Weights


@dataclass(slots=True)
class Loop:
    """One training run.

    Args:
        model: has ``loss(batch)``; only parameters with ``requires_grad`` are trained and saved.
        features: the training rows.
        settings: see :class:`gongbang.train.recipe.TrainingSettings`.
        evaluate: scores the model on development data; gives metrics by name, among them
            ``settings.metric``. None: no evaluation, the last weights are kept.
        folder: where ``best.safetensors`` and the checkpoint ``last/`` go; the checkpoint is written at each
            evaluation, every ten minutes, when the user interrupts, and at the end.
        fresh: gives the rows of an epoch, in the place of ``features`` and as many, where the recipe augments
            on the fly; they may depend on nothing but the epoch. None: every epoch has the same rows.
        recipe: hash of the recipe, kept in checkpoints so that no other run resumes from them.
        on_event: receives ``{"step", "epoch", "loss", "lr", ...}`` and each evaluation's metrics.
    """

    model: nn.Module
    features: Features
    settings: TrainingSettings
    folder: Path
    evaluate: Callable[[nn.Module], Mapping[str, float]] | None = None
    fresh: Callable[[int], Features] | None = None
    recipe: str = ""
    on_event: Callable[[Event], None] = lambda event: None
    _progress: Progress = field(init=False, default_factory=Progress)
    _average: Weights = field(init=False, default_factory=dict)
    _whole: _Whole | None = field(init=False, default=None)
    """None from when weights move until the step is done, with the evaluation that may belong to it."""

    def run(self, *, resume: bool = False, max_steps: int | None = None) -> LoopResult:
        """Train to the end, to an early stop, or for ``max_steps`` more steps.

        Args:
            resume: go on from the checkpoint ``last/`` in ``folder`` where there is one.
            max_steps: stop after this many optimiser steps and leave a checkpoint.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(self.settings.seed)
        self._progress.recipe = self.recipe
        gear = self._gear(resume=resume)
        total = self.settings.total_steps(gear.per_epoch)
        stop_at = total if max_steps is None else min(total, self._progress.step + max_steps)
        sitting = _Sitting(self._progress.step, self._progress.seconds)
        self._settle(sitting)
        self.model.train()
        try:
            with KeptHeap() as heap:
                self._train(gear, sitting, heap, total=total, stop_at=stop_at)
        except KeyboardInterrupt:
            if self._whole is not None:
                self._save(gear.optimizer, self._whole)
            raise
        self._settle(sitting)
        self._save(gear.optimizer)
        return self._result(sitting.rows / sitting.seconds)

    def _gear(self, *, resume: bool) -> Gear:
        """Batches, optimiser and average, as the checkpoint left them where the run is resumed."""
        from accelerate import Accelerator

        settings = self.settings
        accelerator = Accelerator(mixed_precision="no", gradient_accumulation_steps=settings.accumulate)
        # Before anything is made of the parameters: average and moments lie where the parameters lie.
        self.model.to(accelerator.device)
        self._average = (
            {k: v.clone() for k, v in trainable(self.model).items()} if settings.average_decay else {}
        )
        gear = make_gear(accelerator, self.model, self.features, settings)
        if resume and (self.folder / "last" / "state.json").is_file():
            self._progress = load_checkpoint(
                self.folder / "last",
                model=self.model,
                optimizer=gear.optimizer,
                average=self._average,
                recipe=self.recipe,
            )
        return gear

    def _train(self, gear: Gear, sitting: _Sitting, heap: KeptHeap, *, total: int, stop_at: int) -> None:
        while self._progress.step < stop_at and not self._patience_is_over():
            gear.sampler.epoch = self._progress.epoch
            if self.fresh is not None:
                gear.rows.features = self.fresh(self._progress.epoch)
            skipped = self._progress.batch
            batches = gear.accelerator.skip_first_batches(gear.loader, skipped) if skipped else gear.loader
            for batch, weight in zip(batches, gear.weights()[skipped:], strict=True):
                self._set_rates(gear.optimizer, gear.rates, total)
                loss = self._learn(gear, batch, weight)
                self._progress.batch += 1
                sitting.rows += len(next(iter(batch.values())))
                if not gear.accelerator.sync_gradients:
                    continue
                self._progress.step += 1
                heap.step()
                self._update_average()
                self._after_step(loss, gear, sitting, total)
                if self._progress.step >= stop_at or self._patience_is_over():
                    break
            else:
                self._progress.epoch += 1
                self._progress.batch = 0

    def _learn(self, gear: Gear, batch: dict[str, Tensor], weight: float) -> Tensor:
        """One batch forwards and backwards, and a step of the optimiser where enough are accumulated.

        ``weight`` is the batch's part in that step (:func:`gongbang.train.gear.batch_weights`).
        """
        with gear.accelerator.accumulate(gear.objective):
            loss: Tensor = gear.objective(batch)
            self._check_loss(loss, batch)
            gear.accelerator.backward(loss * weight)
            if gear.accelerator.sync_gradients:
                gear.accelerator.clip_grad_norm_(self.model.parameters(), self.settings.max_grad_norm)
                self._whole = None
            gear.prepared.step()
            gear.prepared.zero_grad()
        return loss

    def _after_step(self, loss: Tensor, gear: Gear, sitting: _Sitting, total: int) -> None:
        """Tell of the step, evaluate and save where that is due."""
        due = self._evaluation_is_due(gear.per_epoch, total)
        if not due:  # else only with its evaluation is the step whole
            self._settle(sitting)
        self._report(loss, gear.optimizer, total, sitting)
        if due:
            self._evaluate(gear.optimizer)
            self._settle(sitting)
        if due or time.monotonic() - sitting.saved >= _SAVE_EVERY:
            self._save(gear.optimizer)
            sitting.saved = time.monotonic()

    def _evaluation_is_due(self, per_epoch: int, total: int) -> bool:
        every = max(1, round(per_epoch * self.settings.evaluate_every))
        step = self._progress.step
        return self.evaluate is not None and (step % every == 0 or step == total)

    def _settle(self, sitting: _Sitting) -> None:
        """Remember that a step is whole, so that an interruption before the next one loses nothing."""
        self._progress.seconds = sitting.before + sitting.seconds
        self._whole = _Whole(replace(self._progress), random_states())

    def _save(self, optimizer: torch.optim.Optimizer, whole: _Whole | None = None) -> None:
        """Write the checkpoint: of now, or of the last whole step."""
        save_checkpoint(
            self.folder / "last",
            model=self.model,
            optimizer=optimizer,
            average=self._average,
            progress=whole.progress if whole else self._progress,
            random=whole.random if whole else None,
        )

    def _set_rates(self, optimizer: torch.optim.Optimizer, rates: list[float], total: int) -> None:
        share = factor(
            self._progress.step + 1,
            total=total + 1,
            warmup=round(total * self.settings.warmup),
            schedule=self.settings.schedule,
        )
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * share * self._progress.scale

    def _check_loss(self, loss: Tensor, batch: Mapping[str, Tensor]) -> None:
        if not torch.isfinite(loss):
            raise PreflightError(
                f"the loss is not a number at step {self._progress.step}.",
                check="finite loss",
                value=float(loss.detach()),
                allowed="a finite loss",
                cure="Lower learning_rate, raise warmup, or set precision: fp32.",
            )

    @torch.no_grad()
    def _update_average(self) -> None:
        if not self._average:
            return
        # Young averages follow quickly, so that the first steps' weights do not linger.
        decay = min(self.settings.average_decay, (1 + self._progress.step) / (10 + self._progress.step))
        for name, value in trainable(self.model).items():
            self._average[name].lerp_(value, 1.0 - decay)

    def _report(self, loss: Tensor, optimizer: torch.optim.Optimizer, total: int, sitting: _Sitting) -> None:
        step = self._progress.step
        if step % self.settings.log_every and step != total:
            return
        self.on_event(
            {
                "step": step,
                "steps": total,
                "epoch": self._progress.epoch
                + self._progress.batch * self.settings.batch_size / len(self.features),
                "loss": float(loss.detach()),
                "lr": optimizer.param_groups[-1]["lr"],
                "examples_per_second": round(sitting.rows / sitting.seconds, 2),
                "seconds_left": round(sitting.left(step, total)),
                "peak_memory": peak_memory(),
            }
        )

    def _evaluate(self, optimizer: torch.optim.Optimizer) -> None:
        if self.evaluate is None:
            return
        raw = {name: value.clone() for name, value in trainable(self.model).items()} if self._average else {}
        put_weights(self.model, self._average)
        metrics = self.evaluate(self.model)
        value = metrics[self.settings.metric]
        if self._progress.best is None or value > self._progress.best:
            self._progress.gained(value)
            save_weights(trainable(self.model), self.folder / BEST)
        else:
            self._wait()
        put_weights(self.model, raw)
        self.model.train()
        self.on_event({"step": self._progress.step, "evaluation": dict(metrics), "best": self._progress.best})

    def _wait(self) -> None:
        """An evaluation without a gain; under the plateau schedule enough of them lower the rate."""
        self._progress.waited += 1
        self._progress.flat += 1
        if self.settings.schedule == "plateau" and self._progress.flat >= self.settings.plateau_patience:
            self._progress.scale *= self.settings.plateau_factor
            self._progress.flat = 0

    def _patience_is_over(self) -> bool:
        return self.settings.patience > 0 and self._progress.waited >= self.settings.patience

    def _result(self, speed: float) -> LoopResult:
        best = self.folder / BEST
        # Without an evaluation nothing is best but the last, also where an earlier stop left its weights.
        if self._progress.best is None or not best.is_file():
            save_weights(self._average or trainable(self.model), best)
        load_weights(self.model, best)
        self.model.eval()
        progress = self._progress
        return LoopResult(progress.best, progress.best_step, progress.step, progress.seconds, speed, best)
