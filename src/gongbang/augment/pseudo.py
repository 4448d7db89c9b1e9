"""Pseudo-labels by consensus: what k readers or classifiers make of a row keeps, replaces or drops its label.

Rows with a label keep it where enough members give it as well, get another where the members agree on that
and are sure of it, and are dropped otherwise; rows without one get the label that enough members agree on.
Each decision has its reason. Members are to be models that did not train on the row: a label that a model
knows by heart is confirmed by nobody. Source of the idea of learning from a model's own confident labels:
Lee 2013, "Pseudo-Label"; of a vote before relabelling: Brodley and Friedl 1999, "Identifying Mislabeled
Training Data", section 3 (consensus filters).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from gongbang.artifacts.files import read_lines, write_lines
from gongbang.data.records import Record, Span
from gongbang.errors import DataError, OptionError
from gongbang.tasks.base import Prediction

Action = Literal["keep", "relabel", "drop"]
Member = Sequence[Prediction]
Normal = Callable[[str], str]

_ROUNDING = 1e-9
_AGREED = "members give the row's own label"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """How much consensus each decision takes; shares of the members, and probabilities.

    Attributes:
        keep: share of the members that must give the row's own label for it to stay.
        relabel: share that must give one and the same other label for it to take its place; also for rows
            that have none.
        confidence: mean calibrated confidence, over the members that give it, that the new label takes.
    """

    keep: float = 0.5
    relabel: float = 0.75
    confidence: float = 0.8

    def __post_init__(self) -> None:
        for name in ("keep", "relabel", "confidence"):
            value = getattr(self, name)
            if not 0.0 < value <= 1.0:
                raise OptionError(
                    f"the threshold '{name}' is no share.",
                    value=value,
                    allowed="a number above 0, at most 1",
                    cure="Leave it out, or pass for instance 0.75.",
                )


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one row, and why.

    Attributes:
        id: the record's.
        action: "keep" leaves its label, "relabel" gives it ``label``, "drop" takes the row out.
        reason: one sentence, with the numbers that decided.
        label: the label that the row has afterwards; None where it is dropped.
        agreement: share of the members that gave the label in question.
        confidence: mean of their confidence.
        votes: members by what they gave, most frequent first; the empty text is "no answer".
        place: where the most confident of them found it, (start, end) in the text it was read from; None
            for labels, which stand nowhere.
    """

    id: str
    action: Action
    reason: str
    label: str | None
    agreement: float
    confidence: float
    votes: Mapping[str, int] = field(default_factory=dict)
    place: tuple[int, int] | None = None


def consensus(
    members: Sequence[Member],
    labels: Mapping[str, Collection[str]] | None = None,
    *,
    thresholds: Thresholds | None = None,
    normal: Normal = str.strip,
) -> list[Decision]:
    """Decide on every row that the members predicted, in the first member's order.

    Args:
        members: each one's predictions of the same rows, confidences calibrated.
        labels: by id, the texts that count as the row's own label; a row that is not in it has none.
        thresholds: how much consensus it takes.
        normal: two answers are one vote where this makes them equal, e.g.
            :func:`gongbang.metrics.span.normalise_answer` for spans.

    Raises:
        OptionError: fewer than two members.
        DataError: the members did not predict the same rows, a row twice, or without a confidence.

    Example:
        >>> given = (("yes", 0.9), ("yes", 0.7), ("no", 0.6))
        >>> members = [[Prediction("1", text, confidence)] for text, confidence in given]
        >>> (found,) = consensus(members, {"1": ["no"]}, thresholds=Thresholds(relabel=0.6, confidence=0.75))
        >>> found.action, found.label
        ('relabel', 'yes')
        >>> print(found.reason)
        1 of 3 members give the row's own label, 2 of 3 give 'yes' with confidence 0.80
    """
    if len(members) < 2:
        raise OptionError(
            "a consensus takes at least two members.",
            value=len(members),
            allowed="two or more members' predictions",
            cure="Train members with other seeds or on other folds.",
        )
    limits = thresholds or Thresholds()
    by_id = [_by_id(member, number) for number, member in enumerate(members, start=1)]
    _check_same(by_id)
    own = labels or {}
    return [_decide(id_, [member[id_] for member in by_id], own.get(id_), limits, normal) for id_ in by_id[0]]


def _decide(
    id_: str, given: list[Prediction], own: Collection[str] | None, limits: Thresholds, normal: Normal
) -> Decision:
    votes = Counter(normal(prediction.text) for prediction in given)
    shown = {normal(prediction.text): prediction.text for prediction in reversed(given)}
    ordered = dict(sorted(votes.items(), key=lambda item: (-item[1], item[0])))
    counts = {shown[vote]: count for vote, count in ordered.items()}
    right = {normal(text) for text in own} if own is not None else set()
    size, agreeing = len(given), sum(votes[vote] for vote in right)
    if own is not None and _reaches(agreeing / size, limits.keep):
        behind = [prediction for prediction in given if normal(prediction.text) in right]
        label = behind[0].text if len(right) > 1 else next(iter(own))
        reason = f"{agreeing} of {size} {_AGREED}"
        return Decision(id_, "keep", reason, label, agreeing / size, _mean(behind), counts, _place(behind))
    others = [vote for vote in ordered if vote not in right]
    own_part = f"{agreeing} of {size} {_AGREED}, " if own is not None else ""
    if not others:
        return Decision(
            id_, "drop", f"only {agreeing} of {size} {_AGREED}", None, agreeing / size, 0.0, counts
        )
    vote = others[0]
    behind = [prediction for prediction in given if normal(prediction.text) == vote]
    agreement, confidence = len(behind) / size, _mean(behind)
    reason = f"{own_part}{len(behind)} of {size} give '{shown[vote]}' with confidence {confidence:.2f}"
    tied = len(others) > 1 and votes[others[1]] == votes[vote]
    if tied:
        reason = f"{own_part}{len(behind)} of {size} each give '{shown[vote]}' and '{shown[others[1]]}'"
    elif _reaches(agreement, limits.relabel) and _reaches(confidence, limits.confidence):
        return Decision(id_, "relabel", reason, shown[vote], agreement, confidence, counts, _place(behind))
    return Decision(id_, "drop", reason, None, agreement, confidence, counts)


