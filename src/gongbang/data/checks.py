"""The check of a data set before anything is trained on it.

>>> from gongbang.data.records import Record, Span
>>> record = Record("1", {"question": "누가 사나?", "context": "쇠돌이 산다."},
...                 spans={"answers": (Span(0, 2, "쇠돌"),)})
>>> check_records([record]).counts["records"]
1
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from gongbang.data import class_measures, dialogue_measures, measures
from gongbang.data.class_measures import CLASS_TASKS
from gongbang.data.finding import Finding
from gongbang.data.findings import findings
from gongbang.data.loaded import Loaded
from gongbang.data.near_duplicates import near_duplicates, near_duplicates_across
from gongbang.data.record_suspects import Judged, quick_suspects, suspects_by
from gongbang.data.records import Record
from gongbang.data.splits import find_leaks, group_name, text_of
from gongbang.errors import DataError, OptionError

_NEEDED = {
    "reader": ("question", "context"),
    "encode": ("question", "context"),
    "classify": ("text",),
    "boolq": ("question", "context"),
    "emotions": ("text",),
    "relation": ("text",),
    "respond": ("context", "response"),
    "text": ("text",),
    "any": (),
}
TASKS = tuple(_NEEDED)
"""What a data set can be checked for; "text" and "any" ask for no more than a text, or nothing."""

_LEVELS = ("fault", "warning", "note")
_URGENT = (
    "no_labels",
    "one_label",
    "without_spans",
    "leak",
    "rows",
    "near_leak",
    "contradictions",
    "shortcut",
    "one_sided",
    "suspects",
    "near_duplicates",
    "unlabelled",
    "rare_labels",
    "repeated",
)
_LISTED = 50  # examples that a report lists of each kind


@dataclass(slots=True)
class CheckReport:
    """Everything :func:`check_records` counted, and what to do about it, most urgent first.

    Each attribute is plain JSON; what does not apply is empty. Lists of rows and pairs are examples, whose
    whole number stands in ``counts`` (and for ``leaks`` beside them).
    """

    task: str
    counts: dict[str, Any]
    groups: dict[str, Any]
    lengths: dict[str, Any]
    tokens: dict[str, Any] = field(default_factory=dict)
    repeated: list[list[str]] = field(default_factory=list)
    near_duplicates: list[dict[str, Any]] = field(default_factory=list)
    overlap: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    span_faults: dict[str, list[str]] = field(default_factory=dict)
    labels: dict[str, dict[str, int]] = field(default_factory=dict)
    classes: dict[str, Any] = field(default_factory=dict)
    dialogue: dict[str, Any] = field(default_factory=dict)
    slices: dict[str, dict[str, Any]] = field(default_factory=dict)
    types: dict[str, Any] = field(default_factory=dict)
    contradictions: list[dict[str, Any]] = field(default_factory=list)
    suspects: dict[str, Any] = field(default_factory=dict)
    leaks: dict[str, Any] = field(default_factory=dict)
    problems: list[dict[str, Any]] = field(default_factory=list)
    todo: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing forbids training."""
        return all(finding.level != "fault" for finding in self.todo)

    def to_dict(self) -> dict[str, Any]:
        """The report for ``--json``."""
        return {"ok": self.ok, **asdict(self)}

    def to_html(self, title: str = "Data report") -> str:
        """The report as one page that needs no other file; Korean and English."""
        from gongbang.data.report import render

        return render(self, title)


def check_records(
    records: Sequence[Record] | Loaded[Record],
    task: str = "reader",
    tokenizer: measures.Tokenizer | None = None,
    other: Sequence[Record] | Loaded[Record] | None = None,
    *,
    max_length: int = 384,
    threshold: float = 0.7,
    oof: Judged | None = None,
) -> CheckReport:
    """Count everything that later goes wrong: spans, lengths, unknown tokens, duplicates, bias, leaks.

    Args:
        records: the set; of a :class:`Loaded` the problems are reported too.
        task: one of :data:`TASKS`. Labels are counted and doubted for "classify", "boolq", "emotions" and
            "relation".
        tokenizer: a ``tokenizers.Tokenizer``; without one nothing is said about tokens.
        other: a second set (the test part) that must share nothing with the first.
        max_length: tokens of a window, question and special tokens included.
        threshold: similarity from which texts count as near-duplicates.
        oof: out-of-fold probabilities by record id and label, by which labels are doubted; a quick model
            makes them where none are given.

    Raises:
        OptionError: an unknown task, or predictions for a task without labels.
        DataError: no record, none with the task's fields, or predictions of other data.
    """
    problems = records.problems if isinstance(records, Loaded) else []
    rows = list(records)
    _check_fields(rows, task)
    if oof is not None and task not in CLASS_TASKS:
        raise OptionError(
            "out-of-fold predictions do nothing for a task without labels.",
            value=task,
            allowed=", ".join(CLASS_TASKS),
            cure="Leave them out, or name the task of the predictions.",
        )
    contradictions: list[dict[str, Any]] = []
    if task in CLASS_TASKS:
        repeated, contradictions = class_measures.same_inputs(rows, task)
    elif task == "respond":
        repeated = dialogue_measures.repeated_pairs(rows)
    else:
        repeated = measures.repeated_questions(rows)
    near = _near(rows, threshold)
    report = CheckReport(
        task,
        measures.counts(rows),
        measures.group_sizes(rows),
        measures.lengths(rows),
        repeated=repeated[:_LISTED],
        near_duplicates=near[:_LISTED],
        labels=measures.label_counts(rows),
        problems=[problem.to_dict() for problem in problems[:_LISTED]],
    )
    report.counts["problems"] = len(problems)
    report.counts["repeated"] = len(repeated)
    report.counts["near_duplicates"] = len(near)
    report.counts["near_duplicates_apart"] = sum(not pair["same_group"] for pair in near)
    if task in CLASS_TASKS:
        _count_labels(report, rows, contradictions, oof)
    elif task == "respond":
        report.dialogue = dialogue_measures.dialogue_measures(rows, tokenizer)
    elif any("answers" in record.spans for record in rows):
        report.overlap = measures.question_overlap(rows)
        report.answers = measures.answer_bias(rows)
        report.span_faults = measures.span_faults(rows)
    if tokenizer is not None:
        report.tokens = measures.tokens(rows, tokenizer, max_length)
    if other is not None:
        report.leaks = _leaks(rows, list(other), threshold)
    report.todo = sorted(findings(report), key=lambda finding: _urgency(finding, task))
    return report


