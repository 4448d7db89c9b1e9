"""Intervals in closed form, for what a bootstrap is too narrow for: few runs, and shares near 0 or 1.

Three seeds drawn again and again give an interval as if they were the world; Student's t knows that the
spread itself was measured on three. A share of 0 in 20 resamples to exactly 0; Wilson's interval does not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from gongbang.errors import OptionError
from gongbang.metrics.intervals import Difference
from gongbang.metrics.scores import Score

_STEPS = 200  # of bisection and of the continued fraction; both settle long before
_TINY = 1e-300


def wilson_interval(hits: int, n: int, level: float = 0.95) -> Score:
    """A share with its score interval (Wilson 1927; Agresti and Coull 1998, section 2).

    Args:
        hits: how many of ``n``. n: how many there are, 1 or more. level: of confidence.

    Returns:
        the share ``hits / n``, with bounds within [0, 1].

    Raises:
        OptionError: no examples, more hits than examples, or a level outside (0, 1).

    Example:
        >>> share = wilson_interval(0, 20)
        >>> share.value, share.low, round(share.high, 4)
        (0.0, 0.0, 0.1611)
    """
    if not 0 <= hits <= n or n < 1:
        raise OptionError(
            "there is no share to speak of.",
            value=f"{hits} of {n}",
            allowed="0 <= hits <= n, n 1 or more",
            cure="Count at least one example.",
        )
    z = _normal_quantile(level)
    share, squared = hits / n, z * z / n
    middle = (share + squared / 2) / (1 + squared)
    half = z / (1 + squared) * math.sqrt(share * (1 - share) / n + squared / (4 * n))
    # At the ends the formula gives 0 and 1 but for rounding.
    low = 0.0 if hits == 0 else max(0.0, middle - half)
    high = 1.0 if hits == n else min(1.0, middle + half)
    return Score(share, n, low, high)


def t_interval(values: Sequence[float], level: float = 0.95) -> Score:
    """The mean of a few independent runs with Student's interval (Student 1908).

    Args:
        values: one score a run. level: of confidence.

    Returns:
        the mean; without bounds where there is a single run, which says nothing of the spread.

    Raises:
        OptionError: no values, a value that is not finite, or a level outside (0, 1).

    Example:
        >>> score = t_interval([80.0, 81.0, 82.0])
        >>> score.value, round(score.low, 3), round(score.high, 3)
        (81.0, 78.516, 83.484)
    """
    mean, error = _mean_and_error(values)
    if len(values) == 1:
        return Score(mean, 1)
    half = t_quantile(level, len(values) - 1) * error
    return Score(mean, len(values), mean - half, mean + half)


def paired_t(a: Sequence[float], b: Sequence[float], level: float = 0.95) -> Difference:
    """How much runs A are better than runs B of the same seeds: mean(A) - mean(B), with Student's interval.

    Args:
        a: (n,) scores of A. b: (n,) scores of B, in the same order. level: of confidence.

    Returns:
        the difference with its two-sided p-value; of a single pair the bounds are infinite.

    Raises:
        OptionError: lengths differ, no values, or a value that is not finite.

    Example:
        >>> found = paired_t([81.0, 82.0, 84.0], [80.0, 81.0, 82.0])
        >>> round(found.value, 3), round(found.low, 3), found.significant
        (1.333, -0.101, False)
    """
    if len(a) != len(b):
        raise OptionError(
            "the two were not run with the same seeds.",
            value=f"{len(a)} and {len(b)}",
            allowed="equal lengths, in the same order",
            cure="Run both with the same seeds.",
        )
    gaps = [first - second for first, second in zip(a, b, strict=True)]
    mean, error = _mean_and_error(gaps)
    if len(gaps) == 1:
        return Difference(mean, -math.inf, math.inf, 1.0, 1)
    freedom = len(gaps) - 1
    half = t_quantile(level, freedom) * error
    return Difference(mean, mean - half, mean + half, _p_value(mean, error, freedom), len(gaps))


def t_quantile(level: float, freedom: int) -> float:
    """The t that holds the middle ``level`` of Student's distribution between -t and t.

    Raises:
        OptionError: a level outside (0, 1), or fewer than 1 degree of freedom.

    Example:
        >>> round(t_quantile(0.95, 2), 4)
        4.3027
    """
    _check_level(level)
    if freedom < 1:
        raise OptionError(
            "Student's distribution needs degrees of freedom.",
            value=freedom,
            allowed="1 or more",
            cure="Bring two values or more.",
        )
    wanted, low, high = (1 + level) / 2, 0.0, 1.0
    while _t_cdf(high, freedom) < wanted:
        high *= 2
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if _t_cdf(middle, freedom) < wanted else (low, middle)
    return (low + high) / 2


def _p_value(mean: float, error: float, freedom: int) -> float:
    if error == 0:  # every pair differs alike
        return 1.0 if mean == 0 else 0.0
    return 2 * (1 - _t_cdf(abs(mean) / error, freedom))


def _mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    """Mean, and its standard error from the sample's own spread (0 of a single value)."""
    if not values or not all(map(math.isfinite, values)):
        raise OptionError(
            "the runs cannot be averaged.",
            value="no values" if not values else "values that are not finite",
            allowed="one finite number a run, at least one run",
            cure="Leave out runs that failed.",
        )
    n = len(values)
    mean = math.fsum(values) / n
    spread = math.fsum((value - mean) ** 2 for value in values)
    return mean, math.sqrt(spread / (n - 1) / n) if n > 1 else 0.0


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise OptionError(
            "the level of an interval is a share.",
            value=level,
            allowed="0 < level < 1",
            cure="Pass level=0.95.",
        )


def _normal_quantile(level: float) -> float:
    _check_level(level)
    low, high = 0.0, 40.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if math.erf(middle / math.sqrt(2)) < level else (low, middle)
    return (low + high) / 2


def _t_cdf(t: float, freedom: int) -> float:
    """P(T <= t) for t >= 0, by the incomplete beta function (Abramowitz and Stegun, 26.7.1)."""
    return 1 - _incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t)) / 2


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """I_x(a, b), regularised, by its continued fraction (Abramowitz and Stegun, 26.5.8)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):  # where the fraction converges slowly, its mirror image does not
        return 1 - _incomplete_beta(b, a, 1 - x)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    # Lentz's method: numerator and denominator of the convergents as running ratios.
    c, d = 1.0, 1 / _not_zero(1 - (a + b) * x / (a + 1))
    fraction = d
    for m in range(1, _STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _not_zero(1 + term * d)
            c = _not_zero(1 + term / c)
            fraction *= c * d
        if abs(c * d - 1) < 1e-16:
            break
    return math.exp(log_front) * fraction / a


def _not_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
