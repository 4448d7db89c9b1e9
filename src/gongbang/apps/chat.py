"""A chatbot over known answers: replies, asks back where it is not sure, and does not repeat itself.

A message is answered by the answer whose text replies best and whose own question is most like what was
said. How sure that is comes from these scores, and from how typical the message is of all known questions,
through a logistic curve; below its threshold the two nearest questions are asked back instead. Words of
distress are met by a list before any model is asked.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from gongbang.apps.answer_book import AnswerBook, AnswerHit
from gongbang.apps.safety import safety_reply
from gongbang.artifacts.format import Artifact
from gongbang.errors import DataError, OptionError

Kind = Literal["answer", "clarify", "silent", "safety"]
_FOUND = 20
_CLARIFIED = 2  # questions that are asked back
_SHOWN = 5  # candidates that an explanation shows
LONGEST = 2000
"""Characters of a message."""


class Reranker(Protocol):
    """Reads a context and responses together, see :class:`gongbang.runtime.responder.ArtifactReranker`."""

    def scores(self, context: str, responses: Sequence[str]) -> NDArray[np.float64]: ...


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """How sure a chatbot must be, and how far back it looks.

    Attributes:
        turns: of the conversation, both sides' together, that a reply is chosen by.
        response_weight, question_weight, domain_weight, bias: confidence = sigmoid(response_weight * how well
            the answer replies + question_weight * how near its question is + domain_weight * how typical
            what was said is of all known questions, in standard deviations of theirs + bias).
        threshold: confidence below which it asks back.
        without_repeat: replies within which none is given a second time.
        rerank: candidates that a reranker, where there is one, reads again.
    """

    turns: int = 3
    response_weight: float = 8.0
    question_weight: float = 16.0
    domain_weight: float = 0.0
    bias: float = -14.0
    threshold: float = 0.5
    without_repeat: int = 4
    rerank: int = 5

    def __post_init__(self) -> None:
        if self.turns < 1 or self.without_repeat < 0 or self.rerank < 1 or not 0 <= self.threshold <= 1:
            raise OptionError(
                "a chatbot cannot be set so.",
                value=f"turns={self.turns}, without_repeat={self.without_repeat}, rerank={self.rerank},"
                f" threshold={self.threshold}",
                allowed="turns and rerank of 1 or more, without_repeat of 0 or more, a threshold from 0 to 1",
                cure="Leave out what is not needed.",
            )

    @classmethod
    def of(cls, artifact: Artifact) -> ChatSettings:
        """Those that were fitted for a responder (``gongbang calibrate``), the usual ones where none were."""
        return cls(**artifact.manifest.details.get("chat", {}))

    def confidence(self, hit: AnswerHit) -> float:
        """How sure an answer is, in [0, 1]."""
        worth = (
            self.response_weight * hit.response
            + self.question_weight * hit.question
            + self.domain_weight * hit.domain
            + self.bias
        )
        return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, worth))))


@dataclass(frozen=True, slots=True)
class Reply:
    """What the chatbot says.

    Attributes:
        kind: "answer"; "clarify", the nearest questions asked back; "silent", nothing is near; "safety".
        text: what is said.
        confidence: of the best answer, whether it was given or not.
        answer_id: of the answer given.
        questions: what is asked back.
        candidates: the best of what was found, best first.
        milliseconds: that it took.
    """

    kind: Kind
    text: str
    confidence: float = 0.0
    answer_id: int | None = None
    questions: tuple[str, ...] = ()
    candidates: tuple[tuple[AnswerHit, float], ...] = ()
    milliseconds: float = 0.0

    def to_dict(self, *, explain: bool = False) -> dict[str, Any]:
        """Plain JSON; with ``explain`` the candidates and their scores."""
        told: dict[str, Any] = {
            "kind": self.kind,
            "text": self.text,
            "confidence": self.confidence,
            "answer_id": self.answer_id,
            "questions": list(self.questions),
            "milliseconds": self.milliseconds,
        }
        if explain:
            told["candidates"] = [
                {
                    "answer_id": hit.answer.id,
                    "text": hit.answer.text,
                    "question": hit.answer.question,
                    "response_score": hit.response,
                    "question_score": hit.question,
                    "domain_score": hit.domain,
                    "confidence": confidence,
                }
                for hit, confidence in self.candidates
            ]
        return told


@dataclass(slots=True)
class Conversation:
    """What was said so far by both sides, and which answers were given."""

    turns: list[str] = field(default_factory=list)
    given: list[int] = field(default_factory=list)


class Chat:
    """Replies over a book of answers.

    Args:
        book: the answers.
        settings: see :class:`ChatSettings`.
        reranker: reads the best candidates again beside what was said.
    """

    def __init__(
        self, book: AnswerBook, settings: ChatSettings | None = None, reranker: Reranker | None = None
    ) -> None:
        self.book = book
        self.settings = settings or ChatSettings()
        self.reranker = reranker

    def reply(self, said: str, conversation: Conversation | None = None) -> Reply:
        """The reply to a message; the conversation, where there is one, goes on with both.

        Raises:
            DataError: a message that is blank or longer than :data:`LONGEST`.
        """
        began = time.perf_counter()
        text = _checked(said)
        talk = conversation or Conversation()
        found = self._reply(text, talk)
        talk.turns += [text, found.text]
        if found.answer_id is not None:
            talk.given.append(found.answer_id)
        return replace(found, milliseconds=round(1000.0 * (time.perf_counter() - began), 3))

    def _reply(self, text: str, talk: Conversation) -> Reply:
        rule = safety_reply(text)
        if rule is not None:
            return Reply("safety", rule["reply"], 1.0)
        self.book.sync()
        context = "\n".join([*talk.turns, text][-self.settings.turns :])
        ranked = self._ranked(context, text)
        recent = talk.given[-self.settings.without_repeat :] if self.settings.without_repeat else []
        fresh = [(hit, sure) for hit, sure in ranked if hit.answer.id not in recent]
        if not fresh:
            return Reply("silent", "아직 그 이야기에는 답을 알지 못해요.", 0.0)
        best, sure = fresh[0]
        shown = tuple(fresh[:_SHOWN])
        if sure >= self.settings.threshold:
            return Reply("answer", best.answer.text, sure, best.answer.id, candidates=shown)
        return self._asked_back(fresh, sure, shown)

    def _ranked(self, context: str, text: str) -> list[tuple[AnswerHit, float]]:
        """What was found with how sure it is, surest first."""
        hits = self.book.find(context, text, _FOUND)
        ranked = sorted(
            ((hit, self.settings.confidence(hit)) for hit in hits),
            key=lambda pair: (-pair[1], pair[0].answer.id),
        )
        if self.reranker is None or len(ranked) < 2:
            return ranked
        front = ranked[: self.settings.rerank]
        scores = self.reranker.scores(context, [hit.answer.text for hit, _ in front])
        order = np.argsort(-scores, kind="stable")
        # Who is first changes; how sure that is stays what was calibrated.
        return [front[at] for at in order] + ranked[self.settings.rerank :]

    def _asked_back(
        self,
        ranked: Sequence[tuple[AnswerHit, float]],
        sure: float,
        shown: tuple[tuple[AnswerHit, float], ...],
    ) -> Reply:
        near = sorted((hit for hit, _ in ranked if hit.answer.question), key=lambda hit: -hit.question)
        questions = tuple(dict.fromkeys(hit.answer.question for hit in near))[:_CLARIFIED]
        if not questions:
            return Reply(
                "silent", "무슨 말씀인지 잘 모르겠어요. 조금 더 이야기해 주시겠어요?", sure, candidates=shown
            )
        asked = " 아니면 ".join(f"'{question}'" for question in questions)
        text = f"제가 잘 이해하지 못했어요. 혹시 {asked} 하고 물어보신 건가요?"
        return Reply("clarify", text, sure, questions=questions, candidates=shown)


def _checked(said: str) -> str:
    text = " ".join(said.split())
    if not text or len(text) > LONGEST:
        raise DataError(
            "a message cannot be answered.",
            value=f"{len(text)} characters",
            allowed=f"1 to {LONGEST}",
            cure="Say something, and make it shorter.",
            field="text",
        )
    return text
