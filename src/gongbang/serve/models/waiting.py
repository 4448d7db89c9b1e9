"""Waiting for a queue without a thread."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from typing import TypeVar

from gongbang.serve.models.batcher import late

T = TypeVar("T")


async def outcome(future: Future[T], name: str, seconds: float) -> T:
    """What a future brings, in the event loop; given up where it takes too long.

    Args:
        future: from a queue. name: of the queue, for the error. seconds: to wait at most.

    Raises:
        LateError: the deadline has passed. Besides, whatever the work raised.
    """
    try:
        return await asyncio.wait_for(asyncio.wrap_future(future), seconds)
    except TimeoutError as err:
        raise late(name) from err


def seconds_for(deadline_ms: int | None, most: float) -> float:
    """The seconds that a request has: what it says itself, but no more than the server gives.

    Example:
        >>> seconds_for(None, 30.0), seconds_for(500, 30.0), seconds_for(90_000, 30.0)
        (30.0, 0.5, 30.0)
    """
    return most if deadline_ms is None else min(deadline_ms / 1000.0, most)
