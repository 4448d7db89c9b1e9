"""Records and documents: what every reader gives and every task takes.

A :class:`Record` is one example with its spans checked at birth: a span whose characters differ from
its text cannot exist. ``group`` is what must not be split (a document, a person, a paraphrase set);
``lineage`` names what a record was made from, oldest first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gongbang.errors import SpanError


@dataclass(frozen=True, slots=True)
class Span:
    """Characters ``[start, end)`` of one field, with the text they must hold.

    Example:
        >>> Span(0, 2, "서울", field="context").end
        2
    """

    start: int
    end: int
    text: str
    field: str = "context"


@dataclass(frozen=True, slots=True)
class Record:
    """One example of a task.

    Args:
        id: unique within its corpus.
        fields: the texts by name, e.g. ``{"question": ..., "context": ..., "title": ...}``.
        spans: spans by role, e.g. ``{"answers": (Span(...),)}``; an empty tuple under a role says
            "looked for and not there" (no answer), an absent role says "not labelled".
        labels: anything else a task learns from or passes through.
        group: what must stay on one side of a split. Defaults to ``id``.
        lineage: ids of the records this one was made from; empty for an original.
        source: where it came from (a file, a data set's name).
        licence: SPDX identifier or name of the licence, "unknown" when not said.

    Raises:
        SpanError: a span does not hold the text it claims, or names an absent field.

    Example:
        >>> r = Record("1", {"question": "수도는?", "context": "수도는 서울이다."},
        ...            spans={"answers": (Span(4, 6, "서울"),)})
        >>> r.answers[0].text
        '서울'
    """

    id: str
    fields: Mapping[str, str]
    spans: Mapping[str, tuple[Span, ...]] = field(default_factory=dict)
    labels: Mapping[str, Any] = field(default_factory=dict)
    group: str = ""
    lineage: tuple[str, ...] = ()
    source: str = ""
    licence: str = "unknown"

    def __post_init__(self) -> None:
        if not self.group:
            object.__setattr__(self, "group", self.id)
        for role, spans in self.spans.items():
            for span in spans:
                self._check(role, span)

    def _check(self, role: str, span: Span) -> None:
        text = self.fields.get(span.field)
        if text is None:
            raise SpanError(
                f"record '{self.id}': span '{role}' points into a field that is not there.",
                value=span.field,
                allowed=", ".join(sorted(self.fields)),
                cure="Name one of the record's fields in the span.",
                field=role,
            )
        found = text[span.start : span.end] if 0 <= span.start <= span.end <= len(text) else None
        if found != span.text:
            raise SpanError(
                f"record '{self.id}': the span does not hold its text.",
                value=f"{span.field}[{span.start}:{span.end}] is {found!r}, the span says {span.text!r}",
                allowed=f"{span.field}[start:end] == text",
                cure=_span_cure(text, span),
                field=role,
            )

    @property
    def answers(self) -> tuple[Span, ...]:
        """The spans under the role ``answers``; empty when there is none."""
        return self.spans.get("answers", ())

    def with_labels(self, **labels: Any) -> Record:
        """A copy with these labels added."""
        return replace(self, labels={**self.labels, **labels})


def _span_cure(text: str, span: Span) -> str:
    places = [
        i
        for i in range(max(0, span.start - 20), span.start + 21)
        if span.text and text.startswith(span.text, i)
    ]
    if places:
        nearest = min(places, key=lambda place: abs(place - span.start))
        return f"The text stands at {nearest}: shift the offset by {nearest - span.start:+d}."
    return "Count offsets in characters of this very text (not bytes), before any clean-up."


@dataclass(frozen=True, slots=True)
class Document:
    """A whole text with its place of origin; what people search and ask.

    ``locations`` maps character offsets to a name a person can look up (page, section), as
    ``((start, "p. 3"), ...)`` in rising order.
    """

    id: str
    text: str
    title: str = ""
    source: str = ""
    licence: str = "unknown"
    locations: tuple[tuple[int, str], ...] = ()

    def location(self, offset: int) -> str:
        """The name of the page or section that holds character ``offset``; empty when unknown."""
        name = ""
        for start, label in self.locations:
            if start > offset:
                break
            name = label
        return name


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document: ``text == document.text[start : start + len(text)]``."""

    id: str
    text: str
    title: str = ""
    document: str = ""
    start: int = 0
    source: str = ""
