"""The passages of an index, in memory or behind a memory map, with their positions by id."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gongbang.data.records import Passage
from gongbang.search.base import check_new_ids, unknown_passage


class PassageList:
    """Passages by position. Read from a file one at a time until the list is changed.

    Example:
        >>> passages = PassageList([Passage("a", "봄"), Passage("b", "여름")])
        >>> passages.position("b"), passages[0].text
        (1, '봄')
    """

    def __init__(self, passages: Iterable[Passage] = ()) -> None:
        self._held: list[Passage] | None = list(passages)
        self._block: NDArray[np.uint8] = np.empty(0, np.uint8)
        self._offsets: NDArray[np.int64] = np.zeros(1, np.int64)
        self._positions: dict[str, int] | None = None

    def __len__(self) -> int:
        return len(self._offsets) - 1 if self._held is None else len(self._held)

    def __getitem__(self, position: int) -> Passage:
        if self._held is not None:
            return self._held[position]
        start, end = int(self._offsets[position]), int(self._offsets[position + 1])
        fields: dict[str, Any] = json.loads(self._block[start:end].tobytes().decode("utf-8", "surrogatepass"))
        return Passage(**fields)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PassageList) or len(self) != len(other):
            return False
        if self._held is None and other._held is None:  # two files: bytes are quicker than JSON
            return np.array_equal(self._block, other._block)
        return all(one == two for one, two in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def __iter__(self) -> Iterator[Passage]:
        return (self[position] for position in range(len(self)))

    @property
    def ids(self) -> dict[str, int]:
        """Position by id."""
        if self._positions is None:
            self._positions = {passage.id: position for position, passage in enumerate(self)}
        return self._positions

    def position(self, passage_id: str) -> int:
        """The position of a passage.

        Raises:
            SearchIndexError: no passage has this id.
        """
        position = self.ids.get(passage_id)
        if position is None:
            raise unknown_passage(passage_id, len(self))
        return position

    def with_added(self, passages: Sequence[Passage]) -> PassageList:
        """A list with these behind.

        Raises:
            SearchIndexError: an id is taken.
        """
        check_new_ids(passages, self.ids)
        return PassageList([*self, *passages])

    def without(self, positions: Iterable[int]) -> PassageList:
        """A list without those at these positions."""
        gone = set(positions)
        return PassageList(passage for i, passage in enumerate(self) if i not in gone)

    def to_arrays(self) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """JSON lines as one block of bytes, and where each begins: (bytes,) and (passages + 1,)."""
        lines = [
            json.dumps(asdict(p), ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n" for p in self
        ]
        offsets = np.zeros(len(lines) + 1, dtype=np.int64)
        np.cumsum([len(line) for line in lines], out=offsets[1:])
        return np.frombuffer(b"".join(lines), dtype=np.uint8), offsets

    @classmethod
    def from_arrays(cls, block: NDArray[np.uint8], offsets: NDArray[np.int64]) -> PassageList:
        """What :meth:`to_arrays` gave, memory-mapped or not."""
        passages = cls()
        passages._held, passages._block, passages._offsets = None, block, offsets
        return passages
