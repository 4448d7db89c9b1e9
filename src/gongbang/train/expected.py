"""What a recipe promises of its scores, held against what a run has."""

from __future__ import annotations

from collections.abc import Mapping

from gongbang.artifacts.run import Run
from gongbang.errors import ExpectationError
from gongbang.metrics.scores import Scores


def shortfalls(expected: Mapping[str, float], scores: Scores | None) -> list[str]:
    """A line for each metric that is lower than expected, or that was not measured.

    Args:
        expected: the least value by metric, in the metric's own unit.
        scores: what a run has; None where its recipe holds nothing out.

    Example:
        >>> from gongbang.metrics.scores import Score
        >>> shortfalls({"f1": 84.0, "recall@1": 0.9}, Scores("f1", {"f1": Score(81.5, 10)}))
        ['f1 81.5, expected 84', 'recall@1 not measured, expected 0.9']
    """
    found = {} if scores is None else scores.scores
    lines = []
    for name, least in expected.items():
        if name not in found:
            lines.append(f"{name} not measured, expected {least:g}")
        elif not found[name].value >= least:
            lines.append(f"{name} {found[name].value:g}, expected {least:g}")
    return lines


def check_expected(run: Run) -> None:
    """Refuse a run that does not reach what its recipe expects; the run and its scores stand all the same.

    Raises:
        ExpectationError: names every metric that falls short.
    """
    expected = run.recipe.get("expected") or {}
    short = shortfalls(expected, run.scores if run.scored else None)
    if short:
        raise ExpectationError(
            "the run does not reach what its recipe expects.",
            value="; ".join(short),
            allowed=", ".join(f"{name} of {least:g} or more" for name, least in expected.items()),
            cure="Compare it with a run that did (gongbang compare), or lower 'expected' in the recipe.",
        )
