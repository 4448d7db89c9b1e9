"""How the largest batch within a memory limit is looked for: which trial comes next, and what it tells."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

_LOG = logging.getLogger(__name__)
Status = Literal["ok", "over", "killed", "late"]
Ask = Callable[[Mapping[str, Any], float], Mapping[str, Any]]
"""Carries a request out within so many seconds, as :class:`gongbang.train.fit.Subprocess` does."""

MARGIN = 0.1  # share of the limit that stays free: the allocator grows by some 5 % over a run's first steps
_SLOWEST = 0.8  # share of the time left that one trial may be expected to take


@dataclass(frozen=True, slots=True)
class Attempt:
    """One trial.

    Attributes:
        batch_size: rows in a batch.
        precision: "bf16" or "fp32".
        status: "ok"; "over", it went beyond the limit and stopped; "killed", by the system, which is what
            running out of memory looks like; "late", time ran out.
        peak: bytes at most, the recipe's data counted in; 0 where it was killed or late.
        step_peak: bytes at most while it trained.
        seconds: of one batch, forwards and backwards.
        start: seconds that passed before the first batch.
    """

    batch_size: int
    precision: str
    status: Status
    peak: int = 0
    step_peak: int = 0
    seconds: float = 0.0
    length: int = 0
    start: float = 0.0


def choices(effective: int) -> list[int]:
    """The batch sizes that give the effective batch by whole accumulation, smallest first.

    Example:
        >>> choices(12)
        [1, 2, 3, 4, 6, 12]
    """
    return [size for size in range(1, effective + 1) if effective % size == 0]


def fit_line(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Intercept and slope of the least-squares line; one point gives a slope of 0.

    Example:
        >>> fit_line([(1.0, 5.0), (3.0, 9.0)])
        (3.0, 2.0)
        >>> fit_line([(4.0, 5.0)])
        (5.0, 0.0)
    """
    x, y = np.asarray(points, dtype=np.float64).T
    spread = float(((x - x.mean()) ** 2).sum())
    if spread == 0.0:
        return float(y.max()), 0.0
    slope = max(0.0, float(((x - x.mean()) * (y - y.mean())).sum()) / spread)
    return float(y.mean() - slope * x.mean()), slope


@dataclass(slots=True)
class Search:
    """What is known so far, and what is asked next.

    Attributes:
        ask: carries a request out.
        limit: bytes.
        deadline: on the monotonic clock.
        tree: the recipe that trials train.
        records: how many the whole recipe trains on.
        data: bytes that they take.
        attempts: every trial so far.
        out_of_time: whether there was more to try when the time was over.
    """

    ask: Ask
    limit: int
    deadline: float
    tree: Mapping[str, Any]
    records: int
    data: int
    attempts: list[Attempt] = field(default_factory=list)
    out_of_time: bool = False

    @property
    def left(self) -> float:
        """Seconds."""
        return self.deadline - time.monotonic()

    @property
    def room(self) -> float:
        """Bytes that a choice may take."""
        return self.limit * (1.0 - MARGIN)

    def measured(self, precision: str) -> list[Attempt]:
        """The trials that came to their end, smallest batch first."""
        return sorted(
            (one for one in self.attempts if one.status == "ok" and one.precision == precision),
            key=lambda one: one.batch_size,
        )

    def attempt(self, batch_size: int, precision: str) -> Attempt:
        """Make a trial."""
        request = {
            "kind": "trial",
            "recipe": dict(self.tree),
            "batch_size": batch_size,
            "precision": precision,
            "limit": self.limit,
            # What evaluating and proving take is the same for every batch: the first trial measures it.
            "whole": not self.measured(precision),
        }
        asked = time.time()
        answer = self.ask(request, self.left)
        status: Status = answer["status"]
        if status != "ok":
            found = Attempt(batch_size, precision, status, peak=int(answer.get("peak", 0)))
        else:
            features = self.records * float(answer["rows_per_record"]) * float(answer["row_bytes"])
            others = self.data + round(features)
            first = next((one.peak for one in self.measured(precision)), 0)
            found = Attempt(
                batch_size,
                precision,
                status,
                peak=max(first, int(answer["peak"]) + others),
                step_peak=int(answer["step_peak"]) + others,
                seconds=float(answer["seconds"]),
                length=int(answer["length"]),
                start=max(0.0, float(answer["begun"]) - asked),
            )
        self.attempts.append(found)
        self.out_of_time |= status == "late"
        _LOG.info("batch %d in %s: %s, %.2f GiB", batch_size, precision, status, found.peak / 2**30)
        return found

    def fits(self, one: Attempt) -> bool:
        """Whether a trial stayed within the limit, the margin kept free."""
        return one.status == "ok" and one.peak <= self.room

    def too_large(self, precision: str) -> int:
        """The smallest batch that is known not to fit; a large number where none is."""
        failed = [
            one.batch_size
            for one in self.attempts
            if one.precision == precision and one.status != "late" and not self.fits(one)
        ]
        return min(failed, default=sys.maxsize)

    def line(self, precision: str) -> tuple[float, float]:
        """``a`` and ``b`` of ``a + b * batch * length`` through what was measured; ``b`` is never below 0."""
        found = self.measured(precision)
        return fit_line([(one.batch_size * one.length, one.step_peak) for one in found])

    def predicted(self, batch_size: int, precision: str) -> float:
        """Bytes by the line, and never less than what evaluating and saving took with the smallest batch."""
        a, b = self.line(precision)
        smallest = self.measured(precision)[0]
        return max(a + b * batch_size * smallest.length, smallest.peak)


def largest(search: Search, sizes: Sequence[int], precision: str) -> int | None:
    """The largest batch that fits, tried as far as there is time; None where none does."""
    first = search.attempt(sizes[0], precision)
    if not search.fits(first):
        return None
    while True:
        below = [size for size in sizes if size < search.too_large(precision)]
        tried = {one.batch_size for one in search.attempts if one.precision == precision}
        wanted = _next(search, below, precision)
        known = max(one.batch_size for one in search.measured(precision) if search.fits(one))
        if wanted <= known:
            return known
        pace = search.measured(precision)[-1]
        if search.left <= 0 or (len(tried) > 1 and _cost(pace, wanted) > search.left):
            search.out_of_time = True
            return wanted
        if len(tried) == 1:  # a second point for the line, as far away as time allows
            new = [size for size in below if size <= wanted and size not in tried]
            wanted = max(
                (size for size in new if _cost(pace, size) <= _SLOWEST * search.left), default=new[0]
            )
            if _cost(pace, wanted) > search.left:
                search.out_of_time = True
                return sizes[0]
        if search.attempt(wanted, precision).status == "late":
            return wanted if len(search.measured(precision)) > 1 else sizes[0]


def _cost(pace: Attempt, size: int) -> float:
    """Seconds that a trial is expected to take."""
    return pace.start + pace.seconds * size / pace.batch_size


def _next(search: Search, sizes: Sequence[int], precision: str) -> int:
    """The largest of these that fits by the line."""
    fitting = [size for size in sizes if search.predicted(size, precision) <= search.room]
    return max(fitting, default=sizes[0])
