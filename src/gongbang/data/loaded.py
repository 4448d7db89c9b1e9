"""What reading gives: the good items, and a located error for each one that was kept out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from gongbang.errors import DataError

T = TypeVar("T")
_SHOWN = 3


@dataclass(slots=True)
class Loaded(Generic[T]):
    """Items that can be used, beside the problems of those that cannot.

    One bad row never loses the others: it stands in ``problems`` with its file, line and field.

    Example:
        >>> loaded = Loaded([1, 2], [])
        >>> len(loaded), loaded.strict()
        (2, [1, 2])
    """

    items: list[T] = field(default_factory=list)
    problems: list[DataError] = field(default_factory=list)

    @classmethod
    def collect(cls, found: Iterable[T | DataError]) -> Loaded[T]:
        """Sort a stream of items and errors into the two lists."""
        loaded: Loaded[T] = cls()
        for item in found:
            if isinstance(item, DataError):
                loaded.problems.append(item)
            else:
                loaded.items.append(item)
        return loaded

    def strict(self) -> list[T]:
        """The items, where there is no problem at all.

        Raises:
            DataError: the first problem itself, or a summary when there are several.
        """
        if not self.problems:
            return self.items
        if len(self.problems) == 1:
            raise self.problems[0]
        raise self.summary()

    def summary(self) -> DataError:
        """All problems as one error that shows the first few.

        Raises:
            IndexError: there is no problem to sum up.
        """
        first = self.problems[0]
        shown = "; ".join(problem.what for problem in self.problems[:_SHOWN])
        return DataError(
            f"{len(self.problems)} rows cannot be used ({len(self.items)} can).",
            value=shown,
            allowed=first.allowed,
            cure=f"First of them: {first.cure}",
            path=first.path,
            line=first.line,
        )

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)
