"""The examples in the studio's docstrings give what they say."""

from __future__ import annotations

import doctest
import importlib

import pytest

MODULES = ("client", "markup", "words", "pages.chat", "pages.compare", "pages.play")


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_hold(name: str) -> None:
    result = doctest.testmod(importlib.import_module(f"gongbang.serve.studio.{name}"))
    assert result.attempted and not result.failed
