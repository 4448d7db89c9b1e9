"""Metrics of label sets by hand, against scikit-learn, and against the ranking metrics by id."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from gongbang.errors import OptionError
from gongbang.metrics import ranking
from gongbang.metrics.multilabel import (
    graded_ndcg_at_k,
    label_metric,
    label_report,
    multilabel_scores,
    precision_at_k,
    recall_at_k,
)

GOLD = [[1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]]
SHARES = [[0.9, 0.8, 0.7, 0.1], [0.6, 0.5, 0.4, 0.3], [0.9, 0.1, 0.1, 0.1]]


def test_first_k_by_hand() -> None:
    assert precision_at_k(GOLD, SHARES, 1).tolist() == [1.0, 0.0, 0.0]
    assert precision_at_k(GOLD, SHARES, 3).tolist() == pytest.approx([2 / 3, 1 / 3, 0.0])
    assert recall_at_k(GOLD, SHARES, 1)[:2].tolist() == [0.5, 0.0]
    assert recall_at_k(GOLD, SHARES, 3)[:2].tolist() == [1.0, 1.0]
    assert math.isnan(recall_at_k(GOLD, SHARES, 3)[2])


def test_ties_put_the_wrong_ones_first() -> None:
    assert precision_at_k([[1, 0, 0]], [[0.5, 0.5, 0.5]], 1).tolist() == [0.0]
    assert recall_at_k([[1, 0, 0]], [[0.5, 0.5, 0.5]], 2).tolist() == [0.0]
    assert recall_at_k([[1, 0, 0]], [[0.5, 0.5, 0.4]], 2).tolist() == [1.0]
    assert graded_ndcg_at_k([[2, 0]], [[0.5, 0.5]], 2)[0] == pytest.approx(1 / math.log2(3))


def test_ndcg_by_hand() -> None:
    grades = [[3, 1, 0, 2], [0, 0, 0, 0]]
    shares = [[0.1, 0.9, 0.5, 0.6], [0.1, 0.2, 0.3, 0.4]]  # order: 1, 3, 2, 0
    gain = 1 + 2 / math.log2(3) + 0 + 3 / math.log2(5)
    best = 3 + 2 / math.log2(3) + 1 / math.log2(4)
    found = graded_ndcg_at_k(grades, shares, 4)
    assert found[0] == pytest.approx(gain / best) and math.isnan(found[1])
    short = graded_ndcg_at_k(grades, shares, 1)[0]
    assert short == pytest.approx(1 / 3)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 5), min_size=5, max_size=5).filter(any),
    st.permutations([0.1, 0.2, 0.3, 0.4, 0.5]),
    st.integers(1, 5),
)
def test_ndcg_is_that_of_scikit_learn_and_of_the_ranking_by_id(
    grades: list[int], shares: list[float], k: int
) -> None:
    assert graded_ndcg_at_k([grades], [shares], k)[0] == pytest.approx(sk.ndcg_score([grades], [shares], k=k))
    ids = [str(at) for at in np.argsort(-np.array(shares))]
    relevant = {str(at) for at, grade in enumerate(grades) if grade}
    binary = [[int(grade > 0) for grade in grades]]
    assert graded_ndcg_at_k(binary, [shares], k)[0] == pytest.approx(ranking.ndcg_at_k(ids, relevant, k))
    assert recall_at_k(binary, [shares], k)[0] == pytest.approx(ranking.recall_at_k(ids, relevant, k))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 12))
def test_f1_is_that_of_scikit_learn(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    gold, told = rng.random((n, 4)) < 0.4, rng.random((n, 4)) < 0.4
    scores = multilabel_scores(gold, rng.random((n, 4)), told, labels=list("abcd"), samples=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        macro = sk.f1_score(gold, told, average="macro", zero_division=np.nan)
        micro = sk.f1_score(gold, told, average="micro", zero_division=0)
        rows = sk.precision_recall_fscore_support(gold, told, zero_division=0)
    assert scores.scores["micro_f1"].value == pytest.approx(micro)
    assert scores.scores["macro_f1"].value == pytest.approx(0.0 if math.isnan(macro) else macro)
    report = label_report(gold, told, list("abcd"))
    assert [[r.precision, r.recall, r.f1, r.support] for r in report.values()] == pytest.approx(
        np.array(rows).T
    )


def test_scores_and_their_intervals() -> None:
    rng = np.random.default_rng(1)
    gold = rng.random((240, 6)) < 0.3
    shares = np.clip(0.5 * gold + 0.6 * rng.random(gold.shape), 0, 1)
    groups = [str(i // 4) for i in range(240)]
    grades = gold * rng.integers(1, 5, gold.shape)
    scores = multilabel_scores(
        gold, shares, shares > 0.5, labels=list("abcdef"), groups=groups, grades=grades, primary="p@1"
    )
    assert list(scores.scores) == ["p@1", "macro_f1", "micro_f1", "p@3", "r@3", "ndcg@5"]
    labelled = int(gold.any(axis=1).sum())
    assert labelled < 240 and scores.scores["r@3"].n == labelled and scores.scores["p@3"].n == 240
    assert scores.value == pytest.approx(precision_at_k(gold, shares, 1).mean())
    assert scores.scores["r@3"].value == pytest.approx(np.nanmean(recall_at_k(gold, shares, 3)))
    for score in scores.scores.values():
        assert score.low < score.value < score.high  # type: ignore[operator]


def test_cuts_beyond_the_labels_and_metrics_that_nobody_has_are_left_out() -> None:
    empty = np.zeros((3, 2))
    scores = multilabel_scores(empty, empty + 0.5, empty, labels=["a", "b"], recall_cuts=(1, 3))
    assert set(scores.scores) == {"macro_f1", "micro_f1", "p@1"}
    assert scores.value == 0.0


def test_a_resample_without_any_label_has_a_recall() -> None:
    statistic = label_metric("r@1")([[1, 0], [0, 0]], [[0.9, 0.1], [0.9, 0.1]])
    assert statistic(np.array([[1.0, 1.0], [0.0, 2.0]])).tolist() == [1.0, 0.0]
    graded = label_metric("ndcg@2")([[1, 3]], [[0.9, 0.1]])
    assert graded(np.ones((1, 1)))[0] == pytest.approx((1 + 3 / math.log2(3)) / (3 + 1 / math.log2(3)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: precision_at_k([[1, 0]], [[0.5]], 1), "pair up"),
        (lambda: precision_at_k([[1, 0]], [[0.5, float("nan")]], 1), "no number"),
        (lambda: precision_at_k([[1, 0]], [[0.5, 0.1]], 3), "1 to 2"),
        (lambda: recall_at_k([[1, 0]], [[0.5, 0.1]], 0), "out of range"),
        (lambda: graded_ndcg_at_k([[-1, 0]], [[0.5, 0.1]], 1), "0 or more"),
        (lambda: label_report([[1, 0]], [[1, 0]], ["a"]), "pair up"),
        (lambda: label_metric("micro_f2"), "Did you mean 'micro_f1'"),
        (lambda: label_metric("q@1"), "no such metric"),
        (lambda: multilabel_scores([[1]], [[0.5]], [[1]], labels=["a"], primary="ndcg@5"), "not measured"),
        (lambda: multilabel_scores([[1]], [[0.5]], [[1, 0]], labels=["a"]), "pair up"),
    ],
)
def test_refusals(call, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        call()
