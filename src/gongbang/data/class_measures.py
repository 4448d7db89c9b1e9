"""What a data report counts of labelled records: labels, slices, contradictions, types of relations.

All of it is plain JSON, one function a measure.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from gongbang.data.measures import distribution
from gongbang.data.records import Record
from gongbang.data.scripts import script_of

CLASS_TASKS = ("classify", "boolq", "emotions", "relation")
"""The tasks whose records carry labels to learn."""

RARE = 10
"""Examples below which a label cannot be learnt and judged: five folds leave it two a fold."""

NO_RELATION = "no_relation"
"""KLUE's label of two words between which no relation is said to hold."""

_SLICES = 12  # values up to which a label makes slices
_TYPES = ("subject_type", "object_type")
_NOT_SLICES = {"label", "labels", "document", *_TYPES}
_LENGTHS = (20, 60, 200)  # characters


def labels_of(record: Record, task: str) -> tuple[str, ...] | None:
    """The labels that a record carries; None where it is not labelled.

    Example:
        >>> labels_of(Record("1", {"text": "가"}, labels={"label": "yes"}), "boolq")
        ('yes',)
        >>> labels_of(Record("1", {"text": "가"}, labels={"labels": []}), "emotions")
        ()
    """
    if task == "emotions":
        several = record.labels.get("labels")
        return tuple(map(str, several)) if isinstance(several, (list, tuple)) else None
    value = record.labels.get("label")
    return None if value is None or value == "" else (str(value),)


def class_counts(records: Sequence[Record], task: str) -> dict[str, Any]:
    """How often each label occurs, and how many records carry none, or (emotions) how many carry how many.

    ``alone`` counts the records that carry this label and no other.
    """
    carried = [labels_of(record, task) for record in records]
    known = [labels for labels in carried if labels is not None]
    counts = Counter(label for labels in known for label in labels)
    alone = Counter(labels[0] for labels in known if len(labels) == 1)
    found: dict[str, Any] = {
        "labelled": len(known),
        "unlabelled": len(carried) - len(known),
        "labels": {
            label: {"n": n, "share": round(n / len(known), 5)}
            | ({"alone": alone[label]} if task == "emotions" else {})
            for label, n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        },
        "rare": sorted(label for label, n in counts.items() if n < RARE),
    }
    if task == "emotions":
        found["without_any"] = sum(not labels for labels in known)
        found["per_record"] = distribution(map(len, known))
    return found


def input_of(record: Record) -> tuple[Any, ...]:
    """What a model would see of a record: its texts, blanks put aside, and the marked words.

    Example:
        >>> input_of(Record("1", {"text": "좋다 "})) == input_of(Record("2", {"text": "좋다"}))
        True
    """
    texts = [
        (name, " ".join(unicodedata.normalize("NFC", text).split()))
        for name, text in sorted(record.fields.items())
        if name != "title"
    ]
    marked = [
        (role, span.field, span.start, span.end)
        for role, spans in sorted(record.spans.items())
        for span in spans
    ]
    return (*texts, *marked)


def same_inputs(records: Sequence[Record], task: str) -> tuple[list[list[str]], list[dict[str, Any]]]:
    """(ids of equal records with equal labels, records that are equal but for their labels).

    Each contradiction is ``{"text", "labels": {label: [ids]}}``; several labels are joined by commas.
    Records without a label contradict nothing.
    """
    same: dict[tuple[Any, ...], dict[str, list[Record]]] = defaultdict(lambda: defaultdict(list))
    for record in records:
        labels = labels_of(record, task)
        if labels is not None:
            same[input_of(record)][", ".join(sorted(labels))].append(record)
    repeated, contradictions = [], []
    for by_label in same.values():
        repeated += [[r.id for r in copies] for copies in by_label.values() if len(copies) > 1]
        if len(by_label) > 1:
            first = next(iter(by_label.values()))[0]
            contradictions.append(
                {
                    "text": shown(first),
                    "labels": {label: [r.id for r in copies] for label, copies in by_label.items()},
                }
            )
    return repeated, contradictions


