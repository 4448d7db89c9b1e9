"""``gongbang suite``: freeze the records that champions and challengers are judged on."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from gongbang.cli.output import emit
from gongbang.cli.records import add_format_arguments, read
from gongbang.errors import OptionError

if TYPE_CHECKING:
    from gongbang.artifacts.suite import Suite
    from gongbang.data.records import Record


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The actions of ``suite`` and their options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    frozen = actions.add_parser("freeze", help="make a suite of a file of labelled records")
    frozen.add_argument("folder", metavar="DIR", help="the suite's folder, new")
    frozen.add_argument("--data", required=True, metavar="FILE", help="the records")
    frozen.add_argument(
        "--held-out",
        metavar="ARTIFACT",
        help="only the records that were held out when this artifact was made",
    )
    frozen.add_argument("--task", required=True, metavar="TASK", help="reader, boolq, classify, respond, ...")
    frozen.add_argument("--limit", type=int, metavar="N", help="records at most, spread over the file")
    frozen.add_argument("--metric", default="", metavar="NAME", help="what decides (the task's primary one)")
    frozen.add_argument("--slice-metric", default="", metavar="NAME", help="what slices are measured by")
    frozen.add_argument(
        "--slice",
        action="append",
        default=[],
        dest="slices",
        metavar="KIND",
        help="label:NAME, field:NAME or source; may be repeated",
    )
    frozen.add_argument(
        "--floor",
        action="append",
        default=[],
        dest="floors",
        metavar="SLICE=LEAST",
        help="the least value, such as label:label=no=0.7, or all=0.8; may be repeated",
    )
    frozen.add_argument(
        "--not-worse", type=float, metavar="POINTS", help="a challenger need not be better, only not worse"
    )
    frozen.add_argument("--most-drop", type=float, metavar="POINTS", help="a slice may lose (2 points)")
    frozen.add_argument("--least-rows", type=int, metavar="N", help="of slices that may not lose (20)")
    frozen.add_argument("--most-bytes", type=int, metavar="N", help="of the challenger's parts together")
    frozen.add_argument("--most-size-ratio", type=float, metavar="X", help="its size against the champion's")
    frozen.add_argument("--most-latency-ratio", type=float, metavar="X", help="its time for one record")
    add_format_arguments(frozen)
    shown = actions.add_parser("show", help="check a suite and say what is in it")
    shown.add_argument("folder", metavar="DIR", help="the suite's folder")


def run(args: argparse.Namespace) -> Any:
    """Freeze or look at a suite; gives its id, its rules and its counts."""
    from gongbang.artifacts.suite import freeze_suite, open_suite

    if args.action == "show":
        return _tell(open_suite(args.folder), args)
    suite = freeze_suite(
        args.folder,
        _records(args),
        task=args.task,
        slices=args.slices,
        rules=_rules(args),
        metric=args.metric,
        slice_metric=args.slice_metric,
    )
    return _tell(suite, args)


def _records(args: argparse.Namespace) -> list[Record]:
    """The file's records that can be judged; of response selection with the responses to tell apart."""
    from gongbang.apps.evaluate.evaluation import asked
    from gongbang.apps.loop.suites import judgeable

    records = read(args, args.data).strict()
    if args.held_out is not None:
        from gongbang.artifacts.format import open_artifact
        from gongbang.artifacts.held_out import held_out_records

        records = held_out_records(open_artifact(args.held_out, verify=False), records)
    found = judgeable(args.task, records)
    return found if args.limit is None else asked(found, args.limit, keep=lambda record: True)


def _rules(args: argparse.Namespace) -> Any:
    from gongbang.artifacts.suite_rules import SuiteRules

    given = {
        name: getattr(args, name)
        for name in ("most_drop", "least_rows", "most_bytes", "most_size_ratio", "most_latency_ratio")
        if getattr(args, name) is not None
    }
    if args.not_worse is not None:
        given |= {"rule": "not_worse", "margin": args.not_worse}
    return SuiteRules(**given, floors=dict(map(_floor, args.floors)))


def _floor(words: str) -> tuple[str, float]:
    key, _, least = words.rpartition("=")
    try:
        return key, float(least)
    except ValueError as err:
        raise OptionError(
            "a floor is a slice and its least value.",
            value=words,
            allowed="such as all=0.8 or label:label=no=0.7",
            cure="Write --floor all=0.8.",
        ) from err


def _tell(suite: Suite, args: argparse.Namespace) -> Any:
    records = suite.records()
    told = {**suite.to_dict(), "path": str(suite.path), "records": len(records)}
    told["groups"] = len({record.group for record in records})
    limits = {name: value for name, value in suite.rules.to_dict().items() if value not in (None, {})}
    lines = [
        f"{suite.path}: {told['records']:,} records of {told['groups']:,} groups for '{suite.task}'",
        f"id: {suite.id}",
        *(f"{name}: {value}" for name, value in limits.items()),
    ]
    return emit(told, args, "\n".join(lines))
