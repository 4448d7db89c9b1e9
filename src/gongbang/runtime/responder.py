"""An artifact of response selection taken apart: contexts and responses as vectors, and pairs as logits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gongbang.data.records import Record
from gongbang.errors import ArtifactError
from gongbang.runtime.batching import run_rows
from gongbang.runtime.predictor import Predictor


class ArtifactResponder:
    """Vectors of what was said and of what could be answered.

    Args:
        predictor: an artifact of the task ``respond`` whose architecture is "bi" or "poly".

    Raises:
        ArtifactError: the artifact is of another task, or reads both texts together.
    """

    def __init__(self, predictor: Predictor) -> None:
        predictor.artifact.require_task("respond")
        architecture = predictor.task.settings.architecture
        if architecture == "cross":
            raise ArtifactError(
                "a cross-encoder has no vectors that could be kept: it reads each pair anew.",
                value=f"{predictor.artifact.path}: architecture {architecture}",
                allowed="an artifact of the architecture bi or poly",
                cure="Take it for reranking, beside an artifact that finds the candidates.",
            )
        self._predictor = predictor
        self.signature = predictor.artifact.id
        self.dimension = int(predictor.artifact.manifest.details["dimension"])

    def contexts(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        """Each context's vectors, (vectors, dimension), of texts whose turns stand on lines.

        A bi-encoder gives one; of a poly-encoder's those that stand for no token are left out.
        """
        if not texts:
            return []
        out = run_rows(self._predictor.engine, self._predictor.task.prepare_contexts(texts))
        found = out["embedding"].reshape(len(texts), -1, self.dimension)
        if "embedding_mask" not in out:
            return list(found)
        return [own[mask > 0.5] for own, mask in zip(found, out["embedding_mask"], strict=True)]

    def responses(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, dimension) unit vectors of responses."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        out = run_rows(self._predictor.engine, self._predictor.task.prepare_responses(texts))
        return out.get("response_embedding", out["embedding"])


class ArtifactReranker:
    """Logits of pairs that are read together.

    Args:
        predictor: an artifact of the task ``respond`` whose architecture is "cross".

    Raises:
        ArtifactError: the artifact is of another task or architecture.
    """

    def __init__(self, predictor: Predictor) -> None:
        predictor.artifact.require_task("respond")
        if predictor.task.settings.architecture != "cross":
            raise ArtifactError(
                "reranking reads a context and a response together, and this artifact reads them apart.",
                value=f"{predictor.artifact.path}: architecture {predictor.task.settings.architecture}",
                allowed="an artifact of the architecture cross",
                cure="Leave reranking out, or train one with pipeline.architecture: cross.",
            )
        self._predictor = predictor

    def scores(self, context: str, responses: Sequence[str]) -> NDArray[np.float64]:
        """(n,) the logit of each response, in the order given."""
        asked = Record("0", {"context": context}, labels={"candidates": list(dict.fromkeys(responses))})
        told = self._predictor.predict([asked])[0]
        by_text = {candidate.text: candidate.score for candidate in told.candidates}
        return np.array([by_text[text] for text in responses], dtype=np.float64)
