"""What does the jobs: takes a hint, gets the lease, runs the kind's function, and ends the job if it may."""

from __future__ import annotations

import logging
import os
import random
import secrets
import socket
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from gongbang.errors import GongbangError, StoreAwayError
from gongbang.serve.database.job_rows import Lease, Outcome
from gongbang.serve.database.leases import Leases
from gongbang.serve.jobs.context import Cancelled, Context, GivenBack, LeaseLost
from gongbang.serve.jobs.faults import back_off, failure_of
from gongbang.serve.jobs.folders import Folders
from gongbang.serve.jobs.kinds import load_kind, parse_payload
from gongbang.serve.jobs.queue import Fate, Hint, Queue
from gongbang.serve.jobs.results import Results

T = TypeVar("T")
_LOG = logging.getLogger(__name__)
_LOOK_S = 1.0
_AGAIN_S = 0.5
_HOLD_S = 2.0  # who cancels a job does not wait for longer
_LAST_S = 10.0  # for a job that was told to stop, to do so


class Worker:
    """Threads that do jobs, and one that holds their leases.

    Args:
        leases: where the jobs are. queue: where hints come from.
        folders: what jobs may read. results: where their files go.
        slots: how many jobs at a time.
        put_back: called when a job was queued again, so that somebody is told of it.
        chance: decides how long a failed job waits.
    """

    def __init__(
        self,
        leases: Leases,
        queue: Queue,
        folders: Folders,
        results: Results,
        *,
        slots: int = 1,
        put_back: Callable[[], None] = lambda: None,
        chance: random.Random | None = None,
    ) -> None:
        self._leases, self._queue, self._folders, self._results = leases, queue, folders, results
        self._slots, self._put_back = slots, put_back
        self._chance = chance or random.Random()
        self.name = f"{socket.gethostname()[:60]}-{os.getpid()}-{secrets.token_hex(3)}"
        self._running: dict[int, Context] = {}  # by the thread's number
        self._stopping, self._ended = threading.Event(), threading.Event()
        self._threads: list[threading.Thread] = []
        self._holder: threading.Thread | None = None

    @property
    def alive(self) -> bool:
        """Whether every thread that :meth:`start` began still runs."""
        return self._holder is not None and all(one.is_alive() for one in (self._holder, *self._threads))

    def start(self) -> None:
        """Work from now on."""
        self._threads = [
            threading.Thread(target=self._serve, args=(slot,), name=f"jobs-{slot}", daemon=True)
            for slot in range(self._slots)
        ]
        self._holder = threading.Thread(target=self._hold, name="leases", daemon=True)
        for thread in (*self._threads, self._holder):
            thread.start()

    def stop(self, grace_s: float) -> bool:
        """Begin nothing more, and end what runs: by itself within the grace, else given back to others.

        Returns:
            Whether all ended; a job that did not is given to another when its lease has run out.
        """
        self._stopping.set()
        self._queue.stop_taking()
        until = time.monotonic() + grace_s
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        for context in list(self._running.values()):
            context.stop(GivenBack)
        until = time.monotonic() + _LAST_S
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        self._ended.set()
        return not any(thread.is_alive() for thread in self._threads)

    def _hold(self) -> None:
        """Renew the leases of what runs, and pass on what the database says."""
        while not self._ended.wait(min(self._leases.seconds / 3, _HOLD_S)):
            for context in list(self._running.values()):
                try:
                    context.note(self._leases.renew(context.lease))
                except GongbangError as err:  # away: whether the lease was lost is told when it is back
                    _LOG.debug("a lease could not be renewed: %s", err.what)
                except Exception:
                    _LOG.exception("a lease could not be renewed")

    def _serve(self, slot: int) -> None:
        while not self._stopping.is_set():
            hint = self._queue.take(_LOOK_S)
            if hint is None:
                continue
            try:
                hint.settle(self._do(hint, slot))
            except Exception:
                _LOG.exception("job %s: it could not be seen to", hint.job)
                hint.settle("settled")  # the sweeper tells of it again
                self._stopping.wait(_AGAIN_S)

    def _do(self, hint: Hint, slot: int) -> Fate:
        lease = self._persist(lambda: self._leases.take(hint.job, self.name), until=self._stopping)
        if lease is None:  # done, cancelled, another's, or not due; or we are to stop
            return "again" if self._stopping.is_set() else "settled"
        context = Context(lease, self._leases, self._folders, self._results)
        self._running[slot] = context
        try:
            return self._carry_out(lease, context)
        finally:
            del self._running[slot]

    def _carry_out(self, lease: Lease, context: Context) -> Fate:
        _LOG.info("job %s (%s): attempt %d", lease.job, lease.kind, lease.attempt)
        try:
            kind = load_kind(lease.kind)
            outcome = kind.run(parse_payload(kind, lease.payload), context)
            self._finish(lease, outcome)
        except LeaseLost:
            _LOG.warning("job %s is another worker's by now", lease.job)
        except Cancelled:
            if self._persist(lambda: self._leases.cancelled(lease)):
                self._results.tidy(lease.job, None)
        except GivenBack:
            self._persist(lambda: self._leases.put_back(lease, counted=False))
            self._put_back()
        except (Exception, SystemExit) as err:
            return self._failed(lease, err if isinstance(err, Exception) else RuntimeError(f"exit {err}"))
        return "settled"

    def _finish(self, lease: Lease, outcome: Outcome) -> None:
        def end() -> bool:
            self._leases.renew(lease)  # it may have run out while the database was away
            return self._leases.finish(lease, outcome)

        ended = self._persist(end)
        if ended:
            self._results.tidy(lease.job, outcome.file)
        elif ended is False:  # None: whether it was kept is not known
            _LOG.warning("job %s was not finished here: its lease was lost", lease.job)
            self._results.discard(lease.job, outcome.file)

    def _failed(self, lease: Lease, err: Exception) -> Fate:
        failure = failure_of(err, self._folders)
        _LOG.warning("job %s (%s) failed: %s", lease.job, lease.kind, failure.error["what"])
        if failure.passing and lease.attempt < lease.max_attempts:
            wait_s = back_off(lease.attempt, self._chance)
            self._persist(lambda: self._leases.put_back(lease, after_s=wait_s, error=failure.error))
            return "settled"

        def end() -> bool:
            self._leases.renew(lease)
            return self._leases.fail(lease, failure.error, dead=failure.passing)

        return "dead" if self._persist(end) and failure.passing else "settled"

    def _persist(self, work: Callable[[], T], until: threading.Event | None = None) -> T | None:
        """Do something with the database, waiting until it is there; None where we are to end before."""
        told = False
        while True:
            try:
                return work()
            except StoreAwayError as err:
                if not told:
                    _LOG.warning("jobs: %s", err.what)
                told = True
                if (until or self._ended).wait(_AGAIN_S):
                    return None
