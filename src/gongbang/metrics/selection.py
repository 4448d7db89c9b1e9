"""Scores of choosing the one right candidate out of N: R@k and MRR from a matrix of scores.

Candidates of equal score have no order of their own, and the right one is placed behind all that equal it:
a model that scores everything alike must not look good (as in :mod:`gongbang.metrics.ranking`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gongbang.errors import OptionError
from gongbang.metrics.intervals import bootstrap_interval
from gongbang.metrics.scores import Scores

CUTS = (1, 2, 5, 10)


def right_ranks(
    scores: ArrayLike, right: ArrayLike | None = None, there: ArrayLike | None = None
) -> NDArray[np.int64]:
    """(n,) rank of the right candidate, 1 for the best: one more than the others that score as high.

    Args:
        scores: (n, candidates), higher is better.
        right: (n,) column of the right candidate; the first when None.
        there: (n, candidates) which candidates there are, where rows have different numbers of them; all
            when None. What a missing one scores does not count.

    Raises:
        OptionError: shapes that do not fit, a score that is not a number, or a right candidate that is
            missing.

    Example:
        >>> right_ranks([[3.0, 1.0, 2.0], [1.0, 1.0, 0.0], [0.0, 2.0, 1.0]]).tolist()
        [1, 2, 3]
    """
    matrix = np.asarray(scores, dtype=np.float64)
    if matrix.ndim != 2 or matrix.size == 0:
        raise _shape("the scores are no matrix.", matrix.shape, "(n, candidates), neither of them 0")
    rows, width = matrix.shape
    present = np.ones(matrix.shape, dtype=bool) if there is None else np.asarray(there, dtype=bool)
    columns = np.zeros(rows, dtype=np.int64) if right is None else np.asarray(right)
    if present.shape != matrix.shape or columns.shape != (rows,):
        raise _shape(
            "the parts do not belong to one matrix.",
            (matrix.shape, present.shape, columns.shape),
            f"scores and 'there' of {matrix.shape}, 'right' of ({rows},)",
        )
    inside = (columns >= 0) & (columns < width)
    if not inside.all() or not present[np.arange(rows), columns].all():
        raise OptionError(
            "a right candidate is not among the candidates.",
            value=columns.tolist()[:20],
            allowed=f"columns 0 to {width - 1} that are there",
            cure="Put the right candidate into every row.",
        )
    if np.isnan(matrix[present]).any():
        raise OptionError(
            "a score is not a number.",
            value="nan",
            allowed="numbers",
            cure="Look for a division by zero in the model: what it scores cannot be ranked.",
        )
    own = matrix[np.arange(rows), columns]
    ranks: NDArray[np.int64] = ((matrix >= own[:, None]) & present).sum(axis=1)  # it equals itself
    return ranks


def _shape(what: str, value: object, allowed: str) -> OptionError:
    return OptionError(what, value=value, allowed=allowed, cure="Give one row of scores a record.")


def selection_scores(
    ranks: ArrayLike, *, groups: Sequence[str] | None = None, cuts: Sequence[int] = CUTS
) -> Scores:
    """R@k at each cut and MRR (primary) as shares, with 95 % bootstrap intervals.

    R@k of N candidates is 1 by definition where k is N or more.

    Args:
        ranks: (n,) rank of the right candidate, 1 for the best; see :func:`right_ranks`.
        groups: (n,) what is resampled as a whole; single records when None.
        cuts: the k of R@k.

    Raises:
        OptionError: no ranks, one below 1, or groups of another number.

    Example:
        >>> found = selection_scores([1, 2, 4]).to_dict()
        >>> round(found["mrr"], 4), round(found["r@1"], 4), round(found["r@2"], 4), found["n"]
        (0.5833, 0.3333, 0.6667, 3)
    """
    places = np.asarray(ranks, dtype=np.float64)
    if places.size and places.min() < 1:
        raise OptionError(
            "a rank is below 1.", value=places.min(), allowed="1 or more", cure="Count ranks from 1."
        )
    columns = {f"r@{k}": (places <= k).astype(np.float64) for k in cuts} | {"mrr": 1.0 / places}
    return Scores(
        "mrr", {name: bootstrap_interval(column, groups=groups) for name, column in columns.items()}
    )
