"""Requests that nobody would write. GONGBANG_FUZZ=10000 sends so many, GONGBANG_FUZZ_SEED another sequence.

From 5,000 on they go to a server in a process of its own, whose memory may grow by a tenth after the first
fifth. ``GONGBANG_FUZZ=10000 pytest tests/serve/rest/test_fuzz.py`` does so on each kind of database that can
be reached.
"""

from __future__ import annotations

import os

import pytest

from tests.notes import note
from tests.serve.games.models import playing
from tests.serve.models.held import hashing
from tests.serve.rest.conftest import mood, toy_asking
from tests.serve.rest.fuzz import fuzz, fuzz_server
from tests.serve.rest.memory import Memory
from tests.serve.rest.watched import watched_server

REQUESTS = int(os.environ.get("GONGBANG_FUZZ", "600"))
SEED = int(os.environ.get("GONGBANG_FUZZ_SEED", "20261125"))
LONG = 5000
"""Requests from which on memory says something: in fewer, what is loaded late outweighs what leaks."""


def test_no_request_makes_it_fail_or_tell_of_its_inside(make, kind):
    if REQUESTS >= LONG:
        pytest.skip("so many go to a server in a process of its own")
    if kind != "sqlite" and "GONGBANG_FUZZ" not in os.environ:
        pytest.skip("one kind of database is enough here; GONGBANG_FUZZ=N fuzzes all")
    room, _ = playing(room=mood(mixing="never"))
    found = fuzz(make(room=room, asking=toy_asking()), REQUESTS, SEED)
    note(f"fuzzed on {kind}: {found.told()}")
    assert not found.silent
    assert found.requests >= 0.7 * REQUESTS  # fewer where an operation has few different requests
    assert found.statuses[200] > 0 and found.statuses[422] > 0 and found.statuses[404] > 0


def test_a_long_run_leaves_memory_as_it_was(url, store, kind, tmp_path):
    if REQUESTS < LONG:
        pytest.skip(f"fewer than GONGBANG_FUZZ={LONG} say nothing of memory")
    with watched_server(url, tmp_path) as server:
        memory = Memory(server.held)
        found = fuzz_server(server.base, server.known, REQUESTS, SEED, memory.note)
    note(f"fuzzed on {kind}: {found.told()}; memory: {memory.told()}")
    assert not found.silent
    assert found.requests >= 0.7 * REQUESTS
    assert found.statuses[200] > 0 and found.statuses[422] > 0 and found.statuses[404] > 0
    memory.check(warm=found.requests // 5)


def test_neither_does_a_server_of_models_alone(make, kind):
    if kind != "sqlite":
        pytest.skip("no database is asked")
    room = mood()
    room.add("ties", "relation-ko", predictor=hashing("relation-ko"))
    room.add("qa", "reader-ko", predictor=hashing("reader-ko"))
    found = fuzz(make(where=None, room=room, asking=toy_asking()), REQUESTS, SEED + 1)
    note(f"fuzzed without a database: {found.told()}")
    assert not found.silent
    assert found.statuses[200] > 0 and found.statuses[422] > 0 and found.statuses[404] > 0
    assert found.operations["POST /v1/predict/ties"] > 0 and found.operations["POST /v1/ask"] > 0
