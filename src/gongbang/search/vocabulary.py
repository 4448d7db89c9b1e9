"""Terms by number, without holding them in memory: sorted UTF-8 in one block, found by bisection."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

_REMEMBERED = 200_000


class Vocabulary:
    """Sorted distinct terms; the number of a term is its place.

    Args:
        block: (bytes,) uint8, the terms one after another.
        offsets: (terms + 1,) int64, where each begins.

    Example:
        >>> words = Vocabulary.of(["나", "가"])
        >>> len(words), words.find("나"), words.find("다"), words[0]
        (2, 1, -1, '가')
    """

    def __init__(self, block: NDArray[np.uint8], offsets: NDArray[np.int64]) -> None:
        self.block, self.offsets = block, offsets
        self._view = memoryview(np.asarray(block).data) if len(block) else memoryview(b"")
        self._starts = np.asarray(offsets)
        self._found: dict[str, int] = {}

    @classmethod
    def of(cls, terms: Iterable[str]) -> Vocabulary:
        """The vocabulary of these terms. UTF-8 sorts as code points do, so bytes are compared alone."""
        encoded = sorted({term.encode("utf-8", "surrogatepass") for term in terms})
        offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
        np.cumsum([len(term) for term in encoded], out=offsets[1:])
        return cls(np.frombuffer(b"".join(encoded), dtype=np.uint8), offsets)

    def __len__(self) -> int:
        return len(self._starts) - 1

    def __getitem__(self, number: int) -> str:
        return self._bytes(number).decode("utf-8", "surrogatepass")

    def __iter__(self) -> Iterator[str]:
        return (self[number] for number in range(len(self)))

    def find(self, term: str) -> int:
        """The number of a term, -1 where it is not known."""
        number = self._found.get(term)
        if number is None:
            wanted = term.encode("utf-8", "surrogatepass")
            place = bisect_left(range(len(self)), wanted, key=self._bytes)
            number = place if place < len(self) and self._bytes(place) == wanted else -1
            if len(self._found) < _REMEMBERED:
                self._found[term] = number
        return number

    def _bytes(self, number: int) -> bytes:
        return self._view[self._starts[number] : self._starts[number + 1]].tobytes()
