"""A token bucket: so many requests a second, and some more at once after a pause."""

from __future__ import annotations

import math
import time
from collections.abc import Callable


class Bucket:
    """Tokens that drip in and are taken one a request. For one thread, such as an event loop's.

    Args:
        rate: tokens a second.
        burst: tokens it holds at most, and at first.
        clock: seconds that only ever grow.

    Example:
        >>> bucket = Bucket(2.0, 1, clock=lambda: 0.0)
        >>> bucket.take(), bucket.take()
        (0, 1)
    """

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate, self.burst = rate, burst
        self._clock = clock
        self._tokens, self._at = float(burst), clock()

    def take(self) -> int:
        """Take a token; gives 0, or where there is none the whole seconds until there is one."""
        now = self._clock()
        self._tokens = min(float(self.burst), self._tokens + (now - self._at) * self.rate)
        self._at = now
        if self._tokens >= 1.0:
            self._tokens -= 1.0
            return 0
        return max(1, math.ceil((1.0 - self._tokens) / self.rate))
