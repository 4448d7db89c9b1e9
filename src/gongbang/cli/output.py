"""What commands print: one JSON document or a text on stdout; progress, notes and logs on stderr.

A verb ends with ``return emit(result, args, text)``.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import PurePath
from typing import IO, Any, Protocol

from gongbang.errors import GongbangError, printable

Text = str | Callable[[], str] | Callable[[Any], str]

_STYLES = {"bold": "1", "dim": "2", "green": "32", "yellow": "33", "cyan": "36", "mark": "1;30;43"}


class Advance(Protocol):
    """Moves a progress bar on by ``count`` steps."""

    def __call__(self, count: int = 1) -> None: ...


def emit(result: Any, args: argparse.Namespace, text: Text = "") -> Any:
    """Print a result: as one JSON document with ``--json``, else as text.

    Args:
        result: plain data (what :func:`plain` takes).
        args: the parsed arguments; ``args.json`` decides.
        text: what people read, or a function that makes it (of nothing, or of ``result``).

    Returns:
        ``result``, so that a verb can end with ``return emit(...)``.
    """
    if args.json:
        write_json(result)
    elif words := text if isinstance(text, str) else _call(text, result):
        print(words)
    args.emitted = True
    return result


def _call(make: Callable[..., str], result: Any) -> str:
    from inspect import signature

    return make(result) if signature(make).parameters else make()


def write_json(result: Any) -> None:
    """One JSON document on stdout, Korean as it is."""
    print(json.dumps(plain(result), ensure_ascii=False, indent=2, allow_nan=False))


def plain(value: Any) -> Any:
    """A value as plain JSON data.

    Takes whatever has ``to_dict``, paths, NumPy numbers and arrays, mappings, sets and sequences. Numbers
    that JSON does not know (nan, infinity) become None.

    Example:
        >>> plain({"a": (1, float("nan")), "p": PurePath("x")})
        {'a': [1, None], 'p': 'x'}
    """
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(held) for key, held in value.items()}
    for method in ("to_dict", "tolist"):  # ours, and NumPy's without importing it
        if hasattr(value, method):
            return plain(getattr(value, method)())
    return str(value) if isinstance(value, PurePath) else _list(value)


def _list(values: Any) -> list[Any]:
    items = [plain(held) for held in values]
    return sorted(items) if isinstance(values, (set, frozenset)) else items


def note(args: argparse.Namespace, words: str) -> None:
    """A line for people on stderr; nothing with ``--quiet``."""
    if not args.quiet:
        print(words, file=sys.stderr, flush=True)


def warn(args: argparse.Namespace, words: str) -> None:
    """A warning on stderr, its control characters written out; nothing with ``--quiet``."""
    note(args, style(printable(f"warning: {words}"), "yellow", sys.stderr))


def warn_of(args: argparse.Namespace, error: GongbangError, words: str = "") -> None:
    """The four lines of an error as a warning, ``words`` before: the rest could be used."""
    what, *rest = error.lines()
    warn(args, words + what)
    for line in rest:
        note(args, style(printable(line), "yellow", sys.stderr))


def coloured(stream: IO[str] | None = None) -> bool:
    """Whether a stream (stdout when None) takes colours: a terminal, NO_COLOR not set (no-color.org)."""
    stream = stream or sys.stdout
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream.isatty()


def style(words: str, name: str, stream: IO[str] | None = None) -> str:
    """Words in a style (bold, dim, green, yellow, cyan, mark) where the stream takes colours."""
    return f"\x1b[{_STYLES[name]}m{words}\x1b[0m" if coloured(stream) else words


def table(rows: Sequence[Sequence[object]], header: Sequence[str] = ()) -> str:
    """Rows as aligned columns; a Hangul letter counts two cells, numbers stand to the right.

    Example:
        >>> print(table([("가나", 1), ("a", 10)], header=("word", "n")))
        word   n
        가나   1
        a     10
    """
    texts = [[str(cell) for cell in row] for row in ([header] if header else []) + list(rows)]
    if not texts:
        return ""
    widths = [max(cells(row[i]) for row in texts) for i in range(len(texts[0]))]
    right = [all(isinstance(row[i], (int, float)) for row in rows) for i in range(len(texts[0]))]
    lines = []
    for row in texts:
        padded = [
            (" " * (width - cells(cell)) + cell) if to_right else cell + " " * (width - cells(cell))
            for cell, width, to_right in zip(row, widths, right, strict=True)
        ]
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def cells(text: str) -> int:
    """How many cells of a terminal a text fills.

    Example:
        >>> cells("공방 a")
        6
    """
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


@contextmanager
def progress(args: argparse.Namespace, what: str, total: int | None = None) -> Iterator[Advance]:
    """A progress bar on stderr while the block runs; silent with ``--quiet`` or where nobody watches.

    Example:
        >>> with progress(argparse.Namespace(quiet=True), "reading", total=2) as advance:
        ...     advance()
    """
    if args.quiet or not coloured(sys.stderr):
        yield _stand_still
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)

        def advance(count: int = 1) -> None:
            bar.advance(task, count)

        yield advance


def _stand_still(count: int = 1) -> None:
    """A progress bar that nobody sees."""


class StderrHandler(logging.Handler):
    """Logs as lines on whatever stderr is at the time; warnings say that they are."""

    gongbang = True

    def emit(self, record: logging.LogRecord) -> None:
        words = "\n".join(map(printable, self.format(record).split("\n")))
        if record.levelno >= logging.WARNING:
            words = style(f"{record.levelname.lower()}: {words}", "yellow", sys.stderr)
        print(words, file=sys.stderr, flush=True)
