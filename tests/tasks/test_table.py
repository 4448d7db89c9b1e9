"""Tasks by name, and errors that help."""

from __future__ import annotations

import pytest

from gongbang.errors import OptionError
from gongbang.tasks.table import TASKS, task_class


@pytest.mark.parametrize("name", TASKS)
def test_every_entry_has_the_contract(name: str):
    task = task_class(name)
    for method in ("config", "prepare", "decode", "score", "baselines", "from_config"):
        assert callable(getattr(task, method))


def test_an_unknown_name_gets_its_nearest():
    with pytest.raises(OptionError, match="Did you mean 'reader'"):
        task_class("raeder")
