"""What a question gets: the span, where it stands, and what was looked at on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from gongbang.data.passages import is_wrapped
from gongbang.text.sentences import split_sentences


@dataclass(frozen=True, slots=True)
class Found:
    """A span of a document: ``document.text[start:end] == text``.

    ``probability`` is calibrated; ``score`` only orders the spans of one question.
    """

    text: str
    start: int
    end: int
    probability: float
    score: float
    document: str
    title: str
    source: str
    location: str
    passage: str

    def to_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Considered:
    """A passage that was read. ``parts`` holds what each stage of the search gave it."""

    passage: str
    document: str
    title: str
    source: str
    location: str
    start: int
    score: float
    parts: dict[str, float]
    text: str

    def to_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question, or "no answer here".

    Where there is an answer, ``document.text[start:end] == text`` for the document of the id ``document``,
    and ``evidence`` (the sentence, at ``[evidence_start, evidence_end)``) holds it. Where there is none,
    ``text`` is empty, and document, location and evidence tell the passage that came nearest.

    Attributes:
        confidence: calibrated probability that the best span answers the question, also where it was too
            low to be given.
        threshold: the confidence below which "no answer" is said; None when the reader's own was used.
        candidates: the n-best, best first.
        passages: what was read, best first.
        seconds: from the question to the answer.
    """

    question: str
    text: str = ""
    confidence: float = 0.0
    evidence: str = ""
    evidence_start: int = 0
    evidence_end: int = 0
    document: str = ""
    title: str = ""
    source: str = ""
    location: str = ""
    start: int = 0
    end: int = 0
    threshold: float | None = None
    candidates: tuple[Found, ...] = ()
    passages: tuple[Considered, ...] = field(default=(), repr=False)
    seconds: float = 0.0

    @property
    def answered(self) -> bool:
        """Whether the documents answer the question."""
        return bool(self.text)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        plain["answered"] = self.answered
        plain["candidates"] = [candidate.to_dict() for candidate in self.candidates]
        plain["passages"] = [passage.to_dict() for passage in self.passages]
        return plain


def evidence_span(text: str, start: int, end: int) -> tuple[int, int]:
    """The sentence that holds ``[start, end)``; several where the span crosses a border.

    Example:
        >>> text = "공방은 넓다. 주인은 김 씨이다. 월요일에 쉰다."
        >>> a, b = evidence_span(text, 12, 15)
        >>> text[a:b]
        '주인은 김 씨이다.'
    """
    touched = [s for s in split_sentences(text, wrapped=is_wrapped(text)) if s.start < end and s.end > start]
    if not touched:
        return start, end
    return min(start, touched[0].start), max(end, touched[-1].end)


def unique_places(found: Sequence[Found]) -> tuple[Found, ...]:
    """Without the repeats that overlapping passages bring; the first of each place stays."""
    seen: set[tuple[str, int, int]] = set()
    kept = []
    for one in found:
        place = (one.document, one.start, one.end)
        if place not in seen:
            seen.add(place)
            kept.append(one)
    return tuple(kept)
