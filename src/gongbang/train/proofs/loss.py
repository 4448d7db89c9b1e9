"""The loss is finite, listens to the targets, and is a mean over rows."""

from __future__ import annotations

import math

import torch

from gongbang.errors import PreflightError
from gongbang.train.proofs.trial import Number, Outcome, Trial


def prove_finite(trial: Trial) -> Outcome:
    """A finite number that needs a gradient."""
    trial.model.train()
    loss = trial.model.loss(trial.batch(trial.few(4)))
    value = float(loss.detach())
    if not math.isfinite(value):
        raise PreflightError(
            "the loss is not a number before the first step.",
            check="finite loss",
            value=value,
            allowed="a finite loss",
            cure="Look for a logarithm of zero, a row that is masked whole, or weights that are not finite.",
        )
    if loss.dim():
        raise PreflightError(
            "the loss is not one number.",
            check="finite loss",
            value=f"shape {tuple(loss.shape)}",
            allowed="a scalar",
            cure="Take the mean over rows in the model's loss.",
        )
    return Outcome("the loss is a finite number", {"loss": round(value, 4), **_initial(trial)})


def _initial(trial: Trial) -> dict[str, Number]:
    """A fresh head's weights lie around zero, not around their own spread."""
    backbone = {id(value) for value in trial.bench.backbone.model.parameters()}
    for name, value in trial.model.named_parameters():
        if id(value) in backbone or value.dim() < 2 or value.numel() < 32:
            continue
        mean, spread = float(value.detach().mean()), float(value.detach().std())
        if abs(mean) > spread > 0:
            raise PreflightError(
                f"'{name}' was initialised around {mean:.3g}: its spread was given as its mean.",
                check="initial weights",
                value=f"mean {mean:.3g}, standard deviation {spread:.3g}",
                allowed="a mean near zero",
                cure="Write torch.nn.init.normal_(weight, mean=0.0, std=...).",
            )
    return {}


def prove_logits(trial: Trial) -> Outcome:
    """What chooses among labels gives scores, not probabilities: its loss makes those by itself."""
    if getattr(trial.model, "output_names", ()) != ("logits",):
        return Outcome("the model gives no scores of labels", skipped=True)
    rows = trial.batch(trial.few(8))
    logits = trial.forward({name: rows[name] for name in trial.features.inputs})["logits"]
    sums = logits.sum(dim=-1)
    if bool((logits >= 0).all()) and bool((logits <= 1).all()):
        one = bool(torch.allclose(sums, torch.ones_like(sums), atol=1e-4))
        if one or float(logits.std()) == 0 or "labels" in trial.features.targets:
            raise PreflightError(
                "the model's outputs are probabilities already: its loss would squash them a second time.",
                check="logits",
                value=f"between {float(logits.min()):.3g} and {float(logits.max()):.3g}, "
                f"summing to {float(sums.mean()):.3g}",
                allowed="scores of any size, before softmax or sigmoid",
                cure="Give the loss what the last linear layer gives; softmax belongs to decode.",
            )
    numbers: dict[str, Number] = {
        "lowest": round(float(logits.min()), 3),
        "highest": round(float(logits.max()), 3),
    }
    return Outcome("labels are scored before softmax", numbers)


def _twice(name: str, rows: torch.Tensor) -> torch.Tensor:
    """The rows and the rows again; as other records, where records are told apart."""
    return torch.cat([rows, rows + (rows.max() + 1 if name == "record" else 0)])


def prove_targets_matter(trial: Trial) -> Outcome:
    """Other targets, another loss; the same rows twice, the same loss."""
    rows = trial.few(4)
    batch = trial.batch(rows)
    names = list(trial.features.targets)
    trial.model.eval()
    with torch.no_grad():
        plain = float(trial.model.loss(batch))
        others = [
            float(trial.model.loss({**batch, **{name: change(batch[name]) for name in names}}))
            for change in (lambda t: t.roll(1, 0), lambda t: t[:1].expand_as(t), torch.zeros_like)
        ]
        twice = float(trial.model.loss({name: _twice(name, t) for name, t in batch.items()}))
    if all(math.isclose(plain, other, rel_tol=1e-6, abs_tol=1e-8) for other in others):
        raise PreflightError(
            "the loss does not change with the targets: it does not look at them.",
            check="targets matter",
            value=f"{plain:.6g} with these targets and with others",
            allowed="a loss that depends on the targets",
            cure="Compare the outputs with the batch's targets in the model's loss.",
        )
    ratio = twice / plain if plain else 1.0
    in_batch = hasattr(trial.model, "pair_outputs")  # more rows are more to choose from
    if not in_batch and not 0.8 < ratio < 1.25:
        raise PreflightError(
            "the loss depends on the size of the batch: it is a sum, or a mean divided once more.",
            check="targets matter",
            value=f"{plain:.4g} for {len(rows)} rows, {twice:.4g} for the same rows twice",
            allowed="the same loss for both",
            cure="Take the mean over rows once; accumulation and accelerate divide by themselves.",
        )
    return Outcome("the loss depends on the targets", {"loss": round(plain, 4)})
