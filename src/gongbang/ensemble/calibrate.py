"""Logits of different models on one scale, so that a weight says what a member is worth.

Logits of different models differ in scale, and a sum of them hides this in its weights. One label an example:
a temperature (Guo et al. 2017, section 4.2). Several labels: a temperature and an offset for all of a
member's labels (Platt 1999), since most labels of most examples are wrong and a temperature alone cannot
move 0.5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gongbang.ensemble.members import Gold
from gongbang.metrics.calibration import fit_platt, fit_temperature
from gongbang.tasks.labels import softmax

_LEAST_SLOPE = 0.05  # the bound that fit_temperature has: a temperature of 20


@dataclass(frozen=True, slots=True)
class Calibration:
    """Probabilities of ``logits / temperature + offset``: the softmax, or the sigmoid of several labels.

    Example:
        >>> Calibration(2.0).probabilities(np.array([[0.0, 0.0]]), multi_label=False).tolist()
        [[0.5, 0.5]]
    """

    temperature: float
    offset: float = 0.0

    def probabilities(self, logits: NDArray[np.float64], *, multi_label: bool) -> NDArray[np.float64]:
        """(n, L) of logits (n, L)."""
        scaled = logits / self.temperature + self.offset
        if multi_label:
            return np.asarray(0.5 * (1.0 + np.tanh(0.5 * scaled)))
        return softmax(scaled)

    def to_dict(self) -> dict[str, float]:
        return {"temperature": self.temperature, "offset": self.offset}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Calibration:
        return cls(float(values["temperature"]), float(values["offset"]))


def fit_calibration(logits: NDArray[np.float64], gold: Gold) -> Calibration:
    """The calibration that minimises the log loss.

    Args:
        logits: (n, L), out of fold. gold: (n,) numbers, or (n, L) of several labels an example.

    Raises:
        OptionError: shapes that do not pair up.

    Example:
        >>> fitted = fit_calibration(np.array([[9.0, 0.0], [9.0, 0.0]]), np.array([0, 1]))
        >>> fitted.temperature > 10
        True
    """
    if gold.ndim == 1:
        return Calibration(fit_temperature(logits, gold))
    platt = fit_platt(logits.reshape(-1), gold.reshape(-1).astype(np.float64))
    return Calibration(1.0 / max(platt.slope, _LEAST_SLOPE), platt.offset)
