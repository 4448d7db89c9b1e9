"""An encoder artifact as the search floor's ``Encoder``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gongbang.data.records import Passage
from gongbang.runtime.batching import run_rows
from gongbang.runtime.predictor import Predictor


class ArtifactEncoder:
    """Unit vectors of questions and passages.

    Args:
        predictor: an artifact of the task ``encode``.

    Raises:
        ArtifactError: the artifact is of another task.
    """

    def __init__(self, predictor: Predictor) -> None:
        predictor.artifact.require_task("encode")
        self._predictor = predictor
        self.signature = predictor.artifact.id
        self.dimension = int(predictor.artifact.manifest.details["dimension"])

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, dimension) of questions."""
        return self._embed(self._predictor.task.prepare_questions(texts), len(texts))

    def encode_passages(self, passages: Sequence[Passage]) -> NDArray[np.float32]:
        """(n, dimension) of passages, their titles in front."""
        titles = [passage.title for passage in passages]
        texts = [passage.text for passage in passages]
        return self._embed(self._predictor.task.prepare_passages(titles, texts), len(passages))

    def _embed(self, inputs: dict[str, NDArray[np.int64]], count: int) -> NDArray[np.float32]:
        if not count:
            return np.zeros((0, self.dimension), dtype=np.float32)
        return run_rows(self._predictor.engine, inputs)["embedding"]
