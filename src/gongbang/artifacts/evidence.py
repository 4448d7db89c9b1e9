"""The place of an answer in its text, cut out with a margin and marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from gongbang.artifacts.stages import Place
from gongbang.data.records import Record

MARGIN = 60
"""Characters shown on each side of a mark."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some characters of a snippet; ``mark`` is "", "gold", "predicted" or "both"."""

    text: str
    mark: str = ""


Mark = tuple[int, int, str]  # start, end, "gold" or "predicted"


def snippet(text: str, marks: Sequence[Mark], margin: int = MARGIN) -> tuple[Piece, ...]:
    """The marked places of a text with what stands around them; what is left out becomes "…".

    Example:
        >>> [(p.text, p.mark) for p in snippet("나는 서울에 산다.", [(3, 5, "gold"), (3, 6, "predicted")])]
        [('나는 ', ''), ('서울', 'both'), ('에', 'predicted'), (' 산다.', '')]
    """
    marks = [(max(0, s), min(len(text), e), kind) for s, e, kind in marks if s < e and s < len(text)]
    pieces: list[Piece] = []
    windows = _windows(len(text), marks, margin)
    for number, (start, end) in enumerate(windows):
        if start > 0 or number > 0:
            pieces.append(Piece("… "))
        pieces += _cut(text, start, end, marks)
    if windows and windows[-1][1] < len(text):
        pieces.append(Piece(" …"))
    return tuple(pieces)


def _windows(length: int, marks: Sequence[Mark], margin: int) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end, _ in sorted(marks):
        start, end = max(0, start - margin), min(length, end + margin)  # noqa: PLW2901
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _cut(text: str, start: int, end: int, marks: Sequence[Mark]) -> list[Piece]:
    borders = {start, end, *(b for s, e, _ in marks for b in (s, e) if start <= b <= end)}
    ordered = sorted(borders)
    pieces = []
    for left, right in pairwise(ordered):
        kinds = {kind for s, e, kind in marks if s <= left and right <= e}
        pieces.append(Piece(text[left:right], "both" if len(kinds) == 2 else next(iter(kinds), "")))
    return pieces


def context_evidence(record: Record, place: Place | None) -> tuple[Piece, ...]:
    """The gold answers in the context, with the prediction where it was read from the same text."""
    context = record.fields.get("context", "")
    marks = [(span.start, span.end, "gold") for span in record.answers if span.field == "context"]
    if place is not None and place.in_context:
        marks.append((place.start, place.end, "predicted"))
    return snippet(context, marks)


def other_evidence(place: Place | None) -> tuple[Piece, ...]:
    """The prediction in the passage it was read from, where that is not the gold context."""
    if place is None or place.in_context:
        return ()
    return snippet(place.text, [(place.start, place.end, "predicted")])
