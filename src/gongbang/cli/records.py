"""Reading a file of records, as every verb that takes one does it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gongbang.cli.output import warn, warn_of
from gongbang.errors import DataError, OptionError

if TYPE_CHECKING:
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
    from gongbang.data.readers.columns import mapping_of
    from gongbang.data.reading import read_records

    loaded = read_records(path, format=args.format, mapping=mapping_of(args.map) or None)
    _tell(args, loaded.problems, path)
    return loaded


def set_aside(
    args: argparse.Namespace, loaded: Loaded[Record], fields: Sequence[str], *, having: str = ""
) -> Loaded[Record]:
    """The records that hold words in these fields; the others are told on stderr and kept out as well.

    Args:
        args: the verb's arguments; ``args.data`` is the file.
        loaded: its records.
        fields: the texts that are needed.
        having: a field without which nothing is needed, such as the question where contexts may stand alone.

    Raises:
        DataError: no record is left.
    """
    from gongbang.data.loaded import Loaded

    kept, blank = [], []
    for record in loaded.items:
        needed = fields if not having or having in record.fields else ()
        missing = [name for name in needed if not record.fields.get(name, "").strip()]
        if missing:
            blank.append(_blank(record, missing[0], args.data))
        else:
            kept.append(record)
    if not kept:
        raise blank[0] if len(blank) == 1 else Loaded(kept, blank).summary()
    _tell(args, blank, args.data)
    return Loaded(kept, [*loaded.problems, *blank])


def _tell(args: argparse.Namespace, problems: Sequence[DataError], path: str | Path) -> None:
    """The first problems in full, of the others how many."""
    for problem in problems[:_SHOWN]:
        warn_of(args, problem)
    if len(problems) > _SHOWN:
        warn(args, f"{len(problems) - _SHOWN} more rows of {path} were kept out: gongbang check {path}")


def _blank(record: Record, name: str, path: str | Path) -> DataError:
    return DataError(
        f"record '{record.id}' has no {name}.",
        value=record.fields.get(name, "(none)"),
        allowed="a text that is not blank",
        cure=f"Fill in '{name}', or map the column that holds it: --map {name}=COLUMN.",
        path=path,
        field=name,
    )


def jsonl_target(out: str) -> Path:
    """Where records are written; refused before the work is done rather than after.

    Raises:
        OptionError: not the name of a .jsonl file, or no folder to write it to.
    """
    path = Path(out)
    if path.suffix != ".jsonl" or path.is_dir() or not path.parent.is_dir():
        raise OptionError(
            "the records cannot be written there.",
            value=out,
            allowed="the name of a .jsonl file in a folder that stands",
            cure="Pass for instance --out made.jsonl, or make the folder first.",
        )
    return path


def problems_of(loaded: Loaded[Record]) -> dict[str, Any]:
    """How many rows were kept out, and the first of them, for ``--json``."""
    return {"n": len(loaded.problems), "first": [problem.to_dict() for problem in loaded.problems[:_SHOWN]]}
