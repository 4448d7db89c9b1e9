"""What runs have shown, collected from their records: the facts behind a one-page evidence sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gongbang.artifacts.card import weakest_slices
from gongbang.artifacts.class_notebook import Cell, ClassNotebook, LabelScore
from gongbang.artifacts.compare import Comparison, causes_of, compare_runs, what_changed
from gongbang.artifacts.compare_text import change_rows
from gongbang.artifacts.data_facts import read_data_facts
from gongbang.artifacts.files import plain, read_json
from gongbang.artifacts.notebooks import Notebook, causes, open_notebook
from gongbang.artifacts.run import Run
from gongbang.artifacts.slices import Slice
from gongbang.errors import ArtifactError, OptionError
from gongbang.metrics.intervals import Difference
from gongbang.metrics.scores import Score, Scores

COST = "cost.json"
_MOST_CONFUSIONS = 5


@dataclass(frozen=True, slots=True)
class Tried:
    """One run as an attempt.

    Attributes:
        against: the run that it is compared with; empty for the first.
        parent: whether that is the parent it names; else it is the run that was named before it.
        changed: what was changed, a phrase each: recipe keys, data, code.
        score: its primary metric; None where it was not scored.
        metric: the name of the primary metric.
        difference: what it gained over that run, in the metric's unit, with a paired interval; None where
            the two cannot be compared, for which ``refused`` gives the reason.
        error: why it failed, where it did.
    """

    run: str
    status: str
    against: str
    parent: bool
    changed: tuple[str, ...]
    metric: str
    score: Score | None
    difference: Difference | None
    refused: str
    error: str

    @property
    def null(self) -> bool:
        """Whether a difference was measured whose interval contains zero."""
        return self.difference is not None and not self.difference.significant


@dataclass(frozen=True, slots=True)
class Failures:
    """Where a run is wrong: kinds of error, confusions, weakest labels and slices; the first are the most."""

    n: int
    kinds: tuple[tuple[str, int], ...]
    confusions: tuple[Cell, ...]
    labels: tuple[LabelScore, ...]
    slices: tuple[Slice, ...]

    @staticmethod
    def of(notebook: Notebook) -> Failures:
        """Those of a notebook."""
        labels = isinstance(notebook, ClassNotebook)
        return Failures(
            n=len(notebook.outcomes),
            kinds=tuple(causes(notebook)),
            confusions=notebook.confusions[:_MOST_CONFUSIONS] if isinstance(notebook, ClassNotebook) else (),
            labels=notebook.weakest() if isinstance(notebook, ClassNotebook) else (),
            slices=tuple(
                weakest_slices([s for s in notebook.slices if not (labels and s.dimension == "label")])
            ),
        )


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a sheet says.

    Attributes:
        run: the run that the sheet is about: the last named one that was scored.
        scores, baselines: of that run; None and empty where none was scored.
        data: what :func:`gongbang.artifacts.data_facts.data_facts` gave of that run.
        files: names of its data files, the folder left out, with the beginning of their hashes.
        machine: processor and accelerator it ran on.
        costs: ``cost.json`` of each run that has one.
        tried: a row a run.
        failures: of that run; None without an error notebook.
        recipes: hashes of recipe and code by run.
    """

    name: str
    task: str
    description: str
    backbone: str
    run: str
    scores: Scores | None
    baselines: Mapping[str, Scores]
    data: Mapping[str, Any]
    files: tuple[tuple[str, str], ...]
    machine: str
    costs: Mapping[str, Mapping[str, Any]]
    tried: tuple[Tried, ...]
    failures: Failures | None
    recipes: Mapping[str, tuple[str, str]]

    @property
    def nulls(self) -> tuple[Tried, ...]:
        """What made no difference that could be shown."""
        return tuple(each for each in self.tried if each.null)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON for ``--json``."""
        body: dict[str, Any] = plain(
            {
                "name": self.name,
                "task": self.task,
                "description": self.description,
                "backbone": self.backbone,
                "run": self.run,
                "scores": None
                if self.scores is None
                else {"primary": self.scores.primary, **self.scores.to_dict()},
                "baselines": {name: scores.to_dict() for name, scores in self.baselines.items()},
                "data": self.data,
                "files": [{"name": name, "sha256": digest} for name, digest in self.files],
                "machine": self.machine,
                "costs": self.costs,
                "tried": [{**asdict(each), "null": each.null} for each in self.tried],
                "failures": None if self.failures is None else asdict(self.failures),
                "null_results": [each.run for each in self.nulls],
                "recipes": {run: {"recipe": r, "code": c} for run, (r, c) in self.recipes.items()},
            }
        )
        return body


def collect_evidence(runs: Sequence[Run], *, root: str | Path = "runs", samples: int = 1000) -> Evidence:
    """The facts of a sheet about the last of the runs that was scored.

    Each run is compared with the parent that it names, or else with the run that was named before it.

    Args:
        runs: of one task, one or more; others than the last scored one are what else was tried.
        root: where parents are looked for that do not lie beside their runs.
        samples: resamples of the paired bootstraps.

    Raises:
        OptionError: no runs, or of different tasks.
        ArtifactError: a run's record cannot be read.
    """
    _check_alike(runs)
    scored = [run for run in runs if run.scored]
    about = scored[-1] if scored else runs[-1]
    recipe, notebook = about.recipe, open_notebook(about.path)
    tried = []
    for number, run in enumerate(runs):
        tried.append(_tried(run, runs[number - 1] if number else None, root, samples))
    return Evidence(
        name=str(recipe.get("name", about.id)),
        task=str(recipe.get("task", "")),
        description=" ".join(str(recipe.get("description", "")).split()),
        backbone=str(recipe.get("backbone", "")).rsplit("/", 1)[-1],
        run=about.id,
        scores=about.scores if about.scored else None,
        baselines=about.baselines if about.scored else {},
        data=read_data_facts(about.path),
        files=_files(about),
        machine=_machine(about),
        costs={run.id: _cost(run) for run in runs if (run.path / COST).is_file()},
        tried=tuple(tried),
        failures=None if notebook is None else Failures.of(notebook),
        recipes={run.id: (str(run.hashes["recipe"]), str(run.hashes["code"])) for run in runs},
    )


def _check_alike(runs: Sequence[Run]) -> None:
    tasks = sorted({str(run.recipe.get("task", "")) for run in runs})
    if len(tasks) != 1:
        raise OptionError(
            "a sheet is about one task." if tasks else "there is no run to report on.",
            value=", ".join(tasks) or "no runs",
            allowed="one or more runs of one task",
            cure="Write a sheet for each task.",
        )


def _tried(run: Run, before: Run | None, root: str | Path, samples: int) -> Tried:
    parent = _parent(run, root)
    other = parent or before
    if other is not None and other.path.resolve() == run.path.resolve():
        other = None
    found = None if other is None else _compare(other, run, samples)
    scores = run.scores if run.scored else None
    name = scores.primary if scores else ""
    difference = found.paired.get(name) if isinstance(found, Comparison) else None
    return Tried(
        run=run.id,
        status=run.status,
        against=other.id if other is not None else "",
        parent=parent is not None,
        changed=() if other is None else _changed(other, run),
        metric=name,
        score=scores.scores[name] if scores else None,
        difference=difference,
        refused=_why_not(found, difference),
        error=run.error,
    )


def _parent(run: Run, root: str | Path) -> Run | None:
    try:
        return run.open_parent(root) if run.parent else None
    except ArtifactError:  # it was deleted since; the run can still be told of
        return None


def _compare(a: Run, b: Run, samples: int) -> Comparison | str:
    if not (a.scored and b.scored):
        return f"{b.id if a.scored else a.id} was not scored"
    return compare_runs(a, b, samples=samples)


def _why_not(found: Comparison | str | None, difference: Difference | None) -> str:
    if found is None or difference is not None:
        return ""
    if isinstance(found, str):
        return found
    return found.refused or "one of the two has no error notebook"


def _changed(a: Run, b: Run) -> tuple[str, ...]:
    """What may have made the difference, as phrases."""
    changes, data, same_code = what_changed(a, b)
    felt = causes_of(changes, data, same_code)
    rows = [row for change in changes if change.key in felt for row in change_rows(change)]
    phrases = [f"{key}: {before} → {after}" for key, before, after in rows]
    phrases += [f"data: {role}" for role in data]
    return (*phrases, *(() if same_code else ("code",)))


def _files(run: Run) -> tuple[tuple[str, str], ...]:
    # Only the file's name: a sheet is handed on, and the maker's folders are nobody's business.
    entries = [entry for files in run.hashes.get("data", {}).values() for entry in files]
    return tuple((Path(str(entry["name"])).name, str(entry["sha256"])) for entry in entries)


def _machine(run: Run) -> str:
    found = run.environment
    cpu = found.get("cpu", {})
    words = [f"{cpu.get('model', 'unknown processor')}, {cpu.get('cores', '?')} cores"]
    return ", ".join([*words, *([str(found["accelerator"])] if found.get("accelerator") else [])])


def _cost(run: Run) -> Mapping[str, Any]:
    return dict(read_json(run.path / COST, "the run's cost"))
