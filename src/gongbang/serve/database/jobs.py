"""Jobs as those see them who ask for them: accepted, looked at, cancelled, tried again.

What workers do with them is :mod:`gongbang.serve.database.leases`. Every change of state is one UPDATE that
names the state it changes from, so that of two who want it one gets it, on every database.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, Row, Update, func, select, update
from sqlalchemy.orm import Session

from gongbang.artifacts.hashing import canonical_json
from gongbang.errors import (
    DataError,
    JobStateError,
    OptionError,
    StoreAwayError,
    StoreError,
    StoreMissingError,
)
from gongbang.serve.database.checks import MAX_LIMIT, checked_number, checked_text
from gongbang.serve.database.job_rows import ErrorParts, Job, JobState, NewJob, ResultFile
from gongbang.serve.database.rows import Page
from gongbang.serve.database.store import Store
from gongbang.serve.database.tables import JobRow

MAX_PAYLOAD = 256_000
"""Bytes of a payload as JSON."""

MAX_RESULT = 64_000
"""Bytes of a result as JSON; more belongs in a file."""

MAX_KEY = 200
MAX_ATTEMPTS = 100
MAX_TTL_S = 10 * 365 * 86_400
_HEAD = (
    *(JobRow.id, JobRow.kind, JobRow.state, JobRow.progress, JobRow.message, JobRow.attempts),
    *(JobRow.max_attempts, JobRow.error, JobRow.file, JobRow.dead, JobRow.cancel, JobRow.version),
    *(JobRow.created, JobRow.started, JobRow.finished, JobRow.due, JobRow.keep_until),
)
_STATE, _ERROR, _FILE, _CANCEL = 2, 7, 8, 10  # their places in _HEAD


def utc_now() -> datetime:
    """The present, in UTC."""
    return datetime.now(UTC)


class Jobs:
    """The jobs of a database.

    Every method may raise StoreAwayError (the database cannot be reached) and StoreError (its tables are
    missing), and may be called by several threads at once.

    Args:
        store: the open database.
        now: tells the time. Clocks say when something is tried again, never who owns a job.

    Example:
        >>> import tempfile
        >>> from gongbang.serve.database.migrate import upgrade
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     upgrade(f"{folder}/jobs.db")
        ...     with Store(f"{folder}/jobs.db") as store:
        ...         jobs = Jobs(store)
        ...         made = jobs.accept(NewJob("predict", {"artifact": "reader-ko"}))
        ...         made.state, jobs.cancel(made.id).state
        ('queued', 'cancelled')
    """

    def __init__(self, store: Store, now: Callable[[], datetime] = utc_now) -> None:
        self.store, self.now = store, now

    def accept(self, new: NewJob) -> Job:
        """Keep a job; when this returns it will be done, whatever becomes of this process or of a queue.

        A job of the same key, kind and payload is not accepted twice: the first is given.

        Raises:
            DataError: a part cannot be stored, or the key belongs to another job.
        """
        row = self._row(new)
        if new.key is None:
            self.store.write(lambda session: session.add(JobRow(**row)))
            return self.get(row["id"])
        if (found := self._of_key(new.key, row)) is not None:
            return found
        try:
            self.store.write(lambda session: session.add(JobRow(**row)))
        except StoreAwayError:
            raise
        except StoreError:  # another was faster with the same key; then it is there now
            if (found := self._of_key(new.key, row)) is None:
                raise
            return found
        return self.get(row["id"])

    def _row(self, new: NewJob) -> dict[str, Any]:
        checked_text(new.kind, "kind", longest=32)
        if new.key is not None:
            checked_text(new.key, "idempotency-key", longest=MAX_KEY)
        now = self.now()
        return {
            "id": secrets.token_hex(16),
            "kind": new.kind,
            "payload": json_text(new.payload, "payload", MAX_PAYLOAD),
            "state": "queued",
            "progress": 0.0,
            "message": "",
            "attempts": 0,
            "max_attempts": checked_number(new.max_attempts, "max_attempts", least=1, most=MAX_ATTEMPTS),
            "dead": False,
            "cancel": False,
            "version": 1,
            "created": now,
            "due": now,
            "lease": 0,
            "idempotency_key": new.key,
            "ttl_s": checked_number(new.ttl_s, "ttl_s", least=1, most=MAX_TTL_S),
        }

    def _of_key(self, key: str, row: dict[str, Any]) -> Job | None:
        query = select(JobRow.id, JobRow.kind, JobRow.payload).where(JobRow.idempotency_key == key)
        found = self.store.read(lambda session: session.execute(query).one_or_none())
        if found is None:
            return None
        if (found.kind, found.payload) != (row["kind"], row["payload"]):
            raise DataError(
                "the idempotency key belongs to another job.",
                value=key,
                allowed="a key that was not used before, or the same kind and payload",
                cure="Send a new key with a new job.",
                field="idempotency-key",
            )
        return self.get(found.id)

    def get(self, id: str) -> Job:
        """The job of an id.

        Raises:
            StoreMissingError: there is none, or no longer.
        """
        query = select(*_HEAD, JobRow.payload).where(JobRow.id == id)
        row = self.store.read(lambda session: session.execute(query).one_or_none())
        if row is None:
            raise missing(id)
        return job_of(row)

    def result(self, id: str) -> tuple[Job, dict[str, Any]]:
        """A job that is done, and the value that came of it.

        Raises:
            StoreMissingError: there is no such job. JobStateError: it is not done.
        """
        query = select(*_HEAD, JobRow.payload, JobRow.result).where(JobRow.id == id)
        row = self.store.read(lambda session: session.execute(query).one_or_none())
        if row is None:
            raise missing(id)
        job = job_of(row[:-1])
        if job.state != "done":
            raise _wrong_state(job, "has no result", "a job that is done")
        return job, json.loads(row.result)

    def page(
        self,
        *,
        state: JobState | None = None,
        kind: str | None = None,
        dead: bool | None = None,
        offset: int = 0,
        limit: int = 50,
    ) -> Page[Job]:
        """Jobs, the newest first; ``next`` is the next offset.

        Raises:
            DataError: a number is out of bounds.
        """
        checked_number(offset, "offset")
        checked_number(limit, "limit", least=1, most=MAX_LIMIT)
        given = {JobRow.state: state, JobRow.kind: kind, JobRow.dead: dead}
        wanted = [column == value for column, value in given.items() if value is not None]

        def work(session: Session) -> Page[Job]:
            total = session.scalar(select(func.count()).select_from(JobRow).where(*wanted)) or 0
            query = select(*_HEAD).where(*wanted).order_by(JobRow.created.desc(), JobRow.id)
            rows = session.execute(query.offset(offset).limit(limit + 1)).all()
            items = tuple(map(job_of, rows[:limit]))
            return Page(items, total, offset + limit if len(rows) > limit else None)

        return self.store.read(work)

    def cancel(self, id: str) -> Job:
        """Cancel a job: at once where it waits, as soon as its worker notices where it runs.

        Raises:
            StoreMissingError: there is no such job. JobStateError: it has ended otherwise.
        """
        now = self.now()

        def work(session: Session) -> None:
            waiting = update(JobRow).where(JobRow.id == id, JobRow.state == "queued")
            ended = {"state": "cancelled", "finished": now, "keep_until": kept_until(session, id, now)}
            if not changed(session, waiting.values(**ended, version=JobRow.version + 1)):
                running = update(JobRow).where(JobRow.id == id, JobRow.state == "running", ~JobRow.cancel)
                changed(session, running.values(cancel=True, version=JobRow.version + 1))

        self.store.write(work)
        job = self.get(id)
        if job.state in {"done", "failed"}:
            raise _wrong_state(job, "cannot be cancelled", "a job that is queued or running")
        return job

    def retry(self, id: str) -> Job:
        """Queue a failed or cancelled job again, with all its attempts.

        Raises:
            StoreMissingError: there is no such job. JobStateError: it did not fail.
        """
        again = (
            update(JobRow)
            .where(JobRow.id == id, JobRow.state.in_(("failed", "cancelled")))
            .values(
                **{"state": "queued", "attempts": 0, "dead": False, "cancel": False, "error": None},
                **{"progress": 0.0, "message": "", "due": self.now(), "offered": None},
                **{"started": None, "finished": None, "keep_until": None, "version": JobRow.version + 1},
            )
        )
        done = self.store.write(lambda session: changed(session, again))
        job = self.get(id)
        if not done:
            raise _wrong_state(job, "cannot be tried again", "a job that failed or was cancelled")
        return job


def changed(session: Session, statement: Update) -> int:
    """How many rows an UPDATE found; those that it left as they were count too."""
    statement = statement.execution_options(synchronize_session=False)
    return cast("CursorResult[Any]", session.execute(statement)).rowcount


def kept_until(session: Session, id: str, now: datetime) -> datetime | None:
    """Until when a job that ends now is kept; None where there is no such job."""
    ttl_s = session.scalar(select(JobRow.ttl_s).where(JobRow.id == id))
    return None if ttl_s is None else now + timedelta(seconds=ttl_s)


def job_of(row: Row[Any] | tuple[Any, ...]) -> Job:
    """A row of the columns of a job, with or without its payload, as a value."""
    head = list(row[: len(_HEAD)])
    head[_ERROR] = None if head[_ERROR] is None else cast(ErrorParts, json.loads(head[_ERROR]))
    head[_FILE] = None if head[_FILE] is None else ResultFile(**json.loads(head[_FILE]))
    head[_CANCEL] = head[_CANCEL] and head[_STATE] == "running"
    payload = json.loads(row[len(_HEAD)]) if len(row) > len(_HEAD) else None
    return replace(Job(*head), payload=payload)


def json_text(value: Any, field: str, most: int) -> str:
    """Plain JSON as the one text that it has.

    Raises:
        DataError: it is no JSON, has characters that no database keeps, or is too long.
    """
    try:
        text = canonical_json(value)
    except (OptionError, RecursionError) as err:
        raise _unfit("the value is no plain JSON.", type(value).__name__, "plain JSON", field) from err
    checked_text(text, field, longest=most)
    if (size := len(text.encode())) > most:
        raise _unfit(f"the value has {size:,} bytes.", f"{size:,} bytes", f"up to {most:,} bytes", field)
    return text


def file_text(file: ResultFile | None) -> str | None:
    """The facts of a result's file as JSON."""
    return None if file is None else canonical_json(asdict(file))


def missing(id: str) -> StoreMissingError:
    """There is no such job."""
    return StoreMissingError(
        "there is no such job.",
        value=id,
        allowed="the id of a job that was accepted and is still kept",
        cure="Take the id from the answer that accepted it; jobs are deleted some time after their end.",
    )


def _unfit(what: str, value: object, allowed: str, field: str) -> DataError:
    return DataError(what, value=value, allowed=allowed, cure=f"Change '{field}'.", field=field)


def _wrong_state(job: Job, what: str, allowed: str) -> JobStateError:
    return JobStateError(
        f"the job is {job.state} and {what}.",
        value=job.state,
        allowed=allowed,
        cure="Look at its state first.",
    )
