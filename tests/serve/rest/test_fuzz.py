"""Requests that nobody would write. GONGBANG_FUZZ=5000 sends so many, GONGBANG_FUZZ_SEED another sequence."""

from __future__ import annotations

import os

import pytest

from tests.serve.games.models import playing
from tests.serve.models.held import hashing
from tests.serve.rest.conftest import mood, toy_asking
from tests.serve.rest.fuzz import fuzz, told

REQUESTS = int(os.environ.get("GONGBANG_FUZZ", "600"))
SEED = int(os.environ.get("GONGBANG_FUZZ_SEED", "20261125"))


def test_no_request_makes_it_fail_or_tell_of_its_inside(make, kind):
    if kind != "sqlite" and "GONGBANG_FUZZ" not in os.environ:
        pytest.skip("one kind of database is enough here; GONGBANG_FUZZ=N fuzzes all")
    room, _ = playing(room=mood(mixing="never"))
    found = fuzz(make(room=room, asking=toy_asking()), REQUESTS, SEED)
    told.append(f"fuzzed on {kind}: {found.requests} requests, {dict(sorted(found.statuses.items()))}")
    assert found.requests >= 0.7 * REQUESTS  # fewer where an operation has few different requests
    assert found.statuses[200] > 0 and found.statuses[422] > 0 and found.statuses[404] > 0


def test_neither_does_a_server_of_models_alone(make, kind):
    if kind != "sqlite":
        pytest.skip("no database is asked")
    room = mood()
    room.add("ties", "relation-ko", predictor=hashing("relation-ko"))
    room.add("qa", "reader-ko", predictor=hashing("reader-ko"))
    found = fuzz(make(where=None, room=room, asking=toy_asking()), REQUESTS, SEED + 1)
    told.append(
        f"fuzzed without a database: {found.requests} requests, {dict(sorted(found.statuses.items()))}"
    )
    assert found.statuses[200] > 0 and found.statuses[422] > 0 and found.statuses[404] > 0
    assert found.operations["POST /v1/predict/ties"] > 0 and found.operations["POST /v1/ask"] > 0
