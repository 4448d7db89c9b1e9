"""Retrieved passages that do not answer, as examples of "no answer here".

What counts as answered, and which passages may answer after all, is the task's to say.

A retrieved passage that is not the gold one may still hold the answer; labelled "no answer" it would
teach the reader to be silent where it should speak. Such passages are left out, and counted.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gongbang.data.records import Passage, Record
from gongbang.search.contexts import document_of, holds_answer
from gongbang.train.recipe_data import NegativeSettings

if TYPE_CHECKING:
    from gongbang.search.base import Index

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Mined:
    """The negatives, and why other candidates were left out."""

    records: list[Record]
    asked: int
    false_negatives: int
    gold: int


def mine_negatives(
    records: Sequence[Record],
    index: Index,
    settings: NegativeSettings,
    *,
    answered: Callable[[Record], bool] = lambda record: bool(record.answers),
    negative: Callable[[Record, Passage, int], Record | None] | None = None,
) -> Mined:
    """Retrieve for a share of the records passages that do not hold the answer.

    Args:
        records: answerable questions with their contexts; questions without an answer are passed over.
        index: a search index over the contexts of these same records and no others, so that no
            development or test passage is ever trained on.
        settings: how many, and how deep they are drawn from.
        answered: whether a record's own passage answers its question.
        negative: a record's question over another passage (with the number of the negative), or None where
            that passage may answer it; the reader's, :func:`unanswered`, when None.

    Returns:
        Records that say "no answer", the id ``<question>-negative-<n>`` and the lineage of their
        question; the group is the question's, so that they can never cross a split.
    """
    rng = np.random.default_rng(settings.seed)
    make = negative or unanswered
    asked = [record for record in records if answered(record)]
    counts = negative_counts(len(asked), settings, rng)
    chosen = [(record, int(count)) for record, count in zip(asked, counts, strict=True) if count]
    hits = index.search([record.fields["question"] for record, _ in chosen], settings.top_n + 1)
    negatives: list[Record] = []
    false_negatives = gold = 0
    for (record, count), found in zip(chosen, hits, strict=True):
        others = [hit.passage for hit in found if hit.passage.document != document_of(record)]
        gold += len(found) - len(others)
        clean = [passage for passage in others if make(record, passage, 0) is not None]
        false_negatives += len(others) - len(clean)
        picks = rng.permutation(len(clean))[:count]
        made = [make(record, clean[pick], number) for number, pick in enumerate(picks)]
        negatives += [row for row in made if row is not None]
    _LOG.info(
        "%d negatives for %d questions; %d may hold the answer", len(negatives), len(chosen), false_negatives
    )
    return Mined(negatives, len(chosen), false_negatives, gold)


def negative_counts(records: int, settings: NegativeSettings, rng: np.random.Generator) -> NDArray[np.int64]:
    """(records,) how many negatives each gets: the whole part for all, one more for a share of them."""
    counts = np.full(records, int(settings.per_question))
    counts += rng.random(records) < settings.per_question % 1
    return counts


def unanswered(record: Record, passage: Passage, number: int) -> Record | None:
    """The record's question over a passage without its answer; None where the passage holds it."""
    if holds_answer(passage.text, record):
        return None
    return Record(
        id=f"{record.id}-negative-{number}",
        fields={"question": record.fields["question"], "context": passage.text, "title": passage.title},
        spans={"answers": ()},
        labels={"document": passage.document},
        group=record.group,
        lineage=(*record.lineage, record.id),
        source=record.source,
        licence=record.licence,
    )
