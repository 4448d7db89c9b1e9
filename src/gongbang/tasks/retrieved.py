"""Retrieved passages as the records that a reader takes."""

from __future__ import annotations

from collections.abc import Sequence

from gongbang.data.records import Record
from gongbang.search.base import Hit

_LEAST_SCORE = 1e-3  # a retrieval score stays positive, since its logarithm is taken


def reading_records(question: str, hits: Sequence[Hit], *, question_id: str | None = None) -> list[Record]:
    """What the reader is given: the question with each passage, pooled under one ``question_id``.

    ``labels["retrieval_score"]`` is the passage's share of the best score, in (0, 1].

    Args:
        question: as it was asked.
        hits: passages that were found, best first.
        question_id: what the spans are pooled under; the question itself when None.
    """
    best = max((hit.score for hit in hits), default=0.0)
    return [
        Record(
            hit.passage.id,
            {"question": question, "context": hit.passage.text, "title": hit.passage.title},
            labels={
                "question_id": question if question_id is None else question_id,
                "retrieval_score": max(hit.score / best, _LEAST_SCORE) if best > 0 else 1.0,
                "document": hit.document,
            },
            source=hit.passage.source,
        )
        for hit in hits
    ]
