"""What the tests of planted faults share: a sound workbench, and the look at how a fault is refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from gongbang.errors import PreflightError
from gongbang.train.preflight import run_preflight
from gongbang.train.recipe import parse_recipe
from gongbang.train.workbench import Workbench, assemble
from tests.train.tiny import recipe_tree


def sound_bench(folder: Path, **changes: Any) -> Workbench:
    """A workbench over made articles that passes every proof, but for ``changes`` to its recipe."""
    return assemble(parse_recipe(recipe_tree(folder, **changes)))


def refused(bench: Workbench, check: str, cause: str, cure: str, **options: Any) -> PreflightError:
    """Run the proofs; the error must name the check, the cause and the cure, and all four lines."""
    with pytest.raises(PreflightError) as caught:
        run_preflight(bench, **options)
    error = caught.value
    assert error.check == check, str(error)
    assert re.search(cause, error.what), str(error)
    assert re.search(cure, error.cure), str(error)
    assert len(error.lines()) == 4 and all(line.strip() for line in error.lines())
    assert error.to_dict()["check"] == check
    return error
