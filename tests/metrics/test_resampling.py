"""Intervals of metrics that are no means: the same resamples as of means, and groups drawn whole."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import f1_score

from gongbang.errors import OptionError
from gongbang.metrics.classes import class_metric
from gongbang.metrics.intervals import bootstrap_interval, drawn_units, paired_bootstrap, units_of
from gongbang.metrics.multilabel import label_metric
from gongbang.metrics.resampling import Counts, paired_metric_bootstrap, resampled_scores

LABELS = ("a", "b", "c")


def made(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    names = np.array(LABELS)
    gold = names[rng.integers(0, 3, n)]
    a = np.where(rng.random(n) < 0.7, gold, names[rng.integers(0, 3, n)])
    b = np.where(rng.random(n) < 0.5, gold, names[rng.integers(0, 3, n)])
    return gold, a, b, rng.integers(0, max(2, n // 4), n)


def mean_of(values: np.ndarray):
    def statistic(counts: Counts) -> np.ndarray:
        return counts @ values / counts.sum(axis=1)

    return statistic


@pytest.mark.parametrize("grouped", [False, True])
def test_a_mean_has_the_interval_that_means_have(grouped: bool) -> None:
    gold, a, _, groups = made(200, 1)
    right = (gold == a).astype(float)
    chosen = groups if grouped else None
    [score] = resampled_scores(mean_of(right), 200, groups=chosen, samples=300, seed=5)
    known = bootstrap_interval(right, groups=chosen, samples=300, seed=5)
    assert score.n == known.n
    assert [score.value, score.low, score.high] == pytest.approx([known.value, known.low, known.high])


def test_several_metrics_come_from_one_pass() -> None:
    values = np.arange(20.0)
    both = resampled_scores(
        lambda counts: np.stack([mean_of(values)(counts), mean_of(values**2)(counts)], axis=1), 20
    )
    assert both == [resampled_scores(mean_of(v), 20)[0] for v in (values, values**2)]


def test_macro_f1_of_each_resample_is_that_of_the_rows_drawn() -> None:
    gold, a, _, groups = made(40, 2)
    statistic = class_metric("macro_f1", labels=LABELS)(gold, a)
    unit = units_of(40, groups)
    expected = []
    for drawn in drawn_units(int(unit.max()) + 1, 100, 9):
        for draw in drawn:
            rows = np.concatenate([np.flatnonzero(unit == which) for which in draw])
            expected.append(f1_score(gold[rows], a[rows], average="macro", zero_division=np.nan))
    [score] = resampled_scores(statistic, 40, groups=groups, samples=100, seed=9)
    low, high = np.quantile(expected, [0.025, 0.975])
    assert (score.low, score.high) == (pytest.approx(low), pytest.approx(high))


def test_pairs_of_a_mean_are_the_paired_bootstrap() -> None:
    gold, a, b, groups = made(150, 3)
    found = paired_metric_bootstrap(
        gold, a, b, class_metric("accuracy", labels=LABELS), groups=groups, seed=4
    )
    known = paired_bootstrap((gold == a) * 1.0, (gold == b) * 1.0, groups=groups, seed=4)
    assert found.to_dict() == pytest.approx(known.to_dict())
    assert found.value > 0


def test_pairs_of_macro_f1() -> None:
    gold, a, b, _ = made(400, 6)
    metric = class_metric("macro_f1", labels=LABELS)
    forth, back = (paired_metric_bootstrap(gold, *pair, metric, samples=200) for pair in ((a, b), (b, a)))
    gap = f1_score(gold, a, average="macro") - f1_score(gold, b, average="macro")
    assert forth.value == pytest.approx(gap) and forth.significant and forth.n == 400
    assert (back.value, back.low) == (pytest.approx(-forth.value), pytest.approx(-forth.high))
    same = paired_metric_bootstrap(gold, a, a, metric, samples=50)
    assert (same.value, same.low, same.high, same.p_value) == (0.0, 0.0, 0.0, 1.0)


def test_pairs_of_label_sets_and_of_probabilities() -> None:
    rng = np.random.default_rng(8)
    gold = rng.random((300, 4)) < 0.4
    good, bad = gold + rng.normal(0, 0.5, gold.shape), rng.random(gold.shape)
    assert paired_metric_bootstrap(gold, good, bad, label_metric("p@1"), samples=200).low > 0.2
    assert (
        paired_metric_bootstrap(gold, good > 0.5, bad > 0.5, label_metric("macro_f1"), samples=200).low > 0.2
    )
    names = np.array(LABELS)[rng.integers(0, 3, 200)]
    truth = (names[:, None] == np.array(LABELS)).astype(float)
    sure, flat = 0.5 * truth + 0.5 * rng.random((200, 3)), np.full((200, 3), 1 / 3)
    assert (
        paired_metric_bootstrap(names, sure, flat, class_metric("auprc", labels=LABELS), samples=50).low > 0.2
    )


def test_one_example_bounds_nothing() -> None:
    metric = class_metric("macro_f1", labels=LABELS)
    found = paired_metric_bootstrap(["a"], ["a"], ["b"], metric)
    assert (found.value, found.low, found.high, found.p_value) == (1.0, -math.inf, math.inf, 1.0)
    [score] = resampled_scores(metric(["a"], ["a"]), 1)
    assert (score.value, score.low, score.high) == (1.0, None, None)


def test_refusals() -> None:
    metric = class_metric("accuracy", labels=LABELS)
    with pytest.raises(OptionError, match="same examples"):
        paired_metric_bootstrap(["a", "b"], ["a"], ["a", "b"], metric)
    with pytest.raises(OptionError, match="one group an example"):
        paired_metric_bootstrap(["a", "b"], ["a", "b"], ["a", "b"], metric, groups=["g"])
    with pytest.raises(OptionError, match="nothing to score"):
        resampled_scores(mean_of(np.zeros(0)), 0)
    with pytest.raises(OptionError, match="resamples"):
        resampled_scores(mean_of(np.zeros(2)), 2, samples=0)
    with pytest.raises(OptionError, match="level"):
        resampled_scores(mean_of(np.zeros(2)), 2, level=1.0)
