"""Jobs over the module's database, with a clock that tests set, and a broker where one is reachable."""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from gongbang.errors import QueueAwayError
from gongbang.serve.database.job_rows import NewJob
from gongbang.serve.database.jobs import Jobs
from gongbang.serve.database.leases import Leases
from gongbang.serve.database.store import Store
from gongbang.serve.jobs.kinds import KINDS
from tests.serve.jobs.made_kinds import MADE, make_effects

BROKER = os.environ.get("GONGBANG_TEST_RABBITMQ") or "amqp://guest:guest@127.0.0.1:5672/"


class Clock:
    """A time that passes when it is told to."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def pass_(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def jobs(store: Store, clock: Clock) -> Jobs:
    return Jobs(store, now=clock)


@pytest.fixture
def leases(store: Store, clock: Clock) -> Leases:
    return Leases(store, 30, now=clock)


@pytest.fixture
def own_kinds(monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    """The kinds that tests do, and an empty table of their effects."""
    for name, place in MADE.items():
        monkeypatch.setitem(KINDS, name, place)
    make_effects(store)


@pytest.fixture
def accepted(jobs: Jobs) -> Callable[..., str]:
    """Accepts a job without asking its kind; gives the id."""

    def one(n: int = 1, kind: str = "tally", **more) -> str:
        return jobs.accept(NewJob(kind, {"n": n}, **more)).id

    return one


def until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait for a condition; the test fails where it never comes."""
    end = time.monotonic() + seconds
    pause = threading.Event()
    while not true():
        assert time.monotonic() < end, "it never came"
        pause.wait(0.02)


@cache
def no_broker() -> str:
    """Why there is no broker to test with; "" where there is."""
    pytest.importorskip("pika")
    from gongbang.serve.jobs.rabbit import RabbitQueue

    queue = RabbitQueue(BROKER, f"gongbang-test-{secrets.token_hex(4)}")
    try:
        queue.waiting()
    except QueueAwayError as err:
        return f"rabbitmq is not reachable ({err.value}); name one in GONGBANG_TEST_RABBITMQ"
    finally:
        drop_queues(queue)
    return ""


def drop_queues(queue) -> None:
    """Take a test's queues off the broker."""
    import pika

    queue.close()
    with suppress(Exception):
        connection = pika.BlockingConnection(pika.URLParameters(BROKER))
        channel = connection.channel()
        for kind in (*KINDS, *MADE, "dead"):
            channel.queue_delete(queue.queue_of(kind))
        connection.close()


@pytest.fixture
def queue_name(own_kinds: None) -> Iterator[str]:
    """A name for queues of this test alone; skipped, with the reason, without a broker."""
    if reason := no_broker():
        pytest.skip(reason)
    from gongbang.serve.jobs.rabbit import RabbitQueue

    name = f"gongbang-test-{secrets.token_hex(4)}"
    yield name
    drop_queues(RabbitQueue(BROKER, name))
