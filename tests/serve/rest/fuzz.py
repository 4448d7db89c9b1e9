"""Requests that nobody would write: out of the OpenAPI document, against it, and of plain bytes."""

from __future__ import annotations

import logging
import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from json import dumps
from typing import Any

import requests
import schemathesis
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Client
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from gongbang.serve.database.rows import Draft, NewTurn
from gongbang.serve.games.service import GameService
from gongbang.serve.jobs.service import JobService
from gongbang.serve.service import Service

BASE = "http://127.0.0.1"
_CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
_KINDS = ("application/json", "text/csv", "application/jsonl", "text/plain", "application/x-ndjson", "x", "")
_HARD = (
    *(b"", b"{", b"[" * 5000, b'{"text":"\\ud800"}', b"1" * 5000, b"\xff\xfe", b'{"text":1e999}', b"null"),
    *(b'"', b"text\n", b"\xef\xbb\xbftext\n\x00\n", b'text,id\n"', b'{"text": "\\u0000"}\n'),
)
_TEXTS = (
    "\x00",
    "a\x00b",
    " ",
    "\u2028",
    "가" * 2001,
    "x" * 16_001,
    "\U0001f600" * 64,
    "' OR 1=1 --",
    "%",
    "\x1f",
)
_WORDS = ("Traceback", 'File "', "sqlalchemy", "pydantic", "site-packages", "/tmp/")


_HERE: dict[str, Any] = {"headers": {"Host": "127.0.0.1"}}
_LONGEST_S = 120.0  # for an answer; what takes longer hangs
ROUNDS = 10
"""How often a long run goes through all operations, so that its end asks for no more than its beginning."""


