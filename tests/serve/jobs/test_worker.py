"""A worker over a queue of its own process: what becomes of jobs that end well, badly, or not at all."""

from __future__ import annotations

import random
import threading
from datetime import timedelta

import pytest

from gongbang.errors import QueueAwayError
from gongbang.serve.database.job_rows import NewJob, Outcome
from gongbang.serve.database.jobs import Jobs
from gongbang.serve.database.leases import Leases
from gongbang.serve.database.store import Store
from gongbang.serve.jobs.crew import Crew
from gongbang.serve.jobs.faults import back_off
from gongbang.serve.jobs.folders import Folders
from gongbang.serve.jobs.queue import LocalHint, LocalQueue
from gongbang.serve.jobs.results import Results
from gongbang.serve.jobs.settings import JobSettings
from gongbang.serve.jobs.sweeper import Sweeper
from gongbang.serve.jobs.worker import Worker
from tests.serve.jobs import made_kinds
from tests.serve.jobs.conftest import until
from tests.serve.jobs.made_kinds import answer, effects

pytestmark = pytest.mark.usefixtures("own_kinds")


class At:
    """Whatever draws a number gets the lowest: no wait before another attempt is longer than it must be."""

    uniform = staticmethod(lambda low, high: low)


@pytest.fixture
def results(tmp_path):
    return Results(tmp_path / "results")


@pytest.fixture
def bench(store, results):
    """Does the jobs that are due, one after the other, on this thread."""
    leases, queue = Leases(store, 30), LocalQueue()
    worker = Worker(leases, queue, Folders(), results, chance=At())
    sweeper = Sweeper(leases, queue, results)

    def work():
        sweeper.offer()
        done = []
        while (hint := queue.take(0)) is not None:
            done.append((hint.job, worker._do(hint, 0)))
        return done

    work.leases, work.queue, work.worker, work.sweeper = leases, queue, worker, sweeper
    return work


@pytest.fixture
def jobs(store):
    return Jobs(store)


def test_what_is_done_well(store, jobs, accepted, bench, results):
    ids = [accepted(n) for n in range(3)]
    assert bench() == [(id, "settled") for id in ids]
    for n, id in enumerate(ids):
        job, value = jobs.result(id)
        assert value == {"n": n, "answer": answer(n)}
        assert results.path(id, job.file).read_text() == answer(n)
        assert [entry.name for entry in (results.root / id).iterdir()] == [job.file.name]
    assert sorted(effects(store)) == sorted(zip(ids, range(3), strict=True))
    assert bench() == []


def test_what_fails_is_tried_again_and_told_safely(jobs, accepted, bench, monkeypatch):
    id = accepted(3, kind="flaky")
    bench()
    waiting = jobs.get(id)
    assert (waiting.state, waiting.attempts) == ("queued", 1)
    assert "fault of its own" in waiting.error["what"] and "secret" not in str(waiting.error)
    assert (waiting.due - waiting.created).total_seconds() >= 2  # at least half of 2 s doubled
    assert bench() == []
    later = waiting.due
    monkeypatch.setattr(bench.leases, "now", lambda: later)
    bench()
    later = jobs.get(id).due
    monkeypatch.setattr(bench.leases, "now", lambda: later)
    bench()
    assert jobs.result(id)[1] == {"attempt": 3}


def test_poison_ends_as_a_dead_letter(jobs, accepted, bench):
    id = accepted(kind="broken", max_attempts=1)
    assert bench() == [(id, "dead")]
    dead = jobs.get(id)
    assert (dead.state, dead.dead) == ("failed", True) and "비밀" not in str(dead.error)


def test_what_a_user_can_mend_is_not_tried_again(jobs, accepted, bench, monkeypatch):
    id = accepted(kind="nothing")
    assert bench() == [(id, "settled")]
    failed = jobs.get(id)
    assert (failed.state, failed.dead, failed.attempts) == ("failed", False, 1)
    assert failed.error["value"] == "nothing" and "tally" in failed.error["allowed"]
    ill = jobs.accept(NewJob("tally", {"n": "하나"}))
    bench()
    assert "valid integer" in jobs.get(ill.id).error["what"]


def test_a_job_that_was_taken_away_leaves_nothing(store, jobs, accepted, bench, results):
    """Another takes the job while this worker is at its end: neither row nor file nor effect remain of it."""
    id = accepted(5)

    def tally(payload, context):
        outcome = made_kinds.tally(payload, context)
        other.extend(stolen(bench.leases, id))
        return outcome

    other = []
    kind = made_kinds.TALLY
    thief = made_kinds.Kind(kind.summary, kind.payload, tally, kind.check, kind.example)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(made_kinds, "TALLY", thief)
        assert bench() == [(id, "settled")]
    assert effects(store) == [] and jobs.get(id).state == "running"
    assert [entry.name for entry in (results.root / id).iterdir()] == []
    assert bench.leases.finish(other[0], Outcome({"by": "other"}))


