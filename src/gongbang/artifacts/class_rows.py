"""From labelled records and predictions to their error notebook."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gongbang.artifacts.class_kinds import LabelSpec, error_kind
from gongbang.artifacts.class_notebook import (
    Cell,
    ClassNotebook,
    LabelOutcome,
    LabelRow,
    LabelScore,
    Text,
    TypePair,
)
from gongbang.artifacts.evidence import Piece, snippet
from gongbang.artifacts.notebook import Neighbour, check_cover
from gongbang.artifacts.slices import Slice, bucket, slice_scores
from gongbang.artifacts.stages import RIGHT
from gongbang.data.records import Record
from gongbang.tasks.base import Prediction

DIMENSIONS: Mapping[str, tuple[str, str]] = {
    "length": ("length, characters", "길이(글자)"),
    "source": ("source", "출처"),
    "types": ("types of subject and object", "주어·목적어 유형"),
    "number_of_labels": ("number of labels", "레이블 수"),
    "label": ("label", "레이블"),
}
"""What records are sliced by, with English and Korean names; only what differs among them is kept."""

_LENGTH_EDGES = (20, 50, 100, 200, 400, 800)
_ROLES = ("subject", "object")
_CLIPPED = 400  # characters shown of a text without a mark
_MARGIN = 120  # characters shown on each side of a mark
_SHOWN = 5  # labels shown beside the one that was given


def build_class_notebook(
    records: Sequence[Record], predictions: Sequence[Prediction], spec: LabelSpec, *, name: str = ""
) -> ClassNotebook:
    """Put every labelled record under its kind of error, or under "right".

    Args:
        records: those without a label are counted as unlabelled.
        predictions: one a record, matched by id; the order does not matter.
        spec: how the task's labels are read.

    Raises:
        OptionError: a labelled record has no prediction.

    Example:
        >>> from gongbang.data.records import Record
        >>> from gongbang.tasks.base import Candidate
        >>> r = Record("1", {"text": "두 번 볼 만하다"}, labels={"label": "good"})
        >>> shares = {"bad": 0.6, "good": 0.4}
        >>> labels = tuple(Candidate(label, 0, 0, share, share) for label, share in shares.items())
        >>> p = Prediction("1", "bad", 0.6, labels)
        >>> notebook = build_class_notebook([r], [p], LabelSpec(("bad", "good")))
        >>> notebook.counts["confused"], notebook.rows[0].gold_rank
        (1, 2)
    """
    by_id = {prediction.id: prediction for prediction in predictions}
    golds = {record.id: found for record in records if (found := _gold(record, spec)) is not None}
    labelled = [record for record in records if record.id in golds]
    check_cover(labelled, by_id, "records")
    if spec.forced and not any(spec.none in gold for gold in golds.values()):
        spec = replace(spec, labels=tuple(label for label in spec.labels if label != spec.none))
        by_id = {id_: _without(prediction, spec.none) for id_, prediction in by_id.items()}
    rows, outcomes = [], {}
    for record in labelled:
        prediction, gold = by_id[record.id], golds[record.id]
        given = _given(prediction, spec)
        stage = error_kind(
            gold, given, probability=prediction.confidence, several=spec.several, none=spec.none
        )
        outcomes[record.id] = LabelOutcome(stage, gold, given, record.group)
        if stage != RIGHT:
            rows.append(_row(record, prediction, outcomes[record.id], spec))
    rows.sort(key=lambda row: -(row.probability or 0.0))
    judged = list(outcomes.values())
    labels = _every(spec.labels, judged)
    return ClassNotebook(
        name=name,
        labels=labels,
        rows=tuple(rows),
        outcomes=outcomes,
        confusion=confusion_cells(judged),
        report=label_scores(judged, labels),
        slices=_slices(labelled, outcomes, spec),
        types=_types(labelled, outcomes),
        several=spec.several,
        none=spec.none,
        leave_out=tuple(label for label in spec.leave_out if label in labels),
        unlabelled=len(records) - len(labelled),
    )


def _gold(record: Record, spec: LabelSpec) -> tuple[str, ...] | None:
    found = record.labels.get(spec.key)
    if spec.several:
        if found is None:
            return None
        return (found,) if isinstance(found, str) else tuple(str(label) for label in found)
    return None if found is None or found == "" else (str(found),)


def _without(prediction: Prediction, label: str) -> Prediction:
    """The prediction as if it could not have said ``label``: shares of the others, summing to 1."""
    kept = [candidate for candidate in prediction.candidates if candidate.text != label]
    total = sum(candidate.probability for candidate in kept)
    if not kept or not total > 0:
        return prediction
    shares = tuple(replace(candidate, probability=candidate.probability / total) for candidate in kept)
    return replace(prediction, text=shares[0].text, confidence=shares[0].probability, candidates=shares)


def _given(prediction: Prediction, spec: LabelSpec) -> tuple[str, ...]:
    if spec.several:
        return tuple(str(label) for label in prediction.details.get("labels", ()))
    return (prediction.text,) if prediction.answered else ()


def _every(labels: Sequence[str], outcomes: Sequence[LabelOutcome]) -> tuple[str, ...]:
    """The task's labels, and after them what else was met."""
    met = {label for outcome in outcomes for label in (*outcome.gold, *outcome.predicted)}
    return (*labels, *sorted(met - set(labels)))


