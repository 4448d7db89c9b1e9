"""Jobs as workers see them: taken, held, and ended by whoever still holds them.

A worker that takes a job gets a lease: a time until which it is the worker's, and a token that grows with
each taking. Whoever finishes names the token, and the UPDATE finds the row only while that token is the
job's last and its time has not run out (a fencing token: Kleppmann, "Designing Data-Intensive
Applications", chapter 8). A worker that was thought dead and was only slow therefore changes nothing, and
what a job is to write is written once, in the transaction that ends it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from gongbang.serve.database.job_rows import ErrorParts, Lease, Outcome
from gongbang.serve.database.jobs import MAX_RESULT, changed, file_text, json_text, kept_until, utc_now
from gongbang.serve.database.store import Store
from gongbang.serve.database.tables import JobRow

MAX_MESSAGE = 200
LOST: ErrorParts = {
    "what": "the workers that held the job were lost before they ended it.",
    "value": "",
    "allowed": "a job that leaves its worker alive",
    "cure": "Look at the workers' logs for what ended them, such as too little memory; then try it again.",
}
_FREE: dict[str, Any] = {"worker": None, "heartbeat": None, "expires": None}


class Leases:
    """Who works on what, in a database.

    Every method may raise StoreAwayError (the database cannot be reached) and StoreError (its tables are
    missing), and may be called by several threads at once.

    Args:
        store: the open database.
        seconds: how long a lease lasts after it was last renewed.
        now: tells the time.

    Example:
        >>> import tempfile
        >>> from gongbang.serve.database.jobs import Jobs
        >>> from gongbang.serve.database.job_rows import NewJob
        >>> from gongbang.serve.database.migrate import upgrade
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     upgrade(f"{folder}/jobs.db")
        ...     with Store(f"{folder}/jobs.db") as store:
        ...         job, leases = Jobs(store).accept(NewJob("count", {"to": 3})), Leases(store)
        ...         lease = leases.take(job.id, "worker-1")
        ...         leases.take(job.id, "worker-2"), leases.finish(lease, Outcome({"n": 3}))
        (None, True)
    """

    def __init__(self, store: Store, seconds: float = 30.0, now: Callable[[], datetime] = utc_now) -> None:
        self.store, self.seconds, self.now = store, seconds, now

    def take(self, id: str, worker: str) -> Lease | None:
        """The job, if it may be begun now and nobody else has it; None otherwise."""
        now = self.now()
        free = and_(JobRow.id == id, JobRow.state == "queued", JobRow.due <= now)
        taken = (
            update(JobRow)
            .where(free)
            .values(
                **{"state": "running", "worker": worker[:100], "heartbeat": now, "started": now},
                **{"expires": now + timedelta(seconds=self.seconds), "error": None},
                **{"progress": 0.0, "message": ""},
                lease=JobRow.lease + 1,
                attempts=JobRow.attempts + 1,
                version=JobRow.version + 1,
            )
        )
        columns = (JobRow.kind, JobRow.lease, JobRow.attempts, JobRow.max_attempts, JobRow.payload)

        def work(session: Session) -> Lease | None:
            if not changed(session, taken):
                return None
            kind, token, attempt, most, payload = session.execute(
                select(*columns).where(JobRow.id == id)
            ).one()
            return Lease(id, kind, token, attempt, most, json.loads(payload))

        return self.store.write(work)

    def renew(self, lease: Lease) -> Literal["held", "cancel", "lost"]:
        """Hold a job for longer, even where the time had run out if nobody took it; or learn its fate."""
        return self._held(lease, {})

    def progress(self, lease: Lease, share: float, message: str) -> Literal["held", "cancel", "lost"]:
        """Say how far a job is, which renews the lease too.

        Args:
            share: from 0 to 1. message: what it is at; cut after 200 characters.
        """
        told = {"progress": min(max(float(share), 0.0), 1.0), "message": message[:MAX_MESSAGE]}
        return self._held(lease, {**told, "version": JobRow.version + 1})

    def _held(self, lease: Lease, values: dict[str, Any]) -> Literal["held", "cancel", "lost"]:
        now = self.now()
        values = values | {"heartbeat": now, "expires": now + timedelta(seconds=self.seconds)}

        def work(session: Session) -> Literal["held", "cancel", "lost"]:
            if not changed(session, update(JobRow).where(_owned(lease)).values(**values)):
                return "lost"
            cancel = session.scalar(select(JobRow.cancel).where(JobRow.id == lease.job))
            return "cancel" if cancel else "held"

        return self.store.write(work)

    def finish(self, lease: Lease, outcome: Outcome) -> bool:
        """End a job with what came of it; False where it is no longer this lease's, and nothing changed.

        May be called again when the first call raised StoreAwayError: the second tells how it ended.

        Raises:
            DataError: the value is no plain JSON, or too long for a row.
        """
        value = json_text(outcome.value, "result", MAX_RESULT)
        values = {"state": "done", "result": value, "file": file_text(outcome.file), "progress": 1.0}
        values["message"] = ""
        return self._end(lease, values, keep=True, effect=outcome.effect)

    def cancelled(self, lease: Lease) -> bool:
        """End a job that was to be cancelled; False where it is no longer this lease's."""
        return self._end(lease, {"state": "cancelled"}, keep=True)

    def fail(self, lease: Lease, error: ErrorParts, *, dead: bool) -> bool:
        """Give a job up; False where it is no longer this lease's.

        Args:
            error: may be shown to whoever asked for the job.
            dead: whether it had its attempts; dead letters are kept until somebody looks at them.
        """
        values = {"state": "failed", "error": json.dumps(error, ensure_ascii=False), "dead": dead}
        return self._end(lease, values, keep=not dead)

    def _end(
        self,
        lease: Lease,
        values: dict[str, Any],
        *,
        keep: bool,
        effect: Callable[[Session], None] | None = None,
    ) -> bool:
        now = self.now()

        def work(session: Session) -> bool:
            ended = values | _FREE | {"finished": now, "version": JobRow.version + 1}
            if keep:
                ended["keep_until"] = kept_until(session, lease.job, now)
            held = and_(_owned(lease), JobRow.expires > now)
            if changed(session, update(JobRow).where(held).values(**ended)):
                if effect is not None:
                    effect(session)
                return True
            # A commit whose answer was lost was kept all the same.
            query = select(JobRow.state, JobRow.lease).where(JobRow.id == lease.job)
            found = session.execute(query).one_or_none()
            return found is not None and tuple(found) == (values["state"], lease.token)

        return self.store.write(work)

    def put_back(
        self, lease: Lease, *, after_s: float = 0.0, error: ErrorParts | None = None, counted: bool = True
    ) -> bool:
        """Queue a job again; False where it is no longer this lease's.

        Args:
            after_s: seconds before which it is not begun again.
            error: why. counted: whether this was an attempt; it is none where a worker is stopped.
        """
        now = self.now()
        values: dict[str, Any] = {
            **{"state": "queued", "due": now + timedelta(seconds=after_s), "offered": None},
            "error": None if error is None else json.dumps(error, ensure_ascii=False),
            "version": JobRow.version + 1,
        }
        if not counted:
            values["attempts"] = JobRow.attempts - 1
        statement = update(JobRow).where(_owned(lease)).values(**values, **_FREE)
        return bool(self.store.write(lambda session: changed(session, statement)))

    def reap(self) -> list[str]:
        """See to the jobs whose workers went silent; gives the ids of those that are dead letters now.

        One that is to be cancelled is; one that had its attempts is given up; others are queued again.
        """
        now = self.now()
        late = and_(JobRow.state == "running", JobRow.expires <= now)
        query = select(JobRow.id, JobRow.lease).where(late).limit(1000)
        found = self.store.read(lambda session: session.execute(query).all())
        if not found:
            return []

        def work(session: Session) -> list[str]:
            dead = []
            for id, token in found:
                here = and_(JobRow.id == id, JobRow.lease == token, late)
                more = {**_FREE, "version": JobRow.version + 1}
                over: dict[str, Any] = {**more, "finished": now}
                end = kept_until(session, id, now)
                cancelled = update(JobRow).where(here, JobRow.cancel)
                if changed(session, cancelled.values(state="cancelled", keep_until=end, **over)):
                    continue
                spent = update(JobRow).where(here, JobRow.attempts >= JobRow.max_attempts)
                lost = json.dumps(LOST, ensure_ascii=False)
                if changed(session, spent.values(state="failed", dead=True, error=lost, **over)):
                    dead.append(id)
                    continue
                again = update(JobRow).where(here)
                changed(session, again.values(state="queued", due=now, offered=None, **more))
            return dead

        return self.store.write(work)

    def to_offer(
        self, kinds: Sequence[str] | None, before: datetime | None, limit: int
    ) -> list[tuple[str, str]]:
        """Jobs that may be begun and that a queue was not told of, as ``(id, kind)``, the oldest first.

        Args:
            kinds: those alone; all when None.
            before: told before this moment is as good as never.
        """
        untold: ColumnElement[bool] = JobRow.offered.is_(None)
        if before is not None:
            untold = or_(untold, JobRow.offered < before)
        query = (
            select(JobRow.id, JobRow.kind)
            .where(JobRow.state == "queued", JobRow.due <= self.now(), untold)
            .order_by(JobRow.due, JobRow.id)
            .limit(limit)
        )
        if kinds is not None:
            query = query.where(JobRow.kind.in_(kinds))
        return self.store.read(lambda session: [(id, kind) for id, kind in session.execute(query)])

    def told(self, ids: Sequence[str]) -> None:
        """Note that a queue was told of these jobs."""
        waiting = JobRow.state == "queued", JobRow.due <= self.now()
        statement = update(JobRow).where(JobRow.id.in_(ids), *waiting)
        self.store.write(lambda session: changed(session, statement.values(offered=self.now())))

    def expired(self, limit: int = 1000) -> list[str]:
        """Delete the jobs whose time to live is over; gives their ids."""
        query = select(JobRow.id).where(JobRow.keep_until <= self.now()).limit(limit)
        ids = list(self.store.read(lambda session: session.scalars(query).all()))
        if ids:
            gone = delete(JobRow).where(JobRow.id.in_(ids), JobRow.keep_until <= self.now())
            self.store.write(lambda session: session.execute(gone))
        return ids

    def counts(self) -> dict[str, int]:
        """How many jobs are in each state, and how many are dead letters (``dead``)."""

        def work(session: Session) -> dict[str, int]:
            query = select(JobRow.state, func.count()).group_by(JobRow.state)
            found = {str(state): int(count) for state, count in session.execute(query)}
            dead = session.scalar(select(func.count()).select_from(JobRow).where(JobRow.dead)) or 0
            return found | {"dead": dead}

        return self.store.read(work)


def _owned(lease: Lease) -> ColumnElement[bool]:
    return and_(JobRow.id == lease.job, JobRow.state == "running", JobRow.lease == lease.token)
