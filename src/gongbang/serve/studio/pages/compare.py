"""Compare: two runs of a folder side by side; the one page that reads files and not the API."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from gongbang.artifacts.compare import Comparison, compare_runs
from gongbang.artifacts.compare_text import change_rows
from gongbang.artifacts.run import Run
from gongbang.errors import ArtifactError, OptionError
from gongbang.metrics.scores import Score, number
from gongbang.serve.studio.markup import folded, head, notice, table, told
from gongbang.serve.studio.page import Page, Shown
from gongbang.serve.studio.words import Words

_MOST_CHANGES = 40


def build(page: Page, load: Any) -> None:
    """Lay the page out. ``load`` is the event of its being opened."""
    gr, words = page.gr, page.words
    page.html(head("compare", words), id="head")
    with gr.Row():
        a = gr.Dropdown([], label=words("compare.a"), elem_id="compare-a")
        b = gr.Dropdown([], label=words("compare.b"), elem_id="compare-b")
    with gr.Row():
        button = gr.Button(words("compare.button"), variant="primary", elem_id="compare-button")
        again = gr.Button(words("compare.again"), elem_id="compare-again")
    said = page.notice()
    shown = page.html(id="comparison", live=True)

    def opened() -> Shown:
        if page.runs is None:
            return {said: notice(words("compare.no-folder"), "alert")}
        names = run_names(page.runs)
        first, last = (names[-2], names[-1]) if len(names) > 1 else (None, None)
        return {
            a: gr.update(choices=names, value=first),
            b: gr.update(choices=names, value=last),
            said: "" if last else notice(words("compare.empty"), "alert"),
        }

    page.on(load, opened, None, [a, b], said)
    page.on(again.click, opened, None, [a, b], said)

    def compare(left: str | None, right: str | None) -> Shown:
        if page.runs is None:
            return opened()
        first, second = open_run(page.runs, left, words), open_run(page.runs, right, words)
        if first.id == second.id:
            raise OptionError(words("compare.twice"), value=first.id, allowed="", cure="")
        return {shown: compared(compare_runs(first, second), first, second, words)}

    page.on(button.click, compare, [a, b], [shown], said)


def run_names(folder: Path) -> list[str]:
    """The runs of a folder that were scored, oldest first."""
    return [run.id for run in Run.list(folder) if run.scored]


def open_run(folder: Path, name: str | None, words: Words) -> Run:
    """A run of the folder by its name, and of nowhere else.

    Raises:
        ArtifactError: it is not there.
    """
    for run in Run.list(folder):
        if run.id == name:
            return run
    raise ArtifactError(words("compare.gone"), value=name or "", allowed="", cure=words("compare.again"))


def compared(found: Comparison, a: Run, b: Run, words: Words) -> str:
    """A comparison as HTML: scores with intervals, the paired difference, and what changed."""
    parts = [
        _scores(found, a, b, words),
        _paired(found, words),
        _changed(found, words),
        _answers(found, words),
    ]
    if found.advice:
        lines = "".join(f"<li>{escape(line)}</li>" for line in found.advice)
        parts.append(f"<h2>{escape(words('compare.advice'))}</h2><ul>{lines}</ul>")
    return told("".join(parts))


def _scores(found: Comparison, a: Run, b: Run, words: Words) -> str:
    title = f"<h2>{escape(words('compare.scores'))}</h2>"
    if found.refused:
        return f"{title}<p>{escape(words('compare.refused', why=found.refused))}</p>"
    names = ("compare.metric", "compare.in-a", "compare.in-b", "compare.change")
    left, right = a.scores.scores, b.scores.scores
    rows = [
        (
            one.name,
            scored(one.name, left[one.name]),
            scored(one.name, right[one.name]),
            number(one.name, one.b - one.a, signed=True),
        )
        for one in found.metrics
    ]
    return title + table([words(name) for name in names], rows)


def scored(name: str, score: Score) -> str:
    """A score with its interval.

    Example:
        >>> scored("f1", Score(81.2, 432, 73.3, 89.7))
        '81.20 (73.30 – 89.70)'
    """
    if score.low is None or score.high is None:
        return number(name, score.value)
    return f"{number(name, score.value)} ({number(name, score.low)} – {number(name, score.high)})"


def _paired(found: Comparison, words: Words) -> str:
    title = f"<h2>{escape(words('compare.paired'))}</h2>"
    if not found.paired:
        return "" if found.refused else f"{title}<p>{escape(words('compare.unpaired'))}</p>"
    names = ("compare.metric", "compare.change", "compare.interval", "compare.n", "compare.verdict")
    rows = [
        (
            name,
            number(name, one.value, signed=True),
            f"{number(name, one.low, signed=True)} – {number(name, one.high, signed=True)}",
            f"{one.n:,}",
            words("compare.differs" if one.significant else "compare.chance"),
        )
        for name, one in found.paired.items()
    ]
    return title + table([words(name) for name in names], rows)


def _changed(found: Comparison, words: Words) -> str:
    rows = [row for change in found.changes for row in change_rows(change)]
    header = [words(name) for name in ("compare.key", "compare.in-a", "compare.in-b")]
    changes = (
        table(header, rows[:_MOST_CHANGES]) if rows else f"<p>{escape(words('compare.same-recipe'))}</p>"
    )
    if len(rows) > _MOST_CHANGES:
        changes += folded(f"+{len(rows) - _MOST_CHANGES}", table(header, rows[_MOST_CHANGES:]))
    data = ", ".join(found.data) if found.data else words("compare.same")
    code = words("compare.same" if found.same_code else "compare.other")
    kinds = f"{words('compare.data')}: {data} · {words('compare.code')}: {code}"
    return f"<h2>{escape(words('compare.changed'))}</h2>{changes}<p>{escape(kinds)}</p>"


def _answers(found: Comparison, words: Words) -> str:
    if found.notebook is None:
        return ""
    book = found.notebook
    counts = {"fixed": len(book.fixed), "broken": len(book.broken), "still": len(book.still_wrong)}
    moves = "".join(f"<li>{escape(a)} → {escape(b)}: {n:,}</li>" for (a, b), n in book.moves.items())
    return (
        f"<h2>{escape(words('compare.answers'))}</h2><p>{escape(words('compare.fixed', **counts))}</p>"
        f"<ul>{moves}</ul>"
    )