def shown(record: Record, letters: int = 120) -> str:
    """The record's texts in one line, cut to some letters.

    Example:
        >>> shown(Record("1", {"text": "비가 온다", "pair": "맑다"}))
        '비가 온다 | 맑다'
    """
    names = [name for name in ("question", "text", "pair", "context") if record.fields.get(name)] or list(
        record.fields
    )
    marked = [spans[0].text for role in ("subject", "object") if (spans := record.spans.get(role, ()))]
    text = " | ".join([*(record.fields[name] for name in names), *([" → ".join(marked)] if marked else [])])
    text = " ".join(text.split())
    return text if len(text) <= letters else text[: letters - 1] + "…"


def slices(records: Sequence[Record], task: str) -> dict[str, dict[str, Any]]:
    """Labels within each slice: by length, by script, by source, and by every other label of few values.

    Each slice is ``{"n", "labels": {label: n}}``, labels by number; a dimension of one value is left out.
    """
    found: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    sizes: dict[str, Counter[str]] = defaultdict(Counter)
    for record in records:
        labels = labels_of(record, task) or ()
        for dimension, value in _slices_of(record).items():
            found[dimension][value].update(labels)
            sizes[dimension][value] += 1
    return {
        dimension: {
            value: {"n": n, "labels": dict(found[dimension][value].most_common())}
            for value, n in sizes[dimension].most_common()
        }
        for dimension in found
        if 1 < len(sizes[dimension]) <= _SLICES
    }


def _slices_of(record: Record) -> dict[str, str]:
    text = " ".join(value for name, value in record.fields.items() if name != "title")
    scripts = set(map(script_of, set(text)))
    kinds = {"length": _length(len(text)), "hanja": _yes("hanja" in scripts), "source": record.source}
    others = {
        name: str(value)
        for name, value in record.labels.items()
        if name not in _NOT_SLICES and isinstance(value, (str, int, bool))
    }
    return {**kinds, **others}


def _length(letters: int) -> str:
    low = 0
    for edge in _LENGTHS:
        if letters <= edge:
            return f"{low}-{edge}"
        low = edge + 1
    return f"{low}+"


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"


def shortcuts(found: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """For each dimension of slices, how often the slice's most frequent label is right, and any label's.

    Where the first is far above the second, a model learns to look at the slice alone: such a rule is
    right on this data, and on no other.

    Example:
        >>> parts = {"source": {"a": {"n": 2, "labels": {"x": 2}}, "b": {"n": 2, "labels": {"y": 2}}}}
        >>> shortcuts(parts)
        {'source': {'by_slice': 1.0, 'majority': 0.5}}
    """
    rules = {}
    for dimension, parts in found.items():
        whole: Counter[str] = Counter()
        right = 0
        for part in parts.values():
            whole.update(part["labels"])
            right += max(part["labels"].values(), default=0)
        if total := sum(whole.values()):
            rules[dimension] = {
                "by_slice": round(right / total, 5),
                "majority": round(max(whole.values()) / total, 5),
            }
    return rules


def relation_types(records: Sequence[Record]) -> dict[str, Any]:
    """The types of subject and object by label, spans that overlap, and pairs that occur once.

    A pair of types that a relation of ten or more examples has once is probably a slip of one of them.
    Words of any two types may be unrelated, so ``no_relation`` has no slips of this kind.
    """
    pairs: dict[str, Counter[str]] = defaultdict(Counter)
    where: dict[tuple[str, str], str] = {}
    overlapping, absent = [], []
    for record in records:
        subject, object_ = (record.spans.get(role, ()) for role in ("subject", "object"))
        if not subject or not object_:
            absent.append(record.id)
            continue
        if subject[0].start < object_[0].end and object_[0].start < subject[0].end:
            overlapping.append(record.id)
        label = (labels_of(record, "relation") or ("",))[0]
        types = " → ".join(str(record.labels.get(name) or "?") for name in _TYPES)
        pairs[label][types] += 1
        where[label, types] = record.id
    lonely = [
        {"id": where[label, types], "label": label, "types": types}
        for label, counts in pairs.items()
        for types, n in counts.items()
        if n == 1 and counts.total() >= RARE and label != NO_RELATION
    ]
    return {
        "by_label": {label: dict(counts.most_common()) for label, counts in sorted(pairs.items())},
        "lonely": lonely,
        "overlapping": overlapping,
        "without_spans": absent,
    }
