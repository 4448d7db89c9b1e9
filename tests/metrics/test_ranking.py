"""Ranking metrics against hand-computed tables."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongbang.errors import OptionError
from gongbang.metrics.ranking import (
    mrr_at_k,
    ndcg_at_k,
    ranking_scores,
    recall_at_k,
    relevant_ranks,
    success_at_k,
    unique_ranking,
)


@pytest.mark.parametrize(
    ("ranking", "relevant", "k", "recall", "success", "mrr"),
    [
        (["a", "b", "c"], {"a"}, 1, 1.0, 1.0, 1.0),
        (["a", "b", "c"], {"c"}, 2, 0.0, 0.0, 0.0),
        (["a", "b", "c"], {"c"}, 3, 1.0, 1.0, 1 / 3),
        (["a", "b", "c"], {"b", "c"}, 2, 0.5, 1.0, 0.5),
        (["a", "b", "c"], {"b", "c", "x", "y"}, 10, 0.5, 1.0, 0.5),
        (["a", "a", "a", "b"], {"b"}, 2, 1.0, 1.0, 0.5),  # three pieces of one document
        ([], {"a"}, 5, 0.0, 0.0, 0.0),
        (["x"], {"a"}, 5, 0.0, 0.0, 0.0),
    ],
)
def test_table(
    ranking: list[str], relevant: set[str], k: int, recall: float, success: float, mrr: float
) -> None:
    assert recall_at_k(ranking, relevant, k) == pytest.approx(recall)
    assert success_at_k(ranking, relevant, k) == success
    assert mrr_at_k(ranking, relevant, k) == pytest.approx(mrr)


def test_ties_put_the_wrong_ones_first() -> None:
    ids, scores = ["a", "b", "c", "d"], [2.0, 1.0, 1.0, 1.0]
    assert relevant_ranks(ids, {"b"}, scores) == [4]
    assert relevant_ranks(ids, {"b", "d"}, scores) == [3, 4]
    assert relevant_ranks(ids, {"a"}, scores) == [1]
    constant = [0.0] * 4
    assert recall_at_k(ids, {"a"}, 3, constant) == 0.0
    assert mrr_at_k(ids, {"a"}, 10, constant) == 0.25


def test_a_document_counts_at_its_best_piece_also_with_scores() -> None:
    assert relevant_ranks(["a", "b", "a"], {"a"}, [3.0, 2.0, 1.0]) == [1]
    assert relevant_ranks(["b", "b", "a"], {"a"}, [3.0, 2.0, 1.0]) == [2]


def test_ndcg() -> None:
    # gains at ranks 1 and 3 of two relevant: (1 + 1/2) / (1 + 1/log2(3))
    assert ndcg_at_k(["a", "x", "b"], {"a", "b"}, 10) == pytest.approx(1.5 / (1 + 1 / math.log2(3)))
    assert ndcg_at_k(["a", "b"], {"a", "b"}, 10) == pytest.approx(1.0)
    assert ndcg_at_k(["x", "a"], {"a"}, 1) == 0.0


def test_unique_ranking_keeps_the_best_place() -> None:
    assert unique_ranking(["b", "a", "b"]) == ["b", "a"]


def test_refusals() -> None:
    with pytest.raises(OptionError):
        recall_at_k(["a"], set(), 1)
    with pytest.raises(OptionError):
        recall_at_k(["a"], {"a"}, 0)
    with pytest.raises(OptionError):
        mrr_at_k(["a", "b"], {"a"}, 1, scores=[1.0])
    with pytest.raises(OptionError):
        mrr_at_k(["a", "b"], {"a"}, 1, scores=[1.0, 2.0])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from("abcdef"), max_size=10), st.sets(st.sampled_from("abcdef"), min_size=1))
def test_recall_never_falls_with_k(ranking: list[str], relevant: set[str]) -> None:
    values = [recall_at_k(ranking, relevant, k) for k in range(1, 12)]
    assert values == sorted(values)
    assert all(0 <= value <= 1 for value in values)


def test_ranking_scores_by_group() -> None:
    rankings, relevant = [["a", "b"], ["b", "a"], ["x"]], [{"a"}, {"a"}, {"a"}]
    scores = ranking_scores(rankings, relevant, groups=["1", "1", "2"], cuts=(1, 2))
    assert scores.primary == "mrr@10"
    assert scores.value == pytest.approx(0.5)
    assert scores.scores["recall@1"].value == pytest.approx(1 / 3)
    assert scores.scores["recall@2"].value == pytest.approx(2 / 3)
    assert scores.scores["recall@2"].low == 0.0  # the second group alone can be drawn
