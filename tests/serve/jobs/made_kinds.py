"""Kinds of jobs that tests do, and the table that their effects are written to."""

from __future__ import annotations

import hashlib
import os
import signal
import threading

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select

from gongbang.serve.database.job_rows import Outcome
from gongbang.serve.jobs.kinds import Kind

EFFECTS = Table("effects", MetaData(), Column("job", String(32)), Column("n", Integer))
"""No key and no constraint: a second effect of one job would be a second row."""

MODULE = "tests.serve.jobs.made_kinds"
MADE = {name: f"{MODULE}:{name.upper()}" for name in ("tally", "patient", "flaky", "broken", "deadly")}

running = threading.Event()
"""Set while a patient job runs in this process."""


class Number(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    n: int


def pass_all(payload, folders):
    """Any number will do."""


def answer(n: int) -> str:
    return hashlib.sha256(str(n).encode()).hexdigest()


def tally(payload, context):
    """A result, a file, and one row: what must be there once in the end."""
    for step in range(4):
        context.progress(step / 4, f"step {step}")
        context.wait(0.03)
    file = context.keep([answer(payload.n).encode()], "text/plain")
    row = {"job": context.job, "n": payload.n}
    return Outcome(
        {"n": payload.n, "answer": answer(payload.n)},
        file,
        lambda session: session.execute(insert(EFFECTS).values(**row)),
    )


def patient(payload, context):
    """Runs until it is told to stop."""
    running.set()
    try:
        while True:
            context.wait(30)
    finally:
        running.clear()


def flaky(payload, context):
    """Fails until its n-th attempt."""
    if context.attempt < payload.n:
        raise ConnectionError("/secret/place is away")
    return Outcome({"attempt": context.attempt})


def broken(payload, context):
    raise ZeroDivisionError("비밀")


def deadly(payload, context):
    """Takes its worker with it."""
    os.kill(os.getpid(), signal.SIGKILL)


def effects(store):
    """The rows of all effects."""
    return store.read(lambda session: [tuple(row) for row in session.execute(select(EFFECTS))])


def make_effects(store):
    store.write(lambda session: EFFECTS.create(session.connection(), checkfirst=True))
    store.write(lambda session: session.execute(EFFECTS.delete()))


TALLY, PATIENT, FLAKY, BROKEN, DEADLY = (
    Kind(run.__name__, Number, run, pass_all, {"n": 1}) for run in (tally, patient, flaky, broken, deadly)
)
