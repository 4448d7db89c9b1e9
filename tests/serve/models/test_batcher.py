"""A queue before one thread: what it takes together, refuses, and gives up."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from gongbang.errors import BusyError, LateError
from gongbang.serve.models.batcher import Batcher, Limits


class Work:
    """Upper case, held back on demand; "fault" is an error of its own, "all" one of the whole batch."""

    def __init__(self) -> None:
        self.go, self.reached = threading.Event(), threading.Event()
        self.go.set()
        self.batches: list[list[str]] = []

    def __call__(self, texts: list[str]) -> list[str | Exception]:
        self.batches.append(list(texts))
        self.reached.set()
        assert self.go.wait(30)
        if "all" in texts:
            raise RuntimeError("all")
        return [ValueError(text) if text == "fault" else text.upper() for text in texts]

    def hold(self) -> None:
        self.go.clear()
        self.reached.clear()


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def made(work: Work) -> Iterator[object]:
    open_ones: list[Batcher[str, str]] = []

    def make(**options) -> Batcher[str, str]:
        limits = Limits(**{"wait_s": 0.0, **options.pop("limits", {})})
        open_ones.append(Batcher("upper", work, limits, **options))
        return open_ones[-1]

    yield make
    work.go.set()
    for batcher in open_ones:
        batcher.close()


def test_what_waits_is_taken_together_up_to_the_batch(work, made):
    batcher = made(limits={"batch": 3})
    work.hold()
    first = batcher.submit("a")
    assert work.reached.wait(30)
    rest = [batcher.submit(letter) for letter in "bcdef"]
    assert batcher.waiting == 5
    work.go.set()
    assert [one.result(30) for one in (first, *rest)] == list("ABCDEF")
    assert work.batches == [["a"], ["b", "c", "d"], ["e", "f"]]


def test_a_request_that_is_larger_than_a_batch_goes_alone(work, made):
    batcher = made(limits={"batch": 4}, size=len)
    work.hold()
    first = batcher.submit("a")
    assert work.reached.wait(30)
    rest = [batcher.submit(text) for text in ("bb", "longer", "cc", "dd")]
    work.go.set()
    assert [one.result(30) for one in (first, *rest)] == ["A", "BB", "LONGER", "CC", "DD"]
    assert work.batches[1:] == [["bb"], ["longer"], ["cc", "dd"]]


def test_one_that_fails_costs_itself_alone_and_a_fault_everyone_in_the_batch(work, made):
    batcher = made()
    work.hold()
    first = batcher.submit("a")
    assert work.reached.wait(30)
    bad, good = batcher.submit("fault"), batcher.submit("b")
    work.go.set()
    assert first.result(30) == "A" and good.result(30) == "B"
    with pytest.raises(ValueError, match="fault"):
        bad.result(30)
    with pytest.raises(RuntimeError):
        batcher.submit("all").result(30)
    assert batcher.submit("c").result(30) == "C"  # the thread lives


def test_a_full_queue_refuses_and_says_when_to_come_again(work, made):
    batcher = made(limits={"queue": 2})
    work.hold()
    held = [batcher.submit("a")]
    assert work.reached.wait(30)
    held += [batcher.submit("b"), batcher.submit("c")]
    with pytest.raises(BusyError) as caught:
        batcher.submit("d")
    assert caught.value.retry_s >= 1 and "2 waiting" in str(caught.value)
    held[1].cancel()  # whoever gives up makes room
    held.append(batcher.submit("e"))
    work.go.set()
    assert [one.result(30) for one in held if not one.cancelled()] == ["A", "C", "E"]
    assert ["b"] not in work.batches and work.batches[1] == ["c", "e"]


def test_what_comes_too_late_is_not_worked_on(work, made):
    now = [0.0]
    batcher = made(limits={"deadline_s": 10.0}, clock=lambda: now[0])
    work.hold()
    first = batcher.submit("a")
    assert work.reached.wait(30)
    short, long = batcher.submit("b", 1.0), batcher.submit("c", 1000.0)
    now[0] = 5.0
    work.go.set()
    assert first.result(30) == "A" and long.result(30) == "C"
    with pytest.raises(LateError):
        short.result(30)
    assert work.batches == [["a"], ["c"]]
    work.hold()
    held = batcher.submit("d")
    assert work.reached.wait(30)
    capped = batcher.submit("e", 1000.0)  # nobody may wait longer than the server lets them
    now[0] = 16.0
    work.go.set()
    assert held.result(30) == "D"
    with pytest.raises(LateError):
        capped.result(30)


def test_who_waits_when_it_closes_is_answered_and_nobody_else(work, made):
    batcher = made()
    work.hold()
    waiting = [batcher.submit(letter) for letter in "abc"]
    closing = threading.Thread(target=batcher.close)
    closing.start()
    work.go.set()
    closing.join(30)
    assert [one.result(0) for one in waiting] == list("ABC")
    with pytest.raises(BusyError):
        batcher.submit("d")


def test_two_that_share_a_gate_work_one_after_the_other(work, made):
    gate = threading.BoundedSemaphore(1)
    one, other = made(gate=gate), made(gate=gate)
    work.hold()
    first = one.submit("a")
    assert work.reached.wait(30)
    second = other.submit("b")
    assert work.batches == [["a"]] and not second.done()
    work.go.set()
    assert (first.result(30), second.result(30)) == ("A", "B")


def test_while_one_batch_is_worked_on_another_is_where_there_are_threads(work, made):
    both = threading.Barrier(2, timeout=30)

    def meeting(texts):
        both.wait()  # breaks unless two are here at once
        return texts

    batcher = Batcher("meeting", meeting, Limits(batch=1, wait_s=0.0), threads=2)
    told = [batcher.submit(letter) for letter in "abcd"]
    assert [one.result(30) for one in told] == list("abcd")
    batcher.close()


def test_what_a_batch_took_is_told(made):
    seen: list[tuple[int, float]] = []
    told = threading.Event()

    def note(requests: int, seconds: float) -> None:
        seen.append((requests, seconds))
        told.set()

    assert made(seen=note).submit("a").result(30) == "A"
    assert told.wait(30) and seen[0][0] == 1 and seen[0][1] >= 0
