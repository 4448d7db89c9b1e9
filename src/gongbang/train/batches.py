"""Batches of like length in an order that only the seed and the epoch decide."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from gongbang.errors import RecipeError
from gongbang.tasks.base import Features

BatchBy = Literal["length", "group"]
SIDES = ("question_", "response_", "negative_")
"""What is before the names of a second text's inputs, where a row is a pair of texts that are read apart.

A side may hold several texts a row: its arrays are (rows, texts, time) then.
"""
_CHUNK = 8  # rows of one group that go into a batch together
_POOL = 32  # batches that are sorted by length together: enough to save padding, few enough to stay random


class LengthBatches:
    """A batch sampler: rows shuffled, then sorted by length within pools, the batches shuffled again.

    Sorting within pools halves the padding; the order depends on ``seed`` and ``epoch`` alone, so a run
    that resumes in the middle of an epoch sees the very same batches.

    Args:
        lengths: (rows,) tokens in each row.
        batch_size: rows in a batch; the last one may be smaller.
        seed: of the shuffle.
        chances: (rows,) summing to 1: as many rows as there are drawn by them, with replacement, where
            they are given; else every row comes once.

    Example:
        >>> sorted(map(sorted, LengthBatches(np.array([2, 9, 3]), 2, seed=0)))
        [[0, 2], [1]]
    """

    drop_last = False

    def __init__(
        self,
        lengths: NDArray[np.int64],
        batch_size: int,
        *,
        seed: int,
        chances: NDArray[np.float64] | None = None,
    ) -> None:
        self.lengths = lengths
        self.batch_size = batch_size
        self.seed = seed
        self.chances = chances
        self.epoch = 0

    def __len__(self) -> int:
        return math.ceil(len(self.lengths) / self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        rng = np.random.default_rng((self.seed, self.epoch))
        order = self._order(rng)
        pool = self.batch_size * _POOL
        batches: list[list[int]] = []
        for start in range(0, len(order), pool):
            rows = order[start : start + pool]
            rows = rows[np.argsort(self.lengths[rows], kind="stable")]
            batches += [
                rows[at : at + self.batch_size].tolist() for at in range(0, len(rows), self.batch_size)
            ]
        for place in rng.permutation(len(batches)):
            yield batches[place]

    def _order(self, rng: np.random.Generator) -> NDArray[np.int64]:
        rows = len(self.lengths)
        if self.chances is None:
            return rng.permutation(rows)
        drawn: NDArray[np.int64] = rng.choice(rows, rows, p=self.chances)
        return drawn


class RecordBatches:
    """A batch sampler that keeps the rows of one record together: a loss over them needs all of them.

    Records of like length go together as rows do in :class:`LengthBatches`, as many as fit into a batch by
    the rows of the largest one, and one at least.

    Args:
        records: (rows,) the number of each row's record.
        lengths: (rows,) tokens in each row.
        batch_size: rows in a batch, unless a single record has more.
        seed: of the shuffle.

    Example:
        >>> sampler = RecordBatches(np.array([0, 0, 1, 1, 2]), np.array([2, 3, 9, 9, 4]), 4, seed=0)
        >>> sorted(map(sorted, sampler))
        [[0, 1, 4], [2, 3]]
    """

    drop_last = False

    def __init__(
        self, records: NDArray[np.int64], lengths: NDArray[np.int64], batch_size: int, *, seed: int
    ) -> None:
        _, counts = np.unique(records, return_counts=True)
        order = np.argsort(records, kind="stable")
        self._rows = [rows.tolist() for rows in np.split(order, np.cumsum(counts)[:-1])]
        largest = max(map(len, self._rows), default=1)
        longest = np.asarray([lengths[rows].max() for rows in self._rows], dtype=np.int64)
        self._records = LengthBatches(longest, max(1, batch_size // largest), seed=seed)
        self.batch_size = batch_size

    @property
    def epoch(self) -> int:
        """The epoch whose batches are drawn next."""
        return self._records.epoch

    @epoch.setter
    def epoch(self, epoch: int) -> None:
        self._records.epoch = epoch

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[list[int]]:
        for records in self._records:
            yield [row for record in records for row in self._rows[record]]


class GroupBatches:
    """A batch sampler whose batches hold several rows of each of a few groups.

    Where the rest of a batch serves as negatives, neighbours from one article are the hard ones: chance
    alone rarely puts two of them into a batch.

    Args:
        groups: (rows,) the group of each row.
        batch_size: rows in a batch; the last one may be smaller.
        seed: of the shuffle.
    """

    drop_last = False

    def __init__(self, groups: Sequence[str], batch_size: int, *, seed: int) -> None:
        self.batch_size = batch_size
        self.seed = seed
        self.epoch = 0
        numbers: dict[str, list[int]] = {}
        for row, group in enumerate(groups):
            numbers.setdefault(group, []).append(row)
        self._members = list(numbers.values())
        self._rows = len(groups)

    def __len__(self) -> int:
        return math.ceil(self._rows / self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        rng = np.random.default_rng((self.seed, self.epoch))
        chunks: list[list[int]] = []
        for members in self._members:
            order = [members[place] for place in rng.permutation(len(members))]
            chunks += [order[at : at + _CHUNK] for at in range(0, len(order), _CHUNK)]
        rows = [row for place in rng.permutation(len(chunks)) for row in chunks[place]]
        for at in range(0, len(rows), self.batch_size):
            yield rows[at : at + self.batch_size]


def make_batches(
    features: Features, batch_size: int, *, by: BatchBy, seed: int
) -> LengthBatches | RecordBatches | GroupBatches:
    """The batch sampler that a recipe's ``training.batch_by`` names.

    By length, rows stay with those of their record where the features have a target ``record``.
    """
    if by == "length" and "record" in features.targets:
        return RecordBatches(features.targets["record"], row_lengths(features), batch_size, seed=seed)
    if by == "length":
        return LengthBatches(row_lengths(features), batch_size, seed=seed)
    groups = [features.records[index].group for index in features.record]
    return GroupBatches(groups, batch_size, seed=seed)


def label_chances(labels: NDArray[np.int64], power: float = 1.0) -> NDArray[np.float64]:
    """(rows,) the chance of each row to be drawn, so that rare labels come more often.

    A row of a label with ``n`` rows has a chance that goes with ``n ** -power``, and the label as a whole
    one that goes with ``n ** (1 - power)``: equal for all labels at 1 (class-balanced sampling), by the
    square root of their rows at 0.5 (square-root sampling; Kang et al. 2020, "Decoupling Representation and
    Classifier for Long-Tailed Recognition", section 3, with q = 1 - power).

    Args:
        labels: (rows,) the number of each row's label.
        power: above 0, at most 1.

    Example:
        >>> label_chances(np.array([0, 0, 0, 1])).round(3).tolist()
        [0.167, 0.167, 0.167, 0.5]
    """
    _, places, counts = np.unique(labels, return_inverse=True, return_counts=True)
    weights = counts[places].astype(np.float64) ** -power
    chances: NDArray[np.float64] = weights / weights.sum()
    return chances


def row_labels(features: Features) -> NDArray[np.int64]:
    """(rows,) the number of each row's label.

    Raises:
        RecipeError: the rows have no label, or several at once.
    """
    labels = features.targets.get("label")
    if labels is None or labels.ndim != 1:
        raise RecipeError(
            "rows are to be drawn by their label, and these do not have one label each.",
            value=f"training.sample_by=label, targets: {', '.join(features.targets) or 'none'}",
            allowed="a task with one label a record (classify, relation, boolq), every record labelled",
            cure="Remove training.sample_by.",
        )
    return labels


class FeatureRows(torch.utils.data.Dataset[int]):
    """The rows of features as a torch data set; rows become tensors only in :meth:`collate`."""

    def __init__(self, features: Features) -> None:
        self.features = features

    def __len__(self) -> int:
        return len(self.features)

    def __getitem__(self, row: int) -> int:
        return row

    def collate(self, rows: Sequence[int]) -> dict[str, torch.Tensor]:
        """One batch of tensors, columns cut to the longest of these rows."""
        return tensors(self.features, np.asarray(rows))


def tensors(features: Features, rows: NDArray[np.int64]) -> dict[str, torch.Tensor]:
    """Inputs and targets of some rows, each input cut to its longest row among them."""
    batch = {}
    for name, array in features.inputs.items():
        longest = int(features.inputs[mask_name(name)][rows].sum(axis=-1).max(initial=1))
        batch[name] = torch.from_numpy(np.ascontiguousarray(array[rows, ..., :longest]))
    for name, array in features.targets.items():
        batch[name] = torch.from_numpy(np.ascontiguousarray(array[rows]))
    return batch


def mask_name(name: str) -> str:
    """The attention mask beside an input: ``question_input_ids`` has ``question_attention_mask``."""
    side = next((side for side in SIDES if name.startswith(side)), "")
    return f"{side}attention_mask"


def row_lengths(features: Features) -> NDArray[np.int64]:
    """(rows,) tokens in each row."""
    lengths: NDArray[np.int64] = features.inputs["attention_mask"].sum(axis=1)
    return lengths
