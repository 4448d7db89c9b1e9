"""What each member adds and what it costs: an ensemble solved again without it, on the same examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gongbang.ensemble.align import align, require_out_of_fold
from gongbang.ensemble.blend import cross_fitted, fit_blend, parts_of
from gongbang.ensemble.judge import ByHand, Judge
from gongbang.ensemble.members import Member
from gongbang.errors import EnsembleError
from gongbang.metrics.intervals import Difference


@dataclass(frozen=True, slots=True)
class Contribution:
    """One member's part.

    Attributes:
        name: of the member.
        weight: in the ensemble of all.
        alone: its metric, cross-fitted.
        without: the metric of the ensemble without it, cross-fitted.
        gain: the ensemble with it less the one without, by a paired bootstrap.
        ms_per_example, megabytes: what serving it costs; None where it was not measured.
        share_of_time: its share of the ensemble's time; None unless all were measured.
    """

    name: str
    weight: float
    alone: float
    without: float
    gain: Difference
    ms_per_example: float | None
    megabytes: float | None
    share_of_time: float | None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "name": self.name,
            "weight": self.weight,
            "alone": self.alone,
            "without": self.without,
            "gain": self.gain.to_dict(),
            "ms_per_example": self.ms_per_example,
            "megabytes": self.megabytes,
            "share_of_time": self.share_of_time,
        }


def contributions(
    members: Sequence[Member],
    method: str = "weighted",
    metric: str | ByHand = "accuracy",
    *,
    leave_out: Sequence[str] = (),
    rounds: int = 30,
    at_least_one: bool = True,
    samples: int = 1000,
    seed: int = 0,
) -> list[Contribution]:
    """Leave each member out in turn, in the order given.

    Calibrations, weights and thresholds are fitted again without the member, and everything is judged on
    folds that it was not fitted on. Arguments are as in :func:`~gongbang.ensemble.solve.solve`.

    Raises:
        EnsembleError: fewer than two members, or members that :func:`~gongbang.ensemble.solve.solve` refuses.
    """
    if len(members) < 2:
        raise EnsembleError(
            "of a single member nothing can be left out.",
            value=f"{len(members)} members",
            allowed="2 or more",
            cure="Name more runs.",
        )
    require_out_of_fold(members, "a contribution")
    aligned = align(members)
    first = aligned[0]
    judge = Judge(metric, first.labels, first.multi_label, tuple(leave_out))
    logits, parts = np.stack([member.logits for member in aligned]), parts_of(first)
    options: dict[str, Any] = {"rounds": rounds, "at_least_one": at_least_one, "possible": first.possible}
    together = cross_fitted(logits, first.gold, parts, method, judge, **options)
    weights = fit_blend(logits, first.gold, method, judge, **options).weights
    times = [member.ms_per_example for member in aligned]
    total = None if None in times else sum(time for time in times if time is not None)
    rows = []
    for place, member in enumerate(aligned):
        others = np.delete(logits, place, axis=0)
        rest = cross_fitted(others, first.gold, parts, method, judge, **options)
        single = cross_fitted(logits[[place]], first.gold, parts, "mean", judge, **options)
        gain = judge.difference(first.gold, together, rest, groups=first.groups, samples=samples, seed=seed)
        share = member.ms_per_example / total if total and member.ms_per_example is not None else None
        rows.append(
            Contribution(
                member.name,
                weights[place],
                judge.value(first.gold, single),
                judge.value(first.gold, rest),
                gain,
                member.ms_per_example,
                member.megabytes,
                share,
            )
        )
    return rows


def disagreement(members: Sequence[Member]) -> dict[tuple[str, str], float]:
    """How often two members differ in what they hold for likeliest, as a share, for each pair of names.

    Members that never differ add cost and nothing else.

    Raises:
        EnsembleError: members that do not belong together.
    """
    aligned = align(members)
    ruled = aligned[0].possible
    choices = [
        (member.logits if ruled is None else np.where(ruled, member.logits, -np.inf)).argmax(axis=1)
        for member in aligned
    ]
    return {
        (aligned[a].name, aligned[b].name): float((choices[a] != choices[b]).mean())
        for a in range(len(aligned))
        for b in range(a + 1, len(aligned))
    }


def contribution_table(rows: Sequence[Contribution]) -> str:
    """The contributions as lines of text, for a terminal or a report.

    Example:
        >>> gain = Difference(0.02, 0.01, 0.03, 0.0, 100)
        >>> print(contribution_table([Contribution("a", 0.5, 0.8, 0.82, gain, 12.0, None, 1.0)]))
        member  weight   alone  without     gain              interval  ms/example  MB
        a        0.500  0.8000   0.8200  +0.0200  [+0.0100, +0.0300] *       12.00   -
    """
    header = ["member", "weight", "alone", "without", "gain", "interval", "ms/example", "MB"]
    lines = [header]
    for row in rows:
        star = " *" if row.gain.significant else ""
        lines.append(
            [
                row.name,
                f"{row.weight:.3f}",
                f"{row.alone:.4f}",
                f"{row.without:.4f}",
                f"{row.gain.value:+.4f}",
                f"[{row.gain.low:+.4f}, {row.gain.high:+.4f}]{star}",
                "-" if row.ms_per_example is None else f"{row.ms_per_example:.2f}",
                "-" if row.megabytes is None else f"{row.megabytes:.1f}",
            ]
        )
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )
