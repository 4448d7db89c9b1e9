"""What a server has of jobs: accepting, looking, cancelling; and doing them where there is no broker."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gongbang.serve.database.job_rows import Job, NewJob
from gongbang.serve.database.jobs import Jobs
from gongbang.serve.database.store import Store
from gongbang.serve.jobs.crew import Crew
from gongbang.serve.jobs.folders import Folders
from gongbang.serve.jobs.kinds import checked_payload
from gongbang.serve.jobs.results import Results
from gongbang.serve.jobs.settings import JobSettings


class JobService:
    """The jobs of a server.

    The database may be away, then and later. Accepting needs the database alone: a broker that is away is
    told of the jobs when it is back.

    Args:
        settings: see :class:`JobSettings`.
        store: the database, if it is open already; else it is opened here.

    Raises:
        OptionError: the URL of the database or of the broker cannot be used.
        MissingExtraError: the database's driver or the broker's client is not installed.
    """

    def __init__(self, settings: JobSettings, store: Store | None = None) -> None:
        self.settings = settings
        self._store, self._own = store or Store(settings.database), store is None
        self._jobs = Jobs(self._store)
        self._folders = Folders(settings.folders)
        self._results = Results(settings.results_folder())
        self._lock, self._starts = threading.Lock(), 0
        self._crew: Crew | None = self._new_crew()

    def _new_crew(self) -> Crew:
        return Crew(self.settings, self._store, work=not self.settings.broker, prepare=self._store.prepare)

    @property
    def jobs(self) -> Jobs:
        """The jobs.

        Raises:
            StoreAwayError: the tables were not looked at yet, and the database is not reachable.
        """
        self._store.prepare()
        return self._jobs

    def start(self) -> None:
        """Tell the queue of jobs from now on, those too that an earlier process left.

        Who starts twice, as applications within applications do, stops twice.
        """
        with self._lock:
            self._starts += 1
            if self._starts > 1:
                return
            if self._crew is None:
                self._crew = self._new_crew()
            self._crew.start()

    def stop(self) -> bool:
        """End what runs, or leave it to whoever starts next; gives whether all of it ended."""
        with self._lock:
            self._starts -= 1
            if self._starts > 0:
                return True
            self._starts = 0
            crew, self._crew = self._crew, None
            ended = crew is None or crew.stop()
            if self._own:
                self._store.close()
            return ended

    def accept(
        self,
        kind: str,
        payload: Mapping[str, Any],
        *,
        max_attempts: int = 3,
        ttl_s: int = 7 * 86_400,
        key: str | None = None,
    ) -> Job:
        """Accept a job, if it can be carried out at all.

        Raises:
            DataError: an unknown kind, a payload that it cannot be done with, or a key of another job.
            StoreAwayError: the database is not reachable: nothing was promised.
        """
        filled = checked_payload(kind, payload, self._folders)
        job = self.jobs.accept(NewJob(kind, filled, max_attempts=max_attempts, ttl_s=ttl_s, key=key))
        self._wake()
        return job

    def retry(self, id: str) -> Job:
        """Queue a failed job again.

        Raises:
            StoreMissingError: there is none. JobStateError: it did not fail.
        """
        job = self.jobs.retry(id)
        self._wake()
        return job

    def _wake(self) -> None:
        if self._crew is not None:
            self._crew.wake()

    def file(self, job: Job) -> Path | None:
        """Where a job's result is, if it is a file.

        Raises:
            ArtifactError: the file is gone or was changed.
        """
        return None if job.file is None else self._results.path(job.id, job.file)
