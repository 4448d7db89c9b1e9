"""Requests that nobody would write. GONGBANG_FUZZ=5000 sends so many, GONGBANG_FUZZ_SEED another sequence."""

from __future__ import annotations

import os

import pytest

from tests.serve.rest.fuzz import fuzz, told

REQUESTS = int(os.environ.get("GONGBANG_FUZZ", "600"))
SEED = int(os.environ.get("GONGBANG_FUZZ_SEED", "20261125"))


def test_no_request_makes_it_fail_or_tell_of_its_inside(make, kind):
    if kind != "sqlite" and "GONGBANG_FUZZ" not in os.environ:
        pytest.skip("one kind of database is enough here; GONGBANG_FUZZ=N fuzzes all")
    found = fuzz(make(), REQUESTS, SEED)
    told.append(f"fuzzed on {kind}: {found.requests} requests, {dict(sorted(found.statuses.items()))}")
    assert found.requests >= 0.7 * REQUESTS  # fewer where an operation has few different requests
    assert found.statuses[200] > 0 and found.statuses[422] > 0 and found.statuses[404] > 0
