"""Calibration recovers what the data was made with."""

from __future__ import annotations

import numpy as np
import pytest

from gongbang.errors import OptionError
from gongbang.metrics.calibration import Platt, expected_calibration_error, fit_platt, fit_temperature


def test_platt_recovers_the_sigmoid_that_made_the_labels() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(50, 10, 20_000)  # far from unit scale, as retrieval scores are
    probability = 1 / (1 + np.exp(-(0.2 * scores - 9.0)))
    fitted = fit_platt(scores, rng.random(20_000) < probability)
    assert fitted.slope == pytest.approx(0.2, rel=0.05)
    assert fitted.offset == pytest.approx(-9.0, rel=0.05)
    assert expected_calibration_error(fitted(scores), rng.random(20_000) < probability) < 0.02


def test_platt_on_separable_or_constant_labels_stays_finite() -> None:
    separable = fit_platt([-1.0, -1.0, 1.0, 1.0], [0, 0, 1, 1])
    assert 0.5 < float(separable([1.0])[0]) < 1.0
    # two of two right: Platt's target is (2 + 1) / (2 + 2)
    constant = fit_platt([3.0, 3.0], [1, 1])
    assert float(constant([3.0])[0]) == pytest.approx(0.75, abs=1e-6)


def test_platt_has_no_overflow_and_round_trips() -> None:
    fitted = Platt(1.0, 0.0)
    assert fitted([-1e4, 1e4]).tolist() == [0.0, 1.0]
    assert Platt.from_dict(fitted.to_dict()) == fitted


def test_temperature_recovers_the_one_that_made_the_labels() -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 3, (20_000, 4))
    p = np.exp(logits / 2.5)
    p /= p.sum(axis=1, keepdims=True)
    labels = (p.cumsum(axis=1) < rng.random((20_000, 1))).sum(axis=1)
    assert fit_temperature(logits, labels) == pytest.approx(2.5, rel=0.05)


def test_temperature_stays_in_bounds() -> None:
    assert fit_temperature([[5.0, 0.0]], [0], low=0.5) == pytest.approx(0.5, rel=1e-3)
    assert fit_temperature([[5.0, 0.0]], [1], high=4.0) == pytest.approx(4.0, rel=1e-3)


def test_ece_by_hand() -> None:
    # bin [.9, 1]: confidence .95, accuracy .5, half of the rows; bin [.2, .3): .25 against .0, half.
    assert expected_calibration_error([0.95, 0.95, 0.25, 0.25], [1, 0, 0, 0]) == pytest.approx(
        0.5 * 0.45 + 0.5 * 0.25
    )
    assert expected_calibration_error([1.0, 0.0], [1, 0]) == 0.0


def test_refusals() -> None:
    with pytest.raises(OptionError):
        fit_platt([1.0], [1, 0])
    with pytest.raises(OptionError):
        fit_platt([], [])
    with pytest.raises(OptionError):
        fit_platt([float("inf")], [1])
    with pytest.raises(OptionError):
        fit_temperature([[1.0, 2.0]], [2])
    with pytest.raises(OptionError):
        fit_temperature([1.0, 2.0], [0])
    with pytest.raises(OptionError):
        expected_calibration_error([1.2], [1])
    with pytest.raises(OptionError):
        expected_calibration_error([0.2], [1], bins=0)
