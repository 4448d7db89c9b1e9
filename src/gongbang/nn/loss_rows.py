"""What all losses share: full precision, shapes that are checked, and means over rows that count.

No loss takes a mean over rows that have nothing to say: where a row has no positive, its term is left out,
and a batch of such rows costs 0.0 (with gradients of zero), never NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Concatenate, ParamSpec

import torch
from torch import Tensor

from gongbang.errors import OptionError

Options = ParamSpec("Options")
TensorLoss = Callable[Concatenate[Tensor, Tensor, Options], Tensor]


def class_loss(loss: TensorLoss[Options]) -> TensorLoss[Options]:
    """A loss of (batch, L) logits and (batch,) numbers of classes, in float32 even under autocast."""

    @wraps(loss)
    def checked(logits: Tensor, targets: Tensor, /, *args: Options.args, **options: Options.kwargs) -> Tensor:
        if targets.dtype.is_floating_point or logits.shape[:1] != targets.shape or logits.dim() != 2:
            raise _unpaired(logits, targets, "targets (batch,) of whole numbers")
        with torch.autocast(logits.device.type, enabled=False):
            return loss(_full(logits), targets.long(), *args, **options)

    return checked


def label_loss(loss: TensorLoss[Options]) -> TensorLoss[Options]:
    """A loss of (batch, L) logits and (batch, L) targets of 0 or more, in float32 even under autocast."""

    @wraps(loss)
    def checked(logits: Tensor, targets: Tensor, /, *args: Options.args, **options: Options.kwargs) -> Tensor:
        if logits.dim() != 2 or logits.shape != targets.shape:
            raise _unpaired(logits, targets, "targets (batch, L)")
        with torch.autocast(logits.device.type, enabled=False):
            wanted = targets.detach().to(_full(logits).dtype)
            if not bool(((wanted >= 0) & torch.isfinite(wanted)).all()):
                raise OptionError(
                    "a target is below 0, or no number.",
                    value=f"{float(wanted.min())} to {float(wanted.max())}",
                    allowed="finite numbers of 0 or more, 0 for a label that the row does not have",
                    cure="Pass 0 and 1, or grades such as the number of raters.",
                )
            return loss(_full(logits), wanted, *args, **options)

    return checked


def _full(logits: Tensor) -> Tensor:
    return logits if logits.dtype == torch.float64 else logits.float()


def _unpaired(logits: Tensor, targets: Tensor, allowed: str) -> OptionError:
    return OptionError(
        "logits and targets do not pair up.",
        value=f"logits {tuple(logits.shape)}, targets {tuple(targets.shape)} of {targets.dtype}",
        allowed=f"logits (batch, L) and {allowed}",
        cure="Losses of kind 'class' take one number a row, those of kind 'labels' one number a label.",
    )


def weighted_mean(values: Tensor, weights: Tensor) -> Tensor:
    """``sum(values * weights) / sum(weights)``, 0.0 where all weights are 0.

    Args:
        values, weights: of one shape; weights of 0 or more. A value whose weight is 0 may be anything finite.
    """
    total = weights.sum()
    return (values * weights).sum() / torch.where(total > 0, total, torch.ones_like(total))


def mean_of_rows(values: Tensor, counts: Tensor) -> Tensor:
    """The mean of (batch,) values over the rows that count, a boolean (batch,); 0.0 where none does."""
    return weighted_mean(values, counts.to(values.dtype))


def per_label(weights: Sequence[float] | Tensor | None, logits: Tensor, name: str) -> Tensor:
    """(L,) weights as a tensor beside the logits; ones when None.

    Raises:
        OptionError: not one weight a label, or one below 0.
    """
    labels = logits.shape[1]
    if weights is None:
        return logits.new_ones(labels)
    found = torch.as_tensor(weights, dtype=logits.dtype, device=logits.device)
    if found.shape != (labels,) or not bool((found >= 0).all()):
        raise OptionError(
            f"'{name}' does not fit the labels.",
            value=f"{found.tolist()}",
            allowed=f"{labels} numbers of 0 or more, in the order of the labels",
            cure="Pass one weight a label.",
        )
    return found


def check_option(fits: bool, name: str, value: float | str, allowed: str) -> None:
    """Refuse an option's value.

    Raises:
        OptionError: ``fits`` is False.
    """
    if not fits:
        raise OptionError(
            f"the loss's '{name}' is out of range.", value=value, allowed=allowed, cure=f"Mend '{name}'."
        )


def shares_only(targets: Tensor, name: str) -> None:
    """Refuse grades above 1 where a loss reads targets as probabilities.

    Raises:
        OptionError: a target above 1.
    """
    if bool((targets > 1).any()):
        raise OptionError(
            f"the loss '{name}' reads targets as probabilities, and one is above 1.",
            value=float(targets.max()),
            allowed="0 to 1",
            cure="Divide grades by the highest (votes by raters), or choose a loss that takes grades.",
        )
