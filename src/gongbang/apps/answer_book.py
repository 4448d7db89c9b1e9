"""Answers that a chatbot knows, kept beside their vectors: what changes in the source changes here.

A source is anything that tells its changes in order: a file that was read, or a database. Vectors are kept by
the model's hash; of an answer whose text is as it was nothing is encoded again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gongbang.data.records import Record
from gongbang.errors import DataError
from gongbang.search.candidates import CandidateStore

_LOG = logging.getLogger(__name__)
_BATCH = 256  # answers encoded at once
_FEW = 10  # questions below which nothing is said of their kind
_LEAST_SPREAD = 1e-3
_RESPONSES, _QUESTIONS = "responses", "questions"


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """One answer, the question it was written for where there is one, and which version of it this is."""

    id: int
    text: str
    question: str = ""
    version: int = 1


@dataclass(frozen=True, slots=True)
class AnswerChange:
    """A change of the source: the answer as it is now, or None where it is gone."""

    seq: int
    id: int
    answer: KnownAnswer | None


class AnswerSource(Protocol):
    """Where answers come from; changes are numbered in the order in which they happened."""

    def changes_since(self, seq: int) -> Sequence[AnswerChange]:
        """What changed after number ``seq``; empty where nothing did. There may be more behind the last."""
        ...


class Responder(Protocol):
    """Texts to vectors, see :class:`gongbang.runtime.responder.ArtifactResponder`."""

    signature: str
    dimension: int

    def contexts(self, texts: Sequence[str]) -> list[NDArray[np.float32]]: ...

    def responses(self, texts: Sequence[str]) -> NDArray[np.float32]: ...


class ListedAnswers:
    """A source that never changes: answers at hand.

    Example:
        >>> ListedAnswers([KnownAnswer(1, "반가워요.")]).changes_since(0)[0].answer.text
        '반가워요.'
    """

    def __init__(self, answers: Iterable[KnownAnswer]) -> None:
        self._changes = [AnswerChange(seq, each.id, each) for seq, each in enumerate(answers, 1)]

    @classmethod
    def of_records(cls, records: Sequence[Record]) -> ListedAnswers:
        """The responses of records of the task ``respond``; what stands twice is one answer.

        Raises:
            DataError: no record has a response.
        """
        found: dict[tuple[str, str], KnownAnswer] = {}
        for record in records:
            text = record.fields.get("response", "").strip()
            question = record.fields.get("context", "").strip().split("\n")[-1]
            if text:
                found.setdefault((question, text), KnownAnswer(len(found) + 1, text, question))
        if not found:
            raise DataError(
                "there is no answer in the file.",
                value=f"{len(records)} records",
                allowed="records with a response",
                cure="Map the columns: --map context=Q --map response=A.",
                field="response",
            )
        return cls(found.values())

    def changes_since(self, seq: int) -> Sequence[AnswerChange]:
        return self._changes[seq:]


@dataclass(frozen=True, slots=True)
class AnswerHit:
    """An answer that was found.

    Attributes:
        answer: what was found.
        response: how well it replies.
        question: how near its own question is; 0 where it has none.
        domain: how near what was said is to the mean of all known questions, in standard deviations of how
            near these are themselves: the same for all that was found, low where it is about something else
            altogether, and alike in a book of sixty answers and one of ten thousand.
    """

    answer: KnownAnswer
    response: float
    question: float
    domain: float = 0.0


class AnswerBook:
    """The answers of a source, searched by what was said.

    Args:
        source: tells its changes.
        responder: makes the vectors.
        folder: where they are kept; below it a folder for each model.

    Raises:
        SearchIndexError: the folder holds something else, or cannot be written.
    """

    def __init__(self, source: AnswerSource, responder: Responder, folder: str | Path) -> None:
        self.source, self.responder = source, responder
        place = Path(folder) / responder.signature[:16]
        self._stores = {
            name: CandidateStore.open(place / name, responder.signature, responder.dimension)
            for name in (_RESPONSES, _QUESTIONS)
        }
        self._known: dict[int, KnownAnswer] = {}
        self._seen = 0
        self._syncing = Lock()
        self._kind: _Kind | None = None

    def __len__(self) -> int:
        return len(self._known)

    def sync(self) -> int:
        """Take in what changed in the source since the last time; gives how many answers that were.

        Raises:
            StoreAwayError: the source is a database that is not reachable; what was known stays known.
        """
        with self._syncing:
            # Looked at before the source is asked: what another process adds meanwhile is of a new answer.
            held = {} if self._seen else {name: set(one.versions()) for name, one in self._stores.items()}
            changed: dict[int, KnownAnswer | None] = {}
            seen = self._seen
            while changes := self.source.changes_since(seen):
                changed |= {change.id: change.answer for change in changes}
                seen = changes[-1].seq
            self._forget_others(held, changed)
            self._apply(changed)
            self._seen = seen
            return len(changed)

    def _forget_others(
        self, held: Mapping[str, Iterable[int]], changed: Mapping[int, KnownAnswer | None]
    ) -> None:
        """Vectors of an earlier process, ids by store, whose answers are gone."""
        for name, ids in held.items():
            gone = [id for id in ids if changed.get(id) is None]
            if gone:
                self._stores[name].delete(gone)

    def _apply(self, changed: Mapping[int, KnownAnswer | None]) -> None:
        gone = [id for id, answer in changed.items() if answer is None]
        new = [answer for answer in changed.values() if answer is not None]
        for id in gone:
            self._known.pop(id, None)
        self._known |= {answer.id: answer for answer in new}
        unasked = [answer.id for answer in new if not answer.question]
        self._stores[_RESPONSES].delete(gone)
        self._stores[_QUESTIONS].delete([*gone, *unasked])
        self._encode(_RESPONSES, new)
        self._encode(_QUESTIONS, [answer for answer in new if answer.question])

    def _encode(self, name: str, answers: Sequence[KnownAnswer]) -> None:
        """Keep vectors of those whose version is not there yet."""
        store = self._stores[name]
        held = store.versions()
        wanting = [answer for answer in answers if held.get(answer.id) != answer.version]
        if len(wanting) > _BATCH:
            _LOG.info("%d answers are encoded", len(wanting))
        for start in range(0, len(wanting), _BATCH):
            part = wanting[start : start + _BATCH]
            vectors = self.vectors(name, [a.question if name == _QUESTIONS else a.text for a in part])
            store.put([answer.id for answer in part], [answer.version for answer in part], vectors)

    def vectors(self, name: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, dimension) unit vectors: of responses as responses, of questions by the mean of a context's."""
        if name == _RESPONSES:
            return self.responder.responses(texts)
        return np.stack([_mean(own) for own in self.responder.contexts(texts)])

    def find(self, context: str, said: str, k: int = 20) -> list[AnswerHit]:
        """The answers that reply best, and those whose own question is most like what was said.

        Args:
            context: the last turns, one a line, of which the last is what was said.
            said: what was said last.
            k: of either kind.

        Returns:
            Answers found by either, in no particular order; the score of one that only the other kind found
            is the least of those found.
        """
        vectors, last = self.responder.contexts([context, said])
        replies = {hit.id: hit.score for hit in self._stores[_RESPONSES].search(vectors, k)}
        questions = {hit.id: hit.score for hit in self._stores[_QUESTIONS].search(_mean(last), k)}
        least = min(replies.values(), default=0.0)
        near = min(questions.values(), default=0.0)
        domain = self._known_kind().typical(_mean(last))
        found = []
        for id in dict.fromkeys((*replies, *questions)):
            answer = self._known.get(id)  # another thread may have taken it out meanwhile
            if answer is not None:
                asked_for = questions.get(id, near if answer.question else 0.0)
                found.append(AnswerHit(answer, replies.get(id, least), asked_for, domain))
        return found

    def _known_kind(self) -> _Kind:
        """What the known questions have in common, taken anew when a hundredth of them came or went."""
        store = self._stores[_QUESTIONS]
        count = len(store)
        if self._kind is None or abs(count - self._kind.count) * 100 > count:
            middle = store.mean()
            self._kind = _Kind.of(middle, store.along(middle))
        return self._kind


@dataclass(frozen=True, slots=True)
class _Kind:
    """The mean of ``count`` unit vectors, and how near they lie to it: their mean nearness and its spread."""

    count: int
    middle: NDArray[np.float32]
    centre: float
    spread: float

    @classmethod
    def of(cls, middle: NDArray[np.float32], near: NDArray[np.float64]) -> _Kind:
        """Of the mean and each vector's dot product with it; each is compared with the mean of the others."""
        count = len(near)
        if count < _FEW:
            return cls(count, middle, 0.0, 1.0)
        others = (count * near - 1.0) / (count - 1)
        return cls(count, middle, float(others.mean()), max(float(others.std()), _LEAST_SPREAD))

    def typical(self, vector: NDArray[np.float32]) -> float:
        """How near a unit vector lies, in spreads from where the known ones do; 0 where too few are known."""
        return (float(vector @ self.middle) - self.centre) / self.spread if self.count >= _FEW else 0.0


def _mean(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """(dimension,) the unit vector in the middle of a context's."""
    mean = vectors.mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-12), dtype=np.float32)