def _urgency(finding: Finding, task: str) -> tuple[int, int]:
    """The place of a finding among the others: by its level, and among labels by what it costs a model."""
    rank = _URGENT.index(finding.code) if finding.code in _URGENT else len(_URGENT)
    return _LEVELS.index(finding.level), rank if task in CLASS_TASKS else 0


def _count_labels(
    report: CheckReport, rows: Sequence[Record], contradictions: list[dict[str, Any]], oof: Judged | None
) -> None:
    """Fill in what concerns labels."""
    report.classes = class_measures.class_counts(rows, report.task)
    report.slices = class_measures.slices(rows, report.task)
    report.counts["contradictions"] = len(contradictions)
    report.contradictions = contradictions[:_LISTED]
    if report.task == "relation":
        report.types = class_measures.relation_types(rows)
    if oof is not None:
        report.suspects = suspects_by(rows, report.task, oof)
    elif report.classes["labels"]:
        report.suspects = quick_suspects(rows, report.task)


def _check_fields(records: Sequence[Record], task: str) -> None:
    if task not in _NEEDED:
        raise OptionError(
            "there is no such task to check for.",
            value=task,
            allowed=", ".join(_NEEDED),
            cure='Pass task="any" to check what is common to all.',
        )
    if not any(all(record.fields.get(name) for name in _NEEDED[task]) for record in records):
        raise DataError(
            f"no record has what the task '{task}' needs.",
            value=sorted({name for record in records for name in record.fields}),
            allowed=f"records with {', '.join(_NEEDED[task]) or 'any field'}",
            cure=_other_task(records),
        )


def _other_task(records: Sequence[Record]) -> str:
    """The cure for records of another task: the one whose records look like these."""
    carried = {name for record in records for name in (*record.fields, *record.labels, *record.spans)}
    if {"context", "response"} <= carried:
        return "These look like records of the task 'respond': pass --task respond."
    marks = {"subject": "relation", "labels": "emotions", "label": "classify"}
    fits = next((task for mark, task in marks.items() if {"text", mark} <= carried), "")
    if fits:
        return f"These look like records of the task '{fits}': pass --task {fits}."
    return "Map the columns to these fields, or name another task."


def _near(records: Sequence[Record], threshold: float) -> list[dict[str, Any]]:
    """Near-duplicate texts within the set, those of different groups first; each text counts once."""
    first: dict[str, str] = {}
    groups: dict[str, str] = {}
    for record in records:
        first.setdefault(text_of(record), record.id)
        groups.setdefault(text_of(record), group_name(record.group))
    texts = list(first)
    pairs = [
        {
            "first": first[texts[pair.first]],
            "second": first[texts[pair.second]],
            "similarity": round(pair.similarity, 4),
            "same_group": groups[texts[pair.first]] == groups[texts[pair.second]],
        }
        for pair in near_duplicates(texts, threshold)
    ]
    return sorted(pairs, key=lambda pair: bool(pair["same_group"]))


def _leaks(records: Sequence[Record], other: Sequence[Record], threshold: float) -> dict[str, Any]:
    leaks = find_leaks(records, other)
    near = near_duplicates_across(records, other, threshold)
    return {
        "by_kind": dict(Counter(leak.kind for leak in leaks)),
        "examples": [asdict(leak) for leak in leaks[:_LISTED]],
        "near_duplicates": [
            {"train": train, "test": test, "similarity": round(similarity, 4)}
            for train, test, similarity in near[:_LISTED]
        ],
        "near_duplicates_found": len(near),
    }
