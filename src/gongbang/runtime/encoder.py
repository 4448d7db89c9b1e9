"""An encoder artifact as the search floor's ``Encoder``."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gongbang.artifacts.defaults import ENCODER
from gongbang.data.records import Passage
from gongbang.runtime.batching import run_rows
from gongbang.runtime.predictor import Predictor
from gongbang.search.base import Encoder

_LOG = logging.getLogger(__name__)


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


def load_encoder(encoder: Encoder | str | Path | None) -> Encoder | None:
    """An encoder as it is, or that of an artifact; None for None, and for the default where it is missing.

    Raises:
        ArtifactError: an artifact that was named is missing, damaged or made for another task.
    """
    if encoder is None or not isinstance(encoder, (str, Path)):
        return encoder
    if str(encoder) == ENCODER:
        from gongbang.artifacts.store import known_artifacts

        if ENCODER not in known_artifacts():
            _LOG.info("no artifact '%s' is installed: search goes by words alone", ENCODER)
            return None
    from gongbang.runtime.load import load

    return ArtifactEncoder(load(encoder, task="encode"))
