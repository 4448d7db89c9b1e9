"""Many clients at once: our server against FastAPI over torch with the same weights, and health meanwhile."""

from __future__ import annotations

import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from machine import ROOT
from report import Section
from rounds import Ratio, Unavailable, percentile, progress, ratio
from sources import Question, Source

from gongbang.data.records import Document
from gongbang.runtime.load import load

_IN_FLIGHT = 20
_START_S = 180.0
_FACTOR = 2.0  # p95 may be so many times what it is for a single client: passages differ in length
_OURS = "gongbang serve"
_PLAIN = "FastAPI + torch fp32"


@dataclass(frozen=True, slots=True)
class Contestant:
    """A server that runs: where it listens, and how a question is put to it."""

    name: str
    port: int
    path: str

    def body(self, question: Question, document: Document) -> bytes:
        row = {"question": question.text, "context": document.text, "title": document.title}
        sent = {"records": [row]} if self.name == _OURS else row
        return json.dumps(sent, ensure_ascii=False).encode()

    def text(self, told: dict[str, Any]) -> str:
        """The best span, whatever its confidence: the peer knows no silence."""
        if self.name != _OURS:
            return str(told["text"])
        candidates = told["predictions"][0]["candidates"]
        return str(candidates[0]["text"]) if candidates else ""


@dataclass(frozen=True, slots=True)
class Load:
    """What so many clients met who ask again as soon as they are answered."""

    clients: int
    seconds: float
    latencies: tuple[float, ...]
    texts: tuple[str, ...]

    @property
    def throughput(self) -> float:
        """Requests a second."""
        return len(self.latencies) / self.seconds

    @property
    def p95(self) -> float:
        return percentile(self.latencies, 0.95)


def measure_serving(
    source: Source,
    checkpoint: Path,
    *,
    reader: str,
    requests: int,
    rounds: int,
    clients: Sequence[int],
) -> Section:
    """Throughput where the 95th percentile is at most twice a single client's, and /health's latency.

    Args:
        source: whose questions are asked, each to the document that answers it.
        checkpoint: the reader's weights in the hub's format, for the peer.
        reader: name or path of our artifact.
        requests: sent by each number of clients in each round. rounds: turns of each contestant.
        clients: how many ask at once, rising; the first is one.
    """
    section = Section(
        "serve",
        "Many clients at once",
        "One question to one passage a request, over loopback, servers in processes of their own. Clients "
        f"ask again as soon as they are answered; of {', '.join(map(str, clients))} clients that number "
        f"counts which gives the most and whose 95th percentile is at most {_FACTOR:g} times that of a "
        f"single client of the same server. /health is asked while {_IN_FLIGHT} predictions are in flight.",
        ("single ms", "requests/s", "clients", "p95 ms", "/health ms", "same answer as torch"),
        ratio_of="throughput, ours by the peer's",
    )
    if not source.questions:
        raise Unavailable("no questions")
    settings = load(reader).task.settings
    told = {name: getattr(settings, name) for name in ("max_length", "stride", "max_answer", "title")}
    ours = [sys.executable, "-m", "gongbang", "serve", "--quiet", "--model", f"reader={reader}", "--port"]
    plain = [sys.executable, str(Path(__file__).with_name("plain_server.py")), str(checkpoint)]
    with (
        _running(_OURS, [*ours, "{port}"], "/v1/predict/reader") as first,
        _running(_PLAIN, [*plain, "{port}", json.dumps(told)], "/predict") as second,
    ):
        found = _take_turns((first, second), source, requests, rounds, clients)
        health = {one.name: _health(one, _asked(source, requests, one)) for one in (first, second)}
    _fill(section, found, health)
    return section


# -- servers ---------------------------------------------------------------------------------------


@contextmanager
def _running(name: str, command: Sequence[str], path: str) -> Iterator[Contestant]:
    """A server in a process of its own, from when it answers until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = int(door.getsockname()[1])
    source = os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]))
    words = [word.replace("{port}", str(port)) if word == "{port}" else word for word in command]
    process = subprocess.Popen(words, env=os.environ | {"PYTHONPATH": source})
    try:
        _wait(process, port, name)
        yield Contestant(name, port, path)
    finally:
        process.terminate()
        process.wait(30)


def _wait(process: subprocess.Popen[bytes], port: int, name: str) -> None:
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        if process.poll() is not None:
            raise Unavailable(f"{name} ended with {process.returncode} instead of serving")
        try:
            _get(port, "/health")
            return
        except OSError:
            time.sleep(0.2)
    raise Unavailable(f"{name} did not answer within {_START_S:g} s")


def _get(port: int, path: str) -> float:
    """Seconds that a GET took."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    began = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    seconds = time.perf_counter() - began
    connection.close()
    if answer.status != 200:
        raise OSError(f"{path}: {answer.status}")
    return seconds


# -- clients ---------------------------------------------------------------------------------------


