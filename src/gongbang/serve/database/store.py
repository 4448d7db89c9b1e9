"""An open database: transactions that read, and transactions that write."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gongbang.errors import StoreAwayError
from gongbang.serve.database.engine import WAIT_S, WRITES, make_engine, shown
from gongbang.serve.database.faults import DoAgain, translated
from gongbang.serve.database.migrate import upgrade

T = TypeVar("T")
_ATTEMPTS = 5


class Store:
    """A database of answers and conversations, shared by all threads of a process.

    Work is a function of a session, so that what the database undoes for a deadlock can be done again.

    Args:
        url: see :func:`gongbang.serve.database.engine.database_url`. Nothing is connected yet.
        wait_s: seconds to wait for a lock or a free connection.

    Raises:
        OptionError: the URL cannot be used.
        MissingExtraError: the driver is not installed.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with Store(f"{folder}/answers.db") as store:
        ...         store.prepare()
        ...         store.ping()
    """

    def __init__(self, url: str | Path, *, wait_s: float = WAIT_S) -> None:
        self._url, self._prepared = url, False
        self._engine = make_engine(url, wait_s=wait_s)
        self._writer = self._engine.execution_options(**{WRITES: True})
        # SQLite has one writer at a time, and its wait for the lock is a poll in which some wait for long and
        # others never; threads of one process stand in line before it.
        self._line = threading.Lock() if self._engine.dialect.name == "sqlite" else None
        self._wait_s = wait_s
        self._still = (
            self._engine
            if self._engine.dialect.name == "sqlite"  # a transaction there always sees one moment
            else self._engine.execution_options(isolation_level="REPEATABLE READ")
        )
        self.name = shown(self._engine.url)
        """The URL without its password."""

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back; a store that is used again connects again."""
        self._engine.dispose()

    def prepare(self) -> None:
        """Bring the tables up to date; once that was done, nothing.

        Raises:
            StoreAwayError: the database is not reachable.
            StoreError: the tables are of a newer version.
        """
        if not self._prepared:
            upgrade(self._url)  # several at once wait for each other in the database
            self._prepared = True

    def ping(self) -> None:
        """Nothing, if the database answers.

        Raises:
            StoreAwayError: it does not.
        """
        self.read(lambda session: session.execute(text("SELECT 1")))

    def read(self, work: Callable[[Session], T], *, one_moment: bool = False) -> T:
        """What ``work`` reads.

        Args:
            work: is given a session, and returns nothing that still belongs to it.
            one_moment: whether all its statements see the database as it was at the first.

        Raises:
            StoreAwayError: the database cannot be reached, or did not answer in time.
            StoreError: the tables are missing.
        """
        return self._done(work, self._still if one_moment else self._engine)

    def write(self, work: Callable[[Session], T]) -> T:
        """What ``work`` returns, its changes committed; none of them is where it raises.

        ``work`` may be called again where the database undid it for a deadlock. If the connection breaks
        during the commit, StoreAwayError is raised though the changes may have been kept: who repeats them
        looks first.

        Raises:
            StoreAwayError: the database cannot be reached, or did not answer in time.
            StoreError: the tables are missing, or the database refused the changes.
        """
        if self._line is None:
            return self._done(work, self._writer)
        if not self._line.acquire(timeout=self._wait_s):
            raise StoreAwayError(
                "the database is busy: the wait for a lock or a connection was too long.",
                value=f"{self.name}: {self._wait_s:g} s in line",
                allowed="a database that answers in time",
                cure="Try again; with many writers at once take MariaDB or PostgreSQL.",
            )
        try:
            return self._done(work, self._writer)
        finally:
            self._line.release()

    def _done(self, work: Callable[[Session], T], engine: Engine) -> T:
        for attempt in range(_ATTEMPTS):
            try:
                with (
                    translated(self.name),
                    Session(engine, expire_on_commit=False) as session,
                    session.begin(),
                ):
                    return work(session)
            except DoAgain as err:
                last = err
                time.sleep(random.uniform(0.01, 0.05) * 2**attempt)
        raise StoreAwayError(
            f"the database undid the same transaction {_ATTEMPTS} times.",
            value=str(last),
            allowed="a database with fewer writers at once",
            cure="Try again.",
        ) from last
