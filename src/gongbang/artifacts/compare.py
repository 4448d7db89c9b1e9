"""Two runs side by side: what was changed, what came of it, and whether the difference can be believed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gongbang.artifacts.files import plain
from gongbang.artifacts.notebook import ErrorNotebook
from gongbang.artifacts.notebook_diff import NotebookDiff, diff_notebooks
from gongbang.artifacts.run import Run
from gongbang.artifacts.slices import Outcome
from gongbang.errors import ArtifactError, OptionError
from gongbang.metrics.intervals import Difference, paired_bootstrap
from gongbang.metrics.scores import number

TRAIN = "train"
_ABSENT = "(absent)"


@dataclass(frozen=True, slots=True)
class Change:
    """One recipe key whose value differs; a key that one side lacks has the value "(absent)"."""

    key: str
    a: Any
    b: Any


@dataclass(frozen=True, slots=True)
class MetricChange:
    """A metric in both runs, as each run reports it."""

    name: str
    a: float
    b: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two runs differ in, and by how much b is better than a.

    Attributes:
        changes: recipe keys that differ.
        data: roles whose files have other contents.
        same_code: whether both ran the same sources.
        refused: why no score is compared; empty when scores can be compared.
        metrics: the metrics that both report; empty when refused.
        paired: b - a of exact match and F1 in percent points, over the questions that both answered,
            with the interval of a paired cluster bootstrap; empty when refused or without notebooks.
        notebook: the diff of the error notebooks, when both runs have one.
        advice: what to mind when reading the difference.
    """

    a: str
    b: str
    changes: tuple[Change, ...]
    data: tuple[str, ...]
    same_code: bool
    refused: str
    metrics: tuple[MetricChange, ...]
    paired: Mapping[str, Difference]
    notebook: NotebookDiff | None
    advice: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON for ``--json``."""
        body: dict[str, Any] = plain(
            {
                "a": self.a,
                "b": self.b,
                "changes": [{"key": c.key, "a": c.a, "b": c.b} for c in self.changes],
                "data": self.data,
                "same_code": self.same_code,
                "refused": self.refused,
                "metrics": {m.name: {"a": m.a, "b": m.b, "difference": m.b - m.a} for m in self.metrics},
                "paired": {name: difference.to_dict() for name, difference in self.paired.items()},
                "notebook": self.notebook.to_dict() if self.notebook else None,
                "advice": self.advice,
            }
        )
        return body

    def to_text(self) -> str:
        """The comparison as plain text, for a terminal or a log."""
        lines = [f"a: {self.a}", f"b: {self.b}", "", "recipe"]
        lines += _table([[c.key, repr(c.a), repr(c.b)] for c in self.changes]) or ["  no difference"]
        lines += ["", "data: " + (f"differs in {', '.join(self.data)}" if self.data else "the same")]
        lines += ["code: " + ("the same" if self.same_code else "differs"), "", "scores"]
        if self.refused:
            lines.append(f"  not compared: {self.refused}")
        lines += _table(
            [
                [m.name, number(m.name, m.a), number(m.name, m.b), number(m.name, m.b - m.a, signed=True)]
                for m in self.metrics
            ]
        )
        for name, d in self.paired.items():
            verdict = "differs" if d.significant else "could be chance"
            lines.append(
                f"  paired {name}: {number(name, d.value, signed=True)} [{number(name, d.low, signed=True)},"
                f" {number(name, d.high, signed=True)}] over {d.n:,}: {verdict}"
            )
        if self.notebook:
            lines += ["", "answers", *(f"  {line}" for line in self.notebook.to_text().splitlines())]
        lines += [f"note: {advice}" for advice in self.advice]
        return "\n".join(lines)


def compare_runs(a: Run, b: Run, *, allow_other_data: bool = False, samples: int = 1000) -> Comparison:
    """Compare run b with run a.

    Scores measured on different data say nothing about the recipes: unless ``allow_other_data`` is set,
    they are left out and ``refused`` says why. Training data may differ; that counts as a change.

    Args:
        a, b: two evaluated runs.
        samples: resamples of the paired bootstrap.

    Raises:
        ArtifactError: a run's record cannot be read.
    """
    changes = recipe_changes(a.recipe, b.recipe)
    data = _data_changes(a.hashes, b.hashes)
    notebooks = _notebooks(a, b)
    diff = diff_notebooks(*notebooks) if notebooks else None
    refused = "" if allow_other_data else _refusal(a, b, data, changes)
    same_code = a.hashes.get("code") == b.hashes.get("code")
    return Comparison(
        a=a.id,
        b=b.id,
        changes=changes,
        data=data,
        same_code=same_code,
        refused=refused,
        metrics=() if refused else _metrics(a, b),
        paired=_paired(*notebooks, samples) if notebooks and not refused else {},
        notebook=diff,
        advice=_advice(changes, data, same_code, diff),
    )


def recipe_changes(a: Mapping[str, Any], b: Mapping[str, Any]) -> tuple[Change, ...]:
    """The keys, dotted, whose values differ; lists are compared as a whole.

    Example:
        >>> recipe_changes({"loop": {"lr": 1}, "seed": 7}, {"loop": {"lr": 2}, "seed": 7})
        (Change(key='loop.lr', a=1, b=2),)
    """
    left, right = _flat(a), _flat(b)
    keys = sorted({*left, *right})
    pairs = [Change(key, left.get(key, _ABSENT), right.get(key, _ABSENT)) for key in keys]
    return tuple(change for change in pairs if change.a != change.b)


def _flat(recipe: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in recipe.items():
        if isinstance(value, Mapping) and value:
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _data_changes(a: Mapping[str, Any], b: Mapping[str, Any]) -> tuple[str, ...]:
    def contents(hashes: Mapping[str, Any]) -> dict[str, list[str]]:
        return {role: sorted(f["sha256"] for f in files) for role, files in hashes.get("data", {}).items()}

    left, right = contents(a), contents(b)
    return tuple(role for role in sorted({*left, *right}) if left.get(role) != right.get(role))


def _notebooks(a: Run, b: Run) -> tuple[ErrorNotebook, ErrorNotebook] | None:
    if all((run.path / "notebook.json").is_file() for run in (a, b)):
        return ErrorNotebook.open(a.path), ErrorNotebook.open(b.path)
    return None


def _refusal(a: Run, b: Run, data: Sequence[str], changes: Sequence[Change]) -> str:
    roles = [role for role in data if role != TRAIN]
    if roles:
        return f"the runs were scored on other data ({', '.join(roles)})"
    left, right = _questions(a), _questions(b)
    if left is not None and right is not None:
        only_a, only_b = len(left - right), len(right - left)
        return f"{only_a} questions are only in a, {only_b} only in b" if only_a or only_b else ""
    if not (a.scored and b.scored):
        return ""  # which of them has no scores is told where the scores are read
    # Neither notebook nor predictions tell which questions they were: what chose them must be the same.
    if _counts(a) != _counts(b):
        return f"a was scored on {_counts(a)} questions, b on {_counts(b)}"
    moved = [change.key for change in changes if change.key.startswith("data.split")]
    if _held_out_sources(a) != _held_out_sources(b):
        moved.append("data.sources")
    return f"what is held out was chosen in another way ({', '.join(moved)})" if moved else ""


def _questions(run: Run) -> frozenset[str] | None:
    """Ids of the questions that a run was scored on; None where it kept neither notebook nor predictions."""
    if (run.path / "notebook.json").is_file():
        return frozenset(ErrorNotebook.open(run.path).outcomes)
    try:
        return frozenset(prediction.id for prediction in run.predictions())
    except ArtifactError:
        return None


def _counts(run: Run) -> str:
    return " or ".join(f"{n:,}" for n in sorted({score.n for score in run.scores.scores.values()}))


def _held_out_sources(run: Run) -> list[tuple[Any, ...]]:
    """Which part of which source can be scored on; a folder of data may stand elsewhere now."""
    data = run.recipe.get("data")
    sources = data.get("sources", ()) if isinstance(data, Mapping) else ()
    return [
        (
            Path(str(source.get("path", ""))).name,
            source.get("role", "split"),
            source.get("share", 1.0),
        )
        for source in sources
        if isinstance(source, Mapping) and source.get("role", "split") != TRAIN
    ]


def _metrics(a: Run, b: Run) -> tuple[MetricChange, ...]:
    try:
        left, right = a.scores.scores, b.scores.scores
    except ArtifactError as err:
        raise OptionError(
            "a run without scores cannot be compared.",
            value=err.value,
            allowed="two runs that were evaluated to the end",
            cure="Finish or evaluate the run first; its status says what became of it.",
        ) from err
    return tuple(MetricChange(name, left[name].value, right[name].value) for name in left if name in right)


def _paired(a: ErrorNotebook, b: ErrorNotebook, samples: int) -> dict[str, Difference]:
    common = [id_ for id_ in a.outcomes if id_ in b.outcomes]
    if not common:
        return {}
    left, right = [a.outcomes[id_] for id_ in common], [b.outcomes[id_] for id_ in common]
    groups = [outcome.group or id_ for id_, outcome in zip(common, left, strict=True)]

    def exact(outcomes: Sequence[Outcome]) -> list[float]:
        return [100.0 * outcome.right for outcome in outcomes]

    def f1(outcomes: Sequence[Outcome]) -> list[float]:
        return [100.0 * outcome.f1 for outcome in outcomes]

    return {
        "exact_match": paired_bootstrap(exact(right), exact(left), groups=groups, samples=samples),
        "f1": paired_bootstrap(f1(right), f1(left), groups=groups, samples=samples),
    }


def _advice(
    changes: Sequence[Change], data: Sequence[str], same_code: bool, diff: NotebookDiff | None
) -> tuple[str, ...]:
    advice = []
    causes = [change.key for change in changes] + [f"data.{role}" for role in data if role == TRAIN]
    if len(causes) > 1:
        named = ", ".join(causes[:6]) + (", …" if len(causes) > 6 else "")
        advice.append(f"{len(causes)} things changed ({named}): change one a run to know which one helped.")
    if not same_code:
        advice.append("the code changed between the runs: part of the difference may come from it.")
    if diff is None:
        advice.append("a run has no error notebook: the differences come without an interval.")
    if not causes and same_code and diff and (diff.fixed or diff.broken):
        advice.append("the same recipe, data and code gave other answers: something is not seeded.")
    return tuple(advice)


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    if not rows:
        return []
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  " + "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
