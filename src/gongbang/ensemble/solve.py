"""The ensemble solver: members in, a solution out that says what it is worth and how it was found.

Nothing but out-of-fold predictions is fitted on. The score that counts is the cross-fitted one: weights,
calibrations and thresholds fitted on all folds but one, judged on that one. The score in the sample that was
fitted on stands beside it, so that the gap can be seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gongbang.ensemble.align import align, require_out_of_fold
from gongbang.ensemble.blend import cross_fitted, fit_blend, parts_of
from gongbang.ensemble.judge import ByHand, Judge, Outcome
from gongbang.ensemble.members import Member
from gongbang.ensemble.solution import Solution
from gongbang.errors import EnsembleError


def solve(
    members: Sequence[Member],
    method: str = "weighted",
    metric: str | ByHand = "accuracy",
    *,
    leave_out: Sequence[str] = (),
    rounds: int = 30,
    at_least_one: bool = True,
    samples: int = 1000,
    seed: int = 0,
) -> Solution:
    """Put members together by their out-of-fold predictions.

    Args:
        members: two or more, of one version of the data; labels and rows may be in any order.
        method: "mean", "weighted", "greedy" or "vote"; see :class:`~gongbang.ensemble.blend.Blend`.
        metric: a name that :class:`~gongbang.ensemble.judge.Judge` knows, or a function of gold and
            probabilities whose higher values are better.
        leave_out: labels that micro F1 does not count.
        rounds: of greedy selection.
        at_least_one: of several labels an example: see :class:`~gongbang.ensemble.blend.Blend`.
        samples: resamples of the paired bootstrap. seed: of the draws.

    Raises:
        EnsembleError: fewer than two members, members that do not belong together, or whose predictions are
            not out of fold.
        OptionError: an unknown metric.

    Example:
        >>> from gongbang.ensemble.members import Member
        >>> gold = np.array([0, 1] * 10)
        >>> ids = tuple(map(str, range(20)))
        >>> def member(name, sure):
        ...     logits = np.where(np.arange(2) == gold[:, None], 1.0, 0.0) * np.resize(sure, 20)[:, None]
        ...     return Member(name, ids, ("n", "y"), logits, gold, "out-of-fold", "hash", ids)
        >>> solution = solve([member("a", [3, 3, 3, -1]), member("b", [-1, 3, 3, 3])], "mean")
        >>> solution.cross_fitted, solution.alone["a"]
        (1.0, 0.75)
    """
    if len(members) < 2:
        raise EnsembleError(
            "an ensemble has two members or more.",
            value=f"{len(members)} members",
            allowed="2 or more",
            cure="Name more runs.",
        )
    require_out_of_fold(members, "an ensemble")
    aligned = align(members)
    first = aligned[0]
    judge = Judge(metric, first.labels, first.multi_label, tuple(leave_out))
    logits, parts = np.stack([member.logits for member in aligned]), parts_of(first)

    options: dict[str, Any] = {"rounds": rounds, "at_least_one": at_least_one, "possible": first.possible}

    def honest(rows: NDArray[np.float64], how: str) -> Outcome:
        return cross_fitted(rows, first.gold, parts, how, judge, **options)

    blend = fit_blend(logits, first.gold, method, judge, **options)
    together = honest(logits, method)
    singles = {member.name: honest(member.logits[None], "mean") for member in aligned}
    alone = {name: judge.value(first.gold, outcome) for name, outcome in singles.items()}
    best = max(alone, key=alone.__getitem__)
    own = next(member.logits for member in aligned if member.name == best)
    return Solution(
        blend=blend,
        members=tuple(member.name for member in aligned),
        labels=first.labels,
        metric=judge.name,
        in_sample=judge.value(first.gold, blend.apply(logits, first.possible)),
        cross_fitted=judge.value(first.gold, together),
        alone=alone,
        best=best,
        single=fit_blend(own[None], first.gold, "mean", judge, **options),
        difference=judge.difference(
            first.gold, together, singles[best], groups=first.groups, samples=samples, seed=seed
        ),
        data=first.data,
        n=len(first),
        leave_out=tuple(leave_out),
    )
