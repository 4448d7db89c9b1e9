"""Thresholds of labels by hand: the best F1, the common one, and the pull of the one on the other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from gongbang.errors import OptionError
from gongbang.metrics.thresholds import choose_label_thresholds

GOLD = np.array([[1, 1], [1, 0], [0, 0], [0, 0]])
SHARES = np.array([[0.9, 0.3], [0.6, 0.2], [0.2, 0.1], [0.1, 0.05]])
"""Best alone: (.6 + .2) / 2 for the first label, (.3 + .2) / 2 for the second.

In common: at .25 both are perfect.
"""


def test_by_hand() -> None:
    own = choose_label_thresholds(GOLD, SHARES, shrinkage=0.0, min_positives=0)
    assert own.tolist() == pytest.approx([0.4, 0.25])
    pulled = choose_label_thresholds(GOLD, SHARES, shrinkage=2.0, min_positives=0)
    assert pulled.tolist() == pytest.approx([(2 * 0.4 + 2 * 0.25) / 4, 0.25])


def test_rare_labels_take_the_common_threshold() -> None:
    kept = choose_label_thresholds(GOLD, SHARES, shrinkage=0.0, min_positives=3)
    assert kept.tolist() == pytest.approx([0.25, 0.25])
    only_first = choose_label_thresholds(GOLD, SHARES, shrinkage=0.0, min_positives=2)
    assert only_first.tolist() == pytest.approx([0.4, 0.25])


def test_a_label_without_positives_takes_the_common_threshold() -> None:
    gold = np.column_stack([GOLD, np.zeros(4)])
    shares = np.column_stack([SHARES, np.full(4, 0.99)])
    found = choose_label_thresholds(gold, shares, shrinkage=0.0, min_positives=0)
    assert found.tolist() == pytest.approx([0.4, 0.25, 0.25])


def test_giving_a_label_always_may_be_best() -> None:
    gold, shares = [[0], [1], [1]], [[0.9], [0.5], [0.4]]
    found = choose_label_thresholds(gold, shares, shrinkage=0.0, min_positives=0)
    assert found.tolist() == pytest.approx([0.2])


def test_equal_probabilities_are_not_parted() -> None:
    gold, shares = [[1], [0], [0]], [[0.5], [0.5], [0.1]]
    found = choose_label_thresholds(gold, shares, shrinkage=0.0, min_positives=0)
    assert found.tolist() == pytest.approx([0.3])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_no_threshold_gives_a_label_a_higher_f1(seed: int) -> None:
    rng = np.random.default_rng(seed)
    gold, shares = rng.random((25, 1)) < 0.3, np.round(rng.random((25, 1)), 1)
    gold[0] = True
    threshold = choose_label_thresholds(gold, shares, shrinkage=0.0, min_positives=0)

    def f1(cut: float) -> float:
        given = shares >= cut
        return 2 * (given & gold).sum() / (given.sum() + gold.sum())

    assert f1(threshold[0]) == pytest.approx(max(f1(cut) for cut in np.linspace(0, 1, 41)))


def test_shrinkage_helps_rare_labels_on_new_data() -> None:
    rng = np.random.default_rng(0)

    def drawn(n: int) -> tuple[np.ndarray, np.ndarray]:
        gold = rng.random((n, 30)) < 0.05
        return gold, 1 / (1 + np.exp(-(rng.normal(0, 1, gold.shape) + 2.0 * gold - 2.0)))

    (gold, shares), (later, then) = drawn(150), drawn(4000)
    alone, together = (
        f1_score(later, then >= choose_label_thresholds(gold, shares, **options), average="macro")
        for options in ({"shrinkage": 0.0, "min_positives": 0}, {})
    )
    assert together > alone


@pytest.mark.parametrize(
    ("gold", "shares", "options"),
    [
        ([[1]], [[1.5]], {}),
        ([[1]], [[float("nan")]], {}),
        ([[1, 0]], [[0.5]], {}),
        ([[0]], [[0.5]], {}),
        ([[1]], [[0.5]], {"shrinkage": -1.0}),
    ],
)
def test_refusals(gold, shares, options) -> None:
    with pytest.raises(OptionError):
        choose_label_thresholds(gold, shares, **options)
