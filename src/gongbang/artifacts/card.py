"""The model card (Mitchell et al. 2019): what a model is, made of what, how good, and where it fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gongbang.artifacts.class_notebook import ClassNotebook, LabelScore
from gongbang.artifacts.hashing import short
from gongbang.artifacts.manifest import Training
from gongbang.artifacts.notebooks import Notebook, causes, open_notebook
from gongbang.artifacts.run import Run
from gongbang.artifacts.slices import Slice
from gongbang.metrics.scores import Score, Scores, number


@dataclass(frozen=True, slots=True)
class Measured:
    """Scores of the artifact itself; a run's are of its weights as they were in training.

    Attributes:
        how: what was measured on what, one paragraph.
        notebook: what became of each record; None where the task has none.
    """

    scores: Scores
    how: str
    notebook: Notebook | None = None


def model_card(
    run: Run,
    *,
    name: str,
    what: str,
    licence: str,
    trained_on: Sequence[Training],
    limits: Sequence[str],
    sizes: Mapping[str, int] | None = None,
    extra: Mapping[str, str] | None = None,
    measured: Measured | None = None,
) -> str:
    """The text of ``CARD.md`` from a run's record.

    Args:
        run: recipe, hashes and scores are taken from it, and, where it holds an error notebook, the
            causes of its errors and its weakest slices.
        what: one paragraph on what the model does and for whom.
        licence: of the weights.
        trained_on: every data set behind the weights, the backbone's own data left to its card.
        limits: what it cannot do, one sentence each.
        sizes: parts and their bytes.
        extra: further sections, title to Markdown text.
        measured: scores and notebook of the artifact itself, which go before the run's.

    Raises:
        ArtifactError: the run's record cannot be read.
    """
    sections = [
        f"# {name}\n\n{what}",
        f"Licence of the weights: {licence}.",
        "## Trained on\n\n" + _training(trained_on),
        *_all_scores(run, measured),
        *_errors(open_notebook(run.path) if measured is None else measured.notebook),
        *(["## Size\n\n" + _sizes(sizes)] if sizes else []),
        *(["## Limits\n\n" + "\n".join(f"- {limit}" for limit in limits)] if limits else []),
        *(f"## {title}\n\n{text}" for title, text in (extra or {}).items()),
        "## How it was made\n\n" + _provenance(run),
    ]
    return "\n\n".join(section.rstrip() for section in sections) + "\n"


def _training(trained_on: Sequence[Training]) -> str:
    rows = [[f"[{t.name}]({t.url})" if t.url else t.name, t.licence] for t in trained_on]
    return markdown_table(["data set", "licence"], rows)


def _all_scores(run: Run, measured: Measured | None) -> list[str]:
    if not run.scored:  # then there was nothing to measure the artifact on either
        return ["## Scores\n\nNone: the recipe holds nothing out to measure on."]
    own = _scores(run.scores, run.baselines)
    others = [f"### {title}\n\n{_scores(scores, {})}" for title, scores in run.others.items()]
    if measured is None:
        return [f"## Scores\n\n{own}", *others]
    served = _scores(measured.scores, run.baselines)
    before = "### The trained weights, before export and without the threshold"
    return [f"## Scores\n\n{measured.how}\n\n{served}", f"{before}\n\n{_scores(run.scores, {})}", *others]


def _scores(scores: Scores, baselines: Mapping[str, Scores]) -> str:
    head, *rows = score_rows(scores, baselines)
    return markdown_table(head, [[name, f"**{value}**", *others] for name, value, *others in rows])


def score_rows(scores: Scores, baselines: Mapping[str, Scores]) -> list[list[str]]:
    """A heading and a row a metric, the primary one first: value, interval, n and each baseline's value.

    Example:
        >>> score_rows(Scores("f1", {"f1": Score(50.0, 4, 25.0, 75.0)}), {})
        [['metric', 'value', '95 % interval', 'n'], ['f1', '50.00', '25.00 to 75.00', '4']]
    """
    names = [scores.primary, *(name for name in scores.scores if name != scores.primary)]
    rows = [["metric", "value", "95 % interval", "n", *baselines]]
    for name in names:
        score = scores.scores[name]
        others = [_value(name, b.scores.get(name)) for b in baselines.values()]
        rows.append([name, number(name, score.value), interval_text(name, score), str(score.n), *others])
    return rows


def _value(name: str, score: Score | None) -> str:
    return "" if score is None else number(name, score.value)


def interval_text(name: str, score: Score) -> str:
    """A score's interval as people write it; empty where none was computed."""
    if score.low is None or score.high is None:
        return ""
    return f"{number(name, score.low)} to {number(name, score.high)}"


