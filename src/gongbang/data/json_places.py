"""Where the objects of a JSON text stand, for errors that name a line."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass

# A string (with the colon after it where it is a key), or a mark that opens, closes or parts values.
_TOKEN = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"(\s*:)?|[{}\[\],]')


@dataclass(slots=True)
class _Open:
    """An object (``index`` is -1) or list that is not closed yet."""

    path: str
    index: int
    key: str = ""
    met: bool = False

    def inner(self) -> str:
        """The path of the value that comes next."""
        if self.index >= 0:
            return f"{self.path}[{self.index}]"
        return f"{self.path}.{self.key}" if self.path else self.key


def object_lines(text: str) -> Mapping[str, int]:
    """For each object of a JSON text that has a key, the line (from 1) of its first key.

    Args:
        text: JSON that has been parsed already; of broken JSON the answer means nothing.

    Returns:
        lines by path, written as in errors: ``data[0].paragraphs[2].qas[1]``; the outermost object has
        an empty path.

    Example:
        >>> object_lines('{"data": [\\n{"id": 1},\\n{"id": 2}]}')
        {'': 1, 'data[0]': 2, 'data[1]': 3}
    """
    ends = [found.start() for found in re.finditer("\n", text)]
    lines: dict[str, int] = {}
    held: list[_Open] = []
    for token in _TOKEN.finditer(text):
        mark = token[0][0]
        if mark in "{[":
            held.append(_Open(held[-1].inner() if held else "", 0 if mark == "[" else -1))
        elif mark in "}]":
            held.pop()
        elif mark == "," and held[-1].index >= 0:
            held[-1].index += 1
        elif token[2]:
            held[-1].key = json.loads(f'"{token[1]}"') if "\\" in token[1] else token[1]
            if not held[-1].met:
                held[-1].met = True
                lines[held[-1].path] = bisect_right(ends, token.start()) + 1
    return lines


def line_of(lines: Mapping[str, int], path: str) -> int | None:
    """The line of the innermost object that holds the value at a path; None when there is none.

    Example:
        >>> line_of({"": 1, "data[0]": 2}, "data[0].qas[3].answers")
        2
    """
    while path not in lines:
        shorter = path[: max(path.rfind("."), path.rfind("["), 0)]
        if shorter == path:
            return None
        path = shorter
    return lines[path]
