"""Two runs side by side: what was changed, what came of it, and whether the difference can be believed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gongbang.artifacts.files import plain
from gongbang.artifacts.notebook_diff import NotebookDiff, diff_notebooks
from gongbang.artifacts.notebooks import Notebook, open_notebook
from gongbang.artifacts.paired import paired_differences
from gongbang.artifacts.run import Run
from gongbang.errors import ArtifactError, OptionError
from gongbang.metrics.intervals import Difference

TRAIN = "train"
ABSENT = "(absent)"
_UNFELT = frozenset({"name", "description", "training.log_every", "training.tracker"})


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
        paired: b - a of the task's metrics over the records that both answered, with the interval of a paired
            cluster bootstrap (:mod:`gongbang.artifacts.paired`); empty when refused or without notebooks.
        notebook: the diff of the error notebooks, when both runs have one.
        causes: what could have made the difference: recipe keys, data and code.
        advice: what to mind when reading the difference.
        parent: whether b names a as the run that it varies.
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
    causes: tuple[str, ...] = ()
    parent: bool = False

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
                "causes": self.causes,
                "parent": self.parent,
            }
        )
        return body

    def to_text(self) -> str:
        """The comparison as plain text, for a terminal or a log; long values are shortened."""
        from gongbang.artifacts.compare_text import comparison_text

        return comparison_text(self)


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
    changes, data, same_code = what_changed(a, b)
    notebooks = _notebooks(a, b)
    diff = diff_notebooks(*notebooks) if notebooks else None
    refused = "" if allow_other_data else _refusal(a, b, data, changes)
    causes = causes_of(changes, data, same_code)
    metrics = () if refused else _metrics(a, b)
    paired = {} if refused else paired_differences(a, b, notebooks, samples)
    return Comparison(
        a=a.id,
        b=b.id,
        changes=changes,
        data=data,
        same_code=same_code,
        refused=refused,
        metrics=metrics,
        paired=paired,
        notebook=diff,
        advice=_advice(causes, same_code, paired, diff),
        causes=causes,
        parent=bool(b.parent) and Path(b.parent).name == a.id,
    )


def what_changed(a: Run, b: Run) -> tuple[tuple[Change, ...], tuple[str, ...], bool]:
    """The recipe keys that differ, the roles whose files do, and whether both ran the same code."""
    same_code = a.hashes.get("code") == b.hashes.get("code")
    return recipe_changes(a.recipe, b.recipe), _data_changes(a.hashes, b.hashes), same_code


def recipe_changes(a: Mapping[str, Any], b: Mapping[str, Any]) -> tuple[Change, ...]:
    """The keys, dotted, whose values differ; lists are compared as a whole.

    Example:
        >>> recipe_changes({"loop": {"lr": 1}, "seed": 7}, {"loop": {"lr": 2}, "seed": 7})
        (Change(key='loop.lr', a=1, b=2),)
    """
    left, right = _flat(a), _flat(b)
    keys = sorted({*left, *right})
    pairs = [Change(key, left.get(key, ABSENT), right.get(key, ABSENT)) for key in keys]
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


def _notebooks(a: Run, b: Run) -> tuple[Notebook, Notebook] | None:
    left, right = open_notebook(a.path), open_notebook(b.path)
    return None if left is None or right is None else (left, right)


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
    notebook = open_notebook(run.path)
    if notebook is not None:
        return frozenset(notebook.outcomes)
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


def causes_of(changes: Sequence[Change], data: Sequence[str], same_code: bool) -> tuple[str, ...]:
    """What could have made two runs differ: recipe keys, data, code.

    Left out are keys that change no score (names, descriptions, what is expected or exported), and sources
    that only lie in another folder.
    """
    causes = [change.key for change in changes if _is_felt(change, data)]
    return (*causes, *(f"data.{role}" for role in data), *(() if same_code else ("code",)))


def _is_felt(change: Change, data: Sequence[str]) -> bool:
    if change.key in _UNFELT or change.key.startswith(("expected", "export.")):
        return False
    if (
        change.key == "data.sources"
        and not data
        and isinstance(change.a, list)
        and isinstance(change.b, list)
    ):
        return _without_folders(change.a) != _without_folders(change.b)
    return True


def _without_folders(sources: Sequence[Any]) -> list[Any]:
    return [
        {**source, "path": Path(str(source.get("path", ""))).name} if isinstance(source, Mapping) else source
        for source in sources
    ]


def _advice(
    causes: Sequence[str], same_code: bool, paired: Mapping[str, Difference], diff: NotebookDiff | None
) -> tuple[str, ...]:
    advice = []
    if len(causes) > 1:
        named = ", ".join(causes[:6]) + (", …" if len(causes) > 6 else "")
        advice.append(f"{len(causes)} things changed ({named}): change one a run to know which one helped.")
    elif not same_code:
        advice.append("the code changed between the runs: the difference may come from it.")
    if diff is None and not paired:
        advice.append("a run has no error notebook: the differences come without an interval.")
    if not causes and diff and (diff.fixed or diff.broken):
        advice.append("the same recipe, data and code gave other answers: something is not seeded.")
    return tuple(advice)
