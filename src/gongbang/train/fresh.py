"""Augmentation on the fly: the rows of each epoch, with fresh copies in the place of some records.

An epoch's rows depend on the recipe and the epoch alone, so that a run that is taken up within an epoch
learns from the very same ones. Their number never changes, and with it neither schedule nor order: where a
copy would take more windows than its original, or fewer, the original stays.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from gongbang.augment.copies import FreshCopies
from gongbang.augment.filters import Filter, apply_filters, make_filter
from gongbang.data.records import Record
from gongbang.tasks.base import Features
from gongbang.train.recipe import Recipe
from gongbang.train.recipe_data import AugmentSettings

_LOG = logging.getLogger(__name__)


class EpochCopies:
    """The copies of each epoch.

    Args:
        settings: the entries of ``data.augment`` that are made on the fly. A record that one of them replaces
            is not looked at by those behind it.
        records: the training records, from which methods learn what they learn, once.
    """

    def __init__(self, settings: Sequence[AugmentSettings], records: Sequence[Record]) -> None:
        self.settings = list(settings)
        self.records = records

    def of(self, records: Sequence[Record], epoch: int) -> dict[str, Record]:
        """Copies by the id of their original, less those that the filters of their entry drop.

        Made records are not copied again, and a record that carries a teacher's probabilities is not
        replaced by one with another label, of which the teacher did not speak.
        """
        found: dict[str, Record] = {}
        originals = {record.id: record for record in records if not record.lineage}
        for fresh, filters in self._methods:
            left = [record for id, record in originals.items() if id not in found]
            made = fresh.of(left, epoch).records
            kept = apply_filters(made, left, filters).kept if filters else made
            found |= {copy.lineage[-1]: copy for copy in kept if not _untaught(copy, originals)}
        return found

    @cached_property
    def _methods(self) -> list[tuple[FreshCopies, list[Filter]]]:
        originals = [record for record in self.records if not record.lineage]
        return [
            (
                FreshCopies(originals, one.method, ratio=one.ratio, seed=one.seed, **one.options),
                [make_filter(name, **options) for name, options in one.filters.items()],
            )
            for one in self.settings
        ]


class FreshRows:
    """The features of each epoch.

    Args:
        copies: of the epochs.
        task: prepares the records.
        features: the training rows as they are without copies.
    """

    def __init__(self, copies: EpochCopies, task: Any, features: Features) -> None:
        self.copies = copies
        self.task = task
        self.records = list(features.records)
        self._rows = np.bincount(features.record, minlength=len(self.records))

    def __call__(self, epoch: int) -> Features:
        """The rows of an epoch: as many as ever, of the same records in the same order."""
        copies = self.copies.of(self.records, epoch)
        features = self._prepared(copies)
        rows = np.bincount(features.record, minlength=len(self.records))
        odd = {self.records[place].id for place in np.flatnonzero(rows != self._rows)}
        if odd:
            copies = {id: copy for id, copy in copies.items() if id not in odd}
            features = self._prepared(copies)
        _LOG.info(
            "epoch %d: %d of %d records are fresh copies; %d took another number of rows and are not",
            epoch,
            len(copies),
            len(self.records),
            len(odd),
        )
        return features

    def _prepared(self, copies: Mapping[str, Record]) -> Features:
        features: Features = self.task.prepare([copies.get(record.id, record) for record in self.records])
        return features


def fresh_rows(recipe: Recipe, task: Any, features: Features) -> FreshRows | None:
    """What a loop asks for the rows of each epoch; None where the recipe makes nothing on the fly."""
    settings = [one for one in recipe.data.augment if one.on_the_fly and one.ratio]
    return FreshRows(EpochCopies(settings, features.records), task, features) if settings else None


def _untaught(copy: Record, originals: Mapping[str, Record]) -> bool:
    """Whether a teacher spoke of the original, and the copy has another label than it."""
    return "soft" in copy.labels and copy.labels.get("label") != originals[copy.lineage[-1]].labels.get(
        "label"
    )
