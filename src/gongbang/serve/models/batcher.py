"""A bounded queue before a few threads: what waits together is worked on together."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from gongbang.errors import BusyError, LateError

Asked = TypeVar("Asked")
Told = TypeVar("Told")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much waits, and how much is worked on at once.

    Attributes:
        queue: requests that may wait; one more is refused.
        batch: records that are worked on together at most; a larger request goes alone.
        wait_s: how long a batch waits for company; it does so only where the one before it had some, so that
            a request to an idle server never waits.
        deadline_s: how long a request may take, waiting included, where it does not say less itself.
    """

    queue: int = 64
    batch: int = 32
    wait_s: float = 0.002
    deadline_s: float = 30.0


@dataclass(slots=True)
class _Job(Generic[Asked, Told]):
    asked: Asked
    size: int
    until: float
    future: Future[Told] = field(default_factory=Future)


class Batcher(Generic[Asked, Told]):
    """Takes requests from any thread, and gives each a future.

    Args:
        name: what it is called in errors.
        work: from requests to one outcome each, in order; an exception among them is its request's alone.
        limits: see :class:`Limits`.
        size: how many records a request has.
        gate: held while it works: of batchers that share one, no more work at once than it lets.
        threads: batches that are worked on at once: while one is decoded, the model runs the next.
        seen: told the size of each batch (requests) and the seconds it took.
        clock: seconds that only ever grow.

    Example:
        >>> batcher = Batcher("upper", lambda texts: [text.upper() for text in texts])
        >>> batcher.submit("a").result()
        'A'
        >>> batcher.close()
    """

    def __init__(
        self,
        name: str,
        work: Callable[[list[Asked]], Sequence[Told | Exception]],
        limits: Limits | None = None,
        *,
        size: Callable[[Asked], int] = lambda asked: 1,
        gate: AbstractContextManager[object] | None = None,
        threads: int = 1,
        seen: Callable[[int, float], None] = lambda requests, seconds: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name, self.limits = name, limits or Limits()
        self._work, self._size, self._seen, self._clock = work, size, seen, clock
        self._gate = gate or nullcontext()
        self._jobs: deque[_Job[Asked, Told]] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._seconds = 0.1  # what a batch took of late, to say when to come again
        self._threads = [
            threading.Thread(target=self._run, name=f"model {name}", daemon=True) for _ in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def waiting(self) -> int:
        """Requests that wait."""
        return len(self._jobs)

    def submit(self, asked: Asked, deadline_s: float | None = None) -> Future[Told]:
        """Let a request wait its turn; whoever loses interest cancels the future.

        Args:
            asked: the request.
            deadline_s: seconds from now after which nobody wants it any more; those of the limits when None.

        Raises:
            BusyError: the queue is full, or closed.
        """
        seconds = self.limits.deadline_s if deadline_s is None else min(deadline_s, self.limits.deadline_s)
        with self._changed:
            if len(self._jobs) >= self.limits.queue:
                self._jobs = deque(job for job in self._jobs if not job.future.cancelled())
            if self._closed or len(self._jobs) >= self.limits.queue:
                raise self._full()
            job: _Job[Asked, Told] = _Job(asked, self._size(asked), self._clock() + seconds)
            self._jobs.append(job)
            self._changed.notify()
        return job.future

    def close(self) -> None:
        """Work on what waits, and stop. Does not return before."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _full(self) -> BusyError:
        batches = max(1, len(self._jobs)) * self._seconds
        return BusyError(
            f"'{self.name}' has as many requests as it can keep waiting.",
            retry_s=max(1, min(60, math.ceil(batches))),
            value=f"{len(self._jobs)} waiting",
            allowed=f"{self.limits.queue} waiting requests",
            cure="Try again later, or send fewer at once.",
        )

    # -- the threads -------------------------------------------------------------------------------

    def _run(self) -> None:
        company = False
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._jobs or self._closed)
                if not self._jobs:
                    return
                if company and self.limits.wait_s:
                    self._changed.wait_for(self._enough, self.limits.wait_s)
            with self._gate:
                jobs = self._taken()  # as late as may be: others came while the gate was shut
                company = len(jobs) > 1
                if jobs:
                    self._done(jobs)

    def _enough(self) -> bool:
        return self._closed or sum(job.size for job in self._jobs) >= self.limits.batch

    def _taken(self) -> list[_Job[Asked, Told]]:
        """The requests to work on now; those that are late are told so, and those given up are dropped."""
        jobs: list[_Job[Asked, Told]] = []
        size, now = 0, self._clock()
        with self._changed:
            while self._jobs and (not jobs or size + self._jobs[0].size <= self.limits.batch):
                job = self._jobs.popleft()
                if not job.future.set_running_or_notify_cancel():
                    continue
                if job.until <= now:
                    job.future.set_exception(late(self.name))
                    continue
                jobs.append(job)
                size += job.size
        return jobs

    def _done(self, jobs: list[_Job[Asked, Told]]) -> None:
        began = time.perf_counter()
        try:
            outcomes: Sequence[Told | Exception] = self._work([job.asked for job in jobs])
        except Exception as err:  # whatever it is, whoever waits must hear of it
            outcomes = [err] * len(jobs)
        seconds = time.perf_counter() - began
        self._seconds = 0.8 * self._seconds + 0.2 * seconds
        self._seen(len(jobs), seconds)
        for job, outcome in zip(jobs, outcomes, strict=True):
            if isinstance(outcome, Exception):
                job.future.set_exception(outcome)
            else:
                job.future.set_result(outcome)


def late(name: str) -> LateError:
    """The error of a request whose deadline has passed."""
    return LateError(
        f"'{name}' did not come to this request in time.",
        value="the deadline has passed",
        allowed="an answer by the deadline",
        cure="Try again later, or allow more time.",
    )
