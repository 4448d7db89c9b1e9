"""``gongbang worker`` and ``gongbang jobs``."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("pydantic")

from gongbang.cli.worker import _beat
from gongbang.serve.database.store import Store
from gongbang.serve.jobs.crew import Crew
from gongbang.serve.jobs.service import JobService
from gongbang.serve.jobs.settings import JobSettings
from tests.serve.jobs.conftest import until

RECORDS = [{"id": str(n), "fields": {"text": text}} for n, text in enumerate(("정말 좋다.", "아주 나쁘다."))]


@pytest.fixture
def database(tmp_path):
    return f"sqlite:///{tmp_path}/jobs.db"


@pytest.fixture
def server(database, tmp_path):
    """Accepts and does nothing."""
    (tmp_path / "docs").mkdir()
    service = JobService(JobSettings(database, folders=(tmp_path / "docs",)))
    yield service
    service.stop()


def test_a_worker_works_until_it_is_told_to_stop(call, server, database, tmp_path, monkeypatch):
    good = server.accept("predict", {"artifact": "sentiment-ko", "records": RECORDS})
    (tmp_path / "docs" / "empty.csv").write_text("")
    bad = server.accept("predict", {"artifact": "sentiment-ko", "data": "empty.csv"})
    other = server.accept("index", {"docs": ["."], "name": "a", "encoder": None})

    def until_told(stop, beat):  # in the place of a signal
        until(lambda: all(server.jobs.get(id).over for id in (good.id, bad.id)))
        beat()

    monkeypatch.setattr("gongbang.cli.worker._until_told", until_told)
    config = tmp_path / "serve.yaml"
    config.write_text(f"database: {database}\nfolders: [{tmp_path}/docs]\n", encoding="utf-8")
    words = ("--config", config, "--jobs", "predict", "--alive", tmp_path / "alive", "--json")
    called = call("worker", *words)
    assert called.code == 0 and called.data["ended"] is True and (tmp_path / "alive").is_file()

    shown = call("jobs", "show", good.id[:8], "--database", database, "--json").data
    assert shown["state"] == "done" and shown["result"]["records"] == 2 and shown["file"]["bytes"] > 0
    told = call("jobs", "show", bad.id, "--database", database)
    assert told.code == 0 and "empty" in told.out and "cure: " in told.out and str(tmp_path) not in told.out
    listed = call("jobs", "list", "--database", database, "--state", "queued", "--json").data
    assert [job["id"] for job in listed["jobs"]] == [other.id] and listed["total"] == 1
    assert call("jobs", "retry", bad.id, "--database", database, "--json").data["state"] == "queued"
    assert call("jobs", "cancel", bad.id, "--database", database, "--json").data["state"] == "cancelled"
    lines = call("jobs", "list", "--database", database).out.splitlines()
    assert lines[-1] == "3 of 3" and lines[-2].startswith(good.id) and " done " in lines[-2]
    assert call("jobs", "dead", "--database", database, "--json").data == {"total": 0, "jobs": []}


def test_a_worker_whose_threads_are_gone_no_longer_says_that_it_lives(tmp_path):
    url, alive = f"sqlite:///{tmp_path / 'a.db'}", tmp_path / "alive"
    with Store(url) as store:
        crew = Crew(JobSettings(url, results=tmp_path / "results"), store, work=True, prepare=store.prepare)
        beat = _beat(alive, crew)
        beat()
        assert not alive.exists()  # not begun
        crew.start()
        beat()
        assert alive.exists()
        alive.unlink()
        assert crew.stop()
        beat()
        assert not alive.exists()


_HEARS = """
import signal, threading
from gongbang.cli.worker import _told_to_stop

stop, before = threading.Event(), signal.getsignal(signal.SIGTERM)
with _told_to_stop(stop):
    assert signal.getsignal(signal.SIGTERM) != before
    with stop._cond:  # as in the midst of stop.wait()
        signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) == before
    assert stop.wait(60)
assert signal.getsignal(signal.SIGTERM) == before
print("heard")
"""


def test_signals_are_heard_once_and_then_as_before():
    """In a process of its own: one that runs other tests too has been ended by its own signal."""
    words = [sys.executable, "-c", _HEARS]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=90)
    assert (done.returncode, done.stdout.strip()) == (0, "heard"), done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "--database"),
        (("--database", "a.db", "--jobs", "predic"), "Did you mean 'predict'?"),
        (("--database", "a.db", "--slots", "0"), "1 to 64"),
        (("--database", "a.db", "--folder", "no-such-folder"), "no-such-folder"),
        (("--database", "a.db", "--lease", "0"), "lease"),
        (("--database", "oracle://x/y"), "not supported"),
        (("--database", "a.db", "--broker", "http://me:secret@x"), "amqp://"),
    ],
)
def test_a_worker_that_cannot_be(call, tmp_path, monkeypatch, words, told):
    monkeypatch.chdir(tmp_path)
    called = call("worker", *words)
    assert called.code == 2 and told in called.err and len(called.lines) == 4
    assert "secret" not in called.err


def test_without_the_extras_their_names_are_told(call, monkeypatch, tmp_path):
    monkeypatch.setattr("gongbang.serve.jobs.queue.find_spec", lambda name: None)
    called = call("worker", "--database", tmp_path / "a.db", "--broker", "amqp://127.0.0.1/")
    assert called.code == 2 and 'pip install "gongbang[rabbitmq]"' in called.err
    monkeypatch.setattr("gongbang.cli.worker.find_spec", lambda name: None)
    called = call("worker", "--database", tmp_path / "a.db")
    assert called.code == 2 and 'pip install "gongbang[serve]"' in called.err


def test_jobs_that_are_not_there(call, server, database):
    job = server.accept("predict", {"artifact": "sentiment-ko", "records": RECORDS})
    called = call("jobs", "show", "zzz", "--database", database)
    assert called.code == 2 and "no job's id begins so" in called.err
    called = call("jobs", "cancel", "0" * 32, "--database", database, "--json")
    assert called.code == 2 and called.data["error"] == "StoreMissingError"
    called = call("jobs", "retry", job.id, "--database", database)
    assert called.code == 2 and "queued and cannot be tried again" in called.err
    assert json.dumps(call("jobs", "show", job.id, "--database", database, "--json").data["payload"])
