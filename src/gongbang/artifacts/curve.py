"""The training curve: rows on disk that survive a kill, and their picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gongbang.artifacts.files import read_lines, write_lines
from gongbang.errors import MissingExtraError, OptionError

_ALONE = frozenset(
    [
        "step",
        "steps",
        "epoch",
        "seconds",
        "lr",
        "member",
        "examples_per_second",
        "seconds_left",
        "peak_memory",
    ]
)  # never drawn among the metrics


def read_curve(path: Path) -> tuple[dict[str, Any], ...]:
    """The rows of a curve in step order.

    A half-written row is passed over. Where a step falls back, the run was resumed from an earlier
    checkpoint: the rows from that step on are replaced by the later ones.
    """
    rows: list[dict[str, Any]] = []
    for row in read_lines(path):
        if not isinstance(row.get("step"), int):
            continue
        if rows and row["step"] < rows[-1]["step"]:
            rows = [kept for kept in rows if kept["step"] < row["step"]]
        rows.append(row)
    return tuple(rows)


def cut_curve(path: Path, step: int) -> None:
    """Drop the rows after a step, before training goes on from that step's checkpoint."""
    write_lines(path, [row for row in read_curve(path) if row["step"] <= step])


def column(rows: Iterable[Mapping[str, Any]], name: str) -> tuple[list[int], list[float]]:
    """Steps and values of one column, rows without it left out.

    Example:
        >>> column([{"step": 1, "loss": 2.0}, {"step": 2, "f1": 0.5}], "loss")
        ([1], [2.0])
    """
    pairs = [(row["step"], float(row[name])) for row in rows if _is_number(row.get(name))]
    return [step for step, _ in pairs], [value for _, value in pairs]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def plot_curve(rows: Sequence[Mapping[str, Any]], path: str | Path, title: str = "") -> Path:
    """Draw losses, metrics and the learning rate over steps into a PNG; labels are in English.

    Args:
        rows: as :func:`read_curve` gives them.
        path: the picture to write.
        title: printed above; characters that the default font lacks are left out.

    Raises:
        OptionError: there is no row to draw.
        MissingExtraError: matplotlib is not installed.
    """
    names = list(dict.fromkeys(name for row in rows for name in row if _is_number(row[name])))
    losses = [name for name in names if "loss" in name]
    metrics = [name for name in names if name not in losses and name not in _ALONE]
    panels = [group for group in (losses, metrics, [n for n in names if n == "lr"]) if group]
    if not panels:
        raise OptionError(
            "the curve has no row to draw.",
            value=len(rows),
            allowed="rows with a step and at least one number",
            cure="Log a loss or a metric with each step.",
        )
    return _draw(rows, panels, Path(path), title)


def _draw(rows: Sequence[Mapping[str, Any]], panels: list[list[str]], path: Path, title: str) -> Path:
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as err:
        raise MissingExtraError("matplotlib", extra="train", purpose="the picture of a curve") from err
    # Figure and canvas by hand: pyplot would set a process-wide backend.
    figure = Figure(figsize=(5.2 * len(panels), 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    for number, group in enumerate(panels, start=1):
        axes = figure.add_subplot(1, len(panels), number)
        for name in group:
            steps, values = column(rows, name)
            axes.plot(steps, values, marker="o" if len(steps) < 30 else "", markersize=3, label=name)
        axes.set_xlabel("step")
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    if title:
        # The default font has no Hangul; a box for every syllable would say less than nothing.
        figure.suptitle(title.encode("ascii", "ignore").decode().strip(" -_"), fontsize=10)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="png", dpi=110)
    return path
