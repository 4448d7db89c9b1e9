"""RabbitMQ as the queue: what is told, taken, lost and found again."""

from __future__ import annotations

import json
import threading

import pytest

from gongbang.errors import OptionError, QueueAwayError
from gongbang.serve.database.jobs import Jobs
from gongbang.serve.database.store import Store
from gongbang.serve.jobs.crew import Crew
from gongbang.serve.jobs.service import JobService
from gongbang.serve.jobs.settings import JobSettings
from tests.serve.database.proxy import Door
from tests.serve.jobs.conftest import BROKER, until
from tests.serve.jobs.made_kinds import effects

pika = pytest.importorskip("pika")
from gongbang.serve.jobs.rabbit import RabbitQueue, broker_parameters, shown  # noqa: E402

IDS = [f"{n:032x}" for n in range(9)]


@pytest.fixture(scope="module")
def kind():
    """What a broker does depends upon no database: one kind is enough here."""
    return "sqlite"


@pytest.fixture
def jobs(store):
    return Jobs(store)


@pytest.fixture
def open_queue(queue_name):
    made = []

    def one(*kinds, url=BROKER, slots=1):
        made.append(RabbitQueue(url, queue_name, kinds, slots=slots))
        return made[-1]

    yield one
    for queue in made:
        queue.close()


@pytest.fixture
def door():
    parsed = pika.URLParameters(BROKER)
    door = Door(parsed.host, parsed.port)
    yield door, f"amqp://guest:guest@127.0.0.1:{door.port}/"
    door.shut()


def dead_letters(name):
    connection = pika.BlockingConnection(pika.URLParameters(BROKER))
    channel, found = connection.channel(), []
    while (got := channel.basic_get(f"{name}.dead", auto_ack=True))[0] is not None:
        found.append(got[2])
    connection.close()
    return found


def test_what_is_told_waits_and_is_taken_once(open_queue):
    teller, taker = open_queue(), open_queue("tally", "flaky")
    teller.tell([(IDS[0], "tally"), (IDS[1], "flaky"), (IDS[2], "broken")])
    until(lambda: teller.waiting() == 3)
    first = taker.take(20)
    assert taker.take(0.3) is None  # one in hand at a time, over all kinds
    first.settle("settled")
    second = taker.take(20)
    assert {first.job, second.job} == set(IDS[:2])
    second.settle("settled")
    assert taker.take(0.3) is None and teller.waiting() == 1


def test_what_nobody_settled_goes_to_another(open_queue):
    one, other = open_queue("tally"), open_queue("tally")
    one.tell([(IDS[0], "tally")])
    assert one.take(20).job == IDS[0]
    assert other.take(0.3) is None
    one.close()
    hint = other.take(20)
    assert hint.job == IDS[0]
    hint.settle("again")
    again = other.take(20)
    assert again.job == IDS[0]
    again.settle("settled")


def test_dead_letters_and_what_is_none_of_ours(open_queue, queue_name):
    queue = open_queue("tally")
    queue.tell([(IDS[0], "tally")])
    connection = pika.BlockingConnection(pika.URLParameters(BROKER))
    for body in (b"{", b'{"job": "../../etc"}', b"[1]"):
        connection.channel().basic_publish("", queue.queue_of("tally"), body)
    connection.close()
    queue.take(20).settle("dead")
    found = []
    until(lambda: found.extend(dead_letters(queue_name)) or len(found) == 4)
    assert json.dumps({"job": IDS[0]}).encode() in found and b"{" in found


def test_a_broker_that_goes_away_and_comes_back(open_queue, door):
    door, url = door
    teller, taker = open_queue(url=url), open_queue("tally", url=url)
    teller.tell([(IDS[0], "tally")])
    held = taker.take(20)
    door.shut()
    for call in (lambda: teller.tell([(IDS[1], "tally")]), teller.waiting):
        with pytest.raises(QueueAwayError) as caught:
            call()
        assert "guest:guest" not in str(caught.value)
    held.settle("settled")  # nobody hears it
    door.open()
    teller.tell([(IDS[1], "tally")])
    found = set()
    for _ in range(2):
        hint = taker.take(20)
        found.add(hint.job)
        hint.settle("settled")
    assert found == {IDS[0], IDS[1]}  # the one that was held came again


def test_accepting_needs_no_broker(store, jobs, url, queue_name, door, tmp_path):
    """Jobs that were accepted while the broker was away are told of when it is back, and done."""
    door, broker = door
    door.shut()
    settings = JobSettings(url, broker, queue_name, results=tmp_path / "results", lease_s=2.0)
    server, own = JobService(settings, store), Store(url)
    worker = Crew(settings, own, work=True)
    server.start()
    worker.start()
    try:
        ids = [server.accept("tally", {"n": n}).id for n in range(5)]
        assert {jobs.get(id).state for id in ids} == {"queued"}
        door.open()
        until(lambda: all(jobs.get(id).over for id in ids))
    finally:
        assert worker.stop() and server.stop()
        own.close()
    assert sorted(effects(store)) == sorted(zip(ids, range(5), strict=True))


def test_a_dead_letter_of_a_job_is_in_the_brokers_queue_too(store, jobs, url, queue_name, tmp_path):
    settings = JobSettings(url, BROKER, queue_name, results=tmp_path / "results", lease_s=2.0)
    server, own = JobService(settings, store), Store(url)
    worker = Crew(settings, own, work=True)
    server.start()
    worker.start()
    try:
        id = server.accept("broken", {"n": 1}, max_attempts=1).id
        until(lambda: jobs.get(id).dead)
        found = []
        until(lambda: found.extend(dead_letters(queue_name)) or bool(found))
    finally:
        assert worker.stop() and server.stop()
        own.close()
    assert json.loads(found[0]) == {"job": id}


def test_closing_while_others_take(open_queue):
    queue = open_queue("tally")
    taken = []
    thread = threading.Thread(target=lambda: taken.append(queue.take(60)))
    thread.start()
    queue.close()
    thread.join(20)
    assert taken == [None]


def test_nothing_more_is_taken_while_what_is_in_hand_is_settled(open_queue):
    queue = open_queue("tally", slots=2)
    queue.tell([(IDS[0], "tally")])
    hint, taken = queue.take(20), []
    thread = threading.Thread(target=lambda: taken.append(queue.take(60)))
    thread.start()
    queue.stop_taking()
    thread.join(20)
    assert taken == [None] and queue.take(60) is None
    hint.settle("again")
    queue.close()
    other = open_queue("tally").take(20)
    assert other.job == IDS[0]
    other.settle("settled")


@pytest.mark.parametrize("url", ["http://x", "amqp://x:port/", "amqp://x/?heartbeat=ten", "x"])
def test_a_url_that_is_none_is_refused(url):
    with pytest.raises(OptionError, match="broker cannot be used"):
        broker_parameters(url)


def test_a_password_is_not_shown():
    assert "secret" not in shown("amqps://me:secret@host:5671/%2f")