@dataclass
class Fuzzed:
    """What was sent and what came back.

    Attributes:
        statuses: how often each status came.
        operations: how often each operation was asked.
        asked_for: the operations of the document.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    operations: Counter[str] = field(default_factory=Counter)
    asked_for: tuple[str, ...] = ()

    @property
    def requests(self) -> int:
        return self.statuses.total()

    @property
    def silent(self) -> list[str]:
        """Operations of the document that nobody asked."""
        return [label for label in self.asked_for if not self.operations[label]]

    def take(self, operation: str, status: int, body: str) -> None:
        """Count an answer; what tells of the inside of the server is a failure."""
        self.statuses[status] += 1
        self.operations[operation] += 1
        assert status < 500, f"{operation}: {status} {body[:300]}"
        told = [word for word in _WORDS if status >= 400 and word in body]
        assert not told, f"{operation}: {status} tells {told}: {body[:300]}"

    def told(self) -> str:
        """What the summary of the suite says of it."""
        least = min(self.operations[label] for label in self.asked_for)
        return (
            f"{self.requests} requests to {len(self.asked_for)} operations, each at least {least} times, "
            f"{dict(sorted(self.statuses.items()))}"
        )


@dataclass(frozen=True)
class _Target:
    """Where requests go: an application in this process, or a server at an address."""

    base: str
    client: Client
    known: dict[str, list]
    how: dict[str, Any]


def fuzz(app: FastAPI, count: int, number: int) -> Fuzzed:
    """Send an application about so many requests, spread over all operations; a check that fails raises."""
    known = known_of(app)
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, **_HERE)
    with TestClient(app, base_url=BASE, raise_server_exceptions=False) as client:
        return _fuzzed(schema, _Target(BASE, client, known, {"session": None, **_HERE}), count, number)


def fuzz_server(
    base: str, known: dict[str, list], count: int, number: int, note: Callable[[int], None]
) -> Fuzzed:
    """Send a server about so many requests, in rounds over all operations; a check that fails raises.

    Args:
        base: where it answers.
        known: what requests can mean, see :func:`known_of`.
        count: about how many requests. number: another one makes another sequence.
        note: called after each round with the number of requests that were sent until then.
    """
    schema = schemathesis.openapi.from_url(f"{base}/openapi.json")
    with Client(base_url=base, timeout=_LONGEST_S) as client, requests.Session() as session:
        target = _Target(base, client, known, {"session": session, "timeout": _LONGEST_S, **_HERE})
        return _fuzzed(schema, target, count, number, rounds=ROUNDS, note=note)


def _fuzzed(
    schema: Any,
    target: _Target,
    count: int,
    number: int,
    *,
    rounds: int = 1,
    note: Callable[[int], None] = lambda requests: None,
) -> Fuzzed:
    logging.getLogger("schemathesis").setLevel(logging.ERROR)
    operations = [found.ok() for found in schema.get_all_operations()]
    paths = [operation.path for operation in operations]
    tally = Fuzzed(asked_for=tuple(operation.label for operation in operations))
    each = -(-count // (3 * len(operations) * rounds))
    for turn in range(rounds):
        begin = number + 1000 * turn
        for at, operation in enumerate(operations):
            for mode in GenerationMode:
                _send_cases(operation, mode, target, tally, each, begin + at)
        _send_bytes(target.client, paths, tally, each, begin)
        note(tally.requests)
    return tally


def known_of(app: FastAPI) -> dict[str, list]:
    """What requests can mean; nothing where there is no database."""
    if app.state.service is None:
        return {}
    games = {"games": _begun(app.state.games)}
    return _filled(app.state.service) | {"jobs": _cancelled(app.state.jobs)} | games


def _filled(service: Service) -> dict[str, list]:
    """Rows that requests can mean: few would guess one."""
    made = service.answers.create_many([Draft(f"{n}번째 대답", f"{n}번째 질문", "안내") for n in range(40)])
    talks = [service.conversations.start().id for _ in range(40)]
    turns = [service.conversations.add(talk, [NewTurn("bot", "네.")])[0].id for talk in talks]
    return {"answers": [one.id for one in made], "conversations": talks, "turns": turns}


def _cancelled(jobs: JobService) -> list[str]:
    """Jobs that have ended, so that whoever follows one does not wait."""
    rows = [{"id": "1", "fields": {"text": "좋아요."}}]
    made = [jobs.accept("predict", {"artifact": "sentiment-ko", "records": rows}).id for _ in range(10)]
    return [jobs.jobs.cancel(id).id for id in made]


def _begun(games: GameService) -> list[str]:
    """Games of both kinds, some of them over."""
    begun = [
        games.start(kind, keywords=None, category=None, language=language).id
        for kind in ("guess", "reverse")
        for language in ("ko", "en")
        for _ in range(8)
    ]
    return [games.give_up(id).id if at % 3 == 0 else id for at, id in enumerate(begun)]


def _send_cases(operation, mode, target, tally, count, number) -> None:
    @seed(number)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(operation.as_strategy(generation_mode=mode), st.randoms(use_true_random=False))
    def send(case: Case, chance: random.Random) -> None:
        if mode is GenerationMode.POSITIVE:
            if isinstance(case.body, dict) and case.body.get("deadline_ms"):
                case.body["deadline_ms"] = 60_000  # a shorter one is refused in time, and rightly so: 503
            _aim(case, target.known, chance)
        response = case.call(base_url=target.base, **target.how)
        tally.take(operation.label, response.status_code, response.text or "")
        plain = case.path.endswith("/import")  # any bytes are a file: there is no schema to violate
        long = response.status_code == 413  # refused before it was read
        case.validate_response(response, checks=_CHECKS[:-1] if plain or long else _CHECKS)

    with suppress(Unsatisfiable):  # an operation without parameters cannot be asked wrongly
        send()


def _aim(case: Case, known: dict[str, list], chance: random.Random) -> None:
    """Have most of the cases mean rows that there are, or were."""
    if chance.random() < 0.2:
        return
    if "id" in case.path_parameters:
        rows = [name for name in ("conversations", "jobs", "games") if name in case.path] or ["answers"]
        case.path_parameters["id"] = chance.choice(known[rows[0]])
    if "name" in case.path_parameters:
        case.path_parameters["name"] = "mood"
    if isinstance(case.body, dict):
        if "turn_id" in case.body:
            case.body["turn_id"] = chance.choice(known["turns"])
        if case.body.get("conversation_id"):
            case.body["conversation_id"] = chance.choice(known["conversations"])
        for name in ("keywords", "category", "version"):  # few would guess a name or a number
            if name in case.body and chance.random() < 0.7:
                case.body[name] = None
        texts = [name for name in ("text", "question", "label", "note") if name in case.body]
        if texts and chance.random() < 0.5:
            case.body[chance.choice(texts)] = chance.choice(_TEXTS)


def _send_bytes(client: Client, paths: list[str], tally: Fuzzed, each: int, number: int) -> None:
    """Bodies that are no JSON, or JSON that is none of a schema's, of any kind at any address."""
    inner = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda some: st.lists(some, max_size=3) | st.dictionaries(st.text(max_size=5), some, max_size=3),
        max_leaves=5,
    )
    hard = st.sampled_from(_HARD)
    bodies = hard | st.binary(max_size=60) | inner.map(lambda value: dumps(value).encode())
    ids = st.sampled_from(["1", "0", "-1", "9" * 30, "%00", "a%2Fb", "%ED%A0%80", "１", "1e3", "' OR 1=1"])

    @seed(number)
    @settings(
        max_examples=each * len(paths),
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(
        st.sampled_from(paths),
        st.sampled_from(("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")),
        ids,
        st.sampled_from(_KINDS),
        bodies,
        st.sampled_from(("", "?after=a&limit=0", "?%00=%ff", "?map==", "?format=%ED%A0%80")),
    )
    def send(path, method, id, kind, body, query) -> None:
        address = path.replace("{id}", id).replace("{name}", id) + query
        response = client.request(method, address, content=body, headers={"content-type": kind})
        tally.take(f"bytes to {path}", response.status_code, response.text)
        if response.status_code >= 400 and method != "HEAD":
            assert response.headers["content-type"] == "application/problem+json", address
            assert response.json()["status"] == response.status_code

    send()
