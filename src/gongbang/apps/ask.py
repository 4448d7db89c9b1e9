"""Ask documents: find the passages that may answer, read them, and give the span with its evidence.

Nothing here needs torch. The reader is an artifact at work (:mod:`gongbang.runtime`), the search is a
:class:`~gongbang.apps.library.Library`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from gongbang.apps.answer import Answer, Found, evidence_span, unique_places
from gongbang.apps.library import Library, needs_encoder
from gongbang.artifacts.defaults import ENCODER, READER
from gongbang.data.documents import read_documents
from gongbang.data.records import Document, Passage, Record
from gongbang.errors import DataError, OptionError
from gongbang.runtime.encoder import load_encoder
from gongbang.search.base import Encoder, Hit, check_k, check_text
from gongbang.tasks.base import Candidate, Prediction
from gongbang.tasks.retrieved import LEAST_SHARE, reading_records

_LOG = logging.getLogger(__name__)
TOP_K = 5
"""Passages read by default: over the KorQuAD 1.0 contexts the right one is among the first five for more
than 98 questions in 100, and each further one costs its reading time."""


class Reader(Protocol):
    """Records with question and context to predictions, pooled over equal ``labels["question_id"]``."""

    def predict(self, records: Sequence[Record]) -> list[Prediction]: ...


class Ask:
    """Answers questions over a library.

    Args:
        library: what is searched.
        reader: reads the passages that were found.
        problems: documents that could not be used, as :meth:`from_paths` met them.
        least_share: passages with a smaller share of the best one's score are not read.

    Example:
        >>> from gongbang.apps.ask import Ask  # doctest: +SKIP
        >>> Ask.from_paths(["samples"]).answer("두루미골의 면적은?").text  # doctest: +SKIP
        '14제곱킬로미터'
    """

    def __init__(
        self,
        library: Library,
        reader: Reader,
        problems: Sequence[DataError] = (),
        *,
        least_share: float = LEAST_SHARE,
    ) -> None:
        self.library, self.reader = library, reader
        self.problems = tuple(problems)
        self.least_share = least_share

    @classmethod
    def from_paths(
        cls,
        paths: str | Path | Sequence[str | Path],
        *,
        reader: Reader | str | Path = READER,
        encoder: Encoder | str | Path | None = ENCODER,
    ) -> Ask:
        """Read documents and index them.

        Args:
            paths: files, folders and globs, see :func:`gongbang.data.documents.read_documents`.
            reader: a predictor, or the name or path of a reader's artifact.
            encoder: an encoder, or the name or path of its artifact; None searches by words alone, and so
                does the default name where no such artifact is installed.

        Raises:
            DataError: no document could be read. ArtifactError: an artifact is missing or damaged.
        """
        loaded = read_documents(paths)
        return cls.from_documents(
            loaded.items, reader=reader, encoder=encoder, problems=tuple(loaded.problems)
        )

    @classmethod
    def from_documents(
        cls,
        documents: Sequence[Document],
        *,
        reader: Reader | str | Path = READER,
        encoder: Encoder | str | Path | None = ENCODER,
        problems: Sequence[DataError] = (),
    ) -> Ask:
        """Index documents that are at hand; as :meth:`from_paths` otherwise."""
        read = load_reader(reader)  # first, so that a missing artifact is told before the indexing
        library = Library(load_encoder(encoder))
        library.add(documents)
        return cls(library, read, problems)

    @classmethod
    def from_index(
        cls,
        path: str | Path,
        *,
        reader: Reader | str | Path = READER,
        encoder: Encoder | str | Path | None = ENCODER,
    ) -> Ask:
        """Open a saved library or index.

        Raises:
            SearchIndexError: no index, a damaged one, or one made with another analyser or encoder.
            ArtifactError: an artifact is missing or damaged.
        """
        dense = load_encoder(encoder) if needs_encoder(path) else None
        return cls(Library.open(path, dense), load_reader(reader))

    def answer(
        self, question: str, *, top_k: int = TOP_K, no_answer_threshold: float | None = None
    ) -> Answer:
        """Answer one question.

        Args:
            question: as a person would ask it.
            top_k: passages to read at most; those that the search likes less than half as much as the best
                one are not read.
            no_answer_threshold: confidence below which "no answer" is said; the reader's own when None.

        Raises:
            OptionError: a question that is blank or no text, ``top_k`` below 1, or a threshold outside
                [0, 1].
        """
        began = time.perf_counter()
        check_options(top_k, no_answer_threshold)
        question = checked_question(question)
        found = [hit for hit in self.library.search(question, top_k) if hit.passage.text.strip()]
        records = reading_records(question, found, least_share=self.least_share)
        predictions = self.reader.predict(records) if records else []
        read = {record.id for record in records}
        hits = [hit for hit in found if hit.passage.id in read]
        spans = self._found(predictions, hits)
        answer = Answer(
            question,
            confidence=spans[0].probability if spans else 0.0,
            threshold=no_answer_threshold,
            candidates=spans,
            passages=tuple(self.library.considered(hit) for hit in hits),
        )
        if spans and _is_given(spans[0], predictions, no_answer_threshold):
            answer = _with_place(answer, spans[0], {hit.passage.id: hit.passage for hit in hits})
        elif hits:
            answer = _with_nearest(answer)
        return replace(answer, seconds=time.perf_counter() - began)

    def _found(self, predictions: Sequence[Prediction], hits: Sequence[Hit]) -> tuple[Found, ...]:
        passages = {hit.passage.id: hit.passage for hit in hits}
        pooled = [candidate for prediction in predictions for candidate in prediction.candidates]
        return unique_places([self._span(one, passages[one.record]) for one in pooled])

    def _span(self, candidate: Candidate, passage: Passage) -> Found:
        """A candidate, its offsets counted from the start of the document."""
        document, start = passage.document or passage.id, passage.start + candidate.start
        return Found(
            text=candidate.text,
            start=start,
            end=passage.start + candidate.end,
            probability=candidate.probability,
            score=candidate.score,
            document=document,
            title=passage.title,
            source=passage.source,
            location=self.library.location(document, start),
            passage=passage.id,
        )


def load_reader(reader: Reader | str | Path) -> Reader:
    """A reader as it is, or the one of an artifact.

    Raises:
        ArtifactError: the artifact is missing, damaged or made for another task.
    """
    if not isinstance(reader, (str, Path)):
        return reader
    from gongbang.runtime.load import load

    return load(reader, task="reader")


def _is_given(best: Found, predictions: Sequence[Prediction], threshold: float | None) -> bool:
    if threshold is None:  # the reader's own, which its calibration chose
        return any(prediction.answered for prediction in predictions)
    return best.probability >= threshold


def _with_place(answer: Answer, best: Found, passages: Mapping[str, Passage]) -> Answer:
    passage = passages[best.passage]
    left, right = evidence_span(passage.text, best.start - passage.start, best.end - passage.start)
    return replace(
        answer,
        text=best.text,
        evidence=passage.text[left:right],
        evidence_start=passage.start + left,
        evidence_end=passage.start + right,
        document=best.document,
        title=best.title,
        source=best.source,
        location=best.location,
        start=best.start,
        end=best.end,
    )


def _with_nearest(answer: Answer) -> Answer:
    """No answer, and the passage that the search put first."""
    near = answer.passages[0]
    return replace(
        answer, document=near.document, title=near.title, source=near.source, location=near.location
    )


def check_options(top_k: int, no_answer_threshold: float | None) -> None:
    """Refuse what no question can be answered with, before documents are read for it.

    Raises:
        OptionError: ``top_k`` below 1, or a threshold outside [0, 1].
    """
    check_k(top_k)
    if no_answer_threshold is not None and not 0.0 <= no_answer_threshold <= 1.0:
        raise OptionError(
            "this no-answer threshold cannot be used.",
            value=no_answer_threshold,
            allowed="a confidence from 0 to 1",
            cure="Leave it out to take the one that the reader was calibrated with.",
        )


def checked_question(question: str) -> str:
    """The question with single spaces.

    Raises:
        OptionError: it is blank, or holds bytes that were no UTF-8.
    """
    question = " ".join(check_text(question).split())
    if not question:
        raise OptionError(
            "the question is empty.",
            value=question,
            allowed="a question in words",
            cure='Ask one, e.g. --question "공방은 몇 시에 여는가?".',
        )
    return question
