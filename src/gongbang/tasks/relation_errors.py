"""Where relations are read wrongly: every wrong row, and the confusions by labels and by types."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from gongbang.data.records import Record
from gongbang.tasks.base import Prediction
from gongbang.tasks.labels import label_of
from gongbang.tasks.relation import entity_of
from gongbang.tasks.relation_types import types_of

LabelPair = tuple[str, str]
"""(gold, predicted)."""
TypePair = tuple[str, str]
"""(subject type, object type)."""


@dataclass(frozen=True, slots=True)
class RelationError:
    """One wrong row; ``probability`` is of what was predicted, ``gold_probability`` of what was right."""

    id: str
    sentence: str
    subject: str
    object: str
    subject_type: str
    object_type: str
    gold: str
    predicted: str
    probability: float
    gold_probability: float


@dataclass(frozen=True, slots=True)
class TypeErrors:
    """One pair of types: its rows, how many are wrong, and how often each (gold, predicted) was met.

    ``confusion`` counts right rows too, the most frequent first.
    """

    n: int
    wrong: int
    confusion: Mapping[LabelPair, int]


@dataclass(frozen=True, slots=True)
class RelationErrors:
    """Wrong rows, the surest first, and where they gather.

    Attributes:
        n: labelled rows, right ones too.
        rows: the wrong ones, by falling probability: what was said with confidence is worth reading first.
        by_labels: how often each (gold, predicted) went wrong, the most frequent first.
        by_types: each pair of types, the one with most wrong rows first.
    """

    n: int
    rows: tuple[RelationError, ...]
    by_labels: Mapping[LabelPair, int]
    by_types: Mapping[TypePair, TypeErrors]

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON, the tables as lists of rows."""
        return {
            "n": self.n,
            "wrong": len(self.rows),
            "rows": [asdict(row) for row in self.rows],
            "by_labels": _counted(self.by_labels),
            "by_types": [
                {
                    "subject_type": subject,
                    "object_type": object_,
                    "n": found.n,
                    "wrong": found.wrong,
                    "confusion": _counted(found.confusion),
                }
                for (subject, object_), found in self.by_types.items()
            ],
        }


def relation_errors(
    predictions: Sequence[Prediction], records: Sequence[Record], *, label: str = "label"
) -> RelationErrors:
    """Compare predictions with labelled records; records without a label are passed over.

    Args:
        predictions: (n,) one a record, in the records' order.
        records: (n,).
        label: which of a record's labels is the gold one.
    """
    rows: list[RelationError] = []
    confusions: dict[TypePair, Counter[LabelPair]] = {}
    for prediction, record in zip(predictions, records, strict=True):
        gold = label_of(record, label)
        if gold is None:
            continue
        confusions.setdefault(types_of(record), Counter())[gold, prediction.text] += 1
        if gold != prediction.text:
            rows.append(_row(prediction, record, gold))
    rows.sort(key=lambda row: (-row.probability, row.id))
    by_types = {
        types: TypeErrors(
            n=found.total(),
            wrong=sum(count for (gold, said), count in found.items() if gold != said),
            confusion=_sorted(found),
        )
        for types, found in confusions.items()
    }
    return RelationErrors(
        n=sum(found.n for found in by_types.values()),
        rows=tuple(rows),
        by_labels=_sorted(Counter((row.gold, row.predicted) for row in rows)),
        by_types=dict(sorted(by_types.items(), key=lambda item: (-item[1].wrong, item[0]))),
    )


def _row(prediction: Prediction, record: Record, gold: str) -> RelationError:
    shares = {candidate.text: candidate.probability for candidate in prediction.candidates}
    subject_type, object_type = types_of(record)
    return RelationError(
        id=record.id,
        sentence=record.fields["text"],
        subject=entity_of(record, "subject").text,
        object=entity_of(record, "object").text,
        subject_type=subject_type,
        object_type=object_type,
        gold=gold,
        predicted=prediction.text,
        probability=prediction.confidence,
        gold_probability=shares.get(gold, 0.0),
    )


def _sorted(counts: Counter[LabelPair]) -> dict[LabelPair, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _counted(counts: Mapping[LabelPair, int]) -> list[dict[str, Any]]:
    return [{"gold": gold, "predicted": said, "count": count} for (gold, said), count in counts.items()]
