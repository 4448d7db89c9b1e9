"""A measured number with its interval and its count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SHARES = frozenset({"accuracy", "macro_f1", "micro_f1", "auprc", "ndcg", "mrr"})
"""Metrics in [0, 1], beside all that are taken at a cut (p@1, recall@5); the others are percentages."""


def is_share(name: str) -> bool:
    """Whether a metric is a share of one; the others (exact_match, f1, rouge_w) are percentages.

    Example:
        >>> is_share("accuracy"), is_share("recall@1"), is_share("no_answer_accuracy")
        (True, True, False)
    """
    return "@" in name or name in SHARES


def number(name: str, value: float, *, signed: bool = False) -> str:
    """A metric's value as people write it: shares with four decimals, percentages with two.

    Example:
        >>> number("recall@1", 0.9), number("accuracy", 0.5)
        ('0.9000', '0.5000')
        >>> number("f1", 81.234), number("f1", 0.5, signed=True)
        ('81.23', '+0.50')
    """
    return f"{value:{'+' if signed else ''}.{4 if is_share(name) else 2}f}"


def points(name: str, value: float) -> float:
    """A value, or a difference of two, in points of a hundred: what limits such as the export gate are in.

    Example:
        >>> points("accuracy", 0.5), points("f1", 0.5)
        (50.0, 0.5)
    """
    return 100.0 * value if is_share(name) else value


@dataclass(frozen=True, slots=True)
class Score:
    """A metric's value over ``n`` examples, with a 95 % bootstrap interval where one was computed."""

    value: float
    n: int
    low: float | None = None
    high: float | None = None

    def to_dict(self) -> dict[str, Any]:
        return {"value": self.value, "n": self.n, "low": self.low, "high": self.high}


@dataclass(frozen=True, slots=True)
class Scores:
    """Metrics by name; ``primary`` names the one that selects checkpoints and is reported first.

    Example:
        >>> Scores("f1", {"f1": Score(0.5, 10)}).value
        0.5
    """

    primary: str
    scores: Mapping[str, Score]

    @property
    def value(self) -> float:
        """The primary metric's value."""
        return self.scores[self.primary].value

    def to_dict(self) -> dict[str, Any]:
        """Flat for ``--json``: each metric's value by name, ``n``, and ``intervals``."""
        flat: dict[str, Any] = {name: score.value for name, score in self.scores.items()}
        flat["n"] = max((score.n for score in self.scores.values()), default=0)
        flat["intervals"] = {
            name: [score.low, score.high] for name, score in self.scores.items() if score.low is not None
        }
        return flat
