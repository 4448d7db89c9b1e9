"""A reader as the search floor's ``Reranker``: how surely a passage answers the question."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gongbang.data.records import Passage, Record
from gongbang.runtime.predictor import Predictor


class ReaderReranker:
    """Scores a passage by the reader's confidence in its best span, as log-odds.

    Args:
        predictor: an artifact of the task ``reader``.

    Raises:
        ArtifactError: the artifact is of another task.
    """

    def __init__(self, predictor: Predictor) -> None:
        predictor.artifact.require_task("reader")
        self._predictor = predictor
        self.signature = predictor.artifact.id

    def score(self, question: str, passages: Sequence[Passage]) -> NDArray[np.float64]:
        """(n,) log-odds that the passage answers; very low where it holds no span at all."""
        records = [
            Record(str(number), {"question": question, "context": passage.text, "title": passage.title})
            for number, passage in enumerate(passages)
        ]
        confidence = np.array(
            [
                max((c.probability for c in p.candidates), default=0.0)
                for p in self._predictor.predict(records)
            ]
        )
        clipped = np.clip(confidence, 1e-6, 1 - 1e-6)
        odds: NDArray[np.float64] = np.log(clipped) - np.log1p(-clipped)
        return odds
