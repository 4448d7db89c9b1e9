"""Folds of records with several labels each, every label spread evenly.

Iterative stratification (Sechidis, Tsoumakas & Vlahavas 2011, "On the stratification of multi-label data",
algorithm 1), of whole units: what must stay together is one row of counts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gongbang.errors import OptionError


def iterative_stratification(counts: ArrayLike, sizes: ArrayLike, k: int) -> NDArray[np.int64]:
    """The fold of each unit.

    The rarest label that is left is dealt out first, its largest units before the others, each to the fold
    that lacks most of this label; ties go to the fold that lacks most records, then to the first. Units
    without a label fill up what is left. Equal units are taken in the order in which they are given.

    Args:
        counts: (units, labels) how often each label stands in a unit.
        sizes: (units,) records of a unit.
        k: number of folds.

    Returns:
        (units,) folds from 0 to ``k - 1``.

    Raises:
        OptionError: shapes that do not pair up, or ``k`` below 2.

    Example:
        >>> iterative_stratification([[1, 0], [1, 0], [1, 1], [1, 1]], [1, 1, 1, 1], 2).tolist()
        [0, 1, 0, 1]
    """
    held, records = np.asarray(counts, dtype=np.int64), np.asarray(sizes, dtype=np.int64)
    if k < 2 or held.ndim != 2 or records.shape != held.shape[:1]:
        raise OptionError(
            "these units cannot be dealt out.",
            value=f"k={k}, counts of shape {held.shape}, sizes of shape {records.shape}",
            allowed="k of 2 or more, one row of counts and one size a unit",
            cure="Pass counts of shape (units, labels) and sizes of shape (units,).",
        )
    fold_of = np.full(len(records), -1, dtype=np.int64)
    lacking = np.tile(held.sum(axis=0) / k, (k, 1))  # (k, labels) wanted and not there yet
    room = np.full(k, records.sum() / k)  # (k,) the same for records

    def deal(unit: int, label: int | None) -> None:
        want = room if label is None else lacking[:, label]
        fold = int(np.lexsort((np.arange(k), -room, -np.round(want, 9)))[0])
        fold_of[unit] = fold
        lacking[fold] -= held[unit]
        room[fold] -= records[unit]

    left = held.sum(axis=0)  # (labels,) occurrences in units that are not dealt out
    while left.any():
        label = int(np.argmin(np.where(left > 0, left, np.iinfo(np.int64).max)))
        units = np.flatnonzero((fold_of < 0) & (held[:, label] > 0))
        for unit in units[np.argsort(-held[units, label], kind="stable")]:
            deal(int(unit), label)
        left = left - held[units].sum(axis=0)
    bare = np.flatnonzero(fold_of < 0)
    for unit in bare[np.argsort(-records[bare], kind="stable")]:
        deal(int(unit), None)
    return fold_of
