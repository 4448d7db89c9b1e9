"""Wilson and Student, against hand-computed values and SciPy."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongbang.errors import OptionError
from gongbang.metrics.small_samples import paired_t, t_interval, t_quantile, wilson_interval


def test_wilson_by_hand():
    # p = 0.3, n = 10, z = 1.959964: z²/n = 0.384146; middle = 0.492073 / 1.384146 = 0.355507;
    # half = 1.959964 / 1.384146 * sqrt(0.021 + 0.384146 / 40) = 0.247720
    share = wilson_interval(3, 10)
    assert (share.value, share.n) == (0.3, 10)
    assert share.low == pytest.approx(0.107789, abs=1e-5)
    assert share.high == pytest.approx(0.603222, abs=1e-5)


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_its_share_and_mirrors(pair: tuple[int, int]):
    hits, n = pair
    share, mirror = wilson_interval(hits, n), wilson_interval(n - hits, n)
    assert 0 <= share.low <= share.value <= share.high <= 1
    assert share.low == pytest.approx(1 - mirror.high, abs=1e-12)


@pytest.mark.parametrize(
    ("level", "freedom", "printed"),  # the tables of any textbook
    [(0.95, 1, 12.7062), (0.95, 2, 4.3027), (0.95, 9, 2.2622), (0.99, 4, 4.6041), (0.95, 1000, 1.9623)],
)
def test_t_quantiles_of_the_tables(level: float, freedom: int, printed: float):
    assert t_quantile(level, freedom) == pytest.approx(printed, abs=5e-5)


def test_parity_with_scipy():
    stats = pytest.importorskip("scipy.stats")
    for freedom in (1, 2, 3, 7, 40, 500):
        for level in (0.5, 0.9, 0.999):
            assert t_quantile(level, freedom) == pytest.approx(
                stats.t.ppf((1 + level) / 2, freedom), rel=1e-9
            )
    a, b = [81.0, 82.0, 84.5, 80.0], [80.0, 81.0, 82.0, 80.5]
    assert paired_t(a, b).p_value == pytest.approx(stats.ttest_rel(a, b).pvalue, rel=1e-9)
    low, high = stats.binomtest(7, 31).proportion_ci(method="wilson")
    assert (wilson_interval(7, 31).low, wilson_interval(7, 31).high) == pytest.approx((low, high))


def test_a_single_run_has_no_interval():
    assert t_interval([5.0]).low is None
    found = paired_t([5.0], [4.0])
    assert (found.value, found.low, found.high, found.significant) == (1.0, -math.inf, math.inf, False)


def test_equal_gaps_are_certain_and_no_gap_is_none():
    assert paired_t([2.0, 3.0], [1.0, 2.0]).significant
    assert paired_t([2.0, 3.0], [2.0, 3.0]).p_value == 1.0


@pytest.mark.parametrize(
    "call",
    [
        lambda: wilson_interval(0, 0),
        lambda: wilson_interval(3, 2),
        lambda: wilson_interval(1, 2, level=1.0),
        lambda: t_interval([]),
        lambda: t_interval([1.0, math.nan]),
        lambda: t_quantile(0.95, 0),
        lambda: paired_t([1.0], [1.0, 2.0]),
    ],
)
def test_what_cannot_be_averaged_is_refused(call):
    with pytest.raises(OptionError):
        call()
