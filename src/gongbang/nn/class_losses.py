"""Losses of one label a row."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import log_softmax

from gongbang.nn.loss_rows import check_option, class_loss, label_loss, mean_of_rows, per_label, weighted_mean


@class_loss
def cross_entropy(
    logits: Tensor,
    targets: Tensor,
    *,
    weight: Sequence[float] | Tensor | None = None,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Minus the log-probability of the right class.

    Args:
        weight: (L,) how much a row of each class counts; all count alike when None.
        label_smoothing: share of the target that is spread evenly over all classes (Szegedy et al. 2016,
            section 7). A row counts by the weight of its own class, the spread share too.

    Inputs:
        +---------+------------+-------------------------------+
        | name    | shape      | holds                         |
        +=========+============+===============================+
        | logits  | (batch, L) | one score a class             |
        | targets | (batch,)   | number of the right class     |
        +---------+------------+-------------------------------+

    When to use it: first. Smoothing where labels are noisy or confidence is too high; weights where rare
    classes count as much as common ones (macro F1), at some cost in accuracy.

    Raises:
        OptionError: shapes that do not pair up, or an option out of range.

    Example:
        >>> round(float(cross_entropy(torch.zeros(2, 4), torch.tensor([0, 3]))), 4)  # log 4
        1.3863
    """
    check_option(0.0 <= label_smoothing < 1.0, "label_smoothing", label_smoothing, "0 <= label_smoothing < 1")
    logs = log_softmax(logits, dim=1)  # (batch, L)
    right = -logs.gather(1, targets[:, None])[:, 0]  # (batch,)
    losses = (1.0 - label_smoothing) * right - label_smoothing * logs.mean(dim=1)
    return weighted_mean(losses, per_label(weight, logits, "weight")[targets])


@class_loss
def focal(
    logits: Tensor,
    targets: Tensor,
    *,
    gamma: float = 2.0,
    weight: Sequence[float] | Tensor | None = None,
) -> Tensor:
    """Cross-entropy times (1 - p)^gamma, p being the probability of the right class.

    Args:
        gamma: how little a row counts that is right already; 0 is cross-entropy.
        weight: (L,) how much a row of each class counts (the paper's alpha), as in :func:`cross_entropy`.

    Inputs:
        +---------+------------+-------------------------------+
        | name    | shape      | holds                         |
        +=========+============+===============================+
        | logits  | (batch, L) | one score a class             |
        | targets | (batch,)   | number of the right class     |
        +---------+------------+-------------------------------+

    Reference: Lin et al. 2017, section 3.2, with a softmax for their sigmoid.

    When to use it: many easy rows of a common class drown the rest. Not where labels are noisy: a wrong
    label is a hard row.

    Raises:
        OptionError: shapes that do not pair up, or an option out of range.

    Example:
        >>> logits, targets = torch.tensor([[4.0, 0.0], [0.0, 0.0]]), torch.tensor([0, 0])
        >>> bool(focal(logits, targets) < cross_entropy(logits, targets))
        True
    """
    check_option(gamma >= 0.0, "gamma", gamma, "0 or more")
    right = log_softmax(logits, dim=1).gather(1, targets[:, None])[:, 0]  # (batch,)
    # 1 - p without cancellation. At a gamma below 1 the power's slope at 0 has no bound: it is kept off 0.
    wrong = (-torch.expm1(right)).clamp_min(torch.finfo(right.dtype).eps)
    return weighted_mean(-(wrong**gamma) * right, per_label(weight, logits, "weight")[targets])


@label_loss
def soft_cross_entropy(logits: Tensor, targets: Tensor, *, temperature: float = 1.0) -> Tensor:
    """Kullback-Leibler divergence from a teacher's probabilities to the model's, both softened.

    Its gradient is that of the cross-entropy with soft targets, and it is 0 where the two agree. It is
    multiplied by temperature squared, so that gradients keep their size when the temperature is changed.

    Args:
        temperature: divides the logits of both; the teacher's probabilities p become p^(1/temperature), made
            to sum to 1, which is what dividing its logits gives. Above 1 the wrong classes tell more.

    Inputs:
        +---------+------------+---------------------------------------------------------+
        | name    | shape      | holds                                                   |
        +=========+============+=========================================================+
        | logits  | (batch, L) | one score a class                                       |
        | targets | (batch, L) | a teacher's probabilities, or votes: they are made to   |
        |         |            | sum to 1; a row of zeros has no teacher and is left out |
        +---------+------------+---------------------------------------------------------+

    Reference: Hinton et al. 2015, section 2.

    When to use it: distilling an ensemble into one model, or learning from how raters divided.

    Raises:
        OptionError: shapes that do not pair up, a target below 0, or a temperature that is not above 0.

    Example:
        >>> float(soft_cross_entropy(torch.zeros(1, 2), torch.tensor([[0.5, 0.5]])))
        0.0
    """
    check_option(temperature > 0.0, "temperature", temperature, "above 0")
    taught = (targets > 0).any(dim=1)  # (batch,)
    known = torch.where(taught[:, None], targets, torch.ones_like(targets))
    teacher = torch.softmax(known.log() / temperature, dim=1)
    student = log_softmax(logits / temperature, dim=1)
    divergence = -(torch.special.entr(teacher) + teacher * student).sum(dim=1)
    return temperature**2 * mean_of_rows(divergence, taught)
