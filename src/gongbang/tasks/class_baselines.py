"""What a classifier must beat: the commonest label, and naive Bayes over character bigrams."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from gongbang.data.records import Record
from gongbang.tasks.base import Prediction
from gongbang.tasks.labels import label_of, label_prediction

_BUCKETS = 1 << 16
_SMOOTHING = 0.5


def majority(
    train: Sequence[Record], test: Sequence[Record], labels: Sequence[str], key: str = "label"
) -> list[Prediction]:
    """The commonest label of ``train`` for every record, its share as its probability."""
    shares = np.log(_counts(train, labels, key) + 1e-9)
    return [label_prediction(record.id, labels, shares) for record in test]


def bigram_bayes(
    train: Sequence[Record],
    test: Sequence[Record],
    labels: Sequence[str],
    fields: Sequence[str],
    key: str = "label",
) -> list[Prediction]:
    """Multinomial naive Bayes over hashed character bigrams (Manning et al. 2008, section 13.2).

    Args:
        fields: which of a record's texts are read; the same bigram of two of them is two features.
    """
    counts = np.full((len(labels), _BUCKETS), _SMOOTHING)
    for record in train:
        label = label_of(record, key)
        if label in labels:
            np.add.at(counts[labels.index(label)], _features(record, fields), 1.0)
    weights = np.log(counts) - np.log(counts.sum(axis=1, keepdims=True))  # (labels, buckets)
    prior = np.log(_counts(train, labels, key) + 1e-9)
    return [
        label_prediction(record.id, labels, prior + weights[:, _features(record, fields)].sum(axis=1))
        for record in test
    ]


def _counts(records: Sequence[Record], labels: Sequence[str], key: str) -> NDArray[np.float64]:
    counts = Counter(label_of(record, key) for record in records)
    found = np.asarray([counts[label] for label in labels], dtype=np.float64)
    return np.asarray(found / max(1.0, float(found.sum())))


def _features(record: Record, fields: Sequence[str]) -> NDArray[np.int64]:
    buckets = []
    for name in fields:
        text = " ".join(record.fields.get(name, "").split())
        buckets += [crc32(f"{name}:{text[at : at + 2]}".encode()) % _BUCKETS for at in range(len(text) - 1)]
    return np.asarray(buckets, dtype=np.int64)
