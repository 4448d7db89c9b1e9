"""The watcher of memory itself: it must tell a leak from a cache that fills."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from tests.serve.rest.memory import Memory, resident

REQUESTS, EVERY, WARM = 100, 10, 20


def watched(ask: Callable[[int], object]) -> Memory:
    """This process, asked a hundred times; each fifth of its memory would be noticed."""
    memory = Memory(resident)
    for number in range(1, REQUESTS + 1):
        ask(number)
        if number % EVERY == 0:
            memory.note(number)
    return memory


@pytest.fixture
def block() -> int:
    """Bytes of which a hundred are half as much as this process holds already."""
    if sys.platform != "linux":
        pytest.skip("only Linux tells a process what it holds")
    return resident() // 200


def test_a_leak_is_told(block):
    kept = []
    memory = watched(lambda number: kept.append(b"x" * block))
    assert 0.2 < memory.growth(WARM) < 0.6  # 80 blocks, on top of all there was and 20
    with pytest.raises(AssertionError, match=r"memory grew by \d\d\.\d%: .* MiB after 10, "):
        memory.check(WARM)


def test_what_is_given_back_and_what_fills_once_are_no_leaks(block):
    kept: dict[int, bytes] = {}

    def ask(number: int) -> None:
        bytes(b"x" * block * 10)  # given back at once
        kept[number % 20] = b"y" * block  # a cache of twenty: full when it is warm

    memory = watched(ask)
    assert len(kept) == 20
    memory.check(WARM)


def test_growth_is_of_the_largest_sample_after_the_warm_up():
    held = iter([10, 100, 109, 90, 111, 80])
    memory = Memory(lambda: next(held))
    for requests in range(100, 700, 100):
        memory.note(requests)
    assert memory.growth(200) == pytest.approx(0.11)
    memory.check(200, most=0.12)
    with pytest.raises(AssertionError, match=r"grew by 11\.0%"):
        memory.check(200)
    with pytest.raises(AssertionError, match="too few samples"):
        memory.check(300)
