"""Retrieved passages that do not answer, as examples of "no answer here".

A retrieved passage that is not the gold one may still hold the answer; labelled "no answer" it would
teach the reader to be silent where it should speak. Such passages are left out, and counted.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gongbang.data.records import Passage, Record
from gongbang.search.contexts import document_of, holds_answer
from gongbang.train.recipe import NegativeSettings

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


def mine_negatives(records: Sequence[Record], index: Index, settings: NegativeSettings) -> Mined:
    """Retrieve for a share of the records passages that do not hold the answer.

    Args:
        records: answerable questions with their contexts; questions without an answer are passed over.
        index: a search index over the contexts of these same records and no others, so that no
            development or test passage is ever trained on.
        settings: how many, and how deep they are drawn from.

    Returns:
        Records with an empty ``answers``, the id ``<question>-negative-<n>`` and the lineage of their
        question; the group is the question's, so that they can never cross a split.
    """
    rng = np.random.default_rng(settings.seed)
    asked = [record for record in records if record.answers]
    counts = np.full(len(asked), int(settings.per_question))
    counts += rng.random(len(asked)) < settings.per_question % 1
    chosen = [(record, int(count)) for record, count in zip(asked, counts, strict=True) if count]
    hits = index.search([record.fields["question"] for record, _ in chosen], settings.top_n + 1)
    negatives: list[Record] = []
    false_negatives = gold = 0
    for (record, count), found in zip(chosen, hits, strict=True):
        others = [hit.passage for hit in found if hit.passage.document != document_of(record)]
        gold += len(found) - len(others)
        clean = [passage for passage in others if not holds_answer(passage.text, record)]
        false_negatives += len(others) - len(clean)
        picks = rng.permutation(len(clean))[:count]
        negatives += [_negative(record, clean[pick], number) for number, pick in enumerate(picks)]
    _LOG.info(
        "%d negatives for %d questions; %d held the answer", len(negatives), len(chosen), false_negatives
    )
    return Mined(negatives, len(chosen), false_negatives, gold)


def _negative(record: Record, passage: Passage, number: int) -> Record:
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
