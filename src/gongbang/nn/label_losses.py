"""Losses of any number of labels a row, which read targets as sets (or as shares of a set).

Those that learn an order are in :mod:`gongbang.nn.ranking_losses`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import log_softmax, logsigmoid, softplus

from gongbang.nn.loss_rows import check_option, label_loss, mean_of_rows, per_label, shares_only

_NOTHING = -1e30  # log of 0; finite, for the gradient of logaddexp at two infinities is NaN


@label_loss
def bce(
    logits: Tensor, targets: Tensor, *, positive_weight: Sequence[float] | Tensor | None = None
) -> Tensor:
    """Binary cross-entropy of every label by itself, the mean over labels and rows.

    Args:
        positive_weight: (L,) how much a label's positives count against its negatives; 1 when None.

    Inputs:
        +---------+------------+------------------------------------------------------------+
        | name    | shape      | holds                                                      |
        +=========+============+============================================================+
        | logits  | (batch, L) | one score a label                                          |
        | targets | (batch, L) | 0 to 1: whether the row has the label, or the share of its |
        |         |            | raters who said so. A row of zeros is a row of negatives   |
        +---------+------------+------------------------------------------------------------+

    Reference: Nam et al. 2014.

    When to use it: first, and where each label needs a probability of its own (thresholds, F1).

    Raises:
        OptionError: shapes that do not pair up, a target outside [0, 1], or weights that do not fit.

    Example:
        >>> round(float(bce(torch.zeros(1, 3), torch.tensor([[1.0, 0.0, 0.0]]))), 4)  # log 2
        0.6931
    """
    shares_only(targets, "bce")
    heavier = per_label(positive_weight, logits, "positive_weight")
    return -(heavier * targets * logsigmoid(logits) + (1.0 - targets) * logsigmoid(-logits)).mean()


@label_loss
def softmax(logits: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy of one softmax over all labels against the targets, made to sum to 1.

    For a set of labels this is the mean of -log p over the set.

    Inputs:
        +---------+------------+------------------------------------------------------------+
        | name    | shape      | holds                                                      |
        +=========+============+============================================================+
        | logits  | (batch, L) | one score a label                                          |
        | targets | (batch, L) | 0 or more: whether the row has the label, or its grade.    |
        |         |            | A row without a positive is left out                       |
        +---------+------------+------------------------------------------------------------+

    Reference: Mahajan et al. 2018, section 2; Menon et al. 2019 (their normalised "pick all labels").

    When to use it: precision at 1 and at small k. Its probabilities compete, so a threshold on them does not
    say how many labels a row has; a row that has none teaches nothing.

    Raises:
        OptionError: shapes that do not pair up, or a target below 0.

    Example:
        >>> round(float(softmax(torch.zeros(1, 4), torch.tensor([[1.0, 1.0, 0.0, 0.0]]))), 4)  # log 4
        1.3863
    """
    total = targets.sum(dim=1)
    losses = -(targets * log_softmax(logits, dim=1)).sum(dim=1) / torch.where(total > 0, total, 1.0)
    return mean_of_rows(losses, total > 0)


