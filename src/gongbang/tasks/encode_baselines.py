"""What an encoder must beat: passages ranked by the rare character bigrams they share with the question."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from gongbang.data.records import Record
from gongbang.tasks.base import Prediction
from gongbang.tasks.encode import is_pair

_RANKED = 100


def bigram_ranking(records: Sequence[Record]) -> list[Prediction]:
    """Rank the distinct passages of ``records`` for each question by the summed IDF of shared bigrams."""
    numbers: dict[str, int] = {}
    owners = [numbers.setdefault(record.fields["context"], len(numbers)) for record in records]
    postings: dict[str, list[int]] = {}
    for text, number in numbers.items():
        for gram in _bigrams(text):
            postings.setdefault(gram, []).append(number)
    predictions = []
    for record, owner in zip(records, owners, strict=True):
        if not is_pair(record):
            continue
        scores = np.zeros(len(numbers))
        for gram in _bigrams(record.fields["question"]):
            found = postings.get(gram, [])
            scores[found] += math.log(1 + len(numbers) / (1 + len(found)))
        order = np.argsort(-scores, kind="stable")[:_RANKED]
        details = {"ranked": [str(number) for number in order], "gold": str(owner)}
        predictions.append(Prediction(record.id, str(order[0]), float(scores[order[0]]), details=details))
    return predictions


def _bigrams(text: str) -> Counter[str]:
    plain = "".join(text.split())
    return Counter(plain[at : at + 2] for at in range(len(plain) - 1))
