"""The examples in the docstrings of the loop run."""

from __future__ import annotations

import doctest
import importlib

import pytest


@pytest.mark.parametrize("name", ["judged", "suites"])
def test_examples(name: str) -> None:
    result = doctest.testmod(importlib.import_module(f"gongbang.apps.loop.{name}"))
    assert result.attempted > 0
    assert result.failed == 0
