"""Response selection against tables computed by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongbang.errors import OptionError
from gongbang.metrics.ranking import mrr_at_k, recall_at_k
from gongbang.metrics.scores import is_share
from gongbang.metrics.selection import right_ranks, selection_scores

# Three records, three candidates each, the right one first.
BY_HAND = np.array(
    [
        [0.9, 0.1, 0.3],  # alone on top: rank 1
        [0.5, 0.5, 0.2],  # one equals it: rank 2
        [0.4, 0.4, 0.4],  # all are equal: rank 3
    ]
)


def test_three_by_three_with_ties_by_hand() -> None:
    ranks = right_ranks(BY_HAND)
    assert ranks.tolist() == [1, 2, 3]
    found = selection_scores(ranks, cuts=(1, 2, 5)).to_dict()
    assert found["r@1"] == pytest.approx(1 / 3)
    assert found["r@2"] == pytest.approx(2 / 3)
    assert found["r@5"] == 1.0  # five of three
    assert found["mrr"] == pytest.approx((1 + 1 / 2 + 1 / 3) / 3)
    assert found["n"] == 3 and set(found["intervals"]) == {"r@1", "r@2", "r@5", "mrr"}


def test_a_constant_scorer_is_last_everywhere() -> None:
    assert right_ranks(np.zeros((4, 20))).tolist() == [20] * 4


def test_the_right_one_may_stand_anywhere() -> None:
    moved = BY_HAND[:, [1, 2, 0]]
    assert right_ranks(moved, [2, 2, 2]).tolist() == [1, 2, 3]


def test_candidates_that_are_missing_do_not_count() -> None:
    there = np.array([[True, True, True], [True, False, True], [True, False, False]])
    assert right_ranks(BY_HAND, there=there).tolist() == [1, 1, 1]
    lost = np.where(there, BY_HAND, np.nan)
    assert right_ranks(lost, there=there).tolist() == [1, 1, 1]


def test_groups_widen_the_interval() -> None:
    ranks = np.repeat([1, 4], 50)
    alone = selection_scores(ranks).scores["mrr"]
    grouped = selection_scores(ranks, groups=[str(at // 25) for at in range(100)]).scores["mrr"]
    assert alone.value == grouped.value
    assert grouped.high - grouped.low > alone.high - alone.low


def test_the_metrics_are_shares() -> None:
    assert all(is_share(name) for name in selection_scores([1, 2]).scores)
    assert selection_scores([1]).primary == "mrr"


@pytest.mark.parametrize(
    ("scores", "options", "message"),
    [
        ([1.0, 2.0], {}, "no matrix"),
        (np.zeros((0, 3)), {}, "no matrix"),
        ([[1.0, 2.0]], {"right": [2]}, "not among"),
        ([[1.0, 2.0]], {"right": [-1]}, "not among"),
        ([[1.0, 2.0]], {"there": [[False, True]]}, "not among"),
        ([[1.0, 2.0]], {"right": [0, 1]}, "one matrix"),
        ([[1.0, float("nan")]], {}, "not a number"),
    ],
)
def test_refusals(scores: object, options: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        right_ranks(scores, **options)  # type: ignore[arg-type]


def test_ranks_count_from_one() -> None:
    with pytest.raises(OptionError, match="below 1"):
        selection_scores([0, 1])
    with pytest.raises(OptionError):
        selection_scores([])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=2, max_size=12), st.data())
def test_the_same_as_the_ranking_metrics(values: list[int], data: st.DataObject) -> None:
    """One row agrees with the metrics by id, ties and all."""
    right = data.draw(st.integers(0, len(values) - 1))
    order = sorted(range(len(values)), key=lambda at: -values[at])
    ids, scores = [str(at) for at in order], [float(values[at]) for at in order]
    found = selection_scores(right_ranks([values], [right])).scores
    for k in (1, 2, 5, 10):
        assert found[f"r@{k}"].value == recall_at_k(ids, {str(right)}, k, scores)
    assert found["mrr"].value == pytest.approx(mrr_at_k(ids, {str(right)}, len(values), scores))
