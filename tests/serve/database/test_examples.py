"""The examples in the docstrings of this room run."""

from __future__ import annotations

import doctest
import importlib

import pytest

MODULES = (
    "engine",
    "store",
    "migrate",
    "checks",
    "answers",
    "conversations",
    "embeddings",
    "transfer",
    "review",
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    result = doctest.testmod(importlib.import_module(f"gongbang.serve.database.{name}"))
    assert result.attempted > 0
    assert result.failed == 0
