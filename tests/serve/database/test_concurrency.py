"""Several threads and processes change one database: nothing is lost, and everyone sees it alike."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from gongbang.errors import StoreConflictError, StoreMissingError
from gongbang.serve.database.answers import Answers, _create
from gongbang.serve.database.rows import Draft
from gongbang.serve.database.store import Store
from tests.serve.database.replay import replayed

THREADS, CALLS = 4, 250


class Client(threading.Thread):
    """Creates, changes and deletes answers that any client made, and notes what succeeded."""

    def __init__(self, url: str, number: int, ids: list[int], done: dict) -> None:
        super().__init__()
        self.url, self.ids, self.done = url, ids, done
        self.chance = random.Random(number)
        self.failure: BaseException | None = None
        self.refused = 0

    def run(self) -> None:
        try:
            with Store(self.url) as store:
                for number in range(CALLS):
                    try:
                        self.call(Answers(store), f"{self.chance.random()} {number}")
                    except (StoreConflictError, StoreMissingError):  # another was faster
                        self.refused += 1
        except BaseException as err:
            self.failure = err

    def call(self, answers: Answers, word: str) -> None:
        kind = self.chance.choices(("create", "update", "delete"), (4, 4, 2))[0]
        if kind == "create" or not self.ids:
            made = answers.create(Draft(word, f"질문 {word}"))
            self.ids.append(made.id)
            self.done[made.id, 1, "create"] = {"text": word, "question": f"질문 {word}", "label": ""}
            return
        id = self.chance.choice(self.ids)
        version = answers.get(id).version if self.chance.random() < 0.5 else None
        if kind == "delete":
            answers.delete(id, version=version)
            self.done[id, "delete"] = None
        else:
            change = {self.chance.choice(("text", "question", "label")): word[:60]}
            new = answers.update(id, version=version, **change)
            self.done[id, new.version, "update"] = change


def follow(answers: Answers, seq: int, state: dict) -> int:
    """Apply the changes after one to a copy of the answers, as a process that serves does."""
    for change in answers.changes_since(seq):
        assert change.seq == seq + 1, "a change was missed"
        seq = change.seq
        if change.answer is None:
            state.pop(change.answer_id, None)
        else:
            state[change.answer_id] = change.answer
    return seq


def test_a_thousand_calls_of_four_clients_end_as_their_replay(url, answers):
    ids, done = [], {}
    clients = [Client(url, number, ids, done) for number in range(THREADS)]
    for client in clients:
        client.start()
    copy, seq = {}, 0
    while any(client.is_alive() for client in clients):  # a fifth follows meanwhile
        seq = follow(answers, seq, copy)
        time.sleep(0.001)
    assert [client.failure for client in clients] == [None] * THREADS

    final = {answer.id: answer for answer in answers.each()}
    assert len(done) + sum(client.refused for client in clients) == THREADS * CALLS
    assert answers.last_change() == len(done)
    assert {
        id: {"text": a.text, "question": a.question, "label": a.label} for id, a in final.items()
    } == replayed(answers, done)
    while (now := follow(answers, seq, copy)) != seq:
        seq = now
    assert copy == final


def test_a_change_is_seen_when_it_is_committed_and_the_next_waits_for_it(url, answers):
    holds, may_end = threading.Event(), threading.Event()

    def slow(session):
        made = _create(session, [Draft("먼저")])
        holds.set()
        assert may_end.wait(10)
        return made

    with Store(url) as other, ThreadPoolExecutor(2) as pool:
        first = pool.submit(other.write, slow)
        assert holds.wait(10)
        second = pool.submit(answers.create, Draft("나중"))
        time.sleep(0.2)
        assert not second.done()
        assert answers.changes_since(0) == []  # reading does not wait
        assert answers.last_change() == 0
        may_end.set()
        expected = [(1, first.result()[0].id), (2, second.result().id)]
    assert [(change.seq, change.answer_id) for change in answers.changes_since(0)] == expected


@pytest.mark.parametrize("round", range(3))
def test_of_two_changes_from_one_version_one_wins(url, answers, round):
    made = answers.create(Draft("하나"))
    start = threading.Barrier(2)

    def change(text):
        with Store(url) as store:
            store.ping()
            start.wait()
            try:
                return Answers(store).update(made.id, text=text, version=1)
            except StoreConflictError as err:
                return err

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(change, ("둘", "셋")))
    (won,) = [result for result in results if not isinstance(result, StoreConflictError)]
    assert answers.get(made.id) == won
    assert answers.last_change() == 2


_OTHER = """
import json, sys, time
from gongbang.serve.database.answers import Answers
from gongbang.serve.database.rows import Draft
from gongbang.serve.database.store import Store
with Store(sys.argv[1]) as store:
    answers, seq = Answers(store), 0
    print("ready", flush=True)
    for _ in range(2):
        while not (changes := answers.changes_since(seq)):
            time.sleep(0.005)
        seq = changes[-1].seq
        print(json.dumps([[c.seq, c.action, c.answer and c.answer.text] for c in changes]), flush=True)
        seq = max(seq, 2)
        if _ == 0:
            answers.create(Draft("다른 쪽에서"))
"""


def test_two_processes_see_each_others_changes(url, answers):
    environment = {"PYTHONIOENCODING": "utf-8"}
    with subprocess.Popen(
        [sys.executable, "-c", _OTHER, url],
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=environment,
    ) as other:
        try:
            assert other.stdout and other.stdout.readline() == "ready\n"
            made = answers.create(Draft("이쪽에서"))
            assert json.loads(other.stdout.readline()) == [[1, "create", "이쪽에서"]]
            until = time.monotonic() + 10
            while not (theirs := answers.changes_since(1)) and time.monotonic() < until:
                time.sleep(0.005)
            assert [change.answer.text for change in theirs if change.answer] == ["다른 쪽에서"]
            answers.delete(made.id)
            assert json.loads(other.stdout.readline()) == [[3, "delete", None]]
            assert other.wait(10) == 0
        finally:
            other.kill()
