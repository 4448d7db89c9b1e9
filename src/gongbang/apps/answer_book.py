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
        domain: how near what was said is to all known questions on the average, the same for all that was
            found: low where it is about something else altogether.
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
        self._middle: tuple[int, NDArray[np.float32]] | None = None

    def __len__(self) -> int:
        return len(self._known)

    def sync(self) -> int:
        """Take in what changed in the source since the last time; gives how many answers that were.

        Raises:
            StoreAwayError: the source is a database that is not reachable; what was known stays known.
        """
        with self._syncing:
            changed: dict[int, KnownAnswer | None] = {}
            seen = self._seen
            while changes := self.source.changes_since(seen):
                changed |= {change.id: change.answer for change in changes}
                seen = changes[-1].seq
            if self._seen == 0:
                self._forget_others(changed)
            self._apply(changed)
            self._seen = seen
            return len(changed)

    def _forget_others(self, changed: Mapping[int, KnownAnswer | None]) -> None:
        """Vectors of an earlier process whose answers are gone."""
        for store in self._stores.values():
            gone = [id for id in store.versions() if changed.get(id) is None]
            if gone:
                store.delete(gone)

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
        domain = float(_mean(last) @ self._domain())
        found = []
        for id in dict.fromkeys((*replies, *questions)):
            answer = self._known.get(id)  # another thread may have taken it out meanwhile
            if answer is not None:
                asked_for = questions.get(id, near if answer.question else 0.0)
                found.append(AnswerHit(answer, replies.get(id, least), asked_for, domain))
        return found

    def _domain(self) -> NDArray[np.float32]:
        """(dimension,) the mean of the known questions, taken anew when a hundredth of them came or went."""
        count = len(self._stores[_QUESTIONS])
        if self._middle is None or abs(count - self._middle[0]) * 100 > count:
            self._middle = count, self._stores[_QUESTIONS].mean()
        return self._middle[1]


def _mean(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """(dimension,) the unit vector in the middle of a context's."""
    mean = vectors.mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-12), dtype=np.float32)
