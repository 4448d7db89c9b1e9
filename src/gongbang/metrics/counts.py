"""Precision, recall and F1 out of counts: right, predicted and gold of each label.

Every function takes arrays whose last axis is the labels, so that one call serves a single data set and
a thousand resamples alike. A label with neither gold nor predictions has no F1: it is left out of means
(scikit-learn's ``zero_division=nan``, and what it does where no ``labels`` are passed), for a label that
cannot be met must not pull a model's score down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LabelF1:
    """How one label fares; shares are 0.0 where they are undefined, which the two counts tell.

    Attributes:
        precision, recall, f1: shares.
        support: examples that have the label.
        predicted: examples that were given it.
    """

    precision: float
    recall: float
    f1: float
    support: int
    predicted: int

    def to_dict(self) -> dict[str, float]:
        return {
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
            "support": self.support,
            "predicted": self.predicted,
        }


def share(part: Array, whole: Array) -> Array:
    """``part / whole``, NaN where the whole is nothing."""
    whole = np.asarray(whole, dtype=np.float64)
    found: Array = np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)
    return found


def defined_mean(values: Array) -> Array:
    """Mean over the last axis of the values that are defined; 0.0 where none is.

    Example:
        >>> float(defined_mean(np.array([1.0, np.nan, 0.5])))
        0.75
    """
    known = ~np.isnan(values)
    total = np.where(known, values, 0.0).sum(axis=-1)
    mean: Array = total / np.maximum(known.sum(axis=-1), 1)
    return mean


def macro_f1(right: Array, predicted: Array, gold: Array) -> Array:
    """The mean of the labels' F1 ("averaged F1" in Opitz & Burst 2019).

    Args:
        right, predicted, gold: (..., L) how often each label was rightly given, given, and had.

    Returns:
        (...) shares; 0.0 where no label has an F1.

    Example:
        >>> float(macro_f1(np.array([1.0, 0.0]), np.array([2.0, 0.0]), np.array([2.0, 0.0])))
        0.5
    """
    return defined_mean(share(2 * right, predicted + gold))


def micro_f1(right: Array, predicted: Array, gold: Array) -> Array:
    """F1 of all labels' counts together; 0.0 where there is nothing to find and nothing was given.

    Args:
        right, predicted, gold: (..., L) how often each label was rightly given, given, and had.

    Example:
        >>> float(micro_f1(np.array([1.0, 2.0]), np.array([2.0, 2.0]), np.array([1.0, 3.0])))
        0.75
    """
    found = share(2 * right.sum(axis=-1), predicted.sum(axis=-1) + gold.sum(axis=-1))
    return np.nan_to_num(found)


def report(labels: Sequence[str], right: Array, predicted: Array, gold: Array) -> dict[str, LabelF1]:
    """Each label's precision, recall and F1, from counts of shape (L,), in the order of ``labels``."""
    columns = [np.nan_to_num(share(right, of)) for of in (predicted, gold)]
    f1 = np.nan_to_num(share(2 * right, predicted + gold))
    return {
        label: LabelF1(
            float(columns[0][at]), float(columns[1][at]), float(f1[at]), int(gold[at]), int(predicted[at])
        )
        for at, label in enumerate(labels)
    }
