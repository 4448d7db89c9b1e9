"""What every index is, whatever it searches with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from gongbang.data.records import Passage
from gongbang.errors import OptionError, SearchIndexError


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found. ``parts`` holds the raw score of every stage that saw it, by name."""

    passage: Passage
    score: float
    parts: Mapping[str, float] = field(default_factory=dict)

    @property
    def document(self) -> str:
        """Id of the document the passage is a piece of; of the passage itself where none is named."""
        return self.passage.document or self.passage.id


@dataclass(frozen=True, slots=True)
class TokenScore:
    """What one token of a question added to a passage's score.

    ``contribution == query_weight * idf * saturation``; ``body`` and ``title`` count the token in the
    passage's two fields.
    """

    token: str
    kind: str
    query_weight: float
    idf: float
    saturation: float
    body: int
    title: int
    contribution: float

    def to_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a passage got its score.

    The values of ``parts`` sum to ``score``, and those of ``tokens`` to ``raw["lexical"]``, each to 1e-6.
    ``raw`` holds each stage's own score before fusion.
    """

    question: str
    passage_id: str
    score: float
    parts: Mapping[str, float]
    raw: Mapping[str, float]
    tokens: tuple[TokenScore, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {
            "question": self.question,
            "passage": self.passage_id,
            "score": self.score,
            "parts": dict(self.parts),
            "raw": dict(self.raw),
            "tokens": [token.to_dict() for token in self.tokens],
        }


class Encoder(Protocol):
    """Texts to unit vectors. Queries and passages may be encoded differently."""

    dimension: int
    signature: str
    """A hash of everything that changes a vector: weights, tokenizer, prefixes, pooling."""

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, dimension) rows of length 1."""
        ...

    def encode_passages(self, passages: Sequence[Passage]) -> NDArray[np.float32]:
        """(n, dimension) rows of length 1."""
        ...


class Reranker(Protocol):
    """Scores question-passage pairs, more slowly and better than an index."""

    signature: str

    def score(self, question: str, passages: Sequence[Passage]) -> NDArray[np.float64]:
        """(n,) scores, higher is better; only their order and gaps within one question matter."""
        ...


@runtime_checkable
class Index(Protocol):
    """Passages that can be searched.

    ``add`` and ``delete`` leave the index in the state that a fresh build over the same passages in the
    same order would give. An index says in ``signature`` what it was made with, and opening one with
    anything else raises :class:`SearchIndexError`.
    """

    @property
    def signature(self) -> str: ...

    def __len__(self) -> int: ...

    def build(self, passages: Sequence[Passage]) -> None: ...

    def add(self, passages: Sequence[Passage]) -> None: ...

    def delete(self, ids: Sequence[str]) -> None: ...

    def search(self, questions: Sequence[str], k: int) -> list[list[Hit]]: ...

    def explain(self, question: str, passage_id: str) -> Explanation: ...

    def save(self, path: str | Path) -> None: ...


class ScoringIndex(Index, Protocol):
    """An index that gives every passage a score, so that it can be fused with others."""

    name: str

    def scores(self, questions: Sequence[str]) -> NDArray[np.float64]:
        """(questions, passages) scores, columns in the order of :meth:`passage`."""
        ...

    def passage(self, position: int) -> Passage: ...

    def position(self, passage_id: str) -> int: ...


def top_k(scores: NDArray[np.float64], k: int) -> NDArray[np.int64]:
    """Positions of the ``k`` best scores, best first; equal scores in rising position.

    Args:
        scores: (n,) one a passage. k: how many are wanted.

    Example:
        >>> top_k(np.array([1.0, 3.0, 2.0, 3.0]), 3).tolist()
        [1, 3, 2]
    """
    k = min(k, len(scores))
    if k == 0:
        return np.empty(0, dtype=np.int64)
    least = np.partition(scores, len(scores) - k)[len(scores) - k]
    near = np.flatnonzero(scores >= least)  # every tie at the border, so that position decides, not chance
    order = np.argsort(-scores[near], kind="stable")[:k]
    return near[order].astype(np.int64)


def check_k(k: int) -> int:
    """``k``, or an error where it asks for nothing.

    Raises:
        OptionError: ``k`` is less than 1.
    """
    if k < 1:
        raise OptionError("k is too small.", value=k, allowed="1 or more", cure="Pass k=10.")
    return k


def check_text(question: str) -> str:
    """The question, or an error where it holds bytes that were no UTF-8 (lone surrogates).

    Raises:
        OptionError: the question cannot be encoded.
    """
    try:
        question.encode("utf-8")
    except UnicodeEncodeError as err:
        raise OptionError(
            "the question is not in UTF-8.",
            value=ascii(question),
            allowed="text in UTF-8",
            cure="Set the terminal to UTF-8 (see: locale charmap), or pipe the question from a UTF-8 file.",
        ) from err
    return question


def check_signature(part: str, *, stored: str, given: str, path: str | Path) -> None:
    """Refuses an index made with another analyser or encoder.

    Raises:
        SearchIndexError: the two signatures differ.
    """
    if stored != given:
        raise SearchIndexError(
            f"{path}: the index was made with another {part}.",
            value=f"{part} {given[:12]}, the index holds {stored[:12]}",
            allowed=f"the {part} whose signature is {stored}",
            cure=f"Open it with the {part} it was made with, or build the index anew: gongbang index build.",
        )


def check_new_ids(passages: Sequence[Passage], known: Mapping[str, int]) -> None:
    """Refuses passages whose id is taken, by one another or in the index.

    Raises:
        SearchIndexError: an id occurs twice.
    """
    seen: set[str] = set()
    for passage in passages:
        if passage.id in seen or passage.id in known:
            raise SearchIndexError(
                "two passages have one id.",
                value=passage.id,
                allowed="ids that are unique in the index",
                cure="Delete the old passage first, or give the new one another id.",
            )
        seen.add(passage.id)


def unknown_passage(passage_id: str, count: int) -> SearchIndexError:
    """The error for an id that is not in the index."""
    return SearchIndexError(
        "there is no such passage in the index.",
        value=passage_id,
        allowed=f"the id of one of its {count} passages",
        cure="Take the id from a search hit.",
    )
