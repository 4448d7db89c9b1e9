"""Edits that remember where every character came from.

A clean-up that loses offsets loses answers. :class:`Edited` holds a text before and after, and for each
character of the new text the stretch of the old one that it stands for. Two arrays of rising numbers say
it all, so a span is mapped in logarithmic time and successive edits fold into one map.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gongbang.errors import SpanError

Replacement = tuple[int, int, str]
"""``(start, end, new)``: the characters ``[start, end)`` become ``new``."""

Offsets = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Edited:
    """A text, what it was before, and the map both ways.

    What spans map to:

    - A span of the edited text maps to the smallest span of the original that covers the sources of all
      its characters. What was replaced as a whole is mapped as a whole.
    - A span of the original maps to the smallest span of the edited text that covers every character made
      from it. If all of it was deleted, that is an empty span at the place of the deletion.
    - An inserted character comes from an empty stretch: the place where it was put in.
    - An empty span maps to an empty span.

    Args:
        original: the text before.
        text: the text after.
        starts: (len(text),) where the source of each character starts in ``original``; never falling.
        ends: (len(text),) where it ends; never falling.

    Example:
        >>> edited = Edited.replace("<b>서울</b>이다", [(0, 3, ""), (5, 9, "")])
        >>> edited.text, edited.to_original(0, 2), edited.to_edited(3, 5), edited.to_edited(6, 8)
        ('서울이다', (3, 5), (0, 2), (2, 2))
    """

    original: str
    text: str
    starts: Offsets
    ends: Offsets

    @classmethod
    def identity(cls, text: str) -> Edited:
        """The edit that changes nothing.

        Example:
            >>> Edited.identity("공방").to_original(1, 2)
            (1, 2)
        """
        starts = np.arange(len(text), dtype=np.int32)
        return cls(text, text, starts, starts + np.int32(1))

    @classmethod
    def replace(cls, original: str, replacements: Iterable[Replacement]) -> Edited:
        """Apply replacements that rise and do not overlap; O(len(original)).

        Raises:
            SpanError: a replacement overlaps the one before it or leaves the text.

        Example:
            >>> Edited.replace("３．１４", [(0, 1, "3"), (1, 2, ".")]).text
            '3.１４'
        """
        edits = list(replacements)
        if not edits:
            return cls.identity(original)
        _check(original, edits)
        return cls._from_pieces(original, _pieces(original, edits))

    @classmethod
    def from_characters(cls, original: str, new: Sequence[str]) -> Edited:
        """Each character becomes the string at its place; "" deletes it.

        Raises:
            SpanError: there are more or fewer strings than characters.

        Example:
            >>> Edited.from_characters("½쪽", ["1/2", "쪽"]).to_original(2, 4)
            (0, 2)
        """
        if len(new) != len(original):
            raise SpanError(
                "a per-character edit does not fit its text.",
                value=f"{len(new)} strings for {len(original)} characters",
                allowed="one string a character",
                cure="Pass list(text) with the wanted places changed.",
            )
        lengths = np.fromiter(map(len, new), dtype=np.int64, count=len(new))
        starts = np.repeat(np.arange(len(new), dtype=np.int32), lengths)
        return cls(original, "".join(new), starts, starts + np.int32(1))

    @classmethod
    def _from_pieces(cls, original: str, pieces: list[tuple[int, int, str, bool]]) -> Edited:
        lengths = np.array([len(text) for _, _, text, _ in pieces], dtype=np.int64)
        first = np.repeat(np.array([start for start, _, _, _ in pieces], dtype=np.int32), lengths)
        last = np.repeat(np.array([end for _, end, _, _ in pieces], dtype=np.int32), lengths)
        kept = np.repeat(np.array([keep for _, _, _, keep in pieces], dtype=np.bool_), lengths)
        before = np.repeat(np.cumsum(lengths) - lengths, lengths)  # edited offset at which a piece starts
        own = first + (np.arange(len(first)) - before).astype(np.int32)
        starts = np.where(kept, own, first)
        ends = np.where(kept, own + np.int32(1), last)
        return cls(original, "".join(text for _, _, text, _ in pieces), starts, ends)

    @property
    def changed(self) -> bool:
        """Whether the text differs from the original."""
        return self.text != self.original

    def to_original(self, start: int, end: int) -> tuple[int, int]:
        """Map a span of the edited text to the original.

        Raises:
            SpanError: the span leaves the edited text.
        """
        _within(self.text, start, end)
        if start == end:
            place = self._place(start)
            return place, place
        return int(self.starts[start]), int(self.ends[end - 1])

    def to_edited(self, start: int, end: int) -> tuple[int, int]:
        """Map a span of the original to the edited text.

        Raises:
            SpanError: the span leaves the original.
        """
        _within(self.original, start, end)
        # int32 as the arrays are: another type would copy them at every call
        first = int(
            np.searchsorted(self.ends, np.int32(start), side="right")
        )  # characters that end before it
        if start == end:
            return first, first
        return first, int(np.searchsorted(self.starts, np.int32(end), side="left"))

    def then(self, later: Edited) -> Edited:
        """This edit followed by ``later``, as one edit.

        Raises:
            SpanError: ``later`` was not made from this edit's text.

        Example:
            >>> first = Edited.replace("가  나", [(1, 3, " ")])
            >>> both = first.then(Edited.replace(first.text, [(0, 1, "")]))
            >>> both.text, both.to_original(0, 2)
            (' 나', (1, 4))
        """
        if later.original != self.text:
            raise SpanError(
                "two edits cannot be joined: the second was made from another text.",
                value=later.original[:80],
                allowed="an edit of the first one's text",
                cure="Apply the second step to `first.text`.",
            )
        if not later.changed:
            return self
        starts, ends = self._sources(later.starts.astype(np.int64), later.ends.astype(np.int64))
        return Edited(self.original, later.text, starts, ends)

    def _sources(self, first: NDArray[np.int64], last: NDArray[np.int64]) -> tuple[Offsets, Offsets]:
        """``to_original`` for many spans; an insertion inside a replaced stretch takes the stretch."""
        size = np.int32(len(self.original))
        before = np.concatenate((np.zeros(1, dtype=np.int32), self.ends))  # end of the character before
        after = np.concatenate((self.starts, np.array([size], dtype=np.int32)))
        return np.minimum(after[first], np.where(first == last, before[first], size)), before[last]

    def _place(self, offset: int) -> int:
        before = int(self.ends[offset - 1]) if offset else 0
        after = int(self.starts[offset]) if offset < len(self.text) else before
        return min(before, after)


def _check(original: str, edits: list[Replacement]) -> None:
    reached = 0
    for start, end, _ in edits:
        if not reached <= start <= end <= len(original):
            raise SpanError(
                "replacements must rise, not overlap, and stay inside the text.",
                value=f"[{start}:{end}] after offset {reached}",
                allowed=f"{reached} <= start <= end <= {len(original)}",
                cure="Sort the replacements and merge those that touch the same characters.",
            )
        reached = end


def _pieces(original: str, edits: list[Replacement]) -> list[tuple[int, int, str, bool]]:
    """Cut the text into (start, end, new text, kept as it was)."""
    pieces: list[tuple[int, int, str, bool]] = []
    reached = 0
    for start, end, new in edits:
        pieces.append((reached, start, original[reached:start], True))
        pieces.append((start, end, new, False))
        reached = end
    pieces.append((reached, len(original), original[reached:], True))
    return pieces


def _within(text: str, start: int, end: int) -> None:
    if not 0 <= start <= end <= len(text):
        raise SpanError(
            "a span leaves its text.",
            value=f"[{start}:{end}]",
            allowed=f"0 <= start <= end <= {len(text)}",
            cure="Count offsets in characters of this very text (not bytes).",
        )
