"""Queue, sweeper and worker of one process, started and stopped together."""

from __future__ import annotations

from collections.abc import Callable

from gongbang.serve.database.leases import Leases
from gongbang.serve.database.store import Store
from gongbang.serve.jobs.folders import Folders
from gongbang.serve.jobs.queue import open_queue
from gongbang.serve.jobs.results import Results
from gongbang.serve.jobs.settings import JobSettings
from gongbang.serve.jobs.sweeper import Sweeper
from gongbang.serve.jobs.worker import Worker


class Crew:
    """What a process does for jobs.

    Args:
        settings: see :class:`JobSettings`.
        store: the open database.
        work: whether jobs are done here, or only told of.
        prepare: makes the tables; called until it succeeds.

    Raises:
        OptionError: the broker's URL cannot be used.
        MissingExtraError: a broker's client is not installed.
    """

    def __init__(
        self,
        settings: JobSettings,
        store: Store,
        *,
        work: bool,
        prepare: Callable[[], None] = lambda: None,
    ) -> None:
        self._grace_s = settings.grace_s
        leases = Leases(store, settings.lease_s)
        results = Results(settings.results_folder())
        self.queue = open_queue(settings, consume=work)
        # A queue within the process holds what is done here alone; a broker is told of everything.
        kinds = None if self.queue.lasting else settings.own_kinds
        every_s = min(1.0, settings.lease_s / 3)
        self._sweeper = Sweeper(leases, self.queue, results, kinds, prepare=prepare, every_s=every_s)
        self._worker: Worker | None = None
        if work:
            folders = Folders(settings.folders)
            self._worker = Worker(
                leases, self.queue, folders, results, slots=settings.slots, put_back=self._sweeper.wake
            )

    @property
    def name(self) -> str:
        """The worker's name; "" where nothing is done here."""
        return self._worker.name if self._worker is not None else ""

    @property
    def alive(self) -> bool:
        """Whether every thread of it still runs."""
        return self._sweeper.alive and (self._worker is None or self._worker.alive)

    def start(self) -> None:
        """Begin, on threads."""
        self._sweeper.start()
        if self._worker is not None:
            self._worker.start()

    def wake(self) -> None:
        """Something was accepted."""
        self._sweeper.wake()

    def stop(self) -> bool:
        """End what runs or give it back; gives whether all of it ended."""
        ended = self._worker is None or self._worker.stop(self._grace_s)
        self._sweeper.stop()
        self.queue.close()
        return ended
