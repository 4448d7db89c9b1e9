"""Bootstrap intervals: seeded, clustered, and of the right width."""

from __future__ import annotations

import numpy as np
import pytest

from gongbang.errors import OptionError
from gongbang.metrics.intervals import bootstrap_interval, paired_bootstrap


def test_same_seed_same_interval_and_another_seed_another() -> None:
    values = np.arange(100) % 7
    assert bootstrap_interval(values) == bootstrap_interval(values)
    assert bootstrap_interval(values, seed=1) != bootstrap_interval(values, seed=2)


def test_width_is_that_of_the_normal_approximation() -> None:
    values = np.array([1.0] * 800 + [0.0] * 200)
    score = bootstrap_interval(values, samples=4000)
    half = 1.96 * (0.8 * 0.2 / 1000) ** 0.5
    assert score.value == pytest.approx(0.8)
    assert score.n == 1000
    assert score.low == pytest.approx(0.8 - half, abs=0.004)
    assert score.high == pytest.approx(0.8 + half, abs=0.004)


def test_constant_values_have_no_width() -> None:
    score = bootstrap_interval([2.0] * 10)
    assert (score.low, score.high) == (2.0, 2.0)


def test_groups_of_equal_answers_widen_the_interval() -> None:
    # 100 groups of 10 equal values: as good as 100 examples, so sqrt(10) times wider than 1,000.
    values = np.repeat(np.arange(100) % 2, 10)
    groups = np.repeat(np.arange(100), 10)
    single = bootstrap_interval(values, samples=3000)
    grouped = bootstrap_interval(values, groups=groups, samples=3000)
    ratio = (grouped.high - grouped.low) / (single.high - single.low)  # type: ignore[operator]
    assert ratio == pytest.approx(10**0.5, rel=0.1)


def test_groups_of_one_are_single_examples() -> None:
    values = np.arange(30.0)
    assert bootstrap_interval(values, groups=range(30)) == bootstrap_interval(values)


def test_unequal_groups_keep_the_mean_over_examples() -> None:
    score = bootstrap_interval([1.0, 1.0, 1.0, 0.0], groups=["a", "a", "a", "b"])
    assert score.value == 0.75
    assert (score.low, score.high) == (0.0, 1.0)  # both draws of one group alone happen often


def test_large_draws_come_in_parts_and_equal_small_ones() -> None:
    values = np.arange(5000) % 3
    score = bootstrap_interval(values, samples=1000)  # 5 million cells: more than one part
    assert score.low < score.value < score.high  # type: ignore[operator]


def test_paired_bootstrap_sees_a_small_constant_gain() -> None:
    rng = np.random.default_rng(3)
    b = rng.random(200)
    difference = paired_bootstrap(b + 0.01, b)
    assert difference.value == pytest.approx(0.01)
    assert difference.significant
    assert difference.p_value == 0.0


def test_paired_bootstrap_of_equal_systems() -> None:
    difference = paired_bootstrap([1.0, 0.0, 1.0], [1.0, 0.0, 1.0])
    assert (difference.value, difference.low, difference.high, difference.p_value) == (0.0, 0.0, 0.0, 1.0)
    assert not difference.significant


def test_paired_bootstrap_is_antisymmetric() -> None:
    a, b = np.array([1.0, 0, 1, 1, 0, 1]), np.array([0.0, 0, 1, 0, 1, 1])
    forth, back = paired_bootstrap(a, b), paired_bootstrap(b, a)
    assert forth.value == -back.value
    assert forth.low == pytest.approx(-back.high)
    assert forth.p_value == back.p_value
    assert set(forth.to_dict()) == {"value", "low", "high", "p_value", "n"}


@pytest.mark.parametrize(
    ("values", "options"),
    [
        ([], {}),
        ([float("nan")], {}),
        ([1.0], {"samples": 0}),
        ([1.0], {"level": 1.5}),
        ([1.0, 2.0], {"groups": ["a"]}),
    ],
)
def test_refusals(values: list[float], options: dict[str, object]) -> None:
    with pytest.raises(OptionError):
        bootstrap_interval(values, **options)  # type: ignore[arg-type]


def test_paired_bootstrap_refuses_unequal_lengths() -> None:
    with pytest.raises(OptionError):
        paired_bootstrap([1.0], [1.0, 2.0])


def test_one_group_is_no_certainty() -> None:
    values = [0.0, 1.0, 0.0, 1.0, 1.0] * 20
    score = bootstrap_interval(values, groups=["a"] * 100)
    assert score == bootstrap_interval(values)
    assert score.low < 0.6 < score.high  # type: ignore[operator]
    difference = paired_bootstrap(values, [0.5] * 100, groups=["a"] * 100)
    assert difference.low < difference.value < difference.high


def test_one_example_bounds_nothing() -> None:
    score = bootstrap_interval([1.0], groups=["a"])
    assert (score.value, score.n, score.low, score.high) == (1.0, 1, None, None)
    difference = paired_bootstrap([1.0], [0.0])
    assert (difference.value, difference.p_value, difference.significant) == (1.0, 1.0, False)