def confusion_cells(outcomes: Sequence[LabelOutcome]) -> tuple[Cell, ...]:
    """The cells of the table of gold against predicted labels that are not empty, the most frequent first.

    A label that was rightly given counts in its own cell. Each that was missed is set against each that was
    wrongly given, or against "" where there is none.

    Example:
        >>> confusion_cells([LabelOutcome("missed", ("joy", "hope"), ("joy",))])
        (Cell(gold='hope', predicted='', n=1), Cell(gold='joy', predicted='joy', n=1))
    """
    counts: Counter[tuple[str, str]] = Counter()
    for outcome in outcomes:
        gold, given = set(outcome.gold), set(outcome.predicted)
        counts.update((label, label) for label in gold & given)
        if gold != given:
            counts.update((had, told) for had in (gold - given or {""}) for told in (given - gold or {""}))
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Cell(gold, given, n) for (gold, given), n in ordered)


def label_scores(outcomes: Sequence[LabelOutcome], labels: Sequence[str]) -> tuple[LabelScore, ...]:
    """Precision, recall and F1 of each label, in the order of ``labels``.

    Example:
        >>> met = [LabelOutcome("confused", ("a",), ("b",)), LabelOutcome("right", ("a",), ("a",))]
        >>> [score] = label_scores(met, ["a"])
        >>> score.precision, score.recall, score.support, score.predicted
        (1.0, 0.5, 2, 1)
    """
    from gongbang.metrics.counts import report

    tallies = [
        _tally(labels, (set(outcome.gold) & set(outcome.predicted) for outcome in outcomes)),
        _tally(labels, (outcome.predicted for outcome in outcomes)),
        _tally(labels, (outcome.gold for outcome in outcomes)),
    ]
    return tuple(
        LabelScore(label, found.precision, found.recall, found.f1, found.support, found.predicted)
        for label, found in report(labels, *tallies).items()
    )


def _tally(labels: Sequence[str], found: Iterable[Collection[str]]) -> NDArray[np.float64]:
    counts = Counter(label for names in found for label in names)
    return np.array([counts[label] for label in labels], dtype=np.float64)