@label_loss
def smooth_top_k(
    logits: Tensor, targets: Tensor, *, k: int = 3, temperature: float = 1.0, margin: float = 1.0
) -> Tensor:
    """A smooth hinge: the right label should be among the first ``k`` by a margin.

    With x = logits / (k * temperature) and e_j the j-th elementary symmetric polynomial of exp(x) over the
    other labels, the loss is ``temperature * softplus(margin / temperature + log e_k - log e_(k-1) - x_y)``,
    which is the paper's difference of two log-sums over sets of k labels. The polynomials are built up
    label by label in log space, (batch, k + 1) numbers at a time, which neither overflows nor cancels.

    For several positives, which the paper does not have: the mean over them, weighted by their targets,
    each against the row's negatives alone. Two right labels do not compete for a place, and with one
    positive the loss is the paper's. A positive with fewer than ``k`` negatives is among the first k
    whatever the scores, and costs nothing.

    Args:
        k: how many places there are, 1 to L - 1. temperature: 0 would be the hinge itself.
        margin: by which the right label's set should lead.

    Inputs:
        +---------+------------+------------------------------------------------------------+
        | name    | shape      | holds                                                      |
        +=========+============+============================================================+
        | logits  | (batch, L) | one score a label                                          |
        | targets | (batch, L) | 0 or more: whether the row has the label, or its grade.    |
        |         |            | A row without a positive is left out                       |
        +---------+------------+------------------------------------------------------------+

    Reference: Berrada et al. 2018, section 3 (the loss), section 4 (the polynomials).

    When to use it: recall at k, and noisy labels that leave several answers plausible.

    Raises:
        OptionError: shapes that do not pair up, a target below 0, or an option out of range.

    Example:
        >>> scores = torch.tensor([[9.0, 8.0, 0.0, 0.0]])
        >>> first, last = torch.tensor([[0.0, 1.0, 0.0, 0.0]]), torch.tensor([[0.0, 0.0, 0.0, 1.0]])
        >>> bool(smooth_top_k(scores, first, k=2) < smooth_top_k(scores, last, k=2))
        True
    """
    labels = logits.shape[1]
    check_option(1 <= k < labels, "k", k, f"1 to {labels - 1}: among all labels every label is")
    check_option(temperature > 0.0, "temperature", temperature, "above 0")
    check_option(margin >= 0.0, "margin", margin, "0 or more")
    positive = targets > 0
    x = logits / (k * temperature)
    logs = _log_symmetric(x, ~positive, k)  # (batch, k + 1)
    rival = (logs[:, k] - logs[:, k - 1])[:, None]  # what a positive must beat, (batch, 1)
    enough = (~positive).sum(dim=1, keepdim=True) >= k
    gap = torch.where(enough, margin / temperature + rival - x, 0.0)
    losses = torch.where(enough, temperature * softplus(gap), 0.0)  # (batch, L)
    total = targets.sum(dim=1)
    return mean_of_rows((losses * targets).sum(dim=1) / torch.where(total > 0, total, 1.0), total > 0)


def _log_symmetric(x: Tensor, used: Tensor, k: int) -> Tensor:
    """(batch, k + 1) logs of the elementary symmetric polynomials e_0 .. e_k of exp(x) over ``used`` labels.

    e_j(first i) = e_j(first i - 1) + exp(x_i) * e_(j-1)(first i - 1).
    """
    logs = torch.cat([x.new_zeros(len(x), 1), x.new_full((len(x), k), _NOTHING)], dim=1)
    for label in range(x.shape[1]):
        grown = torch.logaddexp(logs[:, 1:], logs[:, :-1] + x[:, label, None])
        logs = torch.where(used[:, label, None], torch.cat([logs[:, :1], grown], dim=1), logs)
    return logs


@label_loss
def soft_f1(logits: Tensor, targets: Tensor, *, slope: float = 1.0, offset: float = 0.0) -> Tensor:
    """One minus macro F1, with probabilities in the place of decisions.

    A label's soft F1 is 2 * sum(p * y) / (sum(p) + sum(y)) over the batch, p = sigmoid(slope * (logit +
    offset)). A label without a positive in the batch has none and is left out; a batch without any
    positive costs 0.

    Args:
        slope, offset: of the sigmoid; a steeper one is nearer to a decision and has less of a gradient.

    Inputs:
        +---------+------------+------------------------------------------------------------+
        | name    | shape      | holds                                                      |
        +=========+============+============================================================+
        | logits  | (batch, L) | one score a label                                          |
        | targets | (batch, L) | 0 to 1: whether the row has the label, or a share          |
        +---------+------------+------------------------------------------------------------+

    Reference: Bénédict et al. 2022 (sigmoidF1).

    When to use it: macro F1 without thresholds, in batches so large that rare labels occur; after some
    training with ``bce``, for at the start its gradients are small.

    Raises:
        OptionError: shapes that do not pair up, a target outside [0, 1], or a slope that is not above 0.

    Example:
        >>> logits, targets = torch.tensor([[0.0], [0.0]]), torch.tensor([[1.0], [0.0]])
        >>> float(soft_f1(logits, targets))  # 1 - 2 * 0.5 / (1 + 1)
        0.5
    """
    shares_only(targets, "soft_f1")
    check_option(slope > 0.0, "slope", slope, "above 0")
    shares = torch.sigmoid(slope * (logits + offset))
    had = targets.sum(dim=0)  # (L,)
    f1 = 2.0 * (shares * targets).sum(dim=0) / torch.where(had > 0, shares.sum(dim=0) + had, 1.0)
    return mean_of_rows(1.0 - f1, had > 0)
