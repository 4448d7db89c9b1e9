"""Joining the scores of several searches into one.

Convex fusion keeps how much better one passage is than another, reciprocal-rank fusion only their order.
With a handful of judged questions convex fusion is the better of the two (Bruch, Gai & Ingber 2023,
section 4); reciprocal rank needs no judgement at all (Cormack, Clarke & Büttcher 2009).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gongbang.errors import OptionError
from gongbang.search.base import top_k
from gongbang.search.options import options_from

METHODS = ("minmax", "zscore", "rrf")
PARTS = ("lexical", "dense")

_NOTHING = {"lexical": 0.0}
"""The score of a passage that a part has not found: it shares no token. Vectors are always near or far."""


def _default_weights() -> dict[str, float]:
    return {"lexical": 0.8, "dense": 0.2}


@dataclass(frozen=True, slots=True)
class Fusion:
    """How parts are joined.

    Args:
        method: ``minmax`` and ``zscore`` add weighted, normalised scores; ``rrf`` adds weight / (k + rank) of
            each part that has the passage among its own best ``depth``; equal scores share a rank.
        weights: of each part, ``lexical`` and ``dense``; brought to the sum 1.
        depth: candidates taken from each part; normalisation looks at these alone.
        rrf_k: the constant of reciprocal-rank fusion.

    Raises:
        OptionError: an unknown method, or weights and counts out of range.

    Example:
        >>> Fusion(weights={"lexical": 3.0, "dense": 1.0}).weights["lexical"]
        0.75
    """

    method: str = "minmax"
    weights: Mapping[str, float] = field(default_factory=_default_weights)
    depth: int = 100
    rrf_k: int = 60

    def __post_init__(self) -> None:
        if self.method not in METHODS or self.depth < 1 or self.rrf_k < 0:
            raise OptionError(
                "this fusion cannot be used.",
                value=f"method={self.method}, depth={self.depth}, rrf_k={self.rrf_k}",
                allowed=f"method one of {', '.join(METHODS)}; depth 1 or more; rrf_k 0 or more",
                cure="Leave the options out to take the defaults.",
            )
        total = sum(self.weights.values())
        named = set(self.weights) == set(PARTS)
        if not named or min(self.weights.values()) < 0 or not 0 < total < float("inf"):
            raise OptionError(
                "the weights of the fusion cannot be used.",
                value=repr(dict(self.weights)),
                allowed=f"a number of 0 or more for each of {', '.join(PARTS)}, not all 0",
                cure='Pass for instance weights={"lexical": 0.8, "dense": 0.2}.',
            )
        object.__setattr__(self, "weights", {name: weight / total for name, weight in self.weights.items()})

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Fusion:
        """The fusion that gave :meth:`to_dict`.

        Raises:
            OptionError: a key that is no option.
        """
        return options_from(cls, values, "fusion")

    def fuse(self, raw: Mapping[str, NDArray[np.float64]]) -> Fused:
        """Joins the scores of one question.

        Args:
            raw: by part, (passages,) scores.
        """
        tops = [top_k(scores, self.depth) for scores in raw.values()]
        candidates = np.unique(np.concatenate(tops)) if tops else np.empty(0, np.int64)
        parts = {
            name: self.weights[name] * self._normal(name, scores, candidates) for name, scores in raw.items()
        }
        total = np.zeros(len(candidates))
        for part in parts.values():
            total = total + part
        return Fused(candidates, total, parts)

    def _normal(
        self, name: str, scores: NDArray[np.float64], candidates: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """(candidates,) scores of one part, made comparable with those of others."""
        own = scores[candidates]
        if self.method == "rrf":
            best = np.sort(scores[top_k(scores, self.depth)])
            rank = 1 + len(best) - np.searchsorted(best, own, side="right")
            found = (rank <= len(best)) & (own > _NOTHING.get(name, -np.inf))
            return np.where(found, 1.0 / (self.rrf_k + rank), 0.0)
        if self.method == "minmax":
            return minmax(own)
        spread = own.std() if len(own) else 0.0
        return (own - own.mean()) / spread if spread > 0 else np.zeros(len(own))


@dataclass(frozen=True, slots=True)
class Fused:
    """Candidates of one question in rising position, their scores, and what each part gave to them."""

    positions: NDArray[np.int64]
    scores: NDArray[np.float64]
    parts: Mapping[str, NDArray[np.float64]]


def minmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scores brought to [0, 1]; all 0 where they are equal.

    Example:
        >>> minmax(np.array([2.0, 4.0, 3.0])).tolist()
        [0.0, 1.0, 0.5]
    """
    if not len(scores):
        return scores
    low, high = scores.min(), scores.max()
    return (scores - low) / (high - low) if high > low else np.zeros(len(scores))
