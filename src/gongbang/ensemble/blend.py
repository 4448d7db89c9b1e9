"""A blend: members' calibrations, weights and thresholds, fitted together and applied together.

It is what an ensemble is served by. :func:`cross_fitted` says what it is worth: every example is judged by a
blend that was fitted without its fold.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from gongbang.ensemble.calibrate import Calibration, fit_calibration
from gongbang.ensemble.combine import fit_weights, greedy_selection, hard_vote, weighted_mean
from gongbang.ensemble.judge import Judge, Outcome
from gongbang.ensemble.members import Gold, Member
from gongbang.errors import EnsembleError
from gongbang.metrics.thresholds import choose_label_thresholds
from gongbang.tasks.labels import constrained

Method = Literal["mean", "weighted", "greedy", "vote"]
METHODS: tuple[str, ...] = get_args(Method)
_PARTS = 5  # examples are dealt out by group where members know no folds


@dataclass(frozen=True, slots=True)
class Blend:
    """How members become one.

    Attributes:
        method: "mean" of calibrated probabilities, "weighted" mean, mean of a "greedy" selection, or hard
            "vote".
        calibrations: (m,) one a member.
        weights: (m,) of sum 1.
        thresholds: (L,) from which probability on a label is given or, by a vote, has a member's vote; None
            with one label an example.
        at_least_one: whether an example whose labels all stay below gets its likeliest one.
    """

    method: str
    calibrations: tuple[Calibration, ...]
    weights: tuple[float, ...]
    thresholds: tuple[float, ...] | None = None
    at_least_one: bool = True

    @property
    def multi_label(self) -> bool:
        """Whether an example may have several labels."""
        return self.thresholds is not None

    def apply(self, logits: NDArray[np.float64], possible: NDArray[np.bool_] | None = None) -> Outcome:
        """What the blend says.

        Args:
            logits: (m, n, L), members and labels in the order in which the blend was fitted.
            possible: (n, L) what the task's rules leave possible; everything when None.

        Raises:
            EnsembleError: another number of members.
        """
        if len(logits) != len(self.calibrations):
            raise EnsembleError(
                "the blend was fitted for other members.",
                value=f"{len(logits)} members",
                allowed=f"{len(self.calibrations)}",
                cure="Pass the members that it names, in that order.",
            )
        shares = _combined(self.method, self._calibrated(logits), self.weights, self.thresholds, possible)
        return Outcome(shares, self._given(shares))

    def _calibrated(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.stack(
            [
                calibration.probabilities(own, multi_label=self.multi_label)
                for calibration, own in zip(self.calibrations, logits, strict=True)
            ]
        )

    def _given(self, shares: NDArray[np.float64]) -> NDArray[np.bool_] | None:
        if self.thresholds is None:
            return None
        limits = 0.5 if self.method == "vote" else np.asarray(self.thresholds)
        given: NDArray[np.bool_] = shares >= limits
        if self.at_least_one:
            empty = np.flatnonzero(~given.any(axis=1))
            given[empty, shares[empty].argmax(axis=1)] = True
        return given

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "method": self.method,
            "calibrations": [calibration.to_dict() for calibration in self.calibrations],
            "weights": list(self.weights),
            "thresholds": None if self.thresholds is None else list(self.thresholds),
            "at_least_one": self.at_least_one,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Blend:
        thresholds = values["thresholds"]
        return cls(
            str(values["method"]),
            tuple(Calibration.from_dict(each) for each in values["calibrations"]),
            tuple(map(float, values["weights"])),
            None if thresholds is None else tuple(map(float, thresholds)),
            bool(values["at_least_one"]),
        )


def fit_blend(
    logits: NDArray[np.float64],
    gold: Gold,
    method: str,
    judge: Judge,
    *,
    rounds: int = 30,
    at_least_one: bool = True,
    possible: NDArray[np.bool_] | None = None,
) -> Blend:
    """The blend that fits these out-of-fold predictions best.

    Args:
        logits: (m, n, L). gold: (n,) or (n, L).
        method: one of :data:`METHODS`; "weighted" minimises the log loss, "greedy" raises the judge's metric.
        judge: holds the metric.
        rounds: of greedy selection.
        at_least_one: see :class:`Blend`.
        possible: as in :meth:`Blend.apply`.

    Raises:
        EnsembleError: an unknown method.
    """
    if method not in METHODS:
        raise EnsembleError(
            "there is no such way to put members together.",
            value=method,
            allowed=", ".join(METHODS),
            cure="Pass one of these; 'mean' is the safe one.",
        )
    several = gold.ndim == 2
    calibrations = tuple(fit_calibration(own, gold) for own in logits)
    shares = np.stack(
        [c.probabilities(own, multi_label=several) for c, own in zip(calibrations, logits, strict=True)]
    )
    weights = np.full(len(logits), 1.0 / len(logits))
    if method == "weighted":
        weights = fit_weights(shares, gold)
    elif method == "greedy":
        # Thresholds of the plain mean: anew for every member of every round they would cost minutes.
        limits = choose_label_thresholds(gold, shares.mean(axis=0)) if several else None

        def value_of(mean: NDArray[np.float64]) -> float:
            left = constrained(mean, possible)
            return judge.value(gold, Outcome(left, None if limits is None else left >= limits))

        counts = greedy_selection(shares, value_of, rounds=rounds)
        weights = counts / counts.sum()
    told = tuple(map(float, weights))
    if not several:
        return Blend(method, calibrations, told, None, at_least_one)
    thresholds = choose_label_thresholds(gold, weighted_mean(shares, weights))
    return Blend(method, calibrations, told, tuple(map(float, thresholds)), at_least_one)


def cross_fitted(
    logits: NDArray[np.float64],
    gold: Gold,
    parts: NDArray[np.int64],
    method: str,
    judge: Judge,
    *,
    rounds: int = 30,
    at_least_one: bool = True,
    possible: NDArray[np.bool_] | None = None,
) -> Outcome:
    """What blends say of examples that they were not fitted on.

    Args:
        parts: (n,) the part each example is in; for every part a blend is fitted on all others.

    Others as in :func:`fit_blend`.

    Raises:
        EnsembleError: fewer than two parts.
    """
    numbers = np.unique(parts)
    if len(numbers) < 2:
        raise EnsembleError(
            "nothing is left to fit on when the only fold is held out.",
            value=f"{len(numbers)} fold over {len(gold)} examples",
            allowed="two folds or more",
            cure="Bring out-of-fold predictions of all folds.",
        )
    shares = np.empty(logits.shape[1:])
    given = np.zeros(logits.shape[1:], dtype=np.bool_) if gold.ndim == 2 else None
    for number in numbers:
        out = parts == number
        blend = fit_blend(
            logits[:, ~out],
            gold[~out],
            method,
            judge,
            rounds=rounds,
            at_least_one=at_least_one,
            possible=None if possible is None else possible[~out],
        )
        outcome = blend.apply(logits[:, out], None if possible is None else possible[out])
        shares[out] = outcome.shares
        if given is not None and outcome.given is not None:
            given[out] = outcome.given
    return Outcome(shares, given)


def parts_of(member: Member) -> NDArray[np.int64]:
    """(n,) the folds of a member; where it knows none, five parts by a hash of the groups."""
    if member.folds is not None:
        return member.folds
    digests = {
        group: hashlib.sha256(group.encode("utf-8", "surrogatepass")).digest() for group in member.groups
    }
    order = {group: place % _PARTS for place, group in enumerate(sorted(digests, key=digests.__getitem__))}
    return np.array([order[group] for group in member.groups])


def _combined(
    method: str,
    shares: NDArray[np.float64],
    weights: Sequence[float],
    thresholds: Sequence[float] | None,
    possible: NDArray[np.bool_] | None,
) -> NDArray[np.float64]:
    """(n, L) the members as one; the rules come last, as they do where the ensemble is served."""
    if method == "vote":
        limits = 0.5 if thresholds is None else np.asarray(thresholds)
        ruled = constrained(shares, None if possible is None else np.broadcast_to(possible, shares.shape))
        return hard_vote(ruled, multi_label=thresholds is not None, limits=limits)
    return constrained(weighted_mean(shares, weights), possible)
