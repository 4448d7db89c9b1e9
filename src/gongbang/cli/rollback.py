"""``gongbang rollback``: serve the champion before this one again."""

from __future__ import annotations

import argparse
from typing import Any

from gongbang.cli.output import emit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's arguments."""
    parser.add_argument("name", metavar="NAME", help="the champion's name")
    parser.add_argument("--champions", default="champions", metavar="DIR", help="where they lie (champions)")
    parser.add_argument("--reason", default="", metavar="TEXT", help="why, for the history")


def run(args: argparse.Namespace) -> Any:
    """Go back; gives what is served now."""
    from gongbang.artifacts.champions import champion_of

    champion = champion_of(args.name, args.champions)
    before = champion.pointer
    served = champion.rollback(args.reason)
    away = "" if before is None else before.id
    told = {"name": args.name, "champion": served.id, "before": away, "path": str(served.path)}
    return emit(told, args, f"{args.name}: {served.id[:10]} is served again, {away[:10]} is not")
