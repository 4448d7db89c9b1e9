"""What a model of responses must beat: chance, shared words, frequency, and what is known by heart."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from gongbang.data.dialogue import same_key
from gongbang.data.records import Passage, Record
from gongbang.tasks.base import Prediction
from gongbang.tasks.candidates import candidates_of
from gongbang.tasks.selection import ranked_prediction

_BATCH = 256  # contexts scored at once against all candidates of all records


def at_random(records: Sequence[Record]) -> list[Prediction]:
    """Scores drawn for each record by its context."""
    predictions = []
    for record in records:
        digest = hashlib.sha256(record.fields["context"].encode("utf-8", "surrogatepass")).digest()
        candidates = candidates_of(record)
        scores = np.random.default_rng(int.from_bytes(digest[:8], "big")).random(len(candidates))
        predictions.append(ranked_prediction(record, candidates, scores))
    return predictions


def by_words(records: Sequence[Record]) -> list[Prediction]:
    """BM25 of the context's words in each candidate, over all candidates of these records."""
    from gongbang.search.lexical import LexicalIndex

    texts = sorted({text for record in records for text in candidates_of(record)})
    column = {text: at for at, text in enumerate(texts)}
    index = LexicalIndex()
    index.build([Passage(str(at), text) for at, text in enumerate(texts)])
    predictions = []
    for start in range(0, len(records), _BATCH):
        batch = records[start : start + _BATCH]
        scores = index.scores([record.fields["context"] for record in batch])  # (batch, texts)
        for row, record in zip(scores, batch, strict=True):
            candidates = candidates_of(record)
            predictions.append(ranked_prediction(record, candidates, row[[column[c] for c in candidates]]))
    return predictions


def most_frequent(train: Sequence[Record], records: Sequence[Record]) -> list[Prediction]:
    """Each candidate's count among all right responses, whatever the context.

    Those of the records themselves count too: where a split keeps equal responses together, what is frequent
    in training never occurs elsewhere. So this is the most that knowing the frequencies could give.
    """
    told = (record.fields.get("response", "") for record in (*train, *records))
    counts = Counter(same_key(response) for response in told if response)
    return [
        ranked_prediction(record, texts, [counts[same_key(text)] for text in texts])
        for record in records
        if (texts := candidates_of(record))
    ]


def nearest_known(train: Sequence[Record], records: Sequence[Record]) -> list[Prediction]:
    """Each candidate's score is that of the nearest training context by BM25 which was answered with it.

    A candidate that no training record has scores 0: this knows answers by heart and nothing else.
    """
    from gongbang.search.lexical import LexicalIndex

    index = LexicalIndex()
    index.build([Passage(str(at), record.fields["context"]) for at, record in enumerate(train)])
    rows_of: dict[str, list[int]] = defaultdict(list)
    for at, record in enumerate(train):
        rows_of[same_key(record.fields.get("response", ""))].append(at)
    predictions = []
    for start in range(0, len(records), _BATCH):
        batch = records[start : start + _BATCH]
        near = index.scores([record.fields["context"] for record in batch])  # (batch, training records)
        for row, record in zip(near, batch, strict=True):
            texts = candidates_of(record)
            known = [rows_of.get(same_key(text), []) for text in texts]
            scores = [float(row[rows].max()) if rows else 0.0 for rows in known]
            predictions.append(ranked_prediction(record, texts, scores))
    return predictions
