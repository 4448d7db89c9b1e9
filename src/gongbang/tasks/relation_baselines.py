"""What a reader of relations must beat: guesses that do not read the sentence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gongbang.data.records import Record
from gongbang.tasks.base import Prediction
from gongbang.tasks.class_baselines import majority
from gongbang.tasks.labels import label_prediction
from gongbang.tasks.relation_types import types_of

__all__ = ["chance", "majority", "type_majority"]


def chance(test: Sequence[Record], labels: Sequence[str], *, seed: int = 0) -> list[Prediction]:
    """A label drawn for each record, each as likely as any other, with probabilities that know nothing."""
    drawn = np.random.default_rng(seed).normal(size=(len(test), len(labels)))
    return [label_prediction(record.id, labels, row) for record, row in zip(test, drawn, strict=True)]


def type_majority(
    train: Sequence[Record], test: Sequence[Record], labels: Sequence[str], key: str = "label"
) -> list[Prediction]:
    """The commonest label that ``train`` has for the record's pair of types, its share as its probability.

    A pair that ``train`` does not have gets the commonest label of all.
    """
    by_types: dict[tuple[str, str], list[Record]] = {}
    for record in train:
        by_types.setdefault(types_of(record), []).append(record)
    return [majority(by_types.get(types_of(record), train), [record], labels, key)[0] for record in test]
