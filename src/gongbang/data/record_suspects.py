"""Label suspects of records: from a run's out-of-fold predictions, or from a model of a few seconds.

The quick model reads letters, not meaning. Where it cannot do the task it would suspect half of the data,
so it is asked only where it errs at most half as often as the constant answer does; else the report says
that it was not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gongbang.data.class_measures import RARE, labels_of, shown
from gongbang.data.quick_model import grams_of, oof_probabilities, oof_probabilities_of_several
from gongbang.data.records import Record
from gongbang.data.splits import group_folds
from gongbang.data.suspects import find_suspects, find_suspects_of_several
from gongbang.errors import DataError, SplitError

ROWS = 200_000
"""Rows that the quick model looks at; of more, this many at equal distances."""

_FOLDS = 5
_LISTED = 50
_TRUSTED = 0.5  # of the errors of the constant answer, that the quick model may make

Judged = Mapping[str, Mapping[str, float]]
"""Probability of each label by the record's id."""


def quick_suspects(records: Sequence[Record], task: str) -> dict[str, Any]:
    """Suspects by the quick model, with its accuracy beside that of the constant answer.

    ``why_not`` says why nobody is suspected, where the model could not judge; ``by_field`` is the model's
    accuracy with one text of a pair alone, out of fold.
    """
    rows = [record for record in records if labels_of(record, task) is not None]
    kept = rows[:: -(-len(rows) // ROWS)] if len(rows) > ROWS else rows
    found = {"how": "quick", "rows": len(kept), "of": len(rows), "found": 0, "examples": []}
    counts = Counter(label for record in kept for label in labels_of(record, task) or ())
    names = sorted(label for label, n in counts.items() if n >= RARE)
    if task != "emotions":
        kept = [record for record in kept if (labels_of(record, task) or ("",))[0] in names]
    found |= {"judged": len(kept), "rare": sorted(set(counts) - set(names))}
    if len(names) < (1 if task == "emotions" else 2):
        return found | {"why_not": "few_labels"}
    try:
        folds = _fold_numbers(kept)
    except SplitError:
        return found | {"why_not": "few_groups"}
    if task == "emotions":
        return found | _quick_of_several(kept, names, folds)
    return found | _quick(kept, names, folds, task)


def _quick(
    records: Sequence[Record], names: Sequence[str], folds: NDArray[np.int64], task: str
) -> dict[str, Any]:
    labels = _numbers(records, names, task)
    shares = oof_probabilities(grams_of([_pieces(r) for r in records]), labels, len(names), folds)
    told = _told(shares, labels) | {"by_field": _by_field(records, labels, len(names), folds)}
    if 1 - told["accuracy"] > _TRUSTED * (1 - told["majority"]):
        return told | {"why_not": "cannot_judge"}
    return told | _listed(records, names, shares, labels)


def _quick_of_several(
    records: Sequence[Record], names: Sequence[str], folds: NDArray[np.int64]
) -> dict[str, Any]:
    held = _held(records, names)
    shares = oof_probabilities_of_several(grams_of([_pieces(r) for r in records]), held, folds)
    wrong = ((shares > 0.5) != held).mean(axis=0)
    constant = np.minimum(held.mean(axis=0), 1 - held.mean(axis=0))
    trusted = np.flatnonzero(wrong <= _TRUSTED * constant).tolist()
    chosen = [names[at] for at in trusted]
    if not chosen:
        return {"trusted": chosen, "why_not": "cannot_judge"}
    listed = _listed_of_several(records, chosen, shares[:, trusted], held[:, trusted])
    return {"trusted": chosen} | listed


def suspects_by(records: Sequence[Record], task: str, judged: Judged) -> dict[str, Any]:
    """Suspects by predictions that were made out of fold.

    Args:
        records: the data set.
        task: one of the class tasks.
        judged: probability of each label for the records that were predicted; others are passed over.

    Raises:
        DataError: fewer than two labels or none of the records were predicted.
    """
    kept = [record for record in records if record.id in judged and labels_of(record, task) is not None]
    names = sorted({label for record in kept for label in judged[record.id]})
    strange = Counter(
        label for record in kept for label in labels_of(record, task) or () if label not in names
    )
    if task != "emotions":
        kept = [record for record in kept if (labels_of(record, task) or ("",))[0] in names]
    if not kept or len(names) < (1 if task == "emotions" else 2):
        raise DataError(
            "the predictions are not of this data set.",
            value=f"{len(judged)} predictions, {len(kept)} of whose ids and labels the data set has",
            allowed="out-of-fold predictions of these records, with the probability of each label",
            cure="Name the run whose predictions were made on this file.",
        )
    found = {
        "how": "run",
        "rows": len(kept),
        "of": len(records),
        "judged": len(kept),
        "rare": sorted(strange),
    }
    shares = np.asarray([[judged[record.id].get(name, 0.0) for name in names] for record in kept])
    if task == "emotions":
        return found | _listed_of_several(kept, names, shares, _held(kept, names))
    labels = _numbers(kept, names, task)
    return found | _told(shares, labels) | _listed(kept, names, shares, labels)


def _told(shares: NDArray[np.float64], labels: NDArray[np.int64]) -> dict[str, Any]:
    return {
        "accuracy": round(float((shares.argmax(axis=1) == labels).mean()), 4),
        "majority": round(float(np.bincount(labels).max() / len(labels)), 4),
    }


def _listed(
    records: Sequence[Record],
    names: Sequence[str],
    shares: NDArray[np.float64],
    labels: NDArray[np.int64],
) -> dict[str, Any]:
    suspects = find_suspects(shares, labels)
    examples = [
        {
            "id": records[suspect.index].id,
            "text": shown(records[suspect.index]),
            "given": names[suspect.given],
            "suggested": names[suspect.suggested],
            "margin": round(suspect.margin, 4),
        }
        for suspect in suspects[:_LISTED]
    ]
    return {"found": len(suspects), "examples": examples}


def _listed_of_several(
    records: Sequence[Record],
    names: Sequence[str],
    shares: NDArray[np.float64],
    held: NDArray[np.bool_],
) -> dict[str, Any]:
    suspects = find_suspects_of_several(shares, [np.flatnonzero(row).tolist() for row in held])
    examples = [
        {
            "id": records[suspect.index].id,
            "text": shown(records[suspect.index]),
            "given": names[suspect.given] if carried else "",
            "suggested": "" if carried else names[suspect.given],
            "margin": round(suspect.margin, 4),
        }
        for suspect, carried in suspects[:_LISTED]
    ]
    return {"found": len(suspects), "examples": examples}


def _by_field(
    records: Sequence[Record], labels: NDArray[np.int64], classes: int, folds: NDArray[np.int64]
) -> dict[str, float]:
    """Accuracy with one text alone, for records that have two (Gururangan et al. 2018)."""
    for fields in (("text", "pair"), ("question", "context")):
        if all(name in record.fields for record in records for name in fields):
            return {
                name: round(
                    float(
                        (
                            oof_probabilities(
                                grams_of([[r.fields[name]] for r in records]), labels, classes, folds
                            ).argmax(axis=1)
                            == labels
                        ).mean()
                    ),
                    4,
                )
                for name in fields
            }
    return {}


def _fold_numbers(records: Sequence[Record]) -> NDArray[np.int64]:
    """(n,) the fold of each record; what belongs together is in one.

    Raises:
        SplitError: fewer groups than folds.
    """
    place = {id(record): number for number, record in enumerate(records)}
    folds = np.zeros(len(records), np.int64)
    for number, fold in enumerate(group_folds(records, _FOLDS)):
        folds[[place[id(record)] for record in fold.test]] = number
    return folds


def _pieces(record: Record) -> list[str]:
    """What the quick model reads: the texts, and of a relation the marked words and their types."""
    marked = [spans[0].text for role in ("subject", "object") if (spans := record.spans.get(role, ()))]
    types = [str(record.labels.get(name, "")) for name in ("subject_type", "object_type")] if marked else []
    return [*(record.fields[name] for name in sorted(record.fields)), *marked, *types]


def _numbers(records: Sequence[Record], names: Sequence[str], task: str) -> NDArray[np.int64]:
    number = {name: at for at, name in enumerate(names)}
    return np.asarray([number[(labels_of(record, task) or ("",))[0]] for record in records], np.int64)


def _held(records: Sequence[Record], names: Sequence[str]) -> NDArray[np.bool_]:
    return np.asarray(
        [[name in (labels_of(record, "emotions") or ()) for name in names] for record in records], np.bool_
    )
