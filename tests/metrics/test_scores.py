"""Units: which metrics are shares, and what a difference is worth in points."""

from __future__ import annotations

import pytest

from gongbang.metrics.scores import is_share, number, points


@pytest.mark.parametrize(
    "name", ["accuracy", "macro_f1", "micro_f1", "auprc", "p@1", "r@3", "recall@20", "ndcg@5"]
)
def test_shares(name: str) -> None:
    assert is_share(name)
    assert number(name, 0.87654) == "0.8765"
    assert number(name, -0.5, signed=True) == "-0.5000"
    assert points(name, 0.02) == pytest.approx(2.0)


@pytest.mark.parametrize("name", ["exact_match", "f1", "rouge_w", "has_answer_f1", "no_answer_accuracy"])
def test_percentages(name: str) -> None:
    assert not is_share(name)
    assert number(name, 87.654) == "87.65"
    assert points(name, 0.02) == 0.02
