"""From which probability on a label is given: one threshold a label, chosen to raise its F1.

A label's best threshold on development data (Lipton, Elkan & Naryanaswamy 2014) is noise where the label
is rare: with three positives it stands wherever those three happened to fall. Each is therefore drawn
towards one threshold for all labels, the more the fewer positives it has.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gongbang.errors import OptionError
from gongbang.metrics.counts import macro_f1

_Floats = NDArray[np.float64]
_MOST_CUTS = 512  # common thresholds that are tried: probabilities closer than that are told apart by luck


def choose_label_thresholds(
    gold: ArrayLike, probabilities: ArrayLike, *, shrinkage: float = 10.0, min_positives: int = 5
) -> _Floats:
    """(L,) thresholds, from development data: a label is given at a probability of its threshold or more.

    With n positives a label's threshold is ``(n * own + shrinkage * common) / (n + shrinkage)``: ``own``
    gives the label its highest F1, ``common`` is the one threshold that gives all labels the highest macro
    F1. Of thresholds that do equally well the highest is taken, and all stand half way between two
    probabilities, so that none hangs on rounding.

    Args:
        gold: (n, L) whether an example has a label.
        probabilities: (n, L) in [0, 1], of a model that did not train on these examples.
        shrinkage: positives that the common threshold counts for; 0 trusts every label's own.
        min_positives: labels with fewer take the common threshold as it is; a label without positives
            always does.

    Raises:
        OptionError: shapes differ, nothing is given, no example has a label, a probability outside [0, 1],
            or an option below 0.

    Example:
        >>> gold, shares = [[1], [1], [0], [0]], [[0.9], [0.4], [0.2], [0.1]]
        >>> choose_label_thresholds(gold, shares, min_positives=1).round(4).tolist()
        [0.3]
    """
    right, shares = _matrices(gold, probabilities)
    if shrinkage < 0 or min_positives < 0:
        raise OptionError(
            "a count of positives is below 0.",
            value=f"shrinkage={shrinkage}, min_positives={min_positives}",
            allowed="0 or more",
            cure="Pass shrinkage=10, min_positives=5.",
        )
    common = _common(right, shares)
    positives = right.sum(axis=0)
    thresholds = np.full(right.shape[1], common)
    for at in np.flatnonzero(positives >= max(1, min_positives)):
        own, weight = _own(right[:, at], shares[:, at]), float(positives[at])
        thresholds[at] = (weight * own + shrinkage * common) / (weight + shrinkage)
    return thresholds


def cross_fitted_thresholds(
    gold: ArrayLike, probabilities: ArrayLike, groups: Sequence[Hashable], *, seed: int = 0
) -> _Floats | None:
    """(n, L) the thresholds of each example, fitted on the half of the groups that it is not in.

    What a model's sets are worth can so be told before its thresholds are fitted, on the very data that they
    will be fitted to.

    Args:
        gold: (n, L) whether an example has a label.
        probabilities: (n, L) in [0, 1], of a model that did not train on these examples.
        groups: (n,) what must not stand in both halves.
        seed: of the halves.

    Returns:
        None where a half has no example with a label.

    Raises:
        OptionError: as :func:`choose_label_thresholds`.

    Example:
        >>> gold, shares = [[1], [1], [0], [0]], [[0.9], [0.7], [0.2], [0.1]]
        >>> cross_fitted_thresholds(gold, shares, "abca").round(2).tolist()
        [[0.45], [0.5], [0.5], [0.45]]
    """
    right, shares = _matrices(gold, probabilities)
    names = list(dict.fromkeys(groups))
    first = {names[at] for at in np.random.default_rng(seed).permutation(len(names))[::2]}
    half = np.asarray([group in first for group in groups])
    if not right[half].any() or not right[~half].any():
        return None
    found = np.empty(shares.shape)
    for part in (half, ~half):
        found[part] = choose_label_thresholds(right[~part], shares[~part])
    return found


def _own(gold: NDArray[np.bool_], shares: _Floats) -> float:
    """The threshold that gives one label its highest F1: half way between two neighbouring probabilities."""
    order = np.argsort(-shares, kind="stable")
    ranked, right = shares[order], np.cumsum(gold[order])
    given = np.arange(1, len(ranked) + 1)
    f1 = 2 * right / (given + right[-1])
    following = np.append(ranked[1:], 0.0)
    f1[:-1][ranked[:-1] == ranked[1:]] = -1.0  # no threshold parts equal probabilities
    best = int(np.argmax(f1 > f1.max() - 1e-12))
    return float((ranked[best] + following[best]) / 2)


def _common(gold: NDArray[np.bool_], shares: _Floats) -> float:
    """The threshold for all labels with the highest macro F1 over the labels that occur."""
    occurs = gold.any(axis=0)
    right, scores = gold[:, occurs], shares[:, occurs]
    levels = np.unique(scores)
    cuts = (np.append(0.0, levels[:-1]) + levels) / 2
    if len(cuts) > _MOST_CUTS:
        cuts = cuts[np.linspace(0, len(cuts) - 1, _MOST_CUTS).astype(np.int64)]
    counts = [_reaching(scores[:, at], cuts) for at in range(scores.shape[1])]
    hits = [_reaching(scores[right[:, at], at], cuts) for at in range(scores.shape[1])]
    had = np.broadcast_to(right.sum(axis=0).astype(np.float64), (len(cuts), scores.shape[1]))
    f1 = macro_f1(np.stack(hits, axis=1), np.stack(counts, axis=1), had)
    return float(cuts[np.flatnonzero(f1 > f1.max() - 1e-12)[-1]])


def _reaching(scores: _Floats, cuts: _Floats) -> _Floats:
    """(cuts,) how many scores are at or above each cut."""
    return (len(scores) - np.searchsorted(np.sort(scores), cuts, side="left")).astype(np.float64)


def _matrices(gold: ArrayLike, probabilities: ArrayLike) -> tuple[NDArray[np.bool_], _Floats]:
    right, shares = np.asarray(gold).astype(bool), np.asarray(probabilities, dtype=np.float64)
    fits = right.ndim == 2 and right.shape == shares.shape and right.any()
    if not fits or not ((shares >= 0) & (shares <= 1)).all():
        raise OptionError(
            "thresholds cannot be chosen from these labels and probabilities.",
            value=f"shapes {right.shape} and {shares.shape}"
            + (f", {shares.min():g} to {shares.max():g}" if shares.size else ""),
            allowed="two matrices of one shape (n, L), probabilities from 0 to 1, some example with a label",
            cure="Pass development data with a row an example and a column a label.",
        )
    return right, shares
