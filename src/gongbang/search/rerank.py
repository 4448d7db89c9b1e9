"""A second look at the best passages by something slower and better.

The first search's scores and the reranker's are both brought to [0, 1] over the passages it looked at, and
mixed. Those behind count 0 for the reranker and less than 0 for the search, so they stay behind.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gongbang.data.records import Passage
from gongbang.errors import OptionError, SearchIndexError
from gongbang.search.base import Hit, Reranker
from gongbang.search.fusion import minmax


@dataclass(frozen=True, slots=True)
class Rerank:
    """The stage: which reranker, over how many passages, and how much its word counts.

    Args:
        reranker: scores pairs of question and passage.
        top: passages it looks at.
        weight: its share of the final score; 0 leaves the order as it was, 1 takes the reranker's alone.

    Raises:
        OptionError: ``top`` or ``weight`` out of range.
    """

    reranker: Reranker
    top: int = 20
    weight: float = 0.5

    def __post_init__(self) -> None:
        if self.top < 1 or not 0.0 <= self.weight <= 1.0:
            raise OptionError(
                "this reranking cannot be used.",
                value=f"top={self.top}, weight={self.weight}",
                allowed="top 1 or more, weight 0 to 1",
                cure="Pass Rerank(reranker, top=20, weight=0.5).",
            )

    @property
    def signature(self) -> str:
        """A hash of the reranker and the stage's options."""
        text = f"{self.reranker.signature} {self.top} {self.weight!r}"
        return hashlib.sha256(text.encode("utf-8")).hexdigest()

    def apply(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        """The hits in their new order, ``parts`` with ``first`` and ``rerank`` added.

        Args:
            question: the question. hits: best first.

        Raises:
            SearchIndexError: the reranker gives something else than one finite score a passage.
        """
        seen = self.judge(question, hits[: self.top])
        return combine(hits, seen, self.weight)

    def judge(self, question: str, hits: Sequence[Hit]) -> NDArray[np.float64]:
        """(hits,) the reranker's scores."""
        passages: list[Passage] = [hit.passage for hit in hits]
        if not passages:
            return np.zeros(0)
        scores = np.asarray(self.reranker.score(question, passages), dtype=np.float64)
        if scores.shape != (len(passages),) or not np.isfinite(scores).all():
            raise SearchIndexError(
                "the reranker does not give one finite score a passage.",
                value=f"shape {scores.shape}",
                allowed=f"shape ({len(passages)},), finite numbers",
                cure="Check the reranker's score method.",
            )
        return scores


def combine(hits: Sequence[Hit], judged: NDArray[np.float64], weight: float) -> list[Hit]:
    """Mixes the first scores of all hits with the reranker's scores of the first few.

    Args:
        hits: best first. judged: (top,) the reranker's scores of ``hits[:top]``. weight: its share.
    """
    if weight == 0.0 or not len(judged):
        return list(hits)
    scores = np.array([hit.score for hit in hits])
    seen = scores[: len(judged)]  # alone set the scale, so that asking for more hits changes no score
    low, span = seen.min(), (seen.max() - seen.min()) or 1.0
    second = np.zeros(len(hits))
    second[: len(judged)] = minmax(judged)
    mixed = (1.0 - weight) * (scores - low) / span + weight * second
    unseen = np.arange(len(hits)) >= len(judged)
    order = np.lexsort((np.arange(len(hits)), -mixed, unseen))
    return [_with(hits[int(i)], float(mixed[i]), judged, int(i)) for i in order]


def _with(hit: Hit, score: float, judged: NDArray[np.float64], place: int) -> Hit:
    parts = {**hit.parts, "first": hit.score}
    if place < len(judged):
        parts["rerank"] = float(judged[place])
    return replace(hit, score=score, parts=parts)
