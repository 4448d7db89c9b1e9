"""Readers put together: temperatures fitted out of fold, n-best lists merged, and what each reader adds.

As with labels, nothing but out-of-fold predictions is fitted on, and what counts is judged on folds that the
temperatures were not fitted on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from gongbang.ensemble.contribution import Contribution
from gongbang.ensemble.spans import fit_span_temperature, merge_spans
from gongbang.errors import EnsembleError
from gongbang.metrics.intervals import Difference, paired_bootstrap
from gongbang.tasks.base import Prediction

SpanMethod = Literal["sum", "mbr"]
Readers = Mapping[str, Sequence[Prediction]]
Valued = Callable[[Sequence[Prediction]], NDArray[np.float64]]
"""(n,) how good each prediction is, higher is better."""


@dataclass(frozen=True, slots=True)
class SpanSolution:
    """How readers become one, and what that is worth.

    Attributes:
        method: "sum" of the mass of equal texts, or "mbr".
        members: names, in order.
        temperatures: (m,) of each reader's scores.
        null: whether "no answer" may win.
        metric: by which it was judged.
        in_sample: the metric with temperatures fitted on the very questions.
        cross_fitted: with temperatures of the other folds; what to report.
        alone: each reader's own answers.
        best: the reader that is best alone.
        difference: by how much the ensemble, cross-fitted, is better than ``best``.
        n: number of questions.
    """

    method: str
    members: tuple[str, ...]
    temperatures: tuple[float, ...]
    null: bool
    metric: str
    in_sample: float
    cross_fitted: float
    alone: Mapping[str, float]
    best: str
    difference: Difference
    n: int

    def predict(self, readers: Readers) -> list[Prediction]:
        """The ensemble's answers to questions that the readers answered, by the names they were solved with.

        Raises:
            EnsembleError: other readers, or readers of different questions.
        """
        if readers.keys() != set(self.members):
            raise EnsembleError(
                "these are not the readers of the solution.",
                value=", ".join(readers) or "none",
                allowed=", ".join(self.members),
                cure="Pass the predictions of each once, under the name it was solved with.",
            )
        ordered = {name: readers[name] for name in self.members}
        heat = dict(zip(self.members, self.temperatures, strict=True))
        return _merged(ordered, self.method, heat, null=self.null)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "method": self.method,
            "members": list(self.members),
            "temperatures": list(self.temperatures),
            "null": self.null,
            "metric": self.metric,
            "in_sample": self.in_sample,
            "cross_fitted": self.cross_fitted,
            "alone": dict(self.alone),
            "best": self.best,
            "difference": self.difference.to_dict(),
            "n": self.n,
        }


def solve_spans(
    readers: Readers,
    golds: Sequence[Sequence[str]],
    parts: NDArray[np.int64],
    value_of: Valued,
    *,
    method: str = "sum",
    metric: str = "exact_match",
    groups: Sequence[str] | None = None,
    costs: Mapping[str, float | None] | None = None,
    samples: int = 1000,
    seed: int = 0,
) -> tuple[SpanSolution, list[Contribution]]:
    """Put readers together by their out-of-fold n-best lists, and leave each out in turn.

    Args:
        readers: by name, two or more; predictions of the same questions, in one order.
        golds: (n,) acceptable answers; empty where nothing answers, and then "no answer" may win.
        parts: (n,) the fold that held each question out.
        value_of: the metric of each prediction.
        method: "sum" or "mbr", see :mod:`gongbang.ensemble.spans`.
        metric: its name.
        groups: (n,) what a bootstrap draws as a whole.
        costs: megabytes by name.
        samples: of the bootstrap. seed: of its draws.

    Raises:
        EnsembleError: fewer than two readers, an unknown method, or a single fold.
    """
    if len(readers) < 2 or method not in get_args(SpanMethod) or len(np.unique(parts)) < 2:
        raise EnsembleError(
            "these readers cannot be put together.",
            value=f"{len(readers)} readers, method '{method}', {len(np.unique(parts))} folds",
            allowed=f"two readers or more, {' or '.join(get_args(SpanMethod))}, two folds or more",
            cure="Name two runs of gongbang train --folds, and --method sum or --method mbr.",
        )
    null = any(not gold for gold in golds)
    heat = {name: fit_span_temperature(told, golds) for name, told in readers.items()}
    together = value_of(_cross_fitted(readers, golds, parts, method, null=null))
    single = {name: value_of(told) for name, told in readers.items()}
    best = max(single, key=lambda name: float(single[name].mean()))

    def better(a: NDArray[np.float64], b: NDArray[np.float64]) -> Difference:
        return paired_bootstrap(a, b, groups=groups, samples=samples, seed=seed)

    solution = SpanSolution(
        method,
        tuple(readers),
        tuple(heat[name] for name in readers),
        null,
        metric,
        float(value_of(_merged(readers, method, heat, null=null)).mean()),
        float(together.mean()),
        {name: float(values.mean()) for name, values in single.items()},
        best,
        better(together, single[best]),
        len(golds),
    )
    gains = []
    for name in readers:
        rest = {other: told for other, told in readers.items() if other != name}
        without = value_of(_cross_fitted(rest, golds, parts, method, null=null))
        megabytes = (costs or {}).get(name)
        gains.append(
            Contribution(
                name,
                1.0 / len(readers),
                float(single[name].mean()),
                float(without.mean()),
                better(together, without),
                None,
                megabytes,
                None,
            )
        )
    return solution, gains


def _cross_fitted(
    readers: Readers, golds: Sequence[Sequence[str]], parts: NDArray[np.int64], method: str, *, null: bool
) -> list[Prediction]:
    """Each question answered with temperatures that were fitted without its fold."""
    found: dict[int, Prediction] = {}
    for part in np.unique(parts):
        inside = np.flatnonzero(parts == part).tolist()
        outside = np.flatnonzero(parts != part).tolist()
        heat = {
            name: fit_span_temperature([told[at] for at in outside], [golds[at] for at in outside])
            for name, told in readers.items()
        }
        held = {name: [told[at] for at in inside] for name, told in readers.items()}
        found |= dict(zip(inside, _merged(held, method, heat, null=null), strict=True))
    return [found[at] for at in range(len(golds))]


def _merged(readers: Readers, method: str, heat: Mapping[str, float], *, null: bool) -> list[Prediction]:
    return merge_spans(readers, decision="mbr" if method == "mbr" else "sum", temperatures=heat, null=null)
