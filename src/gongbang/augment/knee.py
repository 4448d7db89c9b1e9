"""The learning curve over how much was made: which ratio is enough, and whether any helps at all.

A ratio is made records per original; 0 is the originals alone. Each ratio is trained with the same seeds,
and judged against ratio 0 seed by seed, so that what a seed does to both is not taken for an effect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gongbang.artifacts.files import plain
from gongbang.errors import MissingExtraError, OptionError
from gongbang.metrics.intervals import Difference, bootstrap_interval, paired_bootstrap
from gongbang.metrics.scores import Score
from gongbang.metrics.small_samples import paired_t, t_interval

SeedScores = Mapping[int, float]
"""The score of each seed."""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One ratio: the mean over its seeds, and how much better it is than ratio 0 with the same seeds.

    ``difference.value`` is positive where the ratio is better, also of metrics that should be low; it is
    None for ratio 0 itself. ``scores`` are the seeds' own.
    """

    ratio: float
    mean: Score
    difference: Difference | None
    scores: SeedScores

    def to_dict(self) -> dict[str, Any]:
        return {
            "ratio": self.ratio,
            "mean": self.mean.to_dict(),
            "difference": self.difference.to_dict() if self.difference else None,
            "scores": {str(seed): score for seed, score in self.scores.items()},
        }


@dataclass(frozen=True, slots=True)
class LearningCurve:
    """Points by rising ratio; ``best`` has the best mean, ``knee`` is the least ratio that is as good.

    As good is a mean within the best one's interval. Where the best ratio was run with a single seed there
    is no interval, and the knee is the best itself.
    """

    points: tuple[CurvePoint, ...]
    best: CurvePoint
    knee: CurvePoint

    @property
    def helps(self) -> bool:
        """Whether the knee is better than ratio 0 by an interval that clears zero."""
        return self.knee.difference is not None and self.knee.difference.low > 0

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON: the points, the ratios of best and knee, and the verdict."""
        found: dict[str, Any] = plain(
            {
                "points": [point.to_dict() for point in self.points],
                "best": self.best.ratio,
                "knee": self.knee.ratio,
                "helps": self.helps,
            }
        )
        return found


def learning_curve(
    scores: Mapping[float, SeedScores],
    *,
    interval: str = "t",
    level: float = 0.95,
    higher_is_better: bool = True,
) -> LearningCurve:
    """The curve of a sweep over ratios.

    Args:
        scores: for each ratio the score of each seed; ratio 0 must be among them.
        interval: "t" (Student's, right for a handful of seeds) or "bootstrap" (for ten or more).
        level: of confidence.
        higher_is_better: False for losses and error rates.

    Raises:
        OptionError: no ratio 0, a negative ratio, a ratio without a seed or without one that ratio 0 was
            run with, or a score that is not finite.

    Example:
        >>> curve = learning_curve({
        ...     0: {1: 60.0, 2: 61.0, 3: 62.0},
        ...     0.25: {1: 63.0, 2: 64.2, 3: 65.0},
        ...     1: {1: 63.5, 2: 64.0, 3: 65.4},
        ... })
        >>> curve.best.ratio, curve.knee.ratio, curve.helps
        (1, 0.25, True)
    """
    _check(scores, interval)
    mean_of, differ = _INTERVALS[interval]
    sign = 1.0 if higher_is_better else -1.0
    base = scores[0]
    points = []
    for ratio in sorted(scores):
        seeds = scores[ratio]
        difference = None
        if ratio:
            shared = [seed for seed in seeds if seed in base]
            with_made = [sign * seeds[seed] for seed in shared]
            difference = differ(with_made, [sign * base[seed] for seed in shared], level)
        points.append(CurvePoint(ratio, mean_of(list(seeds.values()), level), difference, dict(seeds)))
    best = max(points, key=lambda point: sign * point.mean.value)  # the first, least ratio among equals
    return LearningCurve(tuple(points), best, _knee(points, best, sign))


def _knee(points: Sequence[CurvePoint], best: CurvePoint, sign: float) -> CurvePoint:
    bound = best.mean.low if sign > 0 else best.mean.high
    if bound is None:
        return best
    return next(point for point in points if sign * point.mean.value >= sign * bound)


def _t_mean(values: Sequence[float], level: float) -> Score:
    return t_interval(values, level)


def _t_difference(a: Sequence[float], b: Sequence[float], level: float) -> Difference:
    return paired_t(a, b, level)


def _drawn_mean(values: Sequence[float], level: float) -> Score:
    return bootstrap_interval(values, level=level)


def _drawn_difference(a: Sequence[float], b: Sequence[float], level: float) -> Difference:
    return paired_bootstrap(a, b, level=level)


_Mean = Callable[[Sequence[float], float], Score]
_Differ = Callable[[Sequence[float], Sequence[float], float], Difference]
_INTERVALS: dict[str, tuple[_Mean, _Differ]] = {
    "t": (_t_mean, _t_difference),
    "bootstrap": (_drawn_mean, _drawn_difference),
}


def _check(scores: Mapping[float, SeedScores], interval: str) -> None:
    if interval not in _INTERVALS:
        raise OptionError(
            "unknown kind of interval.",
            value=interval,
            allowed=", ".join(_INTERVALS),
            cure="Pass interval='t'.",
        )
    if 0 not in scores or min(scores) < 0:
        raise OptionError(
            "a learning curve starts at the originals alone.",
            value=sorted(scores),
            allowed="ratios of 0 or more, 0 among them",
            cure="Run ratio 0 with the same seeds.",
        )
    for ratio, seeds in scores.items():
        if not set(seeds) & set(scores[0]):
            raise OptionError(
                f"ratio {ratio:g} shares no seed with ratio 0.",
                value=sorted(seeds),
                allowed=f"one of {sorted(scores[0])} at least",
                cure="Run every ratio with the same seeds.",
            )


def plot_learning_curve(
    curve: LearningCurve, path: str | Path, *, metric: str = "score", title: str = ""
) -> Path:
    """Draw means with intervals, the seeds behind them, and the knee, into a PNG; labels are in English.

    Args:
        curve: as :func:`learning_curve` gives it.
        path: the picture to write.
        metric: the name on the axis of scores.
        title: printed above; characters that the default font lacks are left out.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as err:
        raise MissingExtraError("matplotlib", extra="train", purpose="the picture of a curve") from err
    figure = Figure(figsize=(5.2, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    ratios = [point.ratio for point in curve.points]
    means = [point.mean.value for point in curve.points]
    below = [0.0 if p.mean.low is None else p.mean.value - p.mean.low for p in curve.points]
    above = [0.0 if p.mean.high is None else p.mean.high - p.mean.value for p in curve.points]
    axes.errorbar(ratios, means, yerr=[below, above], marker="o", capsize=3, label="mean, interval")
    seeds = [(point.ratio, score) for point in curve.points for score in point.scores.values()]
    axes.plot(*zip(*seeds, strict=True), linestyle="", marker=".", color="0.6", label="seeds")
    axes.axvline(curve.knee.ratio, linestyle=":", color="C3", label=f"knee {curve.knee.ratio:g}")
    axes.set_xticks(ratios)
    axes.set_xlabel("made records per original")
    axes.set_ylabel(metric)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    if title:
        # The default font has no Hangul; a box for every syllable would say less than nothing.
        figure.suptitle(title.encode("ascii", "ignore").decode().strip(" -_"), fontsize=10)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="png", dpi=110)
    return path
