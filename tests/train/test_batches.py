"""Batches: every row once, like lengths together, the same for the same seed and epoch."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gongbang.tasks.base import Features
from gongbang.train.batches import FeatureRows, GroupBatches, LengthBatches, RecordBatches, row_lengths


@settings(max_examples=40, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 400), min_size=1, max_size=300),
    size=st.integers(1, 17),
    seed=st.integers(0, 1_000),
)
def test_each_row_comes_once_an_epoch_and_the_seed_decides_the_order(
    lengths: list[int], size: int, seed: int
):
    array = np.asarray(lengths)
    batches = list(LengthBatches(array, size, seed=seed))
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    assert len(batches) == len(LengthBatches(array, size, seed=seed)) == -(-len(lengths) // size)
    assert all(len(batch) <= size for batch in batches)
    assert batches == list(LengthBatches(array, size, seed=seed))


def test_another_epoch_has_another_order():
    sampler = LengthBatches(np.arange(1, 101), 8, seed=1)
    first = list(sampler)
    sampler.epoch = 1
    assert list(sampler) != first
    sampler.epoch = 0
    assert list(sampler) == first


def test_sorting_halves_the_padding_at_least():
    lengths = np.random.default_rng(0).integers(20, 400, 2_000)

    def padded(batches: list[list[int]]) -> int:
        return sum(len(batch) * int(lengths[batch].max()) for batch in batches) - int(lengths.sum())

    plain = np.random.default_rng(1).permutation(2_000).reshape(-1, 16).tolist()
    assert padded(list(LengthBatches(lengths, 16, seed=1))) < 0.2 * padded(plain)


def test_rows_are_cut_to_the_longest_of_their_batch():
    mask = np.tri(4, 6, k=1, dtype=np.int64)  # lengths 2, 3, 4, 5
    features = Features(
        inputs={
            "input_ids": mask * 9,
            "attention_mask": mask,
            "question_input_ids": mask[::-1] * 7,
            "question_attention_mask": mask[::-1],
        },
        targets={"start_positions": np.arange(4)},
        record=np.arange(4),
        rows=[None] * 4,
        records=[],
    )
    assert row_lengths(features).tolist() == [2, 3, 4, 5]
    batch = FeatureRows(features).collate([0, 1])
    assert batch["input_ids"].tolist() == [[9, 9, 0], [9, 9, 9]]
    assert batch["question_input_ids"].shape == (2, 5)
    assert batch["start_positions"].tolist() == [0, 1]


@settings(max_examples=30, deadline=None)
@given(
    groups=st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=120),
    size=st.integers(1, 17),
    seed=st.integers(0, 99),
)
def test_batches_by_group_hold_each_row_once_and_follow_the_seed(groups: list[str], size: int, seed: int):
    batches = list(GroupBatches(groups, size, seed=seed))
    assert sorted(row for batch in batches for row in batch) == list(range(len(groups)))
    assert len(batches) == len(GroupBatches(groups, size, seed=seed))
    assert batches == list(GroupBatches(groups, size, seed=seed))


def test_batches_by_group_put_neighbours_together():
    groups = [str(row // 10) for row in range(400)]
    batches = list(GroupBatches(groups, 16, seed=1))
    kinds = [len({groups[row] for row in batch}) for batch in batches]
    assert max(kinds) <= 8 and sum(kinds) / len(kinds) < 5


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 6), min_size=1, max_size=60),
    batch_size=st.integers(1, 20),
    seed=st.integers(0, 1_000),
)
def test_batches_of_whole_records_hold_each_row_once(sizes: list[int], batch_size: int, seed: int):
    records = np.repeat(np.arange(len(sizes)), sizes)
    lengths = np.random.default_rng(seed).integers(3, 50, len(records))
    sampler = RecordBatches(records, lengths, batch_size, seed=seed)
    batches = list(sampler)
    assert sorted(row for batch in batches for row in batch) == list(range(len(records)))
    assert len(batches) == len(sampler) and batches == list(sampler)
    assert all(len(batch) <= max(batch_size, *sizes) for batch in batches)
    of = [{int(records[row]) for row in batch} for batch in batches]
    assert sum(map(len, of)) == len(sizes)  # no record stands in two batches
    sampler.epoch = 1
    assert sorted(row for batch in sampler for row in batch) == list(range(len(records)))
