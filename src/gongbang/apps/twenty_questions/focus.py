"""Reading the one sentence of a document that is nearest to the question.

A boolean reader that is given ten sentences is swayed by nine that have nothing to do with the question. The
sentence that it is given is the evidence, whole and by its place; where none is near there is none to read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from gongbang.apps.twenty_questions.asking import Asked, Told
from gongbang.apps.twenty_questions.keywords import Keyword
from gongbang.data.records import Passage
from gongbang.search.base import Encoder
from gongbang.tasks.boolq import NO_ANSWER
from gongbang.text.sentences import Sentence, split_sentences

NEAR_FROM = 0.58
"""Cosine below which no sentence is about the question; fitted as those of :mod:`.known`."""
NAME = "encoder"
"""What stands for an artifact's name in a turn in which nothing near was found."""

_Vectors = tuple[Sequence[Sentence], NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class Sentences:
    """The sentences of documents with their vectors, made when a keyword is first asked about.

    Args:
        encoder: gives questions and sentences their vectors.
        near_from: cosine below which no sentence is about a question.
    """

    encoder: Encoder
    near_from: float = NEAR_FROM
    _made: dict[tuple[str, str], _Vectors] = field(default_factory=dict, repr=False)

    def nearest(self, question: str, keyword: Keyword) -> tuple[Sentence | None, float]:
        """The sentence nearest to a question that names the keyword, and its cosine.

        The sentence is None where none is near.
        """
        sentences, vectors = self._of(keyword)
        if not sentences:
            return None, 0.0
        near = vectors @ self.encoder.encode_queries([question])[0]  # (sentences,)
        at = int(near.argmax())
        return (sentences[at] if near[at] >= self.near_from else None), float(near[at])

    def _of(self, keyword: Keyword) -> _Vectors:
        key = (keyword.name, keyword.document)
        if key not in self._made:  # two threads may make the same
            sentences = split_sentences(keyword.document)
            passages = [Passage(str(at), one.text, keyword.name) for at, one in enumerate(sentences)]
            self._made[key] = sentences, self.encoder.encode_passages(passages)
        return self._made[key]


@dataclass(frozen=True, eq=False)
class Focused:
    """An answerer that is given the nearest sentence in the place of the document.

    Args:
        answerer: reads the sentence. sentences: finds it.
    """

    answerer: Asked
    sentences: Sentences

    @property
    def name(self) -> str:
        """What answers."""
        return self.answerer.name

    @property
    def hash(self) -> str:
        """Its content hash."""
        return self.answerer.hash

    def ask(self, id: str, question: str, keyword: Keyword) -> Told:
        """The answer with the whole sentence as its evidence; the encoder's no-answer where none is near."""
        found, cosine = self.sentences.nearest(question, keyword)
        if found is None:
            sure = min(1.0, max(0.0, 1.0 - cosine))
            return Told(NO_ANSWER, sure, by=NAME, by_hash=self.sentences.encoder.signature)
        told = self.answerer.ask(id, question, replace(keyword, document=found.text))
        if told.answer == NO_ANSWER:
            return replace(told, evidence="", start=0, end=0)
        return replace(told, evidence=found.text, start=found.start, end=found.end)
