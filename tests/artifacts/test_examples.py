"""The examples in the docstrings of what is learnt from runs, and of what a gate judges by."""

from __future__ import annotations

import doctest
import importlib

import pytest

MODULES = (
    "card", "class_kinds", "class_notebook_html", "class_rows", "compare", "compare_text", "data_facts",
    "notebook", "notebook_diff", "notebook_html", "notebook_page", "notebooks", "run", "sheet", "slices",
    "pointer", "suite", "suite_rules", "suite_ties",
)  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    result = doctest.testmod(importlib.import_module(f"gongbang.artifacts.{name}"))
    assert result.attempted > 0
    assert result.failed == 0
