"""Workers are killed, brokers and databases go away: every job is done, and none twice in effect.

``GONGBANG_CHAOS=1000 pytest tests/serve/jobs/test_chaos.py -s`` does as many jobs as it says, on each kind of
database that can be reached, and kills a worker every twenty-five.
"""

from __future__ import annotations

import os
import signal
import threading

import pytest

from gongbang.errors import StoreAwayError
from gongbang.serve.database.engine import database_url
from gongbang.serve.database.jobs import Jobs
from gongbang.serve.database.store import Store
from gongbang.serve.jobs.crew import Crew
from gongbang.serve.jobs.service import JobService
from gongbang.serve.jobs.settings import JobSettings
from tests.notes import note
from tests.serve.database.proxy import Door
from tests.serve.jobs.chaos import end, start_worker, storm
from tests.serve.jobs.conftest import BROKER, until
from tests.serve.jobs.made_kinds import effects

JOBS = int(os.environ.get("GONGBANG_CHAOS", "0"))


@pytest.fixture
def jobs(store):
    return Jobs(store)


@pytest.fixture
def serving(url, store, own_kinds, tmp_path):
    """Serves jobs that other processes do."""
    opened = []

    def one(queue="", **more):
        broker = {"broker": BROKER, "queue": queue} if queue else {}
        settings = JobSettings(url, results=tmp_path / "results", lease_s=1.0, **broker, **more)
        opened.append(JobService(settings, store))
        if queue:
            opened[-1].start()
        return opened[-1]  # without a broker it would do the jobs itself

    yield one
    for service in opened:
        service.stop()


def test_killed_workers_over_rabbitmq(serving, store, kind, queue_name, tmp_path):
    count, kills = (JOBS, JOBS // 25) if JOBS else (60, 3) if kind == "sqlite" else (20, 1)
    done = storm(serving(queue_name), store, count, kills, 20, tmp_path / "log")
    note(f"killed workers: {kind}, RabbitMQ: {done}")


def test_killed_workers_that_share_a_database_alone(serving, store, kind, tmp_path):
    if kind != "sqlite" and not JOBS:
        pytest.skip("the same code as with a broker; GONGBANG_CHAOS runs it on every database")
    count, kills = (JOBS, JOBS // 25) if JOBS else (30, 2)
    done = storm(serving(), store, count, kills, 21, tmp_path / "log")
    note(f"killed workers: {kind}, no broker: {done}")


def test_a_job_that_kills_its_workers_ends_as_a_dead_letter(serving, store, kind, jobs, tmp_path):
    if kind != "sqlite":
        pytest.skip("a matter of processes, not of databases")
    server = serving()
    id = server.accept("deadly", {"n": 1}, max_attempts=2).id
    after = server.accept("tally", {"n": 2}).id
    for _ in range(2):
        worker = start_worker(server.settings, tmp_path / "log", "--jobs", "deadly")
        assert worker.wait(60) == -signal.SIGKILL
    worker = start_worker(server.settings, tmp_path / "log")
    try:
        until(lambda: jobs.get(id).dead and jobs.get(after).state == "done")
    finally:
        assert end(worker) == 0
    assert "were lost" in jobs.get(id).error["what"] and len(effects(store)) == 1


def test_a_worker_that_is_told_to_stop_gives_its_job_back(serving, kind, jobs, tmp_path):
    if kind != "sqlite":
        pytest.skip("a matter of processes, not of databases")
    server = serving()
    id = server.accept("patient", {"n": 1}).id
    worker = start_worker(server.settings, tmp_path / "log", "--grace", "0")
    until(lambda: jobs.get(id).state == "running")
    assert end(worker) == 0
    assert (jobs.get(id).state, jobs.get(id).attempts) == ("queued", 0)


def test_database_and_broker_go_away_under_load(url, kind, store, jobs, queue_name, tmp_path):
    """Whatever was accepted is done once; what was refused is not promised."""
    if kind == "sqlite":
        pytest.skip("SQLite has no connection to break")
    import pika

    parsed, rabbit = database_url(url), pika.URLParameters(BROKER)
    data = Door(parsed.host, parsed.port or {"mariadb": 3306, "postgresql": 5432}[kind])
    mail = Door(rabbit.host, rabbit.port)
    through = parsed.set(host="127.0.0.1", port=data.port).render_as_string(hide_password=False)
    broker = f"amqp://guest:guest@127.0.0.1:{mail.port}/"
    settings = JobSettings(through, broker, queue_name, results=tmp_path / "results", lease_s=2.0, slots=2)
    stores = [Store(through, wait_s=2), Store(through, wait_s=2)]
    server, worker = JobService(settings, stores[0]), Crew(settings, stores[1], work=True)
    server.start()
    worker.start()
    accepted, refused, enough = {}, [], threading.Event()

    def load():
        n = 0
        while not enough.is_set():
            n += 1
            try:
                accepted[server.accept("tally", {"n": n}, max_attempts=50).id] = n
            except StoreAwayError:
                refused.append(n)
                enough.wait(0.01)
            enough.wait(0.005)

    sender = threading.Thread(target=load)
    sender.start()
    try:
        for door in (mail, data, mail, data):
            here = len(accepted)
            until(lambda here=here: len(accepted) >= here + 15)
            door.shut()
            sent = len(accepted) + len(refused)
            until(lambda sent=sent: len(accepted) + len(refused) >= sent + 10)
            door.open()
        enough.set()
        sender.join(60)
        until(lambda: jobs.page(state="done", limit=1).total == jobs.page(limit=1).total, 120)
    finally:
        enough.set()
        sender.join(60)
        assert worker.stop() and server.stop()
        for one in stores:
            one.close()
        data.shut()
        mail.shut()
    rows = effects(store)
    done = dict(rows)
    assert len(done) == len(rows) == jobs.page(limit=1).total
    assert refused and accepted.items() <= done.items()
    # A refused write may have been kept: the connection broke after the commit. It was done once as well.
    assert set(done.values()) - set(accepted.values()) <= set(refused)
