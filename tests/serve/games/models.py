"""Models by rule in a server's room, behind its queues; and players who search everything they are sent."""

from __future__ import annotations

import re
import threading
import unicodedata
import zlib
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

from gongbang.artifacts.format import open_artifact
from gongbang.data.records import Record
from gongbang.serve.models.room import ModelRoom
from gongbang.tasks.base import Candidate, Prediction, Schema
from tests.serve.models.held import SENTIMENT

ANSWERS = ("yes", "no", "no-answer")


class Scripted:
    """A predictor of the task boolq or reader that answers by the letters of question and keyword.

    Its hints blab: they hold the keyword, spelt out, with a particle, within a word, or as it is.
    """

    def __init__(self, task: str) -> None:
        self.artifact = open_artifact(SENTIMENT)
        self.engine = SimpleNamespace(name="scripted")
        schema = Schema(fields=("question", "context"), optional=("title",))
        self.task = SimpleNamespace(name=task, schema=schema, settings=SimpleNamespace(labels=ANSWERS))
        self.reached, self.go = threading.Semaphore(0), threading.Event()
        self.go.set()
        self.held = False
        self.failure: Exception | None = None
        self.asked: list[str] = []

    def predict(self, records: Sequence[Record]) -> list[Prediction]:
        if self.held:
            self.reached.release()
            assert self.go.wait(60)
        if self.failure is not None:
            raise self.failure
        return [self._said(record) for record in records]

    def _said(self, record: Record) -> Prediction:
        question, context = record.fields["question"], record.fields["context"]
        keyword = record.fields.get("title", "")
        self.asked.append(question)
        if self.task.name == "boolq":
            evidence = {"text": context[:20], "start": 0, "end": 20}
            return Prediction(record.id, answer_to(question, keyword), 0.75, details={"evidence": evidence})
        text = blabbed(question, keyword)
        found = Candidate(text, 0, 5, 1.0)
        return Prediction(record.id, text, 0.5, (found,))


def answer_to(question: str, keyword: str) -> str:
    """What is answered; another player's question or keyword would be answered otherwise."""
    return ANSWERS[zlib.crc32(f"{question}|{keyword}".encode()) % 3]


def blabbed(question: str, keyword: str) -> str:
    """A hint that names the keyword in one of its forms."""
    forms = (" ".join(keyword), f"{keyword}에서는", f"작은{keyword}과", keyword, "-".join(keyword), "")
    made = forms[zlib.crc32(question.encode()) % len(forms)]
    return f"옛날의 {made} 이야기" if made else ""


def playing(
    *tasks: str, room: ModelRoom | None = None, **options: Any
) -> tuple[ModelRoom, dict[str, Scripted]]:
    """A room with scripted models of these tasks; of both that the game needs when none is named."""
    room = ModelRoom(mixing="never", **options) if room is None else room
    models = {task: Scripted(task) for task in tasks or ("boolq", "reader")}
    for task, model in models.items():
        room.add(f"{task}-ko", SENTIMENT, predictor=model)  # type: ignore[arg-type]
    return room, models


def finder(names: Sequence[str]) -> Callable[[str], bool]:
    """Whether a text names one of some names, by ways that share nothing with the game's own.

    Blanks and marks between characters, capitals, width and composition do not hide a name, and neither does
    what stands before or after it.
    """
    patterns = []
    for name in names:
        letters = [re.escape(char) for char in folded(name) if char.isalnum()]
        patterns.append(r"[\W_]*".join(letters))
    one = re.compile("|".join(patterns))

    def found(text: str) -> bool:
        return one.search(folded(text)) is not None

    return found


def folded(text: str) -> str:
    """A text composed, of one width and one case."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", text).casefold())
