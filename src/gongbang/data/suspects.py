"""Labels that are probably wrong, by confident learning.

Northcutt, Jiang and Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels", section 3:
the threshold of a class is the mean probability that a model gives it on the examples labelled so; an
example whose probability of another class reaches that class's threshold is counted as one of it. What
falls off the diagonal of that count is suspected, and ranked by normalised margin. The probabilities must
be out of fold: a model that has seen a wrong label has learnt it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gongbang.errors import OptionError


@dataclass(frozen=True, slots=True)
class Suspect:
    """One example whose label is doubted.

    Args:
        index: its number among the examples.
        given: the number of the label it carries.
        suggested: the number of the label that it seems to have.
        margin: p(given) - p(suggested), in [-1, 1]; the lower, the more doubtful.
    """

    index: int
    given: int
    suggested: int
    margin: float


def class_thresholds(probabilities: ArrayLike, labels: ArrayLike) -> NDArray[np.float64]:
    """(L,) mean self-confidence of each class (equation 2); infinite for a class without examples.

    Args:
        probabilities: (n, L) out-of-fold probabilities, rows summing to 1.
        labels: (n,) numbers of the given labels.

    Example:
        >>> class_thresholds([[0.9, 0.1], [0.7, 0.3], [0.4, 0.6]], [0, 0, 1]).tolist()
        [0.8, 0.6]
    """
    shares, given = _checked(probabilities, labels)
    counts = np.bincount(given, minlength=shares.shape[1])
    sums = np.bincount(given, weights=shares[np.arange(len(given)), given], minlength=shares.shape[1])
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)


def confident_classes(probabilities: ArrayLike, labels: ArrayLike) -> NDArray[np.int64]:
    """(n,) the class that each example is confidently counted as; -1 where it reaches no threshold.

    Of several classes whose threshold is reached, the most probable one is taken (equation 1).
    """
    shares, given = _checked(probabilities, labels)
    # A mean of equal numbers may exceed each of them by rounding.
    reached = shares >= class_thresholds(shares, given) - 1e-9  # (n, L)
    best = np.argmax(np.where(reached, shares, -1.0), axis=1)
    return np.where(reached.any(axis=1), best, -1)


def confident_joint(probabilities: ArrayLike, labels: ArrayLike) -> NDArray[np.int64]:
    """(L, L) examples by given label (rows) and by the class they are counted as (columns).

    Example:
        >>> confident_joint([[0.9, 0.1], [0.2, 0.8], [0.1, 0.9]], [0, 0, 1]).tolist()
        [[1, 0], [0, 1]]
    """
    shares, given = _checked(probabilities, labels)
    counted = confident_classes(shares, given)
    joint = np.zeros((shares.shape[1],) * 2, np.int64)
    known = counted >= 0
    np.add.at(joint, (given[known], counted[known]), 1)
    return joint


def find_suspects(probabilities: ArrayLike, labels: ArrayLike) -> list[Suspect]:
    """The examples off the diagonal of the confident joint, the most doubtful first.

    Args:
        probabilities: (n, L) out-of-fold probabilities.
        labels: (n,) numbers of the given labels, in [0, L).

    Raises:
        OptionError: shapes that do not fit, a label out of range, or numbers that are no probabilities.

    Example:
        >>> found = find_suspects([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.05, 0.95]],
        ...                       [0, 0, 1, 1, 0])
        >>> [(suspect.index, suspect.given, suspect.suggested) for suspect in found]
        [(4, 0, 1)]
    """
    shares, given = _checked(probabilities, labels)
    counted = confident_classes(shares, given)
    rows = np.flatnonzero((counted >= 0) & (counted != given))
    margins = shares[rows, given[rows]] - shares[rows, counted[rows]]
    order = np.argsort(margins, kind="stable")
    return [
        Suspect(int(rows[at]), int(given[rows[at]]), int(counted[rows[at]]), float(margins[at]))
        for at in order
    ]


def find_suspects_of_several(
    probabilities: ArrayLike, labels: Sequence[Sequence[int]]
) -> list[tuple[Suspect, bool]]:
    """The same where several labels may hold: each label is a question of its own, held or not.

    Args:
        probabilities: (n, L) probability that each label holds, not summing to 1.
        labels: for each example the numbers of those that it carries.

    Returns:
        suspects and whether the label is carried (and seems not to hold) or missing (and seems to);
        ``given`` and ``suggested`` both name the label. The most doubtful first.

    Raises:
        OptionError: as :func:`find_suspects`.
    """
    shares = np.asarray(probabilities, dtype=np.float64)
    found: list[tuple[Suspect, bool]] = []
    for number in range(shares.shape[1] if shares.ndim == 2 else 0):
        held = np.asarray([number in carried for carried in labels], dtype=np.int64)
        if not 0 < held.sum() < len(held):
            continue
        both = np.stack([1 - shares[:, number], shares[:, number]], axis=1)
        found += [
            (Suspect(suspect.index, number, number, suspect.margin), suspect.given == 1)
            for suspect in find_suspects(both, held)
        ]
    return sorted(found, key=lambda pair: (pair[0].margin, pair[0].index, pair[0].given))


def _checked(probabilities: ArrayLike, labels: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    shares = np.asarray(probabilities, dtype=np.float64)
    given = np.asarray(labels, dtype=np.int64)
    fits = shares.ndim == 2 and given.shape == shares.shape[:1]
    if not fits or (given.size and not 0 <= given.min() <= given.max() < shares.shape[1]):
        raise OptionError(
            "probabilities and labels do not belong together.",
            value=f"probabilities of shape {shares.shape}, labels of shape {given.shape}",
            allowed="(n, L) probabilities and (n,) labels from 0 to L - 1",
            cure="Pass one row of probabilities for each label, with a column for each class.",
        )
    if not np.isfinite(shares).all() or (shares < -1e-6).any() or (shares > 1 + 1e-6).any():
        raise OptionError(
            "these are no probabilities.",
            value=f"numbers from {np.nanmin(shares):g} to {np.nanmax(shares):g}",
            allowed="finite numbers from 0 to 1",
            cure="Pass the softmax of logits, not the logits themselves.",
        )
    return shares, given
