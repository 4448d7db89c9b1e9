"""PostgreSQL, MariaDB and RabbitMQ are stopped and started under load: nothing acknowledged is lost.

Nobody's server is stopped unasked: the variable names those that may be, and how::

    GONGBANG_TEST_RESTARTS='{"postgresql": {"stop": "pg_ctlcluster 15 main stop -m fast",
      "start": "pg_ctlcluster 15 main start"}}' pytest tests/serve/jobs/test_restarts.py -s

``mariadb`` and ``rabbitmq`` likewise. A command ends when the server stopped or was started; where
GONGBANG_TEST_RESTART_TIMES says nothing, each server is restarted three times.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from contextlib import ExitStack

import pytest

from gongbang.serve.app import create_app
from gongbang.serve.database.answers import Answers
from gongbang.serve.database.conversations import Conversations
from gongbang.serve.database.jobs import Jobs
from gongbang.serve.database.migrate import upgrade
from gongbang.serve.database.store import Store
from gongbang.serve.jobs.kinds import KINDS
from gongbang.serve.jobs.settings import JobSettings
from gongbang.serve.models.room import ModelRoom
from gongbang.serve.settings import ServeSettings
from tests.notes import note
from tests.serve.jobs.chaos import end, start_worker
from tests.serve.jobs.conftest import BROKER, no_broker, until
from tests.serve.jobs.made_kinds import MADE, answer, effects, make_effects
from tests.serve.jobs.restarts import (
    VARIABLE,
    AnswerWriter,
    JobSender,
    Restarts,
    Talker,
    restart,
    restarts_of,
)
from tests.serve.rest.conftest import letters
from tests.serve.servers import fresh_database, server_url, unreachable
from tests.serve.studio.servers import running

TIMES = int(os.environ.get("GONGBANG_TEST_RESTART_TIMES", "3"))
DOWN_S = 2.0
PORTS = {"postgresql": 5432, "mariadb": 3306, "rabbitmq": 5672}


def stopping(name: str) -> Restarts:
    """How a server is restarted; the test is skipped, with the reason, where that is not said."""
    url = BROKER if name == "rabbitmq" else server_url(name)
    if (found := restarts_of(name, url, PORTS[name])) is None:
        pytest.skip(f"{VARIABLE} does not say how {name} is stopped and started")
    if reason := no_broker() if name == "rabbitmq" else unreachable(name):
        pytest.skip(reason)
    return found


@pytest.mark.parametrize("name", PORTS)
def test_what_was_acknowledged_outlives_restarts(name, tmp_path, monkeypatch, request):
    server = stopping(name)
    for kind, place in MADE.items():
        monkeypatch.setitem(KINDS, kind, place)
    with ExitStack() as stack:
        database = "sqlite" if name == "rabbitmq" else name
        url = stack.enter_context(fresh_database(database, tmp_path))
        upgrade(url)
        store = stack.enter_context(Store(url))
        make_effects(store)
        with_broker = {}
        if not no_broker():
            with_broker = {"broker": BROKER, "broker_queue": request.getfixturevalue("restarts_queue")}
        settings = ServeSettings(
            url, vectors=tmp_path / "vectors", results=tmp_path / "results", games=False, **with_broker
        )
        base = stack.enter_context(running(create_app(settings, letters(), room=ModelRoom())))
        work = JobSettings(
            url,
            settings.broker or "",
            settings.broker_queue,
            results=tmp_path / "results",
            lease_s=5.0,
            slots=2,
        )
        workers = [start_worker(work, tmp_path / "log") for _ in range(2)]
        for worker in workers:
            stack.callback(worker.kill)
        writers = [kind(base, number) for kind in (AnswerWriter, Talker, JobSender) for number in range(2)]
        for writer in writers:
            writer.start()
        try:
            outages = restart(server, writers, TIMES, DOWN_S, until)
        finally:
            for writer in writers:
                writer.enough.set()
            for writer in writers:
                writer.join(150)
        assert [writer.failure for writer in writers] == [None] * len(writers)
        until(lambda: _all_done(store) or any(worker.poll() is not None for worker in workers), 600)
        assert [worker.poll() for worker in workers] == [None, None]  # nobody ended one
        assert [end(worker) for worker in workers] == [0, 0]
        assert [fault for writer in writers for fault in writer.told.faults] == []
        counted = {
            "answers": _answers_are_there(store, [one for one in writers if isinstance(one, AnswerWriter)]),
            "messages": _messages_are_there(store, [one for one in writers if isinstance(one, Talker)]),
            "jobs": _jobs_were_done(store, [one for one in writers if isinstance(one, JobSender)]),
        }
    refused = sum(len(writer.told.refused) for writer in writers)
    if name == "rabbitmq":
        assert refused == 0  # what is accepted stands in the database
    else:
        assert refused >= 2 * TIMES
    away, back = ([f"{seconds:.1f}" for seconds in some] for some in (outages.away_s, outages.back_s))
    note(
        f"restarted: {name}, {TIMES} times, away {', '.join(away)} s, all writers went on after "
        f"{', '.join(back)} s; kept {counted}, refused {refused}"
    )


@pytest.fixture
def restarts_queue():
    """A name for queues of this test alone."""
    import secrets

    from gongbang.serve.jobs.rabbit import RabbitQueue
    from tests.serve.jobs.conftest import drop_queues

    name = f"gongbang-test-{secrets.token_hex(4)}"
    yield name
    drop_queues(RabbitQueue(BROKER, name))


def _all_done(store: Store) -> bool:
    jobs = Jobs(store)
    return jobs.page(state="done", limit=1).total == jobs.page(limit=1).total


def _answers_are_there(store: Store, writers: list[AnswerWriter]) -> int:
    """Each that was acknowledged is there once, as it was changed last; none of the others is there twice."""
    rows = list(Answers(store).each())
    texts, by_id = Counter(row.text for row in rows), {str(row.id): row for row in rows}
    assert set(texts.values()) == {1}
    kept = {text: id for writer in writers for text, id in writer.told.kept.items()}
    assert {by_id[id].text: id for id in kept.values()} == kept
    assert set(texts) - set(kept) <= {text for writer in writers for text in writer.told.refused}
    changes = {id: labels for writer in writers for id, labels in writer.changes.items()}
    assert changes and all(by_id[id].label in labels for id, labels in changes.items())
    return len(kept)


def _messages_are_there(store: Store, writers: list[Talker]) -> int:
    """Each message that was answered stands in its conversation once."""
    talks, kept = Conversations(store), 0
    for writer in writers:
        said = {word: id for word, id in writer.told.kept.items() if not word.startswith("talk")}
        begun = set(writer.told.kept.values())
        turns = [(turn.text, id) for id in begun for turn in talks.turns(id) if turn.role == "user"]
        assert len(turns) == len(set(turns)) and said.items() <= set(turns)
        assert {text for text, _ in turns} - set(said) <= set(writer.told.refused)
        kept += len(said)
    return kept


def _jobs_were_done(store: Store, writers: list[JobSender]) -> int:
    """Each job that was accepted is done, once in effect, with the result that is its own."""
    jobs, rows = Jobs(store), effects(store)
    done = dict(rows)
    assert len(done) == len(rows) == jobs.page(limit=1).total
    kept = {id: n for writer in writers for id, n in writer.jobs.items()}
    assert kept.items() <= done.items()
    for id, n in kept.items():
        job, value = jobs.result(id)
        assert job.state == "done" and value == {"n": n, "answer": answer(n)}
    numbers = Counter(done.values())
    keyed = {
        kept[writer.told.kept[word]] for writer in writers for word in writer.again & set(writer.told.kept)
    }
    assert all(numbers[n] == 1 for n in keyed)  # sent again under one key
    return len(kept)


def test_the_variable_is_read_as_it_is_written(monkeypatch):
    monkeypatch.setenv(VARIABLE, '{"mariadb": {"stop": "a", "start": "b"}, "rabbitmq": {"stop": "a"}}')
    assert restarts_of("postgresql", "postgresql://me@other/x", 5432) is None
    found = restarts_of("mariadb", "mariadb://root@other:3307/x", 3306)
    assert found == Restarts("mariadb", "a", "b", ("other", 3307))
    with pytest.raises(ValueError, match=r"is .*; write .*COMMAND"):
        restarts_of("rabbitmq", BROKER, 5672)


def test_a_server_is_started_again_whatever_happens(tmp_path):
    """Stands in for a real server: a listener that two commands open and close."""
    import socket
    import sys

    door = socket.create_server(("127.0.0.1", 0))
    place = door.getsockname()
    started = tmp_path / "started"
    write = f"{sys.executable} -c \"open(r'{started}', 'a').write('x')\""
    server = Restarts("made", "true", write, place)
    with pytest.raises(AssertionError, match="left somebody listening"), server.stopped():
        pytest.fail("it was not stopped")
    assert not started.exists()
    threading.Thread(target=door.close).run()
    with pytest.raises(ZeroDivisionError), server.stopped():
        raise ZeroDivisionError
    assert started.read_text() == "x"
