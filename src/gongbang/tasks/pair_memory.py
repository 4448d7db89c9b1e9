"""The pairs that a bi-encoder was trained on, kept as vectors: a known answer is found by its questions.

A message often asks what some known message asked in other words. What that one was answered speaks for the
candidates that are like it: the vector of a context is moved towards the responses that the known contexts
nearest to it were given, by how near each is (nearest neighbours beside a model: Khandelwal et al. 2020,
"Generalization through memorization", section 2, there for words). The score stays a dot product.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from gongbang.data.dialogue import same_key
from gongbang.errors import ArtifactError, OptionError

MEMORY = "memory.npz"
"""The artifact's part."""
_BLOCK = 512  # contexts compared with all known ones at once: bounds the memory
_ARRAYS = ("contexts", "context_scales", "responses", "response_scales", "answered", "marks")


@dataclass(frozen=True, slots=True)
class Recall:
    """How what is known is used.

    Attributes:
        neighbours: known contexts that are asked, the nearest ones.
        temperature: divides their similarity before the softmax that weighs them.
        weight: of what they were answered, beside the context's own vector; 0 leaves it as it is.
    """

    neighbours: int = 20
    temperature: float = 0.05
    weight: float = 0.5

    def __post_init__(self) -> None:
        if self.neighbours < 1 or not self.temperature > 0 or not self.weight >= 0:
            raise OptionError(
                "known pairs cannot be used so.",
                value=f"neighbours={self.neighbours}, temperature={self.temperature}, weight={self.weight}",
                allowed="1 neighbour or more, a temperature above 0, a weight of 0 or more",
                cure="Mend the value; export chooses all three on development data.",
            )


@dataclass(frozen=True, slots=True, eq=False)
class PairMemory:
    """Known contexts, and which response each was given; vectors in 8 bits with a scale a row.

    Attributes:
        contexts, context_scales: (m, dimension) and (m,) of the known contexts.
        responses, response_scales: (u, dimension) and (u,) of the distinct responses.
        answered: (m,) which response each context was given.
        marks: (u,) the first eight bytes of a hash of each response's letters and digits.
        recall: how they are used.
    """

    contexts: NDArray[np.int8]
    context_scales: NDArray[np.float32]
    responses: NDArray[np.int8]
    response_scales: NDArray[np.float32]
    answered: NDArray[np.int32]
    marks: NDArray[np.uint64]
    recall: Recall = field(default_factory=Recall)
    _contexts: NDArray[np.float32] = field(init=False, repr=False)
    _answers: NDArray[np.float32] = field(init=False, repr=False)
    _marks: frozenset[int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        responses = self.responses * self.response_scales[:, None]
        object.__setattr__(self, "_contexts", self.contexts * self.context_scales[:, None])
        object.__setattr__(self, "_answers", responses[self.answered])
        object.__setattr__(self, "_marks", frozenset(self.marks.tolist()))

    @classmethod
    def of(
        cls, texts: Sequence[str], contexts: NDArray[np.floating[Any]], responses: NDArray[np.floating[Any]]
    ) -> Self:
        """The memory of pairs.

        Args:
            texts: (m,) the response of each pair; texts that are the same but for blanks and marks are one.
            contexts, responses: (m, dimension) unit vectors of each pair's two sides.

        Raises:
            OptionError: no pair, or vectors of another number.
        """
        if not len(texts) == len(contexts) == len(responses) or not len(texts):
            raise OptionError(
                "pairs and their vectors do not belong together.",
                value=f"{len(texts)} texts, {len(contexts)} contexts, {len(responses)} responses",
                allowed="one vector of each side a pair, and one pair or more",
                cure="Encode every pair once.",
            )
        places: dict[str, int] = {}
        answered = np.array([places.setdefault(same_key(text), len(places)) for text in texts], np.int32)
        _, first = np.unique(answered, return_index=True)
        own, own_scales = _in_eight_bits(contexts)
        given, given_scales = _in_eight_bits(responses[first])
        marks = np.array([_mark(key) for key in places], dtype=np.uint64)
        return cls(own, own_scales, given, given_scales, answered, marks)

    def __len__(self) -> int:
        return len(self.answered)

    def used(self, recall: Recall) -> PairMemory:
        """The same pairs, used in another way."""
        return replace(self, recall=recall)

    def knows(self, response: str) -> bool:
        """Whether this is one of the known responses, but for blanks and marks."""
        return _mark(same_key(response)) in self._marks

    def moved(self, contexts: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """(n, dimension) vectors of contexts, moved towards what their neighbours were answered.

        Args:
            contexts: (n, dimension) unit vectors.
        """
        own = contexts.astype(np.float64)
        return own + self.recall.weight * self.remembered(contexts)

    def remembered(self, contexts: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """(n, dimension) the mean of what the nearest known contexts were answered, by how near each is."""
        count = min(self.recall.neighbours, len(self))
        found = np.empty(contexts.shape, dtype=np.float64)
        for start in range(0, len(contexts), _BLOCK):
            near = contexts[start : start + _BLOCK].astype(np.float32) @ self._contexts.T
            places = np.argpartition(-near, count - 1, axis=1)[:, :count]
            likeness = np.take_along_axis(near, places, axis=1).astype(np.float64)
            weights = np.exp((likeness - likeness.max(axis=1, keepdims=True)) / self.recall.temperature)
            weights /= weights.sum(axis=1, keepdims=True)
            found[start : start + _BLOCK] = np.einsum("nk,nkd->nd", weights, self._answers[places])
        return found

    def to_bytes(self) -> bytes:
        """The artifact's part; equal memories give equal bytes."""
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        recall = np.array([self.recall.neighbours, self.recall.temperature, self.recall.weight], np.float64)
        held = io.BytesIO()
        np.savez_compressed(held, **arrays, recall=recall)
        return held.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The memory that :meth:`to_bytes` wrote.

        Raises:
            ArtifactError: the bytes are something else.
        """
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as held:
                arrays = {name: held[name] for name in _ARRAYS}
                neighbours, temperature, weight = held["recall"].tolist()
            return cls(**arrays, recall=Recall(int(neighbours), temperature, weight))
        except (OSError, KeyError, ValueError, IndexError, EOFError, zipfile.BadZipFile) as err:
            raise ArtifactError(
                "the known pairs of an artifact cannot be read.",
                value=f"{MEMORY}: {' '.join(str(err).split())[:200]}",
                allowed="the part as it was exported",
                cure="Export the artifact anew, or copy it again from where it came.",
            ) from err


def _in_eight_bits(vectors: NDArray[np.floating[Any]]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """(n, dimension) codes and (n,) scales whose product is nearest to the vectors."""
    largest = np.abs(vectors).max(axis=1).astype(np.float32)
    scales = np.maximum(largest, np.float32(1e-12)) / np.float32(127)
    return np.rint(vectors / scales[:, None]).astype(np.int8), scales


def _mark(key: str) -> int:
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big")
