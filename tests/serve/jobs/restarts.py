"""Servers that are really stopped and started, and clients that write meanwhile and note what was told."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from httpx2 import Client, Response

VARIABLE = "GONGBANG_TEST_RESTARTS"
_COMMAND_S = 180.0
_ANSWER_S = 120.0


@dataclass(frozen=True)
class Restarts:
    """How a server is stopped and started.

    Attributes:
        name: of the server. stop, start: commands of a shell.
        address: the host and port where it listens.
    """

    name: str
    stop: str
    start: str
    address: tuple[str, int]

    def listens(self) -> bool:
        """Whether somebody answers at the address."""
        try:
            socket.create_connection(self.address, 2).close()
        except OSError:
            return False
        return True

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """The server is stopped while the block runs, and started again whatever happens in it."""
        try:
            _run(self.stop)
            assert not self.listens(), f"'{self.stop}' left somebody listening at {self.address}"
            yield
        finally:
            if not self.listens():
                _run(self.start)


def _run(command: str) -> None:
    # A server that is started may keep what it is given as output: a pipe would never end.
    subprocess.run(
        command,
        shell=True,
        check=True,
        timeout=_COMMAND_S,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )


def restarts_of(name: str, url: str, port: int) -> Restarts | None:
    """How the environment says that a server is restarted; None where it says nothing of it.

    Args:
        name: postgresql, mariadb or rabbitmq.
        url: where it is. port: the one that it has where the URL names none.

    Raises:
        ValueError: the variable is no JSON of the form ``{"NAME": {"stop": "COMMAND", "start": "COMMAND"}}``.
    """
    said = json.loads(os.environ.get(VARIABLE) or "{}").get(name)
    if said is None:
        return None
    if not isinstance(said, dict) or set(said) != {"stop", "start"}:
        raise ValueError(f'{VARIABLE}: "{name}" is {said!r}; write {{"stop": "COMMAND", "start": "COMMAND"}}')
    place = urlsplit(url)
    return Restarts(name, said["stop"], said["start"], (place.hostname or "127.0.0.1", place.port or port))


@dataclass
class Promised:
    """What clients were answered.

    Attributes:
        kept: what was acknowledged, by the word that makes it one of its kind.
        refused: words that were refused; the connection may have broken after the commit.
        faults: answers that neither acknowledge nor refuse as they must.
    """

    kept: dict[str, str] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def take(self, word: str, answer: Response, id: Callable[[dict], str]) -> str | None:
        """Note an answer; gives the id of what was acknowledged, None where it was refused."""
        if answer.is_success:
            self.kept[word] = id(answer.json())
            return self.kept[word]
        self.refused.append(word)
        kind = answer.headers.get("content-type")
        if (
            answer.status_code != 503
            or kind != "application/problem+json"
            or "retry-after" not in answer.headers
        ):
            self.faults.append(f"{answer.status_code} {kind} {answer.text[:300]}")
        elif not answer.json()["type"].endswith(":away"):
            self.faults.append(answer.text[:300])
        return None


class Writer(threading.Thread):
    """Writes until it is told that it is enough, one request after the other."""

    kind = ""
    pause_s = 0.01

    def __init__(self, base: str, number: int) -> None:
        super().__init__(name=f"{self.kind}-{number}")
        self.base, self.number, self.count = base, number, 0
        self.told = Promised()
        self.enough = threading.Event()
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            with Client(base_url=self.base, timeout=_ANSWER_S) as client:
                while not self.enough.wait(self.pause_s):
                    self.count += 1
                    self.write(client, f"{self.kind} {self.number}.{self.count}")
        except BaseException as err:
            self.failure = err

    def write(self, client: Client, word: str) -> None:
        """Send one request."""
        raise NotImplementedError


class AnswerWriter(Writer):
    """Makes answers, and changes the last of them."""

    kind = "answer"

    def __init__(self, base: str, number: int) -> None:
        super().__init__(base, number)
        self.changes: dict[str, set[str]] = {}
        """What the label of an answer may be: the last that was acknowledged, and those refused after it."""

    def write(self, client: Client, word: str) -> None:
        answer = client.post("/v1/answers", json={"text": word, "question": f"{word}?"})
        id = self.told.take(word, answer, lambda made: str(made["id"]))
        if id is None or self.count % 3:
            return
        for label in ("first", "second"):
            changed = client.patch(f"/v1/answers/{id}", json={"label": label})
            before = self.changes.get(id, {""})
            seen = Promised()
            done = seen.take(label, changed, lambda made: str(made["id"]))
            self.changes[id] = before | {label} if done is None else {label}
            self.told.faults += seen.faults


class Talker(Writer):
    """Says things in conversations, each of ten messages."""

    kind = "message"

    def __init__(self, base: str, number: int) -> None:
        super().__init__(base, number)
        self.talk: str | None = None

    def write(self, client: Client, word: str) -> None:
        if self.talk is None or self.count % 10 == 0:
            begun = client.post("/v1/conversations")
            self.talk = self.told.take(f"talk {word}", begun, lambda made: str(made["id"]))
        if self.talk is not None:
            said = client.post("/v1/chat", json={"text": word, "conversation_id": self.talk})
            self.told.take(word, said, lambda reply: str(reply["conversation_id"]))


class JobSender(Writer):
    """Sends jobs, half of them with a key and again until they are accepted."""

    kind = "job"
    pause_s = 0.2  # a job takes its worker longer than a sender: the queue must end in time

    def __init__(self, base: str, number: int) -> None:
        super().__init__(base, number)
        self.jobs: dict[str, int] = {}
        self.again: set[str] = set()

    def write(self, client: Client, word: str) -> None:
        n = self.number * 1_000_000 + self.count
        keyed = self.count % 2 == 0
        headers = {"Idempotency-Key": word} if keyed else {}
        body = {"kind": "tally", "payload": {"n": n}, "max_attempts": 50}
        while True:
            sent = client.post("/v1/jobs", json=body, headers=headers)
            id = self.told.take(word, sent, lambda made: str(made["id"]))
            if id is not None:
                self.jobs[id] = n
            if id is not None or not keyed or self.enough.wait(0.02):
                return
            self.again.add(word)


@dataclass
class Outages:
    """How long a server was away, and how long what needs it took to recover."""

    away_s: list[float] = field(default_factory=list)
    back_s: list[float] = field(default_factory=list)


def restart(
    server: Restarts, writers: list[Writer], times: int, down_s: float, until: Callable[..., None]
) -> Outages:
    """Stop and start a server under load, and see each time that writing goes on."""
    found = Outages()

    def kept() -> Counter[str]:
        return Counter({writer.name: len(writer.told.kept) for writer in writers})

    def all_go_on(since: Counter[str]) -> bool:
        return all(count >= since[name] + 5 for name, count in kept().items())

    for _ in range(times):
        begin = kept()
        until(lambda begin=begin: all_go_on(begin), 120)
        began = time.monotonic()
        with server.stopped():
            sent = sum(writer.count for writer in writers)
            down = time.monotonic()
            until(lambda s=sent: sum(writer.count for writer in writers) >= s + 2 * len(writers), 60)
            time.sleep(max(0.0, down + down_s - time.monotonic()))
        until(server.listens, 120)
        again = time.monotonic()
        found.away_s.append(again - began)
        end = kept()
        until(lambda end=end: all_go_on(end), 120)
        found.back_s.append(time.monotonic() - again)
    return found
