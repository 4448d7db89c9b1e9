"""What was measured, as one JSON file and one page of Markdown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rounds import Ratio

Cell = str | float | int | None


@dataclass(slots=True)
class Section:
    """One comparison.

    Attributes:
        name: what ``--only`` calls it. title: its heading.
        about: what was done, in a sentence or two.
        columns: names of the measured values, units included.
        rows: of each contestant the values by column.
        ratios: ours against each peer, round by round.
        absent: contestants that could not take part, and why.
        notes: what a reader must know to judge the figures.
        failed: whether it broke off, which is nobody's intention.
    """

    name: str
    title: str
    about: str
    columns: tuple[str, ...]
    rows: dict[str, dict[str, Cell]] = field(default_factory=dict)
    ratios: list[Ratio] = field(default_factory=list)
    ratio_of: str = ""
    absent: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    failed: bool = False


def write_report(folder: Path, stem: str, machine: dict[str, Any], sections: Sequence[Section]) -> list[Path]:
    """Write ``STEM.json`` and ``STEM.md`` and give their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    tree = {"machine": machine, "sections": [asdict(section) for section in sections]}
    files = {
        folder / f"{stem}.json": json.dumps(tree, ensure_ascii=False, indent=1) + "\n",
        folder / f"{stem}.md": markdown(machine, sections),
    }
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
    return list(files)


def markdown(machine: dict[str, Any], sections: Sequence[Section]) -> str:
    """The page."""
    parts = ["# Side by side", "", _machine(machine)]
    for section in sections:
        parts += ["", f"## {section.title}"]
        if section.rows:
            parts += ["", section.about, "", *_table(section)]
        if section.ratios:
            parts += ["", *_ratios(section)]
        notes = section.notes + [f"Not run: {name}: {why}" for name, why in section.absent.items()]
        if notes:
            parts += ["", *(f"- {note}" for note in notes)]
    return "\n".join(parts) + "\n"


def _machine(machine: dict[str, Any]) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    instructions = ", ".join(machine["instructions"]) or "no vector extensions named"
    return (
        f"{machine['cpu']}, {machine['cores']} cores ({instructions}), {machine['memory_gb']} GB; "
        f"{machine['system']}; Python {machine['python']}; {packages}. "
        f"Commit {machine['commit'] or 'unknown'}, {machine.get('when', '')}; load at the start "
        f"{machine['load_at_start']}. Data: {machine.get('data', '')}."
    )


def _table(section: Section) -> list[str]:
    head = ["", *section.columns]
    lines = [_line(head), _line(["---", *["---:"] * len(section.columns)])]
    for name, values in section.rows.items():
        lines.append(_line([name, *(_cell(values.get(column)) for column in section.columns)]))
    return lines


def _ratios(section: Section) -> list[str]:
    lines = [_line([f"Ratio of {section.ratio_of}", "median", "lowest round", "highest round"])]
    lines.append(_line(["---", "---:", "---:", "---:"]))
    for one in section.ratios:
        figures = [f"{value:.2f}" for value in (one.median, one.low, one.high)]
        lines.append(_line([f"{one.name} against {one.peer}", *figures]))
    return lines


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(value: Cell) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.3f}" if abs(value) < 10 else f"{value:,.1f}"
    return str(value)
