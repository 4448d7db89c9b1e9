"""Ways to put members' probabilities together; all of them deterministic, on plain arrays.

Shapes throughout: ``shares`` (m, n, L), the calibrated probabilities of m members; ``gold`` (n,), or (n, L)
of several labels an example.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gongbang.ensemble.members import Gold
from gongbang.errors import EnsembleError

_Floats = NDArray[np.float64]
_LEAST = 1e-12  # a truth that a member held for impossible does not end the fit
_BARRIER = tuple(10.0**-power for power in range(1, 12))
_NEWTON_STEPS = 50
_NO_WEIGHT = 1e-6
_SAME = 1e-12  # two values of a metric that differ by less are equal


def weighted_mean(shares: _Floats, weights: ArrayLike | None = None) -> _Floats:
    """(n, L) mean of the members' probabilities; of equal weights when None.

    Raises:
        EnsembleError: not one weight a member, a negative one, or none above 0.

    Example:
        >>> weighted_mean(np.array([[[1.0, 0.0]], [[0.0, 1.0]]]), [3, 1]).tolist()
        [[0.75, 0.25]]
    """
    w = np.ones(len(shares)) if weights is None else np.asarray(weights, dtype=np.float64)
    if w.shape != (len(shares),) or not np.isfinite(w).all() or (w < 0).any() or not w.sum() > 0:
        raise EnsembleError(
            "the weights do not fit the members.",
            value=f"{w.tolist()} for {len(shares)} members",
            allowed="one number a member, 0 or more, not all 0",
            cure="Pass one weight a member in their order, or none.",
        )
    return np.asarray(np.tensordot(w / w.sum(), shares, axes=1))


def fit_weights(shares: _Floats, gold: Gold) -> _Floats:
    """(m,) weights, 0 or more and of sum 1, whose mean of probabilities has the lowest log loss.

    The loss is convex in the weights, so there is one minimum. It is found by Newton's method on a
    logarithmic barrier (Boyd & Vandenberghe 2004, section 11.3): minimising ``loss(w) + sum(w)`` over
    ``w >= 0`` needs no constraint on the sum, because at the minimum of a loss of this kind the sum is 1.
    Members that are the same get the same weight.

    Example:
        >>> shares = np.array([[[0.9, 0.1], [0.2, 0.8]], [[0.5, 0.5], [0.5, 0.5]]])
        >>> fit_weights(shares, np.array([0, 1])).tolist()
        [1.0, 0.0]
    """
    truth = np.maximum(told_of_truth(shares, gold), _LEAST)  # (m, rows)
    w = np.full(len(truth), 1.0 / len(truth))
    for mu in _BARRIER:
        for _ in range(_NEWTON_STEPS):
            ratio = truth / (w @ truth)  # (m, rows)
            gradient = 1.0 - ratio.mean(axis=1) - mu / w
            hessian = ratio @ ratio.T / ratio.shape[1] + np.diag(mu / w**2)
            step = np.linalg.solve(hessian, gradient)
            if gradient @ step < 1e-13:  # Newton's decrement: what is left to gain
                break
            w = _shorter(truth, w, step, mu)
    w = np.where(w < _NO_WEIGHT, 0.0, w)
    return np.asarray(w / w.sum())


def _shorter(truth: _Floats, w: _Floats, step: _Floats, mu: float) -> _Floats:
    """The weights after a step that is halved until it stays inside and does not raise the loss."""

    def loss(at: _Floats) -> float:
        return float(at.sum() - np.log(at @ truth).mean() - mu * np.log(at).sum())

    before = loss(w)
    for _ in range(60):
        after = w - step
        if (after > 0).all() and loss(after) <= before:
            return after
        step = step / 2
    return w


def told_of_truth(shares: _Floats, gold: Gold) -> _Floats:
    """(m, rows) the probability that each member gave to what was true.

    A row is an example; of several labels an example, a row is one label of one example, and the truth of a
    label that is wrong is that it is not given.

    Example:
        >>> told_of_truth(np.array([[[0.7, 0.3]]]), np.array([[True, False]])).tolist()
        [[0.7, 0.7]]
    """
    if gold.ndim == 1:
        return np.asarray(shares[:, np.arange(len(gold)), gold])
    return np.asarray(np.where(gold, shares, 1.0 - shares).reshape(len(shares), -1))


def greedy_selection(
    shares: _Floats, value_of: Callable[[_Floats], float], *, rounds: int = 30
) -> NDArray[np.int64]:
    """(m,) how often each member was chosen, by greedy selection with replacement.

    Caruana, Niculescu-Mizil, Crew & Ksikes 2004, "Ensemble selection from libraries of models", sections 2
    and 2.1: each round adds the member that raises the mean's metric most, the same one as often as it
    helps; the best of all rounds is kept. Of equal members the first is taken, of equal rounds the earliest,
    so that a member that adds nothing is not added.

    Args:
        shares: (m, n, L). value_of: the metric of a mean (n, L); higher is better. rounds: most members.

    Raises:
        EnsembleError: fewer than one round.

    Example:
        >>> shares = np.array([[[0.4, 0.6]], [[0.9, 0.1]]])
        >>> greedy_selection(shares, lambda mean: float(mean[0, 0])).tolist()
        [0, 1]
    """
    if rounds < 1:
        raise EnsembleError(
            "greedy selection needs a round.", value=rounds, allowed="1 or more", cure="Pass rounds=30."
        )
    total, chosen = np.zeros(shares.shape[1:]), np.zeros(len(shares), dtype=np.int64)
    best, kept = -np.inf, chosen.copy()
    for size in range(1, rounds + 1):
        values = [value_of((total + member) / size) for member in shares]
        pick = _first_best(values)
        total, chosen[pick] = total + shares[pick], chosen[pick] + 1
        if values[pick] > best + _SAME:
            best, kept = values[pick], chosen.copy()
    return kept


def _first_best(values: Sequence[float]) -> int:
    top = max(values)
    return next(place for place, value in enumerate(values) if value >= top - _SAME)


def hard_vote(shares: _Floats, *, multi_label: bool = False, limits: ArrayLike = 0.5) -> _Floats:
    """(n, L) the members' votes as shares: ``(votes + mean probability) / (members + 1)``.

    A member votes for its likeliest label, or for every label that reaches its limit. The largest share is
    the vote's choice: most votes; where the first two or more are level (3-1-1 is no tie) the one of higher
    mean probability, then the earlier label. Of several labels, a label is given from a share of 0.5 on,
    which is a majority, or half of the members and a mean probability of 0.5. Rows sum to 1 where those of
    the members do.

    Args:
        shares: (m, n, L).
        multi_label: whether an example may have several labels.
        limits: the probability from which a label has a member's vote; one number, or (L,).

    Example:
        >>> shares = np.array([[[0.9, 0.1]], [[0.4, 0.6]]])  # one vote each; the first is surer
        >>> hard_vote(shares).argmax(axis=1).tolist()
        [0]
    """
    # Rounded, because a sum in another order would break ties by its last bit.
    mean = np.round(shares.mean(axis=0), 12)
    if multi_label:
        votes = (shares >= np.asarray(limits)).sum(axis=0).astype(np.float64)
    else:
        votes = np.zeros(shares.shape[1:])
        for member in shares:
            votes[np.arange(len(member)), member.argmax(axis=1)] += 1
    return np.asarray((votes + mean) / (len(shares) + 1))
