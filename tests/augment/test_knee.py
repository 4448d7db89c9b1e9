"""The learning curve: means and paired differences by hand, the knee, and its picture."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from gongbang.augment.knee import LearningCurve, learning_curve, plot_learning_curve
from gongbang.errors import OptionError

FLAT_AFTER_A_QUARTER = {
    0.0: {1: 60.0, 2: 61.0, 3: 62.0},
    0.25: {1: 63.0, 2: 64.0, 3: 65.0},
    1.0: {1: 63.5, 2: 64.0, 3: 65.5},
    3.0: {1: 58.0, 2: 59.0, 3: 60.0},
}


def test_the_knee_is_the_least_ratio_within_the_interval_of_the_best():
    curve = learning_curve(FLAT_AFTER_A_QUARTER)
    # ratio 1: mean 64.3333, sample deviation 1.04083, t(.975, 2) = 4.30265, so the half is 2.5856
    assert curve.best.ratio == 1.0
    assert curve.best.mean.low == pytest.approx(64.3333 - 2.5856, abs=1e-3)
    assert curve.knee.ratio == 0.25 and curve.helps
    assert [point.ratio for point in curve.points] == [0.0, 0.25, 1.0, 3.0]


def test_differences_are_paired_by_seed():
    # Every seed gains exactly 3: of the pairs nothing is left to chance, though the means overlap.
    quarter = learning_curve(FLAT_AFTER_A_QUARTER).points[1]
    assert quarter.difference is not None
    assert (quarter.difference.value, quarter.difference.low, quarter.difference.n) == (3.0, 3.0, 3)
    assert quarter.mean.low < 61.0 + 1.0
    shuffled = {0.0: {1: 60.0, 2: 61.0, 3: 62.0}, 0.25: {3: 65.0, 1: 63.0, 2: 64.0}}
    assert learning_curve(shuffled).points[1].difference == quarter.difference


def test_what_does_not_help_has_its_knee_at_zero():
    curve = learning_curve({0: {1: 70.0, 2: 71.0}, 1: {1: 70.2, 2: 70.9}})
    assert curve.best.ratio == 1  # 70.55 against 70.50: no more than the seeds do
    assert curve.knee.ratio == 0 and not curve.helps


def test_a_loss_is_better_when_low():
    curve = learning_curve({0: {1: 2.0, 2: 2.1}, 1: {1: 1.0, 2: 1.1}}, higher_is_better=False)
    assert curve.best.ratio == 1 and curve.points[1].difference.value == pytest.approx(1.0)
    assert curve.helps


def test_one_seed_has_no_interval_and_no_verdict():
    curve = learning_curve({0: {1: 60.0}, 1: {1: 65.0}, 3: {1: 64.9}})
    assert curve.knee.ratio == curve.best.ratio == 1 and not curve.helps
    assert curve.points[1].difference.high == math.inf


def test_seeds_that_only_one_side_has_are_left_out_of_the_pairs():
    curve = learning_curve({0: {1: 1.0, 2: 2.0}, 1: {2: 5.0, 3: 9.0}})
    assert curve.points[1].difference.n == 1 and curve.points[1].difference.value == 3.0


def test_bootstrap_instead_of_t():
    many = {0: {n: float(n % 3) for n in range(12)}, 1: {n: float(n % 3) + 2 for n in range(12)}}
    curve = learning_curve(many, interval="bootstrap")
    assert curve.points[1].difference.low == pytest.approx(2.0)
    assert curve.best.mean.low < 3.0 < curve.best.mean.high


@pytest.mark.parametrize(
    ("scores", "options"),
    [
        ({1: {1: 2.0}}, {}),
        ({0: {1: 2.0}, -1: {1: 2.0}}, {}),
        ({0: {1: 2.0}, 1: {}}, {}),
        ({0: {1: 2.0}, 1: {2: 2.0}}, {}),
        ({0: {}, 1: {2: 2.0}}, {}),
        ({0: {1: math.nan}}, {}),
        ({0: {1: 2.0}}, {"interval": "guess"}),
    ],
)
def test_what_is_no_curve_is_refused(scores, options):
    with pytest.raises(OptionError):
        learning_curve(scores, **options)


def test_plain_json_even_where_bounds_are_infinite():
    row = json.loads(json.dumps(learning_curve({0: {1: 1.0}, 1: {1: 2.0}}).to_dict(), allow_nan=False))
    assert row["knee"] == 1 and row["points"][1]["difference"]["low"] is None


def test_the_picture(tmp_path: Path):
    pytest.importorskip("matplotlib")
    curve: LearningCurve = learning_curve(FLAT_AFTER_A_QUARTER)
    path = plot_learning_curve(curve, tmp_path / "a" / "curve.png", metric="f1", title="늘리기 EDA")
    assert path.read_bytes().startswith(b"\x89PNG") and path.stat().st_size > 5_000
