from __future__ import annotations

import pytest

from gongbang.data.loaded import Loaded
from gongbang.errors import DataError


def problem(line: int) -> DataError:
    return DataError("broken.", value=line, allowed="whole", cure=f"mend {line}", path="a.json", line=line)


def test_items_and_problems_are_sorted_apart():
    loaded = Loaded.collect([1, problem(2), 3, problem(4)])
    assert list(loaded) == [1, 3] and len(loaded) == 2
    assert [found.line for found in loaded.problems] == [2, 4]


def test_strict_raises_the_one_problem_or_a_summary():
    assert Loaded([1]).strict() == [1]
    only = problem(2)
    with pytest.raises(DataError) as caught:
        Loaded([1], [only]).strict()
    assert caught.value is only
    with pytest.raises(DataError, match="3 rows cannot be used") as caught:
        Loaded([1], [problem(n) for n in (2, 5, 9)]).strict()
    assert caught.value.line == 2 and "mend 2" in caught.value.cure
