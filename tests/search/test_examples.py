"""The examples in the docstrings of the store of candidates."""

from __future__ import annotations

import doctest
import importlib

import pytest


@pytest.mark.parametrize("name", ["candidates", "candidate_ranks", "int8_scan"])
def test_examples(name: str) -> None:
    result = doctest.testmod(importlib.import_module(f"gongbang.search.{name}"))
    assert result.attempted > 0
    assert result.failed == 0
