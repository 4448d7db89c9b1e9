"""A comparison of two runs as text for a terminal: long values shortened, of lists only what differs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from unicodedata import combining, east_asian_width

from gongbang.metrics.intervals import Difference
from gongbang.metrics.scores import number

if TYPE_CHECKING:
    from gongbang.artifacts.compare import Change, Comparison

_WIDEST = 40  # cells of a value: key and two values fit into a terminal of 120
_MOST_ROWS = 40
_PLAIN = (str, int, float, bool, type(None))


def comparison_text(found: Comparison) -> str:
    """The comparison as plain text; ``to_dict`` holds the values in full."""
    lines = [f"a: {found.a}" + (" (the parent)" if found.parent else ""), f"b: {found.b}", "", "recipe"]
    rows = [row for change in found.changes for row in change_rows(change)]
    lines += _table(rows[:_MOST_ROWS]) or ["  no difference"]
    if len(rows) > _MOST_ROWS:
        lines.append(f"  ... and {len(rows) - _MOST_ROWS} more (see --json)")
    lines += ["", "data: " + (f"differs in {', '.join(found.data)}" if found.data else "the same")]
    lines += ["code: " + ("the same" if found.same_code else "differs"), "", "scores"]
    if found.refused:
        lines.append(f"  not compared: {found.refused}")
    lines += _table(
        [
            [m.name, number(m.name, m.a), number(m.name, m.b), number(m.name, m.b - m.a, signed=True)]
            for m in found.metrics
        ]
    )
    for name, difference in found.paired.items():
        verdict = "differs" if difference.significant else "could be chance"
        lines.append(f"  paired {name}: {difference_text(name, difference)}: {verdict}")
    if found.notebook:
        lines += ["", "answers", *(f"  {line}" for line in found.notebook.to_text().splitlines())]
    lines += [f"note: {advice}" for advice in found.advice]
    return "\n".join(lines)


def difference_text(name: str, difference: Difference) -> str:
    """A difference with its interval and count.

    Example:
        >>> difference_text("accuracy", Difference(0.01, -0.02, 0.04, 0.5, 1200))
        '+0.0100 [-0.0200, +0.0400] over 1,200'
    """
    value, low, high = (
        number(name, bound, signed=True) for bound in (difference.value, difference.low, difference.high)
    )
    return f"{value} [{low}, {high}] over {difference.n:,}"


def change_rows(change: Change) -> list[list[str]]:
    """A change as rows of key, value before and value after; of two lists only the entries that differ.

    Entries of lists have the keys that ``--set`` takes, such as ``data.sources.0.share``.

    Example:
        >>> from gongbang.artifacts.compare import Change
        >>> change_rows(Change("freeze", ["a", "b"], ["a", "b", "c"]))
        [['freeze', '2 entries', "3 entries, only here: 'c'"]]
    """
    pairs = _entries(change.key, change.a, change.b)
    return [[key, _short(a), _short(b)] for key, a, b in pairs]


class _Words(str):
    """Words about a value, which are shown as they are."""

    __slots__ = ()


def _entries(key: str, a: Any, b: Any) -> list[tuple[str, Any, Any]]:
    """The places below a key at which two values differ."""
    if a == b:
        return []
    if isinstance(a, list) and isinstance(b, list):
        if all(isinstance(entry, _PLAIN) for entry in (*a, *b)):
            return [(key, *_plain_lists(a, b))]
        a, b = dict(enumerate(a)), dict(enumerate(b))
    if isinstance(a, dict) and isinstance(b, dict):
        from gongbang.artifacts.compare import ABSENT

        keys = list(dict.fromkeys((*a, *b)))
        return [entry for k in keys for entry in _entries(f"{key}.{k}", a.get(k, ABSENT), b.get(k, ABSENT))]
    return [(key, a, b)]


def _plain_lists(a: list[Any], b: list[Any]) -> tuple[Any, Any]:
    only_a, only_b = ([entry for entry in x if entry not in y] for x, y in ((a, b), (b, a)))
    if len(a) == len(b) == 1:
        return a, b
    if not only_a and not only_b:
        count = _Words(f"{len(a)} entries")
        return count, _Words(f"{len(b)} entries" + (", in another order" if len(a) == len(b) else ""))
    return _only(len(a), only_a), _only(len(b), only_b)


def _only(count: int, entries: Sequence[Any]) -> _Words:
    named = ", ".join(map(repr, entries))
    return _Words(f"{count} entries" + (f", only here: {named}" if entries else ""))


def _short(value: Any) -> str:
    """A value in at most so many cells; of a long path or text the end is kept, where paths differ."""
    from gongbang.artifacts.compare import ABSENT

    if isinstance(value, _Words) or value == ABSENT:
        return _cut(str(value), keep_end=False)
    return _cut(repr(value), keep_end=isinstance(value, str) and "/" in value)


def _cut(text: str, *, keep_end: bool) -> str:
    if _cells(text) <= _WIDEST:
        return text
    kept = ""
    for char in reversed(text) if keep_end else text:
        if _cells(kept + char) >= _WIDEST:
            break
        kept = char + kept if keep_end else kept + char
    return f"…{kept}" if keep_end else f"{kept}…"


def _cells(text: str) -> int:
    """How many cells of a terminal a text fills; a Hangul letter fills two."""
    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    if not rows:
        return []
    widths = [max(_cells(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  "
        + "  ".join(cell + " " * (w - _cells(cell)) for cell, w in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
