"""A study as a section of a page, written in place of what an earlier run of it left there."""

from __future__ import annotations

from pathlib import Path

from gongbang.artifacts.files import write_text
from gongbang.metrics.intervals import Difference
from gongbang.metrics.scores import Score
from gongbang.train.study import Study


def markdown(study: Study) -> str:
    """The study as a section of a page: the question, how it was asked, and every row."""
    settings = study.settings
    first, *others = settings.metrics
    head = ["", first, "against the base", "", *others, *study.columns]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for row in study.rows:
        gain = "" if row.differences is None else _signed(row.differences[first])
        cells = [row.name, _ranged(row.means[first]), gain, row.verdict(first)]
        cells += [_ranged(row.means[metric]) for metric in others]
        held = {} if row.costs is None else row.costs.columns
        cells += [str(held.get(column, "")) for column in study.columns]
        lines.append(f"| {' | '.join(cells)} |")
    seeds = ", ".join(map(str, settings.seeds))
    changes = "; ".join(f"`{change}`" for change in settings.set)
    told = (
        f"Recipe `{study.recipe}`{f' with {changes}' if changes else ''}; seeds {seeds};"
        f" {study.examples:,} development records. Means over the seeds, differences seed by seed, both with"
        " Student's 95 % interval, which allows for one comparison and not for as many as there are rows."
    )
    below = [f"- {sentence}" for sentence in [*study.words(), *study.notes]]
    return "\n".join([f"### {settings.name}", "", settings.question, "", told, "", *lines, "", *below])


def _ranged(score: Score) -> str:
    return f"{score.value:.4f}" + ("" if score.low is None else f" ({score.low:.4f} to {score.high:.4f})")


def _signed(found: Difference) -> str:
    return f"{found.value:+.4f} ({found.low:+.4f} to {found.high:+.4f})"


def write_into(page: str | Path, study: Study) -> Path:
    """Put the study's section into a page, in place of the one that an earlier run of it left there.

    The page keeps everything else; where it has no such section yet, it is added at the end.
    """
    page = Path(page)
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    opening, closing = (f"<!-- {side}: {study.settings.name} -->" for side in ("study", "end of study"))
    section = f"{opening}\n{markdown(study)}\n{closing}"
    start, end = text.find(opening), text.find(closing)
    if start >= 0 and end >= start:
        text = text[:start] + section + text[end + len(closing) :]
    else:
        text = f"{text.rstrip()}\n\n{section}\n".lstrip()
    write_text(page, text)
    return page
