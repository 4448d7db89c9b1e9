"""The one loop that trains everything.

It knows features, a model with a ``loss`` and a function that scores the model; it knows no task.
Accumulation and several devices are Hugging Face accelerate's.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from gongbang.errors import PreflightError
from gongbang.tasks.base import Features
from gongbang.train.batches import FeatureRows, make_batches
from gongbang.train.checkpoint import (
    Progress,
    Weights,
    load_checkpoint,
    load_weights,
    save_checkpoint,
    save_weights,
    trainable,
)
from gongbang.train.recipe import TrainingSettings
from gongbang.train.schedule import factor, parameter_groups

_LOG = logging.getLogger(__name__)
Event = Mapping[str, Any]


@dataclass(slots=True)
class LoopResult:
    """What came of a run: the best value of the declared metric and where its weights lie."""

    best: float | None
    best_step: int
    steps: int
    seconds: float
    examples_per_second: float
    weights: Path


class _Objective(nn.Module):
    """The loss as a forward pass, so that accelerate's parallelism wraps it.

    Precision is set here and not by accelerate, which keeps the first one it was given for as long as the
    process lives.
    """

    def __init__(self, model: nn.Module, *, bf16: bool) -> None:
        super().__init__()
        self.model = model
        self.bf16 = bf16

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        device = next(iter(batch.values())).device.type
        with torch.autocast(device, torch.bfloat16, enabled=self.bf16):
            loss: Tensor = self.model.loss(batch)  # type: ignore[operator]
        return loss.float()


@dataclass(slots=True)
class Loop:
    """One training run.

    Args:
        model: has ``loss(batch)``; only parameters with ``requires_grad`` are trained and saved.
        features: the training rows.
        settings: see :class:`gongbang.train.recipe.TrainingSettings`.
        evaluate: scores the model on development data; gives metrics by name, among them
            ``settings.metric``. None: no evaluation, the last weights are kept.
        folder: where ``best.safetensors`` and the checkpoint ``last/`` go.
        recipe: hash of the recipe, kept in checkpoints so that no other run resumes from them.
        on_event: receives ``{"step", "epoch", "loss", "lr", ...}`` and each evaluation's metrics.
    """

    model: nn.Module
    features: Features
    settings: TrainingSettings
    folder: Path
    evaluate: Callable[[nn.Module], Mapping[str, float]] | None = None
    recipe: str = ""
    on_event: Callable[[Event], None] = lambda event: None
    _progress: Progress = field(init=False, default_factory=Progress)
    _average: Weights = field(init=False, default_factory=dict)

    def run(self, *, resume: bool = False, max_steps: int | None = None) -> LoopResult:
        """Train to the end, to an early stop, or for ``max_steps`` more steps.

        Args:
            resume: go on from the checkpoint ``last/`` in ``folder`` where there is one.
            max_steps: stop after this many optimiser steps and leave a checkpoint.
        """
        from accelerate import Accelerator

        settings = self.settings
        self.folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(settings.seed)
        self._progress.recipe = self.recipe
        accelerator = Accelerator(mixed_precision="no", gradient_accumulation_steps=settings.accumulate)
        sampler = make_batches(self.features, settings.batch_size, by=settings.batch_by, seed=settings.seed)
        rows = FeatureRows(self.features)
        # A loader draws a seed whenever it is begun; drawn from torch's own generator, this would make a run
        # that resumes within an epoch drop out other units than one that was never stopped.
        loader = torch.utils.data.DataLoader(
            rows,
            batch_sampler=sampler,
            collate_fn=rows.collate,
            generator=torch.Generator().manual_seed(settings.seed),
        )
        optimizer = torch.optim.AdamW(
            parameter_groups(
                self.model,
                learning_rate=settings.learning_rate,
                weight_decay=settings.weight_decay,
                layer_decay=settings.layer_decay,
            )
        )
        rates = [group["lr"] for group in optimizer.param_groups]
        self._average = (
            {k: v.clone() for k, v in trainable(self.model).items()} if settings.average_decay else {}
        )
        if resume and (self.folder / "last" / "state.json").is_file():
            self._progress = load_checkpoint(
                self.folder / "last",
                model=self.model,
                optimizer=optimizer,
                average=self._average,
                recipe=self.recipe,
            )
        objective, prepared, loader = accelerator.prepare(
            _Objective(self.model, bf16=settings.precision == "bf16"), optimizer, loader
        )
        per_epoch = -(-len(sampler) // settings.accumulate)
        total = per_epoch * settings.epochs
        stop_at = total if max_steps is None else min(total, self._progress.step + max_steps)
        began, seen = time.monotonic(), 0
        self.model.train()
        while self._progress.step < stop_at and not self._patience_is_over():
            sampler.epoch = self._progress.epoch
            skipped = self._progress.batch
            batches = accelerator.skip_first_batches(loader, skipped) if skipped else loader
            for batch in batches:
                self._set_rates(optimizer, rates, total)
                with accelerator.accumulate(objective):
                    loss = objective(batch)
                    self._check_loss(loss, batch)
                    accelerator.backward(loss)
                    if accelerator.sync_gradients:
                        accelerator.clip_grad_norm_(self.model.parameters(), settings.max_grad_norm)
                    prepared.step()
                    prepared.zero_grad()
                self._progress.batch += 1
                seen += len(next(iter(batch.values())))
                if not accelerator.sync_gradients:
                    continue
                self._progress.step += 1
                self._update_average()
                speed = seen / (time.monotonic() - began)
                self._report(loss, optimizer, total, speed, time.monotonic() - began)
                if self._progress.step % self._every(per_epoch) == 0 or self._progress.step == total:
                    self._evaluate(optimizer)
                if self._progress.step >= stop_at or self._patience_is_over():
                    break
            else:
                self._progress.epoch += 1
                self._progress.batch = 0
        self._progress.seconds += time.monotonic() - began
        save_checkpoint(
            self.folder / "last",
            model=self.model,
            optimizer=optimizer,
            average=self._average,
            progress=self._progress,
        )
        return self._result(seen / max(1e-9, time.monotonic() - began))

    def _every(self, per_epoch: int) -> int:
        return max(1, round(per_epoch * self.settings.evaluate_every))

    def _set_rates(self, optimizer: torch.optim.Optimizer, rates: list[float], total: int) -> None:
        share = factor(
            self._progress.step + 1,
            total=total + 1,
            warmup=round(total * self.settings.warmup),
            schedule=self.settings.schedule,
        )
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * share

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

    def _report(
        self, loss: Tensor, optimizer: torch.optim.Optimizer, total: int, speed: float, seconds: float
    ) -> None:
        step = self._progress.step
        if step % self.settings.log_every and step != total:
            return
        left = seconds / max(1, step) * (total - step)
        self.on_event(
            {
                "step": step,
                "steps": total,
                "epoch": self._progress.epoch
                + self._progress.batch * self.settings.batch_size / len(self.features),
                "loss": float(loss.detach()),
                "lr": optimizer.param_groups[-1]["lr"],
                "examples_per_second": round(speed, 2),
                "seconds_left": round(left),
            }
        )

    def _evaluate(self, optimizer: torch.optim.Optimizer) -> None:
        if self.evaluate is None:
            return
        raw = {name: value.clone() for name, value in trainable(self.model).items()} if self._average else {}
        self._copy(self._average)
        metrics = self.evaluate(self.model)
        value = metrics[self.settings.metric]
        if self._progress.best is None or value > self._progress.best:
            self._progress.best, self._progress.best_step, self._progress.waited = (
                value,
                self._progress.step,
                0,
            )
            save_weights(trainable(self.model), self.folder / "best.safetensors")
        else:
            self._progress.waited += 1
        self._copy(raw)
        self.model.train()
        self.on_event({"step": self._progress.step, "evaluation": dict(metrics), "best": self._progress.best})
        save_checkpoint(
            self.folder / "last",
            model=self.model,
            optimizer=optimizer,
            average=self._average,
            progress=self._progress,
        )

    @torch.no_grad()
    def _copy(self, weights: Weights) -> None:
        own = dict(self.model.named_parameters())
        for name, value in weights.items():
            own[name].copy_(value)

    def _patience_is_over(self) -> bool:
        return self.settings.patience > 0 and self._progress.waited >= self.settings.patience

    def _result(self, speed: float) -> LoopResult:
        best = self.folder / "best.safetensors"
        # Without an evaluation nothing is best but the last, also where an earlier stop left its weights.
        if self._progress.best is None or not best.is_file():
            save_weights(self._average or trainable(self.model), best)
        load_weights(self.model, best)
        self.model.eval()
        progress = self._progress
        return LoopResult(progress.best, progress.best_step, progress.step, progress.seconds, speed, best)
