"""Who owns a job: every change of state, on every database."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from gongbang.errors import DataError, JobStateError, StoreMissingError
from gongbang.serve.database.job_rows import NewJob, Outcome, ResultFile
from gongbang.serve.database.jobs import MAX_PAYLOAD, MAX_RESULT
from gongbang.serve.database.leases import Leases
from tests.serve.jobs.made_kinds import EFFECTS, effects, make_effects

ERROR = {"what": "쓸 수 없다.", "value": "1", "allowed": "2", "cure": "바꾼다."}


def test_a_job_from_beginning_to_end(jobs, leases, clock):
    job = jobs.accept(NewJob("tally", {"n": 7, "말": ["가", None, 1.5]}))
    assert (job.state, job.attempts, job.version, job.progress) == ("queued", 0, 1, 0.0)
    assert len(job.id) == 32 and job.payload == {"n": 7, "말": ["가", None, 1.5]}
    clock.pass_(5)
    lease = leases.take(job.id, "worker")
    assert (lease.token, lease.attempt, lease.payload) == (1, 1, job.payload)
    assert jobs.get(job.id).started == clock()
    assert leases.progress(lease, 0.25, "가" * 300) == "held"
    halfway = jobs.get(job.id)
    assert (halfway.progress, halfway.message, halfway.version) == (0.25, "가" * 200, 3)
    file = ResultFile("1-ab", "ab", 3, "text/plain")
    assert leases.finish(lease, Outcome({"답": 1}, file))
    done, value = jobs.result(job.id)
    assert (done.state, done.progress, done.file, value, done.error) == ("done", 1.0, file, {"답": 1}, None)
    assert done.finished == clock() and (done.keep_until - clock()).total_seconds() == 7 * 86_400
    assert done.version == 4 and done.over


def test_of_many_that_want_a_job_one_gets_it(store, jobs, accepted):
    leases = Leases(store)
    ids = [accepted(n) for n in range(6)]
    start, got = threading.Barrier(4), []

    def grab(worker):
        start.wait(20)
        got.extend((id, worker) for id in ids if leases.take(id, worker) is not None)

    threads = [threading.Thread(target=grab, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(id for id, _ in got) == dict.fromkeys(ids, 1)
    assert {jobs.get(id).attempts for id in ids} == {1}


def test_a_worker_whose_lease_ran_out_cannot_finish(jobs, leases, accepted, clock):
    late = leases.take(accepted(), "slow")
    clock.pass_(31)
    assert not leases.finish(late, Outcome({"n": 0}))
    assert not leases.fail(late, ERROR, dead=False)
    assert not leases.cancelled(late)
    assert jobs.get(late.job).state == "running"  # nobody took it yet
    assert leases.renew(late) == "held"  # and so it is still the slow one's
    assert leases.finish(late, Outcome({"n": 0}))


def test_a_worker_whose_job_is_anothers_changes_nothing(store, jobs, leases, accepted, clock):
    make_effects(store)
    id = accepted()
    first = leases.take(id, "slow")
    clock.pass_(31)
    assert leases.reap() == []
    second = leases.take(id, "quick")
    assert (second.token, second.attempt) == (2, 2)

    def effect(word):
        return lambda session: session.execute(EFFECTS.insert().values(job=word, n=1))

    assert leases.renew(first) == leases.progress(first, 0.9, "옛것") == "lost"
    assert not leases.finish(first, Outcome({"by": "slow"}, effect=effect("slow")))
    assert not leases.fail(first, ERROR, dead=True)
    assert not leases.cancelled(first)
    assert not leases.put_back(first)
    assert jobs.get(id).message == ""
    assert leases.finish(second, Outcome({"by": "quick"}, effect=effect("quick")))
    assert not leases.finish(first, Outcome({"by": "slow"}, effect=effect("slow")))
    assert jobs.result(id)[1] == {"by": "quick"} and effects(store) == [("quick", 1)]


def test_to_finish_twice_is_to_finish_once(store, jobs, leases, accepted):
    """A commit whose answer was lost: the second call says how the first one ended."""
    make_effects(store)
    lease = leases.take(accepted(), "worker")
    row = EFFECTS.insert().values(job=lease.job, n=1)
    outcome = Outcome({"n": 1}, effect=lambda session: session.execute(row))
    assert leases.finish(lease, outcome) and leases.finish(lease, outcome)
    assert len(effects(store)) == 1 and jobs.get(lease.job).version == 3


def test_an_effect_that_fails_leaves_the_job_unfinished(jobs, leases, accepted):
    lease = leases.take(accepted(), "worker")

    def effect(session):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        leases.finish(lease, Outcome({}, effect=effect))
    assert jobs.get(lease.job).state == "running"
    assert leases.finish(lease, Outcome({}))


def test_a_failed_job_waits_and_a_spent_one_is_a_dead_letter(jobs, leases, accepted, clock):
    id = accepted(max_attempts=2)
    assert leases.put_back(leases.take(id, "w"), after_s=10, error=ERROR)
    waiting = jobs.get(id)
    assert (waiting.state, waiting.error, waiting.attempts) == ("queued", ERROR, 1)
    assert leases.take(id, "w") is None  # not due
    assert leases.to_offer(None, None, 9) == []
    clock.pass_(10)
    assert leases.to_offer(None, None, 9) == [(id, "tally")]
    second = leases.take(id, "w")
    assert jobs.get(id).error is None
    assert leases.fail(second, ERROR, dead=True)
    dead = jobs.get(id)
    assert (dead.state, dead.dead, dead.error, dead.keep_until) == ("failed", True, ERROR, None)
    assert [job.id for job in jobs.page(dead=True).items] == [id]
    assert leases.take(id, "w") is None
    again = jobs.retry(id)
    assert (again.state, again.attempts, again.dead, again.error) == ("queued", 0, False, None)
    assert leases.take(id, "w").token == 3  # tokens never fall back


def test_workers_that_go_silent(jobs, leases, accepted, clock):
    again, spent, unwanted, alive = (accepted(n, max_attempts=1 + (n != 1)) for n in range(4))
    for id in (again, spent, unwanted):
        assert leases.take(id, "killed")
    held = leases.take(alive, "alive")
    jobs.cancel(unwanted)
    clock.pass_(20)
    assert leases.renew(held) == "held" and leases.reap() == []
    clock.pass_(11)
    assert leases.reap() == [spent]
    states = {id: jobs.get(id) for id in (again, spent, unwanted, alive)}
    assert [job.state for job in states.values()] == ["queued", "failed", "cancelled", "running"]
    assert states[spent].dead and "lost" in states[spent].error["what"]
    assert states[again].attempts == 1 and not states[unwanted].cancelling
    assert leases.reap() == []


def test_giving_back_is_no_attempt(jobs, leases, accepted):
    id = accepted(max_attempts=1)
    assert leases.put_back(leases.take(id, "stopped"), counted=False)
    assert (jobs.get(id).state, jobs.get(id).attempts) == ("queued", 0)
    assert leases.take(id, "next").attempt == 1


def test_cancelling(jobs, leases, accepted):
    waiting, running, done = accepted(), accepted(), accepted()
    assert jobs.cancel(waiting).state == "cancelled"
    assert jobs.cancel(waiting).version == 2  # to say it twice changes nothing
    assert leases.take(waiting, "w") is None
    lease = leases.take(running, "w")
    told = jobs.cancel(running)
    assert (told.state, told.cancelling) == ("running", True)
    assert leases.renew(lease) == "cancel" == leases.progress(lease, 0.5, "")
    assert leases.cancelled(lease) and jobs.get(running).state == "cancelled"
    leases.finish(leases.take(done, "w"), Outcome({}))
    for change in (jobs.cancel, jobs.retry):
        with pytest.raises(JobStateError, match="the job is done"):
            change(done)
    assert jobs.retry(running).state == "queued" and leases.take(running, "w") is not None
    with pytest.raises(JobStateError, match="running and cannot be tried again"):
        jobs.retry(running)
    with pytest.raises(JobStateError, match="running and has no result"):
        jobs.result(running)
    for ask in (jobs.get, jobs.cancel, jobs.retry, jobs.result):
        with pytest.raises(StoreMissingError):
            ask("0" * 32)


def test_a_key_is_one_job(store, jobs, accepted):
    first = accepted(1, key="주문-1")
    assert accepted(1, key="주문-1") == first
    with pytest.raises(DataError, match="belongs to another job") as caught:
        accepted(2, key="주문-1")
    assert caught.value.field == "idempotency-key"
    assert accepted(1, key="주문-2") != first
    assert accepted(1) != accepted(1)

    start, ids = threading.Barrier(4), []

    def send():
        start.wait(20)
        ids.append(accepted(3, key="한꺼번에"))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 4 and len(set(ids)) == 1
    assert jobs.page().total == 5


def test_what_cannot_be_kept_is_told(jobs, leases, accepted):
    for wrong, field in (
        (NewJob("tally", {"n": float("nan")}), "payload"),
        (NewJob("tally", {"n": "\ud800"}), "payload"),
        (NewJob("tally", {"n": "가" * (MAX_PAYLOAD // 3)}), "payload"),
        (NewJob("tally", {}, max_attempts=0), "max_attempts"),
        (NewJob("tally", {}, ttl_s=0), "ttl_s"),
        (NewJob("tally", {}, key="k" * 201), "idempotency-key"),
    ):
        with pytest.raises(DataError) as caught:
            jobs.accept(wrong)
        assert caught.value.field == field
    long = {"n": "가" * (MAX_PAYLOAD // 3 - 10)}
    kept = jobs.accept(NewJob("tally", long))
    assert kept.payload == long
    lease = leases.take(kept.id, "w")
    with pytest.raises(DataError) as caught:
        leases.finish(lease, Outcome({"n": "x" * MAX_RESULT}))
    assert caught.value.field == "result" and jobs.get(kept.id).state == "running"


def test_old_jobs_go_and_dead_letters_stay(jobs, leases, accepted, clock):
    short, long, dead, gone = accepted(ttl_s=10), accepted(ttl_s=100), accepted(ttl_s=10), accepted(ttl_s=10)
    for id in (short, long):
        leases.finish(leases.take(id, "w"), Outcome({}))
    leases.fail(leases.take(dead, "w"), ERROR, dead=True)
    jobs.cancel(gone)
    clock.pass_(9)
    assert leases.expired() == []
    clock.pass_(1)
    assert sorted(leases.expired()) == sorted([short, gone])
    assert {job.id for job in jobs.page().items} == {long, dead}


def test_what_a_queue_is_told(leases, accepted, clock):
    first = accepted(kind="a")
    clock.pass_(1)
    second = accepted(kind="b")
    assert leases.to_offer(None, None, 9) == [(first, "a"), (second, "b")]
    assert leases.to_offer(["b"], None, 9) == [(second, "b")] and leases.to_offer(None, None, 1) == [
        (first, "a")
    ]
    leases.told([first])
    assert leases.to_offer(None, None, 9) == [(second, "b")]
    assert leases.to_offer(None, clock(), 9) == [(second, "b")]
    clock.pass_(1)
    assert leases.to_offer(None, clock(), 9) == [(first, "a"), (second, "b")]


def test_pages(jobs, leases, accepted, clock):
    ids = []
    for n in range(5):
        clock.pass_(1)
        ids.append(accepted(n, kind="a" if n % 2 else "b"))
    leases.take(ids[0], "w")
    page = jobs.page(limit=2)
    assert [job.id for job in page.items] == ids[:2:-1] and (page.total, page.next) == (5, 2)
    assert page.items[0].payload is None
    last = jobs.page(offset=4)
    assert [job.id for job in last.items] == ids[:1] and last.next is None
    assert [job.id for job in jobs.page(kind="a").items] == [ids[3], ids[1]]
    assert [job.id for job in jobs.page(state="running").items] == ids[:1]
    assert jobs.page(dead=True).total == 0 and jobs.page(dead=False).total == 5
    assert leases.counts() == {"queued": 4, "running": 1, "dead": 0}
