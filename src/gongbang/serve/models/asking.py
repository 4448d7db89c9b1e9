"""Questions to documents through a queue of their own."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass

from gongbang.apps.answer import Answer
from gongbang.apps.ask import Ask
from gongbang.serve.metrics import Metrics
from gongbang.serve.models.batcher import Batcher, Limits

NAME = "ask"
"""What its queue is called in metrics and errors."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question, how many passages are read for it, and below which confidence nothing is claimed."""

    text: str
    top_k: int
    threshold: float | None


class Asking:
    """An :class:`~gongbang.apps.ask.Ask` that many may ask.

    Args:
        ask: answers one question.
        limits: of the queue. gate: held while a question is answered. metrics: what is counted.
    """

    def __init__(
        self,
        ask: Ask,
        limits: Limits | None = None,
        *,
        gate: AbstractContextManager[object] | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self.ask = ask
        metrics = metrics or Metrics()
        self._batcher: Batcher[Question, Answer] = Batcher(
            NAME,
            self._work,
            limits,
            gate=gate,
            seen=lambda requests, seconds: metrics.batch(NAME, requests, seconds),
        )
        metrics.watch_queue(NAME, lambda: self.waiting)

    @property
    def waiting(self) -> int:
        """Questions that wait."""
        return self._batcher.waiting

    def submit(self, question: Question, deadline_s: float | None = None) -> Future[Answer]:
        """The answer, when its turn has come.

        Raises:
            BusyError: too many wait.
        """
        return self._batcher.submit(question, deadline_s)

    def close(self) -> None:
        """Answer who waits, and no one else."""
        self._batcher.close()

    def _work(self, questions: Sequence[Question]) -> list[Answer | Exception]:
        told: list[Answer | Exception] = []
        for question in questions:
            try:
                told.append(
                    self.ask.answer(
                        question.text, top_k=question.top_k, no_answer_threshold=question.threshold
                    )
                )
            except Exception as err:
                told.append(err)
        return told