def stolen(leases, id):
    now = leases.now
    leases.now = lambda: now() + timedelta(seconds=3600)
    leases.reap()
    lease = leases.take(id, "other")
    leases.now = now
    return [lease] if leases.renew(lease) == "held" else []


def crew_of(url, tmp_path, **more):
    settings = JobSettings(url, results=tmp_path / "results", lease_s=1.0, **more)
    return Crew(settings, Store(url), work=True)


def test_a_running_job_is_cancelled(url, jobs, accepted, tmp_path):
    id = accepted(kind="patient")
    crew = crew_of(url, tmp_path)
    crew.start()
    try:
        until(made_kinds.running.is_set)
        jobs.cancel(id)
        until(lambda: jobs.get(id).state == "cancelled")
        assert not made_kinds.running.is_set()
    finally:
        assert crew.stop()


def test_a_stopped_worker_gives_its_job_back_and_the_next_one_does_it(url, store, jobs, accepted, tmp_path):
    """Queued and running jobs outlive the process: all that is known of them is in the database."""
    patient, waiting = accepted(kind="patient", max_attempts=1), [accepted(n) for n in range(4)]
    first = crew_of(url, tmp_path, grace_s=0.0)
    first.start()
    until(made_kinds.running.is_set)
    assert first.stop()
    back = jobs.get(patient)
    assert (back.state, back.attempts) == ("queued", 0)
    jobs.cancel(patient)
    second = crew_of(url, tmp_path, slots=2)
    second.start()
    until(lambda: all(jobs.get(id).over for id in waiting))
    assert second.stop()
    assert sorted(effects(store)) == sorted(zip(waiting, range(4), strict=True))


def test_an_old_hint_is_offered_again_by_a_new_process(store, accepted, results):
    id = accepted()
    leases, first = Leases(store, 30), LocalQueue()
    Sweeper(leases, first, results).offer()
    assert first.take(0).job == id  # and that process is gone
    second = LocalQueue()
    Sweeper(leases, second, results).offer()
    assert second.take(0).job == id


def test_a_sweeper_goes_on_when_the_queue_is_away(store, jobs, accepted, results, caplog):
    class Away(LocalQueue):
        shut = True

        def waiting(self):
            if self.shut:
                raise QueueAwayError("the broker cannot be reached.", value="x", allowed="y", cure="z")
            return super().waiting()

    queue, id = Away(), accepted()
    sweeper = Sweeper(Leases(store, 30), queue, results, every_s=0.02)
    sweeper.start()
    try:
        until(lambda: "cannot be reached" in caplog.text)
        assert queue.take(0) is None
        queue.shut = False
        until(lambda: (hint := queue.take(0.1)) is not None and hint.job == id)
    finally:
        sweeper.stop()
    assert caplog.text.count("cannot be reached") == 1


def test_a_hint_that_is_given_again_is_there_again():
    queue = LocalQueue()
    queue.tell([("a", "x")])
    hint = queue.take(0)
    assert isinstance(hint, LocalHint) and queue.waiting() == 0
    hint.settle("settled")
    assert queue.take(0) is None
    hint.settle("again")
    assert queue.take(0).job == "a"
    taken = []
    thread = threading.Thread(target=lambda: taken.append(queue.take(60)))
    thread.start()
    queue.close()
    thread.join(20)
    assert taken == [None]


def test_waits_grow_and_differ():
    chance = random.Random(5)
    waits = [back_off(n, chance) for n in range(1, 20)]
    assert all(2.0**n <= wait <= 2.0 ** (n + 1) for n, wait in zip(range(1, 7), waits, strict=False))
    assert min(waits[8:]) >= 150 and max(waits) <= 300 and len(set(waits)) == len(waits)


def test_nothing_more_is_taken_while_what_is_in_hand_is_settled():
    queue, taken = LocalQueue(), []
    queue.tell([("a", "tally")])
    hint = queue.take(0)
    thread = threading.Thread(target=lambda: taken.append(queue.take(60)))
    thread.start()
    queue.stop_taking()
    thread.join(20)
    hint.settle("again")
    assert taken == [None] and queue.take(60) is None and queue.waiting() == 1
    queue.close()
    assert queue.waiting() == 0
