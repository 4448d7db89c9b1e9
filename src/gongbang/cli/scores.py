"""Scores as a table: each metric with its interval, the baselines beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gongbang.cli.output import table

if TYPE_CHECKING:
    from gongbang.metrics.scores import Scores


def scores_table(scores: Scores, baselines: Mapping[str, Scores] | None = None) -> str:
    """A row a metric, the primary one first; percentages with two decimals, shares with four.

    Example:
        >>> from gongbang.metrics.scores import Score, Scores
        >>> print(scores_table(Scores("f1", {"f1": Score(50.0, 4, 25.0, 75.0)})))
        metric  value  95 % interval  n
        f1      50.00  25.00 - 75.00  4
    """
    others = baselines or {}
    names = sorted(scores.scores, key=lambda name: name != scores.primary)
    rows = []
    for name in names:
        score = scores.scores[name]
        interval = (
            f"{number(name, score.low)} - {number(name, score.high)}"
            if score.low is not None and score.high is not None
            else ""
        )
        beside = [_value(other, name) for other in others.values()]
        rows.append((name, number(name, score.value), interval, f"{score.n:,}", *beside))
    return table(rows, header=("metric", "value", "95 % interval", "n", *others))


def number(name: str, value: float, *, signed: bool = False) -> str:
    """:func:`gongbang.metrics.scores.number`, loaded at the first use: the help of a verb needs no numpy."""
    from gongbang.metrics.scores import number as written

    return written(name, value, signed=signed)


def _value(scores: Scores, name: str) -> str:
    return number(name, scores.scores[name].value) if name in scores.scores else ""
