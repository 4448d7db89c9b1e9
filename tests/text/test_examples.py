"""The examples in the docstrings of this floor run."""

from __future__ import annotations

import doctest
import importlib

import pytest

MODULES = (
    "edits",
    "edges",
    "graphemes",
    "languages",
    "normalise",
    "_nfkc",
    "hanja",
    "morphemes",
    "bigrams",
    "batchim",
    "josa",
    "markers",
    "sentences",
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    result = doctest.testmod(importlib.import_module(f"gongbang.text.{name}"))
    assert result.attempted > 0
    assert result.failed == 0