def _row(record: Record, prediction: Prediction, outcome: LabelOutcome, spec: LabelSpec) -> LabelRow:
    shares = {candidate.text: candidate.probability for candidate in prediction.candidates}
    ranks = {candidate.text: at for at, candidate in enumerate(prediction.candidates, start=1)}
    missed = [label for label in outcome.gold if label not in outcome.predicted]
    invented = [
        shares.get(label, prediction.confidence) for label in set(outcome.predicted) - set(outcome.gold)
    ]
    last = max(missed, key=lambda label: ranks.get(label, len(ranks) + 1), default=None)
    window = prediction.details.get("window")
    return LabelRow(
        id=record.id,
        stage=outcome.stage,
        texts=shown_texts(record, prediction, spec.fields),
        gold=outcome.gold,
        predicted=outcome.predicted,
        probability=max(invented, default=None),
        gold_probability=None if last is None else shares.get(last),
        gold_rank=None if last is None else ranks.get(last),
        neighbours=tuple(
            Neighbour(candidate.text, candidate.probability, candidate.text in outcome.gold)
            for candidate in prediction.candidates[:_SHOWN]
        ),
        group=record.group,
        source=_last(record.source),
        window=(int(window[0]), int(window[1])) if window else None,
    )


def shown_texts(record: Record, prediction: Prediction, fields: Sequence[str]) -> tuple[Text, ...]:
    """The record's texts with subject, object and evidence marked; of long ones what stands around the marks.

    A passage without a mark is shown from where the window begins that decided.
    """
    evidence, window = prediction.details.get("evidence"), prediction.details.get("window") or (0, 0)
    shown = []
    for name in fields:
        text = record.fields.get(name, "")
        marks = [
            (s.start, s.end, role) for role in _ROLES for s in record.spans.get(role, ()) if s.field == name
        ]
        start = 0
        if name == "context":
            marks += [(evidence["start"], evidence["end"], "evidence")] if evidence else []
            start = int(window[0])
        if text:
            pieces = snippet(text, marks, _MARGIN) if marks else _clip(text, start)
            shown.append(Text(name, pieces, len(text)))
    return tuple(shown)


def _clip(text: str, start: int) -> tuple[Piece, ...]:
    end = start + _CLIPPED
    return (Piece(("… " if start else "") + text[start:end] + (" …" if end < len(text) else "")),)


def _slices(
    records: Sequence[Record], outcomes: Mapping[str, LabelOutcome], spec: LabelSpec
) -> tuple[Slice, ...]:
    kinds = {record.id: _describe(record, outcomes[record.id], spec) for record in records}
    found: dict[str, set[str]] = {dimension: set() for dimension in DIMENSIONS}
    for kind in kinds.values():
        for dimension, key in kind.items():
            found[dimension].add(key)
    told = {dimension for dimension, keys in found.items() if len(keys) > 1}
    kept = {id_: {d: key for d, key in kind.items() if d in told} for id_, kind in kinds.items()}
    return slice_scores(outcomes, kept, DIMENSIONS)


def _describe(record: Record, outcome: LabelOutcome, spec: LabelSpec) -> dict[str, str]:
    length = sum(len(record.fields.get(name, "")) for name in spec.fields)
    found = {"length": bucket(length, _LENGTH_EDGES), "source": _last(record.source) or "unknown"}
    if spec.several:
        return {**found, "number_of_labels": str(len(outcome.gold))}
    subject, object_ = _types_of(record)
    types = {"types": f"{subject or '?'} · {object_ or '?'}"} if subject or object_ else {}
    return {**found, **types, "label": outcome.gold[0]}


def _types(records: Sequence[Record], outcomes: Mapping[str, LabelOutcome]) -> tuple[TypePair, ...]:
    by_pair: dict[tuple[str, str], list[LabelOutcome]] = {}
    for record in records:
        if any(types := _types_of(record)):
            by_pair.setdefault(types, []).append(outcomes[record.id])
    pairs = [
        TypePair(*types, len(found), sum(not outcome.right for outcome in found), confusion_cells(found))
        for types, found in by_pair.items()
    ]
    return tuple(sorted(pairs, key=lambda pair: (-pair.wrong, pair.subject, pair.object)))


def _types_of(record: Record) -> tuple[str, str]:
    from gongbang.tasks.relation_types import types_of

    return types_of(record)


def _last(source: Any) -> str:
    return Path(str(source)).name