def _asked(source: Source, count: int, to: Contestant, start: int = 0) -> list[bytes]:
    documents = {document.id: document for document in source.documents}
    chosen = [source.questions[(start + at) % len(source.questions)] for at in range(count)]
    return [to.body(question, documents[question.document]) for question in chosen]


def _load(to: Contestant, bodies: Sequence[bytes], clients: int) -> Load:
    """Have so many clients send these bodies between them."""
    latencies, texts = [0.0] * len(bodies), [""] * len(bodies)
    waiting, failures = iter(range(len(bodies))), []
    lock = threading.Lock()

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", to.port, timeout=120)
        try:
            while True:
                with lock:
                    at = next(waiting, None)
                if at is None:
                    return
                began = time.perf_counter()
                connection.request("POST", to.path, bodies[at], {"content-type": "application/json"})
                answer = connection.getresponse()
                told = answer.read()
                latencies[at] = time.perf_counter() - began
                if answer.status != 200:
                    raise RuntimeError(f"{to.name}: {answer.status} {told[:200]!r}")
                texts[at] = to.text(json.loads(told))
        except Exception as err:
            failures.append(err)
        finally:
            connection.close()

    threads = [threading.Thread(target=client) for _ in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    if failures:
        raise failures[0]
    return Load(clients, seconds, tuple(latencies), tuple(texts))


def _take_turns(
    contestants: Sequence[Contestant], source: Source, requests: int, rounds: int, clients: Sequence[int]
) -> dict[str, list[list[Load]]]:
    """Of each contestant the loads of each round; who is first changes from round to round."""
    found: dict[str, list[list[Load]]] = {one.name: [] for one in contestants}
    for one in contestants:
        _load(one, _asked(source, 3, one), 1)  # what is built at the first request
    for number in range(rounds):
        order = list(contestants) if number % 2 == 0 else list(reversed(contestants))
        loads: dict[str, list[Load]] = {one.name: [] for one in contestants}
        for level, count in enumerate(clients):
            start = (number * len(clients) + level) * requests
            for one in order:
                loads[one.name].append(_load(one, _asked(source, requests, one, start), count))
        for name, own in loads.items():
            found[name].append(own)
        progress(f"round {number + 1} of {rounds}")
    return found


def _health(to: Contestant, bodies: Sequence[bytes], asked: int = 30) -> float:
    """The median seconds of /health while predictions are in flight all the time."""
    stop = threading.Event()

    def keep_busy(at: int) -> None:
        while not stop.is_set():
            _load(to, [bodies[at % len(bodies)]], 1)

    threads = [threading.Thread(target=keep_busy, args=(at,)) for at in range(_IN_FLIGHT)]
    for thread in threads:
        thread.start()
    try:
        return statistics.median(_get(to.port, "/health") for _ in range(asked))
    finally:
        stop.set()
        for thread in threads:
            thread.join()


# -- figures ---------------------------------------------------------------------------------------


def best_of(loads: Sequence[Load], bound: float) -> Load:
    """The load with the highest throughput of those whose p95 is within a bound, else a single client's."""
    within = [load for load in loads if load.p95 <= bound]
    return max(within or loads[:1], key=lambda load: load.throughput)


def _fill(section: Section, found: dict[str, list[list[Load]]], health: dict[str, float]) -> None:
    singles = {
        name: statistics.median(value for own in rounds for value in own[0].latencies)
        for name, rounds in found.items()
    }
    best = {name: [best_of(own, _FACTOR * own[0].p95) for own in rounds] for name, rounds in found.items()}
    texts = {
        name: [t for own in rounds for load in own for t in load.texts] for name, rounds in found.items()
    }
    for name, own in best.items():
        same = [a == b for a, b in zip(texts[name], texts[_PLAIN], strict=True)]
        section.rows[name] = {
            "single ms": round(1000 * singles[name], 1),
            "requests/s": statistics.median(load.throughput for load in own),
            "clients": round(statistics.median(load.clients for load in own)),
            "p95 ms": round(1000 * statistics.median(load.p95 for load in own), 1),
            "/health ms": round(1000 * health[name], 1),
            "same answer as torch": sum(same) / len(same),
        }
    section.ratios.append(_ratio(best))
    bound = _FACTOR * statistics.median(own[0].p95 for own in found[_PLAIN])
    loose = [best_of(own, bound) for own in found[_OURS]]
    section.notes += [
        f"Within the peer's bound ({1000 * bound:.0f} ms) ours serves "
        f"{statistics.median(load.throughput for load in loose):.1f} requests a second.",
        f"{len(texts[_PLAIN])} requests to each server. The answer is the best span, no-answer left aside; "
        "ours cuts a particle from its end.",
    ]


def _ratio(best: dict[str, list[Load]]) -> Ratio:
    ours, plain = ([load.throughput for load in best[name]] for name in (_OURS, _PLAIN))
    return ratio(_OURS, ours, _PLAIN, plain)
