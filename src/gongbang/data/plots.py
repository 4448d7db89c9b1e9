"""Bar charts as inline SVG: a report must open anywhere, with no other file and no library."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

_WIDTH, _HEIGHT, _FOOT = 460, 130, 34


def bars(heights: Sequence[float], labels: Sequence[str], caption: str) -> str:
    """A bar chart.

    Args:
        heights: one number a bar, 0 or more.
        labels: one name a bar, shown on hovering; the first, middle and last stand under the chart.
        caption: what is counted; read out by screen readers.

    Example:
        >>> bars([1, 2], ["a", "b"], "letters").count("<rect")
        2
    """
    top = max([*heights, 1e-9])
    step = _WIDTH / max(1, len(heights))
    drawn = []
    for number, (height, label) in enumerate(zip(heights, labels, strict=True)):
        tall = height / top * (_HEIGHT - 16)
        drawn.append(
            f'<rect x="{number * step + 1:.1f}" y="{_HEIGHT - tall:.1f}" width="{step - 2:.1f}"'
            f' height="{tall:.1f}"><title>{escape(label)}: {height:g}</title></rect>'
        )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT + _FOOT}" role="img" aria-label="{escape(caption)}">'
        f'{"".join(drawn)}<line x1="0" y1="{_HEIGHT}" x2="{_WIDTH}" y2="{_HEIGHT}"/>'
        f'<text x="{_WIDTH}" y="14" text-anchor="end">max {top:g}</text>{_feet(labels)}</svg>'
    )


def _feet(labels: Sequence[str]) -> str:
    if not labels:
        return ""
    places = {0: "start", len(labels) - 1: "end"}
    if len(labels) > 4:
        places[len(labels) // 2] = "middle"
    return "".join(
        f'<text x="{_WIDTH * (number + (anchor == "end") + 0.5 * (anchor == "middle")) / len(labels):.1f}"'
        f' y="{_HEIGHT + 20}" text-anchor="{anchor}">{escape(labels[number])}</text>'
        for number, anchor in sorted(places.items())
    )
