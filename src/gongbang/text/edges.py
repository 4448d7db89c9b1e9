"""The ends of a span of text, moved inwards past what names nothing."""

from __future__ import annotations

_PAIRS = {")": "(", "]": "[", "}": "{", "》": "《", "〉": "〈", "」": "「", "』": "『", "”": "“", "’": "‘"}
_CLOSED_BY = {opening: closing for closing, opening in _PAIRS.items()}


def trim_edges(text: str, start: int, end: int, *, edges: str, quotes: str = "") -> tuple[int, int]:
    """``[start, end)`` without ``edges`` at either end, and without a bracket or quote that has no fellow.

    An opening bracket goes where the span never closes it, a closing one where the span never opened it.

    Args:
        edges: characters that always go.
        quotes: marks that open and close alike; one at an end goes where their number is odd.

    Returns:
        the span; empty where nothing else was in it.

    Example:
        >>> trim_edges("서울 (首爾), ", 0, 4, edges=" ,"), trim_edges("서울 (首爾), ", 0, 9, edges=" ,")
        ((0, 2), (0, 7))
    """
    while True:
        before = (start, end)
        while start < end and text[start] in edges:
            start += 1
        while end > start and text[end - 1] in edges:
            end -= 1
        inside = text[start:end]
        if inside and (inside[-1] in _CLOSED_BY or _PAIRS.get(inside[-1], inside[-1]) not in inside):
            end -= 1
        elif inside and (inside[0] in _PAIRS or _CLOSED_BY.get(inside[0], inside[0]) not in inside):
            start += 1
        elif inside and inside[-1] in quotes and inside.count(inside[-1]) % 2:
            end -= 1
        elif inside and inside[0] in quotes and inside.count(inside[0]) % 2:
            start += 1
        if (start, end) == before:
            return before
