"""``gongbang compare``: two runs side by side, or a run beside its parent."""

from __future__ import annotations

import argparse
from typing import Any

from gongbang.cli.output import emit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's arguments."""
    parser.add_argument("a", metavar="RUN", help="a run's folder, its id, or a part of its id")
    parser.add_argument(
        "b",
        metavar="RUN",
        nargs="?",
        help="the run that is compared with it; without it the first one is compared with its parent",
    )
    parser.add_argument("--root", metavar="DIR", default="runs", help="folder of the runs (runs)")
    parser.add_argument(
        "--allow-other-data",
        action="store_true",
        help="compare the scores even where the runs were scored on other data",
    )


def run(args: argparse.Namespace) -> Any:
    """Compare b with a; gives changes of the recipe, of the metrics and of the answers."""
    from gongbang.artifacts.compare import compare_runs
    from gongbang.artifacts.run import Run

    first = Run.open(args.a, args.root)
    if args.b is None:
        a, b = first.open_parent(args.root), first
    else:
        a, b = first, Run.open(args.b, args.root)
    found = compare_runs(a, b, allow_other_data=args.allow_other_data)
    return emit(found.to_dict(), args, found.to_text)
