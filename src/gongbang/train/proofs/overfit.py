"""One batch can be learned by heart, and everything trainable moves while it is."""

from __future__ import annotations

import math

import torch

from gongbang.errors import PreflightError
from gongbang.nn.classify import LabelHead
from gongbang.train.proofs.trial import Outcome, Trial
from gongbang.train.schedule import parameter_groups

CHECK = "over-fit one batch"
_ENOUGH = 0.2  # of the first loss
_SMALL = 0.05
_FACTORS = (5.0, 1.0, 50.0)  # of the recipe's learning rate: one batch bears more than a whole run does
_HIGHEST = 2e-2


def prove(trial: Trial) -> Outcome:
    """Train on four rows until their loss is a fifth of what it was, counted from as low as it can go.

    Source: Goodfellow, Bengio and Courville 2016, "Deep Learning", section 11.5 ("fit a tiny dataset").
    """
    rate = trial.bench.recipe.training.learning_rate
    batch = trial.batch(trial.few(4))
    if trial.bench.recipe.training.teacher is not None:
        batch.pop("soft", None)  # one that is not sure keeps the loss above a floor
    lowest = trial.model.lowest_loss(batch) if isinstance(trial.model, LabelHead) else 0.0
    tried: list[list[float]] = []
    for factor in _FACTORS:
        with trial.kept():
            losses, still = _train(trial, batch, min(max(_HIGHEST, rate), rate * factor), lowest)
        tried.append(losses)
        if still:
            _refuse_still(still)
        if losses[-1] <= _enough(losses[0], lowest):
            numbers = {
                "first loss": round(losses[0], 4),
                "last loss": round(losses[-1], 4),
                "steps": len(losses) - 1,
                "learning rate": min(max(_HIGHEST, rate), rate * factor),
            }
            known = losses[0] <= _SMALL
            return Outcome(
                "four rows are known from the start, and everything moves"
                if known
                else "four rows can be learned by heart",
                dict(numbers),
            )
    best = min(tried, key=lambda losses: losses[-1])
    raise PreflightError(
        f"four rows cannot be learned by heart in {trial.limits.overfit_steps} steps.",
        check=CHECK,
        value=f"the loss went from {best[0]:.4g} to {best[-1]:.4g}{_hint(trial, best[-1])}",
        allowed=f"at most {_enough(best[0], lowest):.4g}",
        cure="Check that the loss takes raw logits (no softmax before cross-entropy) and this batch's "
        "targets, that inputs differ between rows, and that not too much is frozen.",
    )


def _enough(first: float, lowest: float) -> float:
    """The loss at which rows are learnt by heart; a small one is one in itself where it can go to 0."""
    return lowest + max(_ENOUGH * (first - lowest), _SMALL if lowest < _SMALL else 0.0)


def _train(
    trial: Trial, batch: dict[str, torch.Tensor], rate: float, lowest: float
) -> tuple[list[float], list[str]]:
    """The losses, and the parameters that have not moved."""
    model, settings = trial.model, trial.bench.recipe.training
    torch.manual_seed(settings.seed)
    model.train()
    groups = parameter_groups(model, learning_rate=rate, weight_decay=0.0, layer_decay=settings.layer_decay)
    before = {n: v.detach().clone() for n, v in model.named_parameters() if v.requires_grad}
    optimizer = torch.optim.AdamW(groups)
    losses: list[float] = []
    for _ in range(trial.limits.overfit_steps + 1):
        loss = model.loss(batch)
        losses.append(float(loss.detach()))
        if not math.isfinite(losses[-1]):
            return [losses[0], math.inf], []
        if len(losses) > 3 and losses[-1] <= _enough(losses[0], lowest):
            break
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), settings.max_grad_norm)
        optimizer.step()
    after = dict(model.named_parameters())
    return losses, [name for name, value in before.items() if torch.equal(value, after[name].detach())]


def _hint(trial: Trial, last: float) -> str:
    """The floor of a cross-entropy whose logits were softmaxed once already is log(e + n - 1) - 1."""
    width = int(trial.features.inputs["attention_mask"][trial.few(4)].sum(axis=1).mean())
    floor = math.log(math.e + width - 1) - 1.0
    if last > 0 and abs(last - floor) < 0.15 * floor:
        return f"; probabilities softmaxed twice cannot fall below {floor:.3g}"
    return ""


def _refuse_still(still: list[str]) -> None:
    raise PreflightError(
        f"{len(still)} trainable parameters did not move in training.",
        check=CHECK,
        value=", ".join(still[:3]),
        allowed="every trainable parameter moves",
        cure="Give them a learning rate above zero, or list them under 'freeze'.",
    )
