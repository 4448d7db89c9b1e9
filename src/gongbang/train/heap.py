"""Memory that a training step frees stays with the process for the next step.

glibc gives large blocks back to the system as soon as they are freed, and a step's activations are such
blocks: the next step asks for the same pages again, and the kernel has to find and clear each of them.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Self

# Numbers of glibc's malloc.h, and what its own thresholds grow to by themselves (mallopt(3)).
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4
_NEVER = -1
_GROWN = 32 * 1024 * 1024
_BLOCKS = 65_536
_SWEEP_EVERY = 10  # steps


class KeptHeap:
    """While the block runs, freed memory is kept for the next allocation; after it, given back.

    Steps of other lengths leave holes that no later block fits, so that the heap would grow over a long
    training to twice what a step needs: every few steps what lies free is given back once.

    Elsewhere than on glibc nothing happens.

    Example:
        >>> with KeptHeap() as heap:
        ...     for step in range(3):
        ...         block = bytearray(1 << 26)
        ...         heap.step()
    """

    def __init__(self) -> None:
        self._libc = _glibc()
        self._steps = 0

    def __enter__(self) -> Self:
        """Keep from here on."""
        if self._libc is not None:
            self._libc.mallopt(_MMAP_MAX, 0)  # large blocks come from the heap, as small ones do
            self._libc.mallopt(_TRIM_THRESHOLD, _NEVER)
        return self

    def step(self) -> None:
        """Say that a step is done."""
        self._steps += 1
        if self._libc is not None and self._steps % _SWEEP_EVERY == 0:
            self._libc.malloc_trim(0)

    def __exit__(self, *_: object) -> None:
        """Give back what lies free, and do as glibc does by itself."""
        if self._libc is not None:
            self._libc.mallopt(_MMAP_MAX, _BLOCKS)
            self._libc.mallopt(_MMAP_THRESHOLD, _GROWN)
            self._libc.mallopt(_TRIM_THRESHOLD, 2 * _GROWN)
            self._libc.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux"):
        return None
    here = ctypes.CDLL(None)
    return here if hasattr(here, "gnu_get_libc_version") else None
