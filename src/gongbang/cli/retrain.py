"""``gongbang retrain``: train a challenger, let the gate judge it, and promote it or keep the champion."""

from __future__ import annotations

import argparse
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from gongbang.cli.output import coloured, emit
from gongbang.cli.training import OnEvent, require_training, training_progress
from gongbang.errors import OptionError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's arguments."""
    parser.add_argument("recipe", metavar="RECIPE", help="a recipe's file, or a bundled one's name")
    parser.add_argument("--champion", required=True, metavar="NAME", help="whose place is fought for")
    parser.add_argument("--suite", required=True, metavar="DIR", help="a frozen suite: gongbang suite freeze")
    parser.add_argument(
        "--dataset",
        action="append",
        default=[],
        dest="datasets",
        metavar="DIR",
        help="a data set of feedback to train on too, or a version of one; may be repeated",
    )
    parser.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        dest="overrides",
        help="change a key of the recipe, e.g. --set training.epochs=1; may be repeated",
    )
    parser.add_argument("--champions", default="champions", metavar="DIR", help="where they lie (champions)")
    parser.add_argument("--work", default="retrains", metavar="DIR", help="where it works (retrains)")
    parser.add_argument("--new-suite", action="store_true", help="the champion was judged on another suite")
    parser.add_argument("--again", action="store_true", help="it may be one that was rolled back from")
    parser.add_argument("--dry-run", action="store_true", help="check everything, and train nothing")
    parser.add_argument("--no-preflight", action="store_true", help="skip the proofs that it can work at all")


def run(args: argparse.Namespace) -> Any:
    """Retrain; gives the decision with its reasons. Promoted or kept, the exit code is 0."""
    require_training("retraining")
    from gongbang.apps.loop.retrain import Retraining
    from gongbang.artifacts.champions import champion_of

    with _watched(args) as on_event:
        retraining = Retraining(
            recipe=args.recipe,
            champion=champion_of(args.champion, args.champions).folder,
            suite=Path(args.suite),
            datasets=_distinct(args.datasets),
            work=Path(args.work),
            overrides=args.overrides,
            new_suite=args.new_suite,
            again=args.again,
            preflight=not args.no_preflight,
            on_event=on_event,
        )
        result = retraining.check() if args.dry_run else retraining.run()
    return emit({**result, "dry_run": args.dry_run}, args, lambda: _text(result))


def _watched(args: argparse.Namespace) -> AbstractContextManager[OnEvent]:
    """The training's progress where somebody watches; from cron, a line of the log a step is enough."""
    return training_progress(args) if coloured(sys.stderr) else nullcontext(lambda event: None)


def _distinct(folders: list[str]) -> list[str]:
    """The folders, none of which is named twice.

    Raises:
        OptionError: one is.
    """
    again = [folder for place, folder in enumerate(folders) if folder in folders[:place]]
    if again:
        raise OptionError(
            "a data set is named twice.",
            value=again[0],
            allowed="each once",
            cure=f"Leave one --dataset {again[0]} out.",
        )
    return folders


def _text(result: dict[str, Any]) -> str:
    lines = [f"{result['name']}: recipe {result['recipe']}, champion {result['before'][:10] or 'none'}"]
    for one in result["datasets"]:
        lines.append(f"data set {one['path']}: {one['records']:,} records")
    if "decision" in result:
        served = result["champion"][:10] or "nothing"
        what = {"promote": "promoted", "keep": "kept"}[result["decision"]]
        lines.append(f"{what}: {served} is served" + ("" if result["new"] else " (nothing new)"))
        lines += [f"  {reason}" for reason in result["reasons"]]
    else:
        lines.append("dry run: everything fits, nothing was trained")
    lines.append(f"work: {result['folder']}")
    return "\n".join(lines)
