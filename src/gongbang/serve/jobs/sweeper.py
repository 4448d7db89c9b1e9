"""What sees to it that no job is forgotten, whatever becomes of brokers, workers and messages.

Every process that serves or works has one, and they need not know of each other: what two do at once is
done once, or does no harm twice.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta

from gongbang.errors import GongbangError
from gongbang.serve.database.leases import Leases
from gongbang.serve.jobs.queue import Queue
from gongbang.serve.jobs.results import Results

_LOG = logging.getLogger(__name__)
_BATCH = 200
_ROOM = 1000  # hints that a queue within the process holds; the others wait in the database
_STALE_S = {True: 30.0, False: 5.0}
"""Seconds after which an empty queue counts as having lost a hint: one that lasts, or one of a process."""

_EXPIRE_EVERY = 60  # sweeps


class Sweeper:
    """Tells the queue of jobs that it does not know of, and sees to silent workers and old results.

    Args:
        leases: where the jobs are. queue: whom to tell. results: the folder of results.
        kinds: of the jobs that are told; all when None.
        prepare: done once before the first sweep, again until it succeeds.
        every_s: seconds between two sweeps where nobody wakes it.
    """

    def __init__(
        self,
        leases: Leases,
        queue: Queue,
        results: Results,
        kinds: Sequence[str] | None = None,
        *,
        prepare: Callable[[], None] = lambda: None,
        every_s: float = 1.0,
    ) -> None:
        self._leases, self._queue, self._results, self._kinds = leases, queue, results, kinds
        self._prepare, self._every_s = prepare, every_s
        self._awake, self._stopping = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._prepared, self._offered, self._sweeps = False, False, 0
        self._trouble: dict[str, str] = {}  # what each part last met

    def start(self) -> None:
        """Sweep from now on, on a thread."""
        self._thread = threading.Thread(target=self._run, name="sweeper", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread that :meth:`start` began still runs."""
        return self._thread is not None and self._thread.is_alive()

    def wake(self) -> None:
        """Sweep now: something was accepted or put back."""
        self._awake.set()

    def stop(self) -> None:
        """Sweep no more."""
        self._stopping.set()
        self._awake.set()
        if self._thread is not None:
            self._thread.join(30)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._awake.clear()
            for part in (self.sweep, self.offer):
                self._guarded(part)
            self._awake.wait(self._every_s)

    def _guarded(self, part: Callable[[], None]) -> None:
        """Do a part, and say once that it cannot be done and once that it can again."""
        name = part.__name__
        try:
            part()
        except GongbangError as err:
            if self._trouble.get(name) != err.what:
                _LOG.warning("jobs: %s", "; ".join(err.lines()[:2]))
            self._trouble[name] = err.what
        except Exception:
            _LOG.exception("jobs: the sweeper met a fault")
        else:
            if self._trouble.pop(name, None):
                _LOG.warning("jobs: the sweeper can %s again", name)

    def sweep(self) -> None:
        """See to silent workers, and now and then to old results.

        Raises:
            StoreAwayError: the database cannot be reached.
        """
        if not self._prepared:
            self._prepare()
            self._prepared = True
        for id in self._leases.reap():
            _LOG.warning("job %s was given up: it outlived none of its workers", id)
        if self._sweeps % _EXPIRE_EVERY == 0:
            self._results.delete(self._leases.expired())
        self._sweeps += 1

    def offer(self) -> None:
        """Tell the queue of the jobs that may be begun and that it does not know of.

        Raises:
            StoreAwayError: the database cannot be reached. QueueAwayError: the broker cannot.
        """
        waiting, before = self._queue.waiting(), None
        if not self._queue.lasting and waiting >= _ROOM:
            return
        if waiting == 0:
            before = self._leases.now()
            if self._queue.lasting or self._offered:  # what an earlier process was told is not known here
                before -= timedelta(seconds=_STALE_S[self._queue.lasting])
        while found := self._leases.to_offer(self._kinds, before, _BATCH):
            self._queue.tell(found)
            self._leases.told([id for id, _ in found])
            if len(found) < _BATCH or (not self._queue.lasting and self._queue.waiting() >= _ROOM):
                break
        self._offered = True
