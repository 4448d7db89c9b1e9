"""The examples in the docstrings of this floor, and of the folds, run."""

from __future__ import annotations

import doctest
import importlib

import pytest

MODULES = (
    *(f"ensemble.{name}" for name in ("members", "align", "calibrate", "combine", "judge", "solve")),
    *(f"ensemble.{name}" for name in ("contribution", "spans")),
    *(f"data.{name}" for name in ("fingerprint", "fold_table", "stratify", "splits")),
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    result = doctest.testmod(importlib.import_module(f"gongbang.{name}"))
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize("name", ["folds", "fold_checks"])
def test_examples_that_make_folds(name: str) -> None:
    pytest.importorskip("sklearn")
    result = doctest.testmod(importlib.import_module(f"gongbang.data.{name}"))
    assert result.attempted > 0
    assert result.failed == 0
