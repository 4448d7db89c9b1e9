"""The evidence sheet: facts of runs put into sections that people read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gongbang.artifacts.card import interval_text, score_rows
from gongbang.artifacts.compare_text import difference_text
from gongbang.artifacts.hashing import short
from gongbang.artifacts.report import Evidence, Failures, Tried
from gongbang.artifacts.sheet import Bullets, Cell, Link, Section, Table
from gongbang.metrics.scores import number

_MOST_CHANGES = 4  # named of a run that changed more
_MANY = 5  # differences from which on one that clears zero by chance must be reckoned with


def report_sections(found: Evidence, notebooks: Mapping[str, str] | None = None) -> list[Section]:
    """The sheet's sections.

    Args:
        found: as :func:`gongbang.artifacts.report.collect_evidence` gives it.
        notebooks: address of each run's error notebook, relative to the page; runs without one are left out.
    """
    return [
        _problem(found),
        _metric(found),
        _data(found),
        _resources(found),
        _tried(found),
        _failed(found),
        _nulls(found),
        _evidence(found, notebooks or {}),
    ]


def _problem(found: Evidence) -> Section:
    facts = f"Task: {found.task}. Backbone: {found.backbone or 'not said'}. Run: {found.run}."
    return Section(("Problem", "문제"), (found.description or "The recipe says nothing of it.", facts))


def _metric(found: Evidence) -> Section:
    if found.scores is None:
        return Section(("Metric", "지표"), ("Not scored: no run was evaluated.",))
    head, *rows = score_rows(found.scores, found.baselines)
    first = found.scores.scores[found.scores.primary]
    beside = "; to its right what it must beat" if found.baselines else "; no baseline was measured"
    words = f"Primary metric: {found.scores.primary}, over {first.n:,} records{_part(found)}{beside}."
    return Section(("Metric", "지표"), (words, Table(tuple(head), tuple(map(tuple, rows)))))


def _part(found: Evidence) -> str:
    """Which part the scores are of, where the run says what parts it had; those of folds are out of fold."""
    parts = found.data.get("parts", {})
    if "in folds" in parts:
        return " that the model of their fold did not see"
    if parts.get("test", {}).get("records"):
        return " of the test part"
    if parts.get("development", {}).get("records"):
        return " of the development part, on which its checkpoint was chosen"
    return ""


def _data(found: Evidence) -> Section:
    parts = found.data.get("parts", {})
    blocks: list[str | Bullets | Table] = []
    if parts:
        rows = [(name, f"{part['records']:,}", f"{part['groups']:,}") for name, part in parts.items()]
        blocks.append(Table(("part", "records", "groups"), tuple(rows)))
        sources = [(s["source"], s["licence"], f"{s['records']:,}") for s in found.data.get("sources", ())]
        blocks.append(Table(("source", "licence", "records"), tuple(sources)))
    else:
        blocks.append("The run keeps no counts of its parts and licences; it was made by an older release.")
    files = [(name, short(digest)) for name, digest in found.files]
    if files:
        blocks.append(Table(("file", "sha256"), tuple(files)))
    return Section(("Data", "데이터"), tuple(blocks))


def _resources(found: Evidence) -> Section:
    if not found.costs:
        return Section(("Resources", "자원"), (f"{found.machine}. No run kept its cost.",))
    rows = [(run, *_cost(cost)) for run, cost in found.costs.items()]
    head = (
        "run", "device", "minutes", "of these training", "steps", "examples/s", "memory, GiB", "GPU, GiB"
    )  # fmt: skip
    total = sum(float(cost.get("seconds", 0.0)) for cost in found.costs.values()) / 60
    words = f"{found.machine}. Together {total:.1f} minutes in {len(rows)} runs."
    return Section(("Resources", "자원"), (words, Table(head, tuple(rows))))


def _cost(cost: Mapping[str, Any]) -> tuple[str, ...]:
    gpu = float(cost.get("peak_gpu_memory") or 0)
    return (
        str(cost.get("device", "")),
        f"{float(cost.get('seconds', 0.0)) / 60:.1f}",
        f"{float(cost.get('training_seconds', 0.0)) / 60:.1f}",
        f"{int(cost.get('steps', 0)):,}",
        f"{float(cost.get('examples_per_second', 0.0)):.1f}",
        f"{float(cost.get('peak_memory') or 0) / 2**30:.1f}",
        f"{gpu / 2**30:.1f}" if gpu else "",
    )


def _tried(found: Evidence) -> Section:
    head = ("run", "against", "what changed", "score", "difference, 95 % paired", "verdict")
    blocks: list[str | Bullets | Table] = [Table(head, tuple(_row(each) for each in found.tried))]
    measured = sum(each.difference is not None for each in found.tried)
    if measured >= _MANY:
        blocks.append(
            f"{measured} differences were measured on the same records: of twenty that are none, about one "
            "leaves out zero by chance."
        )
    if any(len(each.changed) > 1 for each in found.tried):
        blocks.append("Where several things changed, the difference is not of one of them.")
    return Section(("What was tried", "시도한 것"), tuple(blocks))


def _row(each: Tried) -> tuple[str, ...]:
    against = each.against + ("" if each.parent or not each.against else " (named before it)")
    changed = "; ".join(each.changed[:_MOST_CHANGES])
    if len(each.changed) > _MOST_CHANGES:
        changed += f"; {len(each.changed) - _MOST_CHANGES} more"
    if each.score is None:
        score = f"not scored: {each.status}"
    else:
        interval = interval_text(each.metric, each.score)
        score = f"{each.metric} {number(each.metric, each.score.value)}" + (
            f" [{interval}]" if interval else ""
        )
    return (each.run, against, changed or ("nothing" if each.against else ""), score, *_difference(each))


def _difference(each: Tried) -> tuple[str, str]:
    if each.difference is None:
        return "", f"not compared: {each.refused}" if each.refused else ""
    words = difference_text(each.metric, each.difference)
    if each.null:
        return words, "no difference shown"
    return words, "better" if each.difference.value > 0 else "worse"


def _failed(found: Evidence) -> Section:
    blocks: list[str | Bullets | Table] = []
    broken = [f"{each.run}: {each.error or each.status}" for each in found.tried if each.status != "done"]
    if broken:
        blocks += ["Runs that did not end well:", Bullets(tuple(broken))]
    if found.failures is None:
        blocks.append("The run keeps no error notebook: why it is wrong where it is wrong is not known.")
    else:
        blocks += _errors(found.failures)
    return Section(("What failed and why", "실패와 원인"), tuple(blocks))


def _errors(failures: Failures) -> list[str | Bullets | Table]:
    wrong = sum(count for _, count in failures.kinds)
    blocks: list[str | Bullets | Table] = [f"{wrong:,} of {failures.n:,} are wrong."]
    if failures.kinds:
        rows = [(kind, f"{count:,}", f"{100 * count / wrong:.0f} %") for kind, count in failures.kinds]
        blocks.append(Table(("kind of error", "count", "of all errors"), tuple(rows)))
    if failures.confusions:
        pairs = [(_named(c.gold), _named(c.predicted), f"{c.n:,}") for c in failures.confusions]
        blocks.append(Table(("gold", "taken for", "count"), tuple(pairs)))
    if failures.labels:
        labels = [
            (s.label, f"{s.support:,}", f"{s.precision:.3f}", f"{s.recall:.3f}", f"{s.f1:.3f}")
            for s in failures.labels
        ]
        blocks.append(Table(("weakest labels", "records", "precision", "recall", "F1"), tuple(labels)))
    if failures.slices:
        slices = [
            (f"{s.dimension.replace('_', ' ')}: {s.key}", f"{s.n:,}", f"{100 * s.exact_match:.1f} %")
            for s in failures.slices
        ]
        blocks.append(Table(("weakest slices", "records", "right"), tuple(slices)))
    return blocks


def _named(label: str) -> str:
    return label or "nothing"


def _nulls(found: Evidence) -> Section:
    title = ("Null results", "효과가 없던 것")
    if found.nulls:
        return Section(title, (Bullets(tuple(_null(each) for each in found.nulls)),))
    if any(each.difference is not None for each in found.tried):
        return Section(title, ("None: every difference that was measured leaves out zero.",))
    return Section(title, ("None was looked for: no two of the runs could be compared.",))


def _null(each: Tried) -> str:
    changed = "; ".join(each.changed) or "the same recipe again"
    words = "" if each.difference is None else difference_text(each.metric, each.difference)
    return f"{changed} ({each.run} against {each.against}): {each.metric} {words}, which includes zero."


def _evidence(found: Evidence, notebooks: Mapping[str, str]) -> Section:
    rows: list[tuple[Cell, ...]] = [
        (
            run,
            short(recipe),
            short(code),
            Link("error notebook · 오답노트", notebooks[run]) if run in notebooks else "",
        )
        for run, (recipe, code) in found.recipes.items()
    ]
    return Section(("Evidence", "근거"), (Table(("run", "recipe", "code", "notebook"), tuple(rows)),))
