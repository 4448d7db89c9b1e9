"""Losses that learn an order of the labels: pairwise logistic, ListNet, ListMLE and ApproxNDCG.

All take grades (how many raters chose a label). From targets of 0 and 1 they learn the one step that those
hold, right before wrong. A row without a positive has no order and is left out.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import log_softmax, softplus

from gongbang.nn.loss_rows import check_option, label_loss, mean_of_rows


@label_loss
def pairwise_logistic(logits: Tensor, targets: Tensor, *, slope: float = 1.0) -> Tensor:
    """The mean of log(1 + exp(-slope * (s_i - s_j))) over a row's pairs of labels with grade i > grade j.

    Args:
        slope: the paper's sigma, which scales the scores.

    Inputs:
        +---------+------------+------------------------------------------------------------+
        | name    | shape      | holds                                                      |
        +=========+============+============================================================+
        | logits  | (batch, L) | one score a label                                          |
        | targets | (batch, L) | 0 or more: grades. A row whose grades are all equal has no |
        |         |            | pair and is left out                                       |
        +---------+------------+------------------------------------------------------------+

    Reference: Burges et al. 2005 (RankNet), section 3.

    When to use it: any order will do and the list is short; all places count alike, the last as the first.

    Raises:
        OptionError: shapes that do not pair up, a target below 0, or a slope that is not above 0.

    Example:
        >>> round(float(pairwise_logistic(torch.zeros(1, 3), torch.tensor([[2.0, 1.0, 0.0]]))), 4)  # log 2
        0.6931
    """
    check_option(slope > 0.0, "slope", slope, "above 0")
    behind = logits[:, None, :] - logits[:, :, None]  # (batch, i, j): s_j - s_i
    before = targets[:, :, None] > targets[:, None, :]  # i belongs before j
    pairs = before.sum(dim=(1, 2))
    losses = (softplus(slope * behind) * before).sum(dim=(1, 2)) / pairs.clamp_min(1)
    return mean_of_rows(losses, pairs > 0)


@label_loss
def list_net(logits: Tensor, targets: Tensor, *, target_temperature: float = 1.0) -> Tensor:
    """Cross-entropy of two top-one distributions: the softmax of the grades and that of the scores.

    Args:
        target_temperature: divides the grades before their softmax. The paper's 1 leaves grades of 0 and 1
            almost flat over many labels; below 1 the positives stand out.

    Inputs:
        +---------+------------+------------------------------------------------------------+
        | name    | shape      | holds                                                      |
        +=========+============+============================================================+
        | logits  | (batch, L) | one score a label                                          |
        | targets | (batch, L) | 0 or more: grades. A row without a positive is left out    |
        +---------+------------+------------------------------------------------------------+

    Reference: Cao et al. 2007, section 5 (with k = 1).

    When to use it: grades whose size tells something. With sets of labels, ``softmax`` does the same with
    all of the target on the positives.

    Raises:
        OptionError: shapes that do not pair up, a target below 0, or a temperature that is not above 0.

    Example:
        >>> round(float(list_net(torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 0.0]]))), 4)
        0.5822
    """
    check_option(target_temperature > 0.0, "target_temperature", target_temperature, "above 0")
    wanted = torch.softmax(targets / target_temperature, dim=1)
    losses = -(wanted * log_softmax(logits, dim=1)).sum(dim=1)
    return mean_of_rows(losses, (targets > 0).any(dim=1))


@label_loss
def list_mle(logits: Tensor, targets: Tensor) -> Tensor:
    """Minus the log-likelihood of the right order, drawn place by place in proportion to exp(score).

    Labels stand by falling grade. The right order of labels of equal grade is not known: they stand in the
    model's own order, its likeliest, so that nothing is learnt about them and a run gives the same numbers
    again. Labels of grade 0 are drawn from, but their places are not judged; where one label at most is 0
    this is the paper's loss.

    Inputs:
        +---------+------------+------------------------------------------------------------+
        | name    | shape      | holds                                                      |
        +=========+============+============================================================+
        | logits  | (batch, L) | one score a label                                          |
        | targets | (batch, L) | 0 or more: grades. A row without a positive is left out    |
        +---------+------------+------------------------------------------------------------+

    Reference: Xia et al. 2008, section 4 (the likelihood loss).

    When to use it: grades with few ties, where the whole order counts.

    Raises:
        OptionError: shapes that do not pair up, or a target below 0.

    Example:
        >>> round(float(list_mle(torch.zeros(1, 3), torch.tensor([[2.0, 1.0, 0.0]]))), 4)  # log 3 + log 2
        1.7918
    """
    own = torch.argsort(logits.detach(), dim=1, descending=True, stable=True)
    by_grade = torch.argsort(targets.gather(1, own), dim=1, descending=True, stable=True)
    order = own.gather(1, by_grade)
    scores, judged = logits.gather(1, order), targets.gather(1, order) > 0  # (batch, L)
    rest = torch.logcumsumexp(scores.flip(1), dim=1).flip(1)  # log of the sum from each place on
    losses = ((rest - scores) * judged).sum(dim=1)
    return mean_of_rows(losses, judged.any(dim=1))


@label_loss
def approx_ndcg(
    logits: Tensor,
    targets: Tensor,
    *,
    slope: float = 10.0,
    gain: Literal["exponential", "linear"] = "exponential",
) -> Tensor:
    """One minus NDCG, a label's place being approximated by 1 + the sum of sigmoid(slope * (s_j - s_i)).

    Args:
        slope: of the sigmoid, the paper's alpha. Steeper is nearer to the place and has less of a gradient.
        gain: "exponential", 2^grade - 1, as in the paper; or "linear", the grade itself, as
            :func:`gongbang.metrics.multilabel.graded_ndcg_at_k` counts.

    Inputs:
        +---------+------------+------------------------------------------------------------+
        | name    | shape      | holds                                                      |
        +=========+============+============================================================+
        | logits  | (batch, L) | one score a label                                          |
        | targets | (batch, L) | 0 or more: grades. A row without a positive is left out    |
        +---------+------------+------------------------------------------------------------+

    Reference: Qin et al. 2010, section 4.

    When to use it: NDCG, and only the first places count. It is not convex: begin from a model that was
    trained with another loss, or with a small slope.

    Raises:
        OptionError: shapes that do not pair up, a target below 0, or an option out of range.

    Example:
        >>> scores = torch.tensor([[9.0, 0.0, -9.0]])
        >>> round(float(approx_ndcg(scores, torch.tensor([[2.0, 1.0, 0.0]]))), 4)
        0.0
    """
    check_option(slope > 0.0, "slope", slope, "above 0")
    check_option(gain in ("exponential", "linear"), "gain", gain, "exponential, linear")
    gains = torch.exp2(targets) - 1.0 if gain == "exponential" else targets
    ahead = torch.sigmoid(slope * (logits[:, None, :] - logits[:, :, None]))  # (batch, i, j): j before i
    place = 0.5 + ahead.sum(dim=2)  # the label itself is in the sum, with a half
    places = torch.arange(1, logits.shape[1] + 1, device=logits.device, dtype=logits.dtype)
    best = (gains.sort(dim=1, descending=True).values / torch.log2(1.0 + places)).sum(dim=1)
    found = (gains / torch.log2(1.0 + place)).sum(dim=1)
    return mean_of_rows(1.0 - found / torch.where(best > 0, best, 1.0), best > 0)
