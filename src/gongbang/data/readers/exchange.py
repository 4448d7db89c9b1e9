"""Turns and a response as a record of response selection, and the ties that must not cross a split.

The field ``context`` holds the turns so far, oldest first, a line each; ``response`` what was said next.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from gongbang.data.dialogue import same_key
from gongbang.data.readers.place import Placed
from gongbang.data.sources import document_id
from gongbang.errors import DataError


@dataclass(frozen=True, slots=True)
class Tied:
    """A record, and the keys that it shares with those that must stay on its side of a split."""

    placed: Placed
    keys: tuple[Hashable, ...]


def with_groups(found: Iterable[Tied | DataError]) -> Iterator[Placed | DataError]:
    """The records with their groups, and errors where they stood; all are read before the first is given.

    Records that share a key are one group, also over a third. Its name is that of its least context, so that
    the order of the file does not count.

    Args:
        found: records with their keys, and errors of reading.
    """
    rows = list(found)
    tied = [row for row in rows if isinstance(row, Tied)]
    names = iter(_names(tied))
    for row in rows:
        if isinstance(row, Tied):
            record = replace(row.placed.record, group=next(names))
            yield replace(row.placed, record=record)
        else:
            yield row


def _names(tied: Sequence[Tied]) -> list[str]:
    parent = list(range(len(tied)))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    first: dict[Hashable, int] = {}
    for index, row in enumerate(tied):
        for key in row.keys:
            parent[root(index)] = root(first.setdefault(key, index))
    contexts: dict[int, list[str]] = defaultdict(list)
    for index, row in enumerate(tied):
        contexts[root(index)].append(same_key(row.placed.record.fields["context"]))
    names = {node: document_id(min(held)) for node, held in contexts.items()}
    return [names[root(index)] for index in range(len(tied))]
