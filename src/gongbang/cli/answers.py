"""``gongbang answers``: a database's answers out of a file, or into one."""

from __future__ import annotations

import argparse
from typing import Any

from gongbang.cli.output import emit, warn_of

_SHOWN = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The actions of ``answers`` and their options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    taken = actions.add_parser("import", help="add the answers of a file")
    taken.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="PART=COLUMN",
        help="the file's own name for a field, such as text=A; may be given several times",
    )
    taken.add_argument("--update", action="store_true", help="change the answers that rows name by id")
    given = actions.add_parser("export", help="write all answers into a file")
    for action in (taken, given):
        action.add_argument(
            "--database", required=True, metavar="URL", help="such as sqlite:///answers.db, or a file's path"
        )
        action.add_argument("file", metavar="FILE", help="a .csv or .jsonl")


def run(args: argparse.Namespace) -> Any:
    """Do what was asked, print, and give what ``--json`` prints."""
    from gongbang.serve.database.answers import Answers
    from gongbang.serve.database.migrate import upgrade
    from gongbang.serve.database.store import Store

    with Store(args.database) as store:
        upgrade(args.database)
        return (_import if args.action == "import" else _export)(Answers(store), args)


def _import(answers: Any, args: argparse.Namespace) -> Any:
    from gongbang.data.readers.columns import mapping_of
    from gongbang.serve.database.transfer import import_answers

    done = import_answers(answers, args.file, columns=mapping_of(args.map), update=args.update)
    for problem in done.problems[:_SHOWN]:
        warn_of(args, problem)
    told = {
        "created": done.created,
        "updated": done.updated,
        "same": done.same,
        "ignored": done.ignored,
        "problems": [problem.to_dict() for problem in done.problems],
    }
    text = f"{done.created:,} added, {done.updated:,} changed, {done.same:,} there already"
    return emit(told, args, f"{text}, {len(done.problems):,} rows that could not be used")


def _export(answers: Any, args: argparse.Namespace) -> Any:
    from gongbang.serve.database.transfer import export_answers

    count = export_answers(answers, args.file)
    return emit({"answers": count, "file": args.file}, args, f"{args.file}: {count:,} answers")
