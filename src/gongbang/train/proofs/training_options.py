"""Every training option that is switched on has something to act on."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
import torch

from gongbang.errors import PreflightError
from gongbang.train.batches import label_chances, row_labels
from gongbang.train.curriculum import make_sampler
from gongbang.train.precision import bf16_slowdown, has_bf16, resolve_precision
from gongbang.train.proofs.trial import Outcome, Trial
from gongbang.train.schedule import parameter_groups
from gongbang.train.workbench import label_counts

CHECK = "options act"
_EPOCHS = 20  # drawn to see how often each label comes


def prove(trial: Trial) -> Outcome:
    """Freezing, decay, sampling, dropout, averaging, warm-up, patience, accumulation and precision."""
    recipe = trial.bench.recipe
    _freeze(trial)
    _groups(trial)
    _batches(trial)
    _sampling(trial)
    notes = _steps(trial)
    _dropout(trial)
    change = _precision(trial)
    notes += _slow_precision(trial)
    numbers: dict[str, Any] = {"freeze": len(recipe.freeze), "dropout": recipe.dropout}
    return Outcome("training options act", {**numbers, "bf16 changes the loss by": change}, notes)


def _refuse(what: str, value: object, allowed: str, cure: str) -> None:
    raise PreflightError(what, check=CHECK, value=value, allowed=allowed, cure=cure)


def _freeze(trial: Trial) -> None:
    for wanted in trial.bench.recipe.freeze:
        matching = [(n, v) for n, v in trial.model.named_parameters() if wanted in n]
        if not matching:
            _refuse(
                "freeze names no parameter of this model.",
                wanted,
                "a part of a parameter's name, e.g. word_embeddings",
                "Mend or remove the entry under 'freeze'.",
            )
        if any(value.requires_grad for _, value in matching):
            _refuse(
                "a parameter that the recipe freezes is trainable.",
                f"freeze: {wanted}",
                "requires_grad is off for every parameter that matches",
                "Freeze after the model is built, and do not unfreeze it again.",
            )


def _groups(trial: Trial) -> None:
    settings = trial.bench.recipe.training
    groups = parameter_groups(
        trial.model,
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        layer_decay=settings.layer_decay,
    )
    if settings.layer_decay != 1.0 and len({group["lr"] for group in groups}) == 1:
        _refuse(
            "layer_decay gives every parameter the same rate.",
            settings.layer_decay,
            "a model whose layers are named '.layer.<n>.'",
            "Remove training.layer_decay, or name the model's layers so that they are found.",
        )
    if settings.weight_decay and not any(group["weight_decay"] for group in groups):
        _refuse(
            "weight_decay falls on no trainable parameter.",
            settings.weight_decay,
            "at least one trainable matrix",
            "Set training.weight_decay=0, or shorten the list under 'freeze'.",
        )


def _batches(trial: Trial) -> None:
    groups = Counter(record.group for record in trial.bench.training)
    if trial.bench.recipe.training.batch_by == "group" and len(groups) == len(trial.bench.training):
        _refuse(
            "batch_by: group puts nothing together: every record is a group of its own.",
            f"{len(groups)} groups of one record",
            "groups of several records",
            "Set training.batch_by: length, or map the column that holds the article to 'group'.",
        )


def _sampling(trial: Trial) -> None:
    """Labels are drawn as often as the recipe says, and otherwise than they stand in the data."""
    settings, bench = trial.bench.recipe.training, trial.bench
    if settings.sample_by != "label":
        return
    counts = {count for count in label_counts(bench.training, bench.task) if count}
    if len(counts) == 1:
        _refuse(
            "sample_by: label evens out nothing: every label has as many records as every other.",
            f"{counts.pop()} records of each label",
            "labels of different numbers",
            "Remove training.sample_by.",
        )
    sampler, labels = make_sampler(trial.features, settings), row_labels(trial.features)
    wanted = np.bincount(labels, weights=label_chances(labels, settings.sample_power))
    drawn = np.zeros(len(wanted))
    for sampler.epoch in range(_EPOCHS):
        drawn += np.bincount(labels[[row for batch in sampler for row in batch]], minlength=len(wanted))
    total = len(labels) * _EPOCHS
    shares, bound = drawn / total, 5 * np.sqrt(wanted * (1 - wanted) / total)
    wrong = int(np.argmax(abs(shares - wanted) - bound))
    if abs(shares[wrong] - wanted[wrong]) > bound[wrong] + 1 / total:
        _refuse(
            "labels are not drawn as often as sample_by: label says.",
            f"label {wrong}: {shares[wrong]:.3f} of the draws",
            f"{wanted[wrong]:.3f}",
            "Draw every row by its chance, and with replacement.",
        )


def _steps(trial: Trial) -> list[str]:
    """What the arithmetic of steps leaves of an option."""
    settings = trial.bench.recipe.training
    rows_each = len(next(iter(trial.features.inputs.values()))) / len(trial.records)  # windows of a record
    batches = math.ceil(len(trial.bench.training) * rows_each / settings.batch_size)
    per_epoch = -(-batches // settings.accumulate)
    total = settings.total_steps(per_epoch)
    evaluations = total // max(1, round(per_epoch * settings.evaluate_every)) or 1
    if settings.accumulate > batches:
        _refuse(
            "fewer batches in an epoch than are accumulated for a step.",
            f"accumulate={settings.accumulate}, {batches} batches",
            f"at most {batches}",
            "Lower training.accumulate or training.batch_size.",
        )
    if settings.patience and evaluations <= settings.patience:
        _refuse(
            "patience can never run out: there are too few evaluations.",
            f"patience={settings.patience}, {evaluations} evaluations",
            f"patience below {evaluations}",
            "Lower training.patience or training.evaluate_every, or train for longer (epochs, steps).",
        )
    if settings.schedule == "plateau":
        _plateau(trial, evaluations)
    notes = []
    if settings.warmup and round(total * settings.warmup) < 1:
        notes.append(f"warmup={settings.warmup} of {total} steps is less than one step")
    if settings.average_decay and total + 1 < settings.average_decay * (10 + total):
        notes.append(f"average_decay={settings.average_decay} is not reached within about {total} steps")
    if settings.evaluate_every * per_epoch > total:
        notes.append("evaluate_every is longer than the run: only its end is evaluated")
    return notes


def _plateau(trial: Trial, evaluations: int) -> None:
    """The schedule can lower the rate at all: something is evaluated, and training goes on behind it."""
    patience = trial.bench.recipe.training.plateau_patience
    measured = evaluations if trial.bench.splits.development else 0
    if measured <= patience + 1:  # the first is a gain, and the last comes when training is over
        _refuse(
            "the plateau schedule can never lower the rate: there are too few evaluations.",
            f"plateau_patience={patience}, {measured} evaluations",
            f"plateau_patience below {max(1, measured - 1)}" if measured > 2 else "three evaluations or more",
            "Lower training.plateau_patience or training.evaluate_every, or hold development data out.",
        )


def _dropout(trial: Trial) -> None:
    """With dropout two passes differ; without it the model in training is the model in evaluation."""
    wanted = trial.bench.recipe.dropout
    model, batch = trial.model, trial.batch(trial.few(4))
    losses = []
    with torch.no_grad():
        for seed, training in ((1, True), (2, True), (1, False)):
            torch.manual_seed(seed)
            model.train(training)
            losses.append(float(model.loss(batch)))
    model.train()
    if wanted and losses[0] == losses[1]:
        _refuse(
            "dropout changes nothing: the model does not read it.",
            wanted,
            "a backbone with hidden_dropout_prob or attention_probs_dropout_prob",
            "Set dropout: 0, or name the backbone's own dropout settings in nn.backbones.",
        )
    if not wanted and losses[0] != losses[1]:
        _refuse(
            "the model drops out although dropout is 0.",
            f"losses {losses[0]:.6g} and {losses[1]:.6g} of the same batch",
            "the same loss twice",
            "Switch the backbone's own dropout off in its config.json.",
        )


def _precision(trial: Trial) -> str:
    """bfloat16 must act, and act little."""
    if resolve_precision(trial.bench.recipe.training.precision) != "bf16":
        return "off"
    model, batch = trial.model, trial.batch(trial.few(4))
    device = next(model.parameters()).device.type
    model.eval()
    with torch.no_grad():
        plain = float(model.loss(batch))
        with torch.autocast(device, torch.bfloat16):
            half = float(model.loss(batch))
    change = abs(half - plain) / max(1e-2, abs(plain))
    if change > 0.25:
        _refuse(
            "bfloat16 moves the loss too far.",
            f"{plain:.4g} in fp32, {half:.4g} in bf16",
            "a change of at most a quarter",
            "Set training.precision: fp32, or compute the sensitive step in float32.",
        )
    return f"{change:.1e}"


def _slow_precision(trial: Trial) -> list[str]:
    """bfloat16 that was asked for by name, on hardware that has to compute it by way of float32."""
    if trial.bench.recipe.training.precision != "bf16" or has_bf16():
        return []
    return [
        "precision=bf16, but nothing here multiplies in bfloat16: a linear layer takes "
        f"{bf16_slowdown():.1f} times as long as in fp32; precision: auto takes bf16 only where it is quick"
    ]
