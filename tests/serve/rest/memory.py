"""How much memory a server holds while it is asked: what grows with the requests is a leak."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

MOST = 0.10
"""Share by which memory may grow after the warm-up."""


def resident() -> int:
    """Bytes of this process that lie in memory; Linux alone tells them."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@dataclass
class Memory:
    """Samples of a server's memory, and whether it stayed flat.

    The first requests fill caches, open connections and load what is loaded late, so growth counts from the
    first sample after them. Memory that falls is no leak: the system takes pages back that nobody used.

    Args:
        read: gives the bytes that are held now.
    """

    read: Callable[[], int]
    samples: list[tuple[int, int]] = field(default_factory=list)

    def note(self, requests: int) -> None:
        """Take a sample after so many requests."""
        self.samples.append((requests, self.read()))

    def growth(self, warm: int) -> float:
        """The largest share by which memory grew after so many requests; below 0 where it only fell."""
        first, *later = [held for requests, held in self.samples if requests >= warm]
        assert len(later) >= 4, f"too few samples to tell: {self.told()}"
        return max(later) / first - 1

    def check(self, warm: int, most: float = MOST) -> None:
        """Raise where memory grew beyond what it may, and where too few samples were taken to tell."""
        growth = self.growth(warm)
        assert growth <= most, f"memory grew by {growth:.1%}: {self.told()}"

    def told(self) -> str:
        """The samples in MiB, each with the number of requests before it."""
        return ", ".join(f"{held / 2**20:.1f} MiB after {requests}" for requests, held in self.samples)
