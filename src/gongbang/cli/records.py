"""Reading a file of records, as every verb that takes one does it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gongbang.cli.output import warn
from gongbang.errors import OptionError

if TYPE_CHECKING:
    from pathlib import Path

    from gongbang.data.loaded import Loaded
    from gongbang.data.records import Record

_SHOWN = 3


def add_format_arguments(parser: argparse.ArgumentParser) -> None:
    """``--format`` and ``--map``."""
    parser.add_argument("--format", metavar="F", help="format of the file; recognised by default")
    parser.add_argument(
        "--map",
        metavar="PART=COLUMN",
        action="append",
        default=[],
        help="column that holds a part of the record, e.g. --map question=q --map context=passage",
    )


def read(args: argparse.Namespace, path: str | Path) -> Loaded[Record]:
    """The records of a file; rows that cannot be used are told on stderr and kept out.

    Raises:
        DataError: the whole file cannot be used.
        OptionError: a mapping that is not PART=COLUMN, or an unknown format.
    """
    from gongbang.data.reading import read_records

    loaded = read_records(path, format=args.format, mapping=mapping_of(args.map) or None)
    for problem in loaded.problems[:_SHOWN]:
        warn(args, " ".join(problem.lines()))
    if len(loaded.problems) > _SHOWN:
        warn(
            args, f"{len(loaded.problems) - _SHOWN} more rows of {path} were kept out: gongbang check {path}"
        )
    return loaded


def mapping_of(pairs: Sequence[str]) -> dict[str, str]:
    """``["question=q"]`` as a mapping of columns.

    Example:
        >>> mapping_of(["question=q", "context=passage"])
        {'question': 'q', 'context': 'passage'}
    """
    mapping: dict[str, str] = {}
    for pair in pairs:
        part, equals, column = pair.partition("=")
        if not (part and equals and column):
            raise OptionError(
                "a mapping of columns is not of the form PART=COLUMN.",
                value=pair,
                allowed="PART=COLUMN",
                cure="Write for instance --map question=q --map context=passage --map answer=a.",
            )
        mapping[part] = column
    return mapping


def problems_of(loaded: Loaded[Record]) -> dict[str, Any]:
    """How many rows were kept out, and the first of them, for ``--json``."""
    return {"n": len(loaded.problems), "first": [problem.to_dict() for problem in loaded.problems[:_SHOWN]]}
