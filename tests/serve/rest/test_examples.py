"""The examples in the docstrings of the server run."""

from __future__ import annotations

import doctest
import importlib

import pytest

MODULES = (
    *("settings", "configuration", "problems", "guard", "metrics", "measured", "uploads"),
    *("access.keys", "access.bucket", "access.door"),
    *("models.batcher", "models.fields", "models.served", "models.together", "models.waiting"),
    *("routes.common",),
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    result = doctest.testmod(importlib.import_module(f"gongbang.serve.{name}"))
    assert result.attempted > 0
    assert result.failed == 0
