"""How workers learn that there is something to do.

A queue carries hints, not jobs: what stands in the database is the truth. A hint that is lost, comes twice or
comes late costs time and nothing else, since a worker asks the database for the job, and the sweeper tells a
queue again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Literal, Protocol

from gongbang.errors import MissingExtraError
from gongbang.serve.jobs.settings import JobSettings

Fate = Literal["settled", "again", "dead"]
"""What becomes of a hint: it has done its part, another worker shall have it, or it is a dead letter."""


class Hint(Protocol):
    """That a job may be there to be begun."""

    @property
    def job(self) -> str:
        """The job's id."""

    def settle(self, fate: Fate) -> None:
        """Say what became of it; once. A broker that was lost meanwhile gives it to somebody again."""


class Queue(Protocol):
    """Where jobs are told of, and where workers wait.

    Attributes:
        lasting: whether hints outlive the process.
    """

    lasting: bool

    def tell(self, jobs: Sequence[tuple[str, str]]) -> None:
        """Tell of jobs, as ``(id, kind)``; when this returns the queue has them.

        Raises:
            QueueAwayError: it cannot be reached; some may have been told.
        """

    def waiting(self) -> int:
        """How many hints wait for a worker.

        Raises:
            QueueAwayError: it cannot be reached.
        """

    def take(self, wait_s: float) -> Hint | None:
        """The next hint; None where none came within ``wait_s`` seconds, or nothing more is to be taken."""

    def stop_taking(self) -> None:
        """Give nobody a hint from now on, who waits for one included; those in hand can still be settled."""

    def close(self) -> None:
        """Let go of everything; hints that nobody settled go to others."""


class LocalHint:
    """A hint within a process."""

    def __init__(self, queue: LocalQueue, job: str, kind: str) -> None:
        self._queue, self.job, self._kind = queue, job, kind

    def settle(self, fate: Fate) -> None:
        if fate == "again":
            self._queue.tell([(self.job, self._kind)])


class LocalQueue:
    """A queue for the threads of one process.

    Example:
        >>> queue = LocalQueue()
        >>> queue.tell([("a", "predict"), ("b", "predict"), ("a", "predict")])
        >>> queue.waiting(), queue.take(0).job, queue.take(0).job, queue.take(0)
        (2, 'a', 'b', None)
    """

    lasting = False

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, str] = OrderedDict()
        self._changed = threading.Condition()
        self._over = False

    def tell(self, jobs: Sequence[tuple[str, str]]) -> None:
        with self._changed:
            for id, kind in jobs:
                self._jobs.setdefault(id, kind)
            self._changed.notify_all()

    def waiting(self) -> int:
        with self._changed:
            return len(self._jobs)

    def take(self, wait_s: float) -> LocalHint | None:
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or self._over, wait_s)
            if not self._jobs or self._over:
                return None
            return LocalHint(self, *self._jobs.popitem(last=False))

    def stop_taking(self) -> None:
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def close(self) -> None:
        self.stop_taking()
        with self._changed:
            self._jobs.clear()


def open_queue(settings: JobSettings, *, consume: bool) -> Queue:
    """The queue of the settings.

    Args:
        consume: whether hints are to be taken from it too, and not only given to it.

    Raises:
        OptionError: the broker's URL cannot be used.
        MissingExtraError: a broker's client is not installed.
    """
    if not settings.broker:
        return LocalQueue()
    if find_spec("pika") is None:
        raise MissingExtraError("pika", extra="rabbitmq", purpose="a RabbitMQ as the queue")
    from gongbang.serve.jobs.rabbit import RabbitQueue

    kinds = settings.own_kinds if consume else ()
    return RabbitQueue(settings.broker, settings.queue, kinds, slots=settings.slots)
