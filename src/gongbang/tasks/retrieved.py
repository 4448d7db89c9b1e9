"""Retrieved passages as the records that a reader takes."""

from __future__ import annotations

from collections.abc import Sequence

from gongbang.data.records import Record
from gongbang.search.base import Hit

LEAST_SHARE = 0.5
"""Passages with a smaller share of the best passage's score are not read (docs/decisions/0012-ask.md)."""


def reading_records(
    question: str, hits: Sequence[Hit], *, question_id: str | None = None, least_share: float = LEAST_SHARE
) -> list[Record]:
    """What the reader is given: the question with each passage worth it, pooled under one ``question_id``.

    ``labels["retrieval_score"]`` is the passage's share of the best score; passages with a smaller one than
    ``least_share`` are left out. Without a score above zero all are alike.

    Args:
        question: as it was asked.
        hits: passages that were found, best first.
        question_id: what the spans are pooled under; the question itself when None.
        least_share: above 0, since the share's logarithm may be taken.
    """
    best = max((hit.score for hit in hits), default=0.0)
    return [
        Record(
            hit.passage.id,
            {"question": question, "context": hit.passage.text, "title": hit.passage.title},
            labels={
                "question_id": question if question_id is None else question_id,
                "retrieval_score": share,
                "document": hit.document,
            },
            source=hit.passage.source,
        )
        for hit in hits
        if (share := hit.score / best if best > 0 else 1.0) >= least_share
    ]
