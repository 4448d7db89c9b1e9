"""What a job's function is given: how it says how far it is, and how it learns that it must stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from gongbang.serve.database.job_rows import Lease, ResultFile
from gongbang.serve.database.leases import Leases
from gongbang.serve.jobs.folders import Folders
from gongbang.serve.jobs.results import Results

_TELL_S = 0.5  # between two reports to the database; people read no faster


class Stopped(BaseException):
    """A job must stop now. Not an Exception, so that no ``except Exception`` of its own code keeps it on."""


class Cancelled(Stopped):
    """Whoever asked for the job does not want it any more."""


class LeaseLost(Stopped):
    """The job is another worker's by now."""


class GivenBack(Stopped):
    """The worker is to end, and another will take the job."""


class Context:
    """A running job, as its function sees it.

    Args:
        lease: the job. leases: where it is held. folders: what may be read. results: where files go.
        clock: seconds from any moment on, to report in steps that people can follow.

    Attributes:
        attempt: 1 the first time.
    """

    def __init__(
        self,
        lease: Lease,
        leases: Leases,
        folders: Folders,
        results: Results,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.lease, self.folders = lease, folders
        self.job, self.attempt = lease.job, lease.attempt
        self._leases, self._results, self._clock = leases, results, clock
        self._told_at: float | None = None
        self._why: type[Stopped] | None = None
        self._stop = threading.Event()

    @property
    def root(self) -> Path:
        """The folder below which everything that jobs write stands."""
        return self._results.root

    @property
    def work(self) -> Path:
        """A folder of this job's own; what an earlier attempt left there is still in it."""
        return self._results.work(self.job)

    def progress(self, share: float, message: str = "") -> None:
        """Say how far the job is; what comes in quick succession is passed over.

        Args:
            share: from 0 to 1. message: what it is at, up to 200 characters.

        Raises:
            Cancelled, LeaseLost, GivenBack: it must stop; let them pass.
        """
        self.check()
        now = self._clock()
        if self._told_at is None or now - self._told_at >= _TELL_S:
            self._told_at = now
            self.note(self._leases.progress(self.lease, share, message))
            self.check()

    def check(self) -> None:
        """Nothing, as long as the job may go on; costs nothing.

        Raises:
            Cancelled, LeaseLost, GivenBack: it must stop.
        """
        if self._why is not None:
            raise self._why

    def wait(self, seconds: float) -> None:
        """Sleep, but not beyond the moment at which the job must stop.

        Raises:
            Cancelled, LeaseLost, GivenBack: it must stop.
        """
        self._stop.wait(seconds)
        self.check()

    def keep(self, parts: Iterable[bytes], media: str) -> ResultFile:
        """Write a file that may become the job's result."""
        return self._results.keep(self.job, self.lease.token, parts, media)

    def note(self, told: str) -> None:
        """Take in what the database said when the lease was renewed."""
        if told == "cancel":
            self.stop(Cancelled)
        elif told == "lost":
            self.stop(LeaseLost)

    def stop(self, why: type[Stopped]) -> None:
        """Have the job stop at its next look; a lost lease is not taken back."""
        if self._why is not LeaseLost:
            self._why = why
        self._stop.set()