def _errors(notebook: Notebook | None) -> list[str]:
    counts = [[kind, str(count)] for kind, count in causes(notebook)] if notebook else []
    if notebook is None or not counts:
        return []
    labels = isinstance(notebook, ClassNotebook)
    what = "records" if labels else "questions"
    head = ["kind of error" if labels else "stage that failed", what]
    text = "## Where it fails\n\n" + markdown_table(head, counts)
    if isinstance(notebook, ClassNotebook) and (scores := notebook.weakest()):
        text += "\n\nWeakest labels (of 10 records or more):\n\n" + _labels(scores)
    if weak := weakest_slices(notebook.slices):
        rows = [[s.dimension.replace("_", " "), s.key, str(s.n), f"{100 * s.exact_match:.1f}"] for s in weak]
        text += f"\n\nWeakest slices (of 30 {what} or more):\n\n"
        text += markdown_table(["slice by", "value", "n", "right, %" if labels else "exact match"], rows)
    return [text]


def _labels(scores: Sequence[LabelScore]) -> str:
    rows = [
        [s.label, str(s.support), *(f"{value:.3f}" for value in (s.precision, s.recall, s.f1))]
        for s in scores
    ]
    return markdown_table(["label", "records", "precision", "recall", "F1"], rows)


def weakest_slices(slices: Sequence[Slice], count: int = 3, least: int = 30) -> list[Slice]:
    """The slices that most is wrong in, among those of ``least`` records or more."""
    return sorted((s for s in slices if s.n >= least), key=lambda s: s.exact_match)[:count]


def _sizes(sizes: Mapping[str, int]) -> str:
    rows = [[name, f"{size / 1e6:.1f} MB"] for name, size in sizes.items()]
    return markdown_table(["part", "size"], [*rows, ["together", f"{sum(sizes.values()) / 1e6:.1f} MB"]])


def _provenance(run: Run) -> str:
    import yaml

    hashes, environment = run.hashes, run.environment
    data = [
        f"  - {role}: " + ", ".join(f"{_last(f['name'])} ({short(f['sha256'])})" for f in files)
        for role, files in hashes.get("data", {}).items()
    ]
    facts = [
        f"- run: {run.id}",
        *([] if run.closed_at is None else [f"- closed early, after step {run.closed_at}"]),
        f"- recipe hash {short(hashes['recipe'])}, code hash {short(hashes['code'])}",
        *(["- data:", *data] if data else []),
        f"- python {environment['python']} on {environment['cpu']['model']}{_on(environment)}",
    ]
    recipe = yaml.safe_dump(_without_folders(run.recipe), allow_unicode=True, sort_keys=False).rstrip()
    return "\n".join(facts) + f"\n\n```yaml\n{recipe}\n```"


def _on(environment: Mapping[str, Any]) -> str:
    return f", {environment['accelerator']}" if environment.get("accelerator") else ""


def _without_folders(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_folders(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_folders(inner) for inner in value]
    if isinstance(value, str) and value.startswith(("/", "~", "../")):
        return _last(value.rstrip("/"))
    return value


def _last(name: str) -> str:
    # Only the file's name: a card is published, and the maker's folders are nobody's business.
    return name.rsplit("/", 1)[-1]


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; bars within cells are escaped.

    Example:
        >>> print(markdown_table(["a"], [["x|y"]]))
        | a |
        |---|
        | x\\|y |
    """

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    return "\n".join([line(head), "|" + "---|" * len(head), *map(line, rows)])
