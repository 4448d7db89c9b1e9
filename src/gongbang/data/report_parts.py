"""Pieces of the report's page: words in two languages, tables, histograms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from gongbang.data.plots import bars

Words = tuple[str, str]
"""The same in Korean and in English."""


def say(words: Words) -> str:
    """The words in both languages, one of which the page hides."""
    return f'<span lang="ko">{escape(words[0])}</span><span lang="en">{escape(words[1])}</span>'


def head(ko: str, en: str) -> str:
    """A section's heading."""
    return f"<h2>{say((ko, en))}</h2>"


def histogram(found: Mapping[str, Any], name: Words, unit: Words) -> str:
    """A distribution as :func:`gongbang.data.measures.distribution` gives it; nothing where it is empty."""
    if not found.get("n"):
        return ""
    edges: Sequence[float] = found["histogram"]["edges"]
    labels = [f"{edge:.0f}" if edges[-1] >= 20 else f"{edge:.3g}" for edge in edges[:-1]]
    labels[-1] += "+"
    summary = (
        f"{say(('중앙값', 'median'))} {found['median']:g} · 95 % {found['p95']:g} · "
        f"{say(('최대', 'max'))} {found['max']:g}"
    )
    head = f"<h3>{say(name)} <span class=soft>({say(unit)})</span></h3>"
    return (
        f'<div>{head}{bars(found["histogram"]["counts"], labels, name[1])}<p class="soft">{summary}</p></div>'
    )


def table(rows: Iterable[tuple[str, str]], *, numeric: bool = True) -> str:
    """Rows of two cells, which must be HTML already; the second one right-aligned where it is a number."""
    kind = ' class="n"' if numeric else ""
    return "<table>" + "".join(f"<tr><td>{a}</td><td{kind}>{b}</td></tr>" for a, b in rows) + "</table>"


def percent(share: Mapping[str, Any]) -> str:
    """A share with its count."""
    return f"{share['share']:.2%} ({share['n']:,})"
