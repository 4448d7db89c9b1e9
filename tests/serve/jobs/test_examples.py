"""The examples in the docstrings of jobs run."""

from __future__ import annotations

import doctest
import importlib

import pytest

pytest.importorskip("pika")
JOBS = ("faults", "folders", "queue", "rabbit", "results", "settings")
MODULES = ("database.jobs", "database.leases", *(f"jobs.{name}" for name in JOBS))


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    result = doctest.testmod(importlib.import_module(f"gongbang.serve.{name}"))
    assert result.attempted > 0
    assert result.failed == 0
