"""Who answers: the two models behind the game, and how a player's words become a question to them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gongbang.apps.answer import evidence_span
from gongbang.apps.twenty_questions.keywords import Keyword
from gongbang.artifacts.defaults import ANSWERER, READER
from gongbang.artifacts.format import Artifact
from gongbang.artifacts.store import find_artifact
from gongbang.data.records import Record
from gongbang.errors import ArtifactError
from gongbang.runtime.predictor import Predictor
from gongbang.tasks.base import Prediction
from gongbang.text.josa import attach_josa

_THAT = re.compile(
    r"(?<![가-힣])(?:그것|이것|저것|그거|이거|저거|정답|답)(?P<josa>은|는|이|가|을|를|의|도|에는|에서는|에|에서|으로|로)?"
    r"(?![가-힣])|(?<![가-힣])(?P<short>그건|이건|저건|그게|이게|저게|그걸|이걸|저걸)(?![가-힣])"
)
_SHORT = {"건": "은/는", "게": "이/가", "걸": "을/를"}
_JOSA = {
    **dict.fromkeys(("은", "는"), "은/는"),
    **dict.fromkeys(("이", "가"), "이/가"),
    **dict.fromkeys(("을", "를"), "을/를"),
    **dict.fromkeys(("으로", "로"), "으로/로"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """What a model says: ``answer`` (of an answerer yes, no or no-answer; of a reader a span's text, "" for
    none), how sure it is, and the sentence it rests on, ``document[start:end] == evidence``.

    ``attribute`` is the id of the table's attribute that answered, "" where a model did; the evidence is then
    a sentence made of its cell, and a text of its own. ``by`` and ``by_hash`` say what answered where that is
    not the one that was asked.
    """

    answer: str
    confidence: float = 0.0
    evidence: str = ""
    start: int = 0
    end: int = 0
    attribute: str = ""
    by: str = ""
    by_hash: str = ""


class Asked(Protocol):
    """Answers a question from a document; :class:`Told` says what an answerer and a reader give."""

    @property
    def name(self) -> str:
        """What answers, such as an artifact's name."""
        ...

    @property
    def hash(self) -> str:
        """Its content hash, so that an answer can be traced to it."""
        ...

    def ask(self, id: str, question: str, keyword: Keyword) -> Told:
        """The answer to a question that names the keyword; ``id`` is the record's."""
        ...


class Predicting(Protocol):
    """An artifact at work, here or behind a server's queue."""

    @property
    def artifact(self) -> Artifact:
        """What made the last predictions."""
        ...

    def predict(self, records: Sequence[Record]) -> list[Prediction]:
        """Predictions, one a record."""
        ...


@dataclass(frozen=True, slots=True)
class _AtWork:
    """An artifact that answers, and what it is called."""

    predictor: Predicting

    @property
    def name(self) -> str:
        return self.predictor.artifact.manifest.name

    @property
    def hash(self) -> str:
        return self.predictor.artifact.id


@dataclass(frozen=True, slots=True)
class Answerer(_AtWork):
    """An artifact of the task boolq: yes, no, or the document does not say."""

    def ask(self, id: str, question: str, keyword: Keyword) -> Told:
        """Yes, no or no-answer with its supporting sentence."""
        prediction = self.predictor.predict([_record(id, question, keyword)])[0]
        found = prediction.details.get("evidence") or {"text": "", "start": 0, "end": 0}
        return Told(prediction.text, prediction.confidence, found["text"], found["start"], found["end"])


@dataclass(frozen=True, slots=True)
class Reader(_AtWork):
    """An artifact of the task reader: a span of the document, or nothing."""

    def ask(self, id: str, question: str, keyword: Keyword) -> Told:
        """The best span with the sentence around it; an empty answer where the reader is not sure."""
        prediction = self.predictor.predict([_record(id, question, keyword)])[0]
        if not prediction.answered or not prediction.candidates:
            return Told("", prediction.confidence)
        best = prediction.candidates[0]
        start, end = evidence_span(keyword.document, best.start, best.end)
        return Told(best.text, prediction.confidence, keyword.document[start:end], start, end)


def _record(id: str, question: str, keyword: Keyword) -> Record:
    fields = {"question": question, "context": keyword.document, "title": keyword.name}
    return Record(id, fields, source="game")


def about(text: str, name: str) -> str:
    """A player's question with the keyword in the place of "it"; as its topic where nothing stands for it.

    Example:
        >>> about("그것은 바다에 사나요?", "고래"), about("다리가 네 개인가요?", "책상")
        ('고래는 바다에 사나요?', '책상은 다리가 네 개인가요?')
    """
    found = _THAT.search(text)
    if found is None:
        return text if name in text else f"{attach_josa(name, '은/는')} {text}"
    short = found["short"]
    josa = _SHORT[short[-1]] if short else _JOSA.get(found["josa"] or "", found["josa"])
    return text[: found.start()] + (attach_josa(name, josa) if josa else name) + text[found.end() :]


def load_answerer(name: str | Path = ANSWERER) -> Answerer:
    """The artifact that answers questions.

    Raises:
        ArtifactError: it is missing (the message says how it is trained), damaged or for another task.
    """
    return Answerer(_loaded(name, "boolq"))


def load_reader(name: str | Path = READER) -> Reader:
    """The artifact that gives hints.

    Raises:
        ArtifactError: as :func:`load_answerer`.
    """
    return Reader(_loaded(name, "reader"))


def _loaded(name: str | Path, task: str) -> Predictor:
    from gongbang.runtime.load import load

    try:
        find_artifact(name)
    except ArtifactError as err:
        if str(name) not in (ANSWERER, READER):
            raise
        raise ArtifactError(
            f"the game needs an artifact of the task '{task}', and '{name}' is not here.",
            value=str(name),
            allowed=err.allowed,
            cure=f"Train it: gongbang train recipes/{name}.yaml, then gongbang export runs/RUN --out"
            f" models/{name}; or name another one. `gongbang play --reverse` needs none.",
        ) from err
    return load(name, task=task)
