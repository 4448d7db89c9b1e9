"""Contestants that take turns, so that a busy minute of the machine hits all of them alike."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

Item = TypeVar("Item")
_SETTLE = 0.1  # seconds between turns: thread pools of the one before must have stopped spinning


class Unavailable(Exception):  # noqa: N818 (nothing went wrong: a peer is not installed)
    """A contestant cannot take part here; the text says why and what would let it."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one contestant did in one round: seconds and result of each item."""

    seconds: tuple[float, ...]
    results: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times better ``name`` was than ``peer``: the median over the rounds, and the extremes."""

    name: str
    peer: str
    median: float
    low: float
    high: float


def take_turns(
    contestants: Mapping[str, Callable[[Item], Any]], rounds: Sequence[Sequence[Item]]
) -> dict[str, list[Turn]]:
    """Every contestant does every item once; the order within a round rotates from round to round.

    Args:
        contestants: what is timed, by name.
        rounds: the items of each round. Give each item once: caches must not help whoever comes later.
    """
    names = list(contestants)
    turns: dict[str, list[Turn]] = {name: [] for name in names}
    for number, items in enumerate(rounds):
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            time.sleep(_SETTLE)
            turns[name].append(_turn(contestants[name], items))
        progress(f"round {number + 1} of {len(rounds)}")
    return turns


def _turn(action: Callable[[Item], Any], items: Sequence[Item]) -> Turn:
    seconds, results = [], []
    for item in items:
        began = time.perf_counter()
        result = action(item)
        seconds.append(time.perf_counter() - began)
        results.append(result)
    return Turn(tuple(seconds), tuple(results))


def in_rounds(items: Sequence[Item], rounds: int) -> list[list[Item]]:
    """Items dealt into at most ``rounds`` rounds of equal size; a remainder is left out.

    Example:
        >>> in_rounds([1, 2, 3, 4, 5], 2)
        [[1, 2], [3, 4]]
    """
    rounds = max(1, min(rounds, len(items)))
    size = len(items) // rounds
    return [list(items[at * size : (at + 1) * size]) for at in range(rounds)]


def ratio(name: str, own: Sequence[float], peer: str, other: Sequence[float]) -> Ratio:
    """``own / other`` round by round; pass speeds as they are and times the other way round."""
    shares = sorted(a / b for a, b in zip(own, other, strict=True))
    return Ratio(name, peer, statistics.median(shares), shares[0], shares[-1])


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile.

    Example:
        >>> percentile([1.0, 2.0, 3.0, 4.0], 0.95)
        4.0
    """
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1) + 0.49))]


def progress(text: str) -> None:
    """A line for whoever waits."""
    print(f"  {text}", file=sys.stderr, flush=True)
