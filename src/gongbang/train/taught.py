"""Records with a teacher's probabilities, for a student that is trained on them (Hinton et al. 2015)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gongbang.data.records import Record


def taught(records: Sequence[Record], soft: Mapping[str, Mapping[str, float]], task: Any) -> list[Record]:
    """The records with a teacher's probabilities, of labels or of responses by their text.

    Where a task chooses among labels, a record that the teacher did not judge gets its own label for certain;
    elsewhere it is left as it is.
    """
    certain = {label: float(place == 0) for place, label in enumerate(getattr(task, "labels", ()))}
    rows = []
    for record in records:
        own = soft.get(record.id)
        if own is None:
            label = str(record.labels.get("label", ""))
            own = {**dict.fromkeys(certain, 0.0), label: 1.0} if label in certain else None
        rows.append(record if own is None else record.with_labels(soft=dict(own)))
    return rows
