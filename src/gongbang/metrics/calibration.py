"""From a score to a probability, and from a probability to the choice to stay silent.

Temperature scaling: Guo et al. 2017, section 4.2. Platt scaling with his smoothed targets: Platt 1999,
section 2.2; the Newton steps follow Lin, Lin & Weng 2007. Expected calibration error: Naeini et al. 2015.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gongbang.errors import OptionError

_GOLDEN = (5**0.5 - 1) / 2


def _sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return 0.5 * (1.0 + np.tanh(0.5 * x))  # tanh form: no overflow at either end


@dataclass(frozen=True, slots=True)
class Platt:
    """``probability = sigmoid(slope * score + offset)``.

    Example:
        >>> float(Platt(1.0, 0.0)([0.0])[0])
        0.5
    """

    slope: float
    offset: float

    def __call__(self, scores: ArrayLike) -> NDArray[np.float64]:
        """Probabilities of the same shape as ``scores``."""
        return _sigmoid(self.slope * np.asarray(scores, dtype=np.float64) + self.offset)

    def to_dict(self) -> dict[str, float]:
        return {"slope": self.slope, "offset": self.offset}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Platt:
        return cls(float(values["slope"]), float(values["offset"]))


def fit_platt(scores: ArrayLike, correct: ArrayLike, *, steps: int = 100) -> Platt:
    """Fits a slope and an offset by penalised-target maximum likelihood.

    Args:
        scores: (n,) any real score. correct: (n,) 0 or 1. steps: most Newton steps.

    Raises:
        OptionError: lengths differ, nothing given, or scores that are not finite.

    Example:
        >>> fitted = fit_platt([-2.0, -1.0, 1.0, 2.0], [0, 0, 1, 1])
        >>> fitted.slope > 0
        True
    """
    x, y = _pair(scores, correct)
    centre, scale = float(x.mean()), float(x.std()) or 1.0
    z = (x - centre) / scale
    positives = float(y.sum())
    high, low = (positives + 1) / (positives + 2), 1 / (len(y) - positives + 2)
    target = np.where(y > 0.5, high, low)
    inputs = np.stack([z, np.ones_like(z)], axis=1)  # (n, 2)
    weights = np.array([0.0, np.log((positives + 1) / (len(y) - positives + 1))])
    for _ in range(steps):
        p = _sigmoid(inputs @ weights)
        gradient = inputs.T @ (p - target)
        hessian = (inputs * (p * (1 - p))[:, None]).T @ inputs + 1e-9 * np.eye(2)
        newton = np.linalg.solve(hessian, gradient).astype(np.float64)
        step = _backtrack(inputs, target, weights, newton)
        weights = weights - step
        if np.abs(step).max() < 1e-10:
            break
    return Platt(float(weights[0] / scale), float(weights[1] - weights[0] * centre / scale))


def _backtrack(
    inputs: NDArray[np.float64],
    target: NDArray[np.float64],
    weights: NDArray[np.float64],
    step: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Halves a Newton step until the loss does not rise."""

    def loss(at: NDArray[np.float64]) -> float:
        logits = inputs @ at
        return float((np.logaddexp(0.0, logits) - target * logits).sum())

    before = loss(weights)
    for _ in range(30):
        if loss(weights - step) <= before + 1e-12:
            return step
        step = step / 2
    return np.zeros_like(step)


def fit_temperature(logits: ArrayLike, labels: ArrayLike, *, low: float = 0.05, high: float = 20.0) -> float:
    """The temperature T that minimises the log loss of ``softmax(logits / T)``.

    Golden-section search over log T, where the loss has one minimum.

    Args:
        logits: (n, classes). labels: (n,) index of the right class. low, high: bounds of T.

    Raises:
        OptionError: shapes that do not pair up, or labels outside the classes.

    Example:
        >>> bool(fit_temperature([[9.0, 0.0], [9.0, 0.0]], [0, 1]) > 10)
        True
    """
    values = np.asarray(logits, dtype=np.float64)
    chosen = np.asarray(labels, dtype=np.int64)
    if values.ndim != 2 or chosen.shape != values.shape[:1] or not len(chosen):
        raise _unpaired(values.shape, chosen.shape)
    if chosen.min() < 0 or chosen.max() >= values.shape[1]:
        raise OptionError(
            "a label is outside the classes.",
            value=int(chosen.max()),
            allowed=f"0 to {values.shape[1] - 1}",
            cure="Pass logits and labels of one task.",
        )
    values = values - values.max(axis=1, keepdims=True)
    right = values[np.arange(len(chosen)), chosen]

    def loss(log_t: float) -> float:
        t = np.exp(log_t)
        return float((np.log(np.exp(values / t).sum(axis=1)) - right / t).mean())

    return float(np.exp(_minimum(loss, float(np.log(low)), float(np.log(high)))))


def _minimum(loss: Any, left: float, right: float) -> float:
    """Golden-section search (Kiefer 1953) for the minimum of a unimodal function."""
    a, b = right - _GOLDEN * (right - left), left + _GOLDEN * (right - left)
    at_a, at_b = loss(a), loss(b)
    while right - left > 1e-7:
        if at_a <= at_b:
            right, b, at_b = b, a, at_a
            a = right - _GOLDEN * (right - left)
            at_a = loss(a)
        else:
            left, a, at_a = a, b, at_b
            b = left + _GOLDEN * (right - left)
            at_b = loss(b)
    return (left + right) / 2


def expected_calibration_error(probabilities: ArrayLike, correct: ArrayLike, *, bins: int = 10) -> float:
    """Mean gap between confidence and accuracy over equal-width bins, weighted by their counts.

    Args:
        probabilities: (n,) in [0, 1]. correct: (n,) 0 or 1. bins: number of bins.

    Raises:
        OptionError: lengths differ, or a probability outside [0, 1].

    Example:
        >>> expected_calibration_error([0.75, 0.75, 0.75, 0.75], [1, 1, 1, 0])
        0.0
    """
    p, y = _pair(probabilities, correct)
    if p.min() < 0 or p.max() > 1:
        raise OptionError(
            "a probability lies outside [0, 1].",
            value=float(p.min() if p.min() < 0 else p.max()),
            allowed="0 to 1",
            cure="Turn scores into probabilities first, e.g. with fit_platt.",
        )
    if bins < 1:
        raise OptionError("bins are counted from one.", value=bins, allowed="1 or more", cure="Pass bins=10.")
    place = np.minimum((p * bins).astype(np.int64), bins - 1)
    gap = np.abs(np.bincount(place, weights=y - p, minlength=bins))
    return float(gap.sum() / len(p))


def _pair(scores: ArrayLike, correct: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x, y = np.asarray(scores, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape or not len(x) or not np.isfinite(x).all():
        raise _unpaired(x.shape, y.shape)
    return x, y


def _unpaired(first: tuple[int, ...], second: tuple[int, ...]) -> OptionError:
    return OptionError(
        "scores and labels do not pair up, or a score is not finite.",
        value=f"shapes {first} and {second}",
        allowed="one finite score and one label an example, at least one example",
        cure="Pass both in the same order from one run.",
    )