def _reaches(value: float, threshold: float) -> bool:
    """At least the threshold; what a mean of floats falls short of it by rounding counts as nothing."""
    return value >= threshold - _ROUNDING


def _mean(predictions: Sequence[Prediction]) -> float:
    return math.fsum(one.confidence for one in predictions) / len(predictions) if predictions else 0.0


def _place(behind: Sequence[Prediction]) -> tuple[int, int] | None:
    """Where the most confident of these found its text."""
    best = max(behind, key=lambda prediction: prediction.confidence)
    found = next((c for c in best.candidates if c.text == best.text and c.end > c.start), None)
    return None if found is None else (found.start, found.end)


def _by_id(member: Member, number: int) -> dict[str, Prediction]:
    found: dict[str, Prediction] = {}
    for prediction in member:
        if prediction.id in found:
            raise DataError(
                f"member {number} predicted a row twice.",
                value=prediction.id,
                allowed="each row once",
                cure="Give each member's predictions of one set of rows.",
            )
        if not 0.0 <= prediction.confidence <= 1.0:
            raise DataError(
                f"member {number} gives row '{prediction.id}' no confidence.",
                value=prediction.confidence,
                allowed="a calibrated probability, 0 to 1",
                cure="Calibrate the member first, so that its confidence is a probability.",
            )
        found[prediction.id] = prediction
    return found


def _check_same(members: Sequence[Mapping[str, Prediction]]) -> None:
    for number, member in enumerate(members[1:], start=2):
        apart = sorted(member.keys() ^ members[0].keys())
        if apart:
            raise DataError(
                f"members 1 and {number} did not predict the same rows.",
                value=f"{len(apart):,} rows, e.g. '{apart[0]}'",
                allowed="the same ids from every member",
                cure="Predict the same file with every member.",
            )


def apply_decisions(
    records: Iterable[Record], decisions: Iterable[Decision], *, label: str = "label", role: str = ""
) -> list[Record]:
    """The records as the decisions leave them: dropped ones gone, new labels in their places.

    Args:
        records: in any order; one without a decision stays as it is.
        decisions: as :func:`consensus` gives them.
        label: the record's label that is replaced.
        role: the span role that is replaced instead, for readers ("answers"); the empty text empties it.

    Raises:
        DataError: a new answer does not stand where the member found it.
    """
    by_id = {decision.id: decision for decision in decisions}
    kept = []
    for record in records:
        decision = by_id.get(record.id)
        if decision is None or decision.action == "keep":
            kept.append(record)
        elif decision.action == "relabel":
            kept.append(_relabelled(record, decision, label, role))
    return kept


def _relabelled(record: Record, decision: Decision, label: str, role: str) -> Record:
    text = decision.label or ""
    if not role:
        return record.with_labels(**{label: text})
    if not text:
        return replace(record, spans={**record.spans, role: ()})
    start, end = decision.place or (0, 0)
    field_name = record.spans[role][0].field if record.spans.get(role) else "context"
    if record.fields.get(field_name, "")[start:end] != text:
        raise DataError(
            f"record '{record.id}': the new answer does not stand where it was found.",
            value=f"{field_name}[{start}:{end}], '{text}'",
            allowed="members that read these very texts",
            cure="Predict these records with the members, and decide again.",
        )
    span = Span(start, end, text, field=field_name)
    return replace(record, spans={**record.spans, role: (span,)})


def tally(decisions: Iterable[Decision]) -> dict[Action, int]:
    """How many rows are kept, relabelled and dropped."""
    counts = Counter(decision.action for decision in decisions)
    return {"keep": counts["keep"], "relabel": counts["relabel"], "drop": counts["drop"]}


def write_decisions(path: str | Path, decisions: Iterable[Decision]) -> None:
    """Write decisions as JSON lines, a row each."""
    write_lines(Path(path), [asdict(decision) for decision in decisions])


def read_decisions(path: str | Path) -> list[Decision]:
    """The decisions that :func:`write_decisions` wrote.

    Raises:
        DataError: a row lacks a value.
    """
    return [_decision(row, Path(path), line) for line, row in enumerate(read_lines(Path(path)), start=1)]


def _decision(row: dict[str, Any], path: Path, line: int) -> Decision:
    try:
        place = row.get("place")
        return Decision(**{**row, "place": None if place is None else (int(place[0]), int(place[1]))})
    except (TypeError, IndexError, ValueError) as err:
        raise DataError(
            f"a decision lacks a value: {err}.",
            value=row,
            allowed=", ".join(Decision.__dataclass_fields__),
            cure="Write decisions with gongbang.augment.pseudo.write_decisions.",
            path=path,
            line=line,
        ) from err
