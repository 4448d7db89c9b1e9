"""``gongbang gate``: champion against challenger on a frozen suite; says what would be decided."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from gongbang.cli.output import emit, table

if TYPE_CHECKING:
    from gongbang.artifacts.gate import Verdict


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's arguments."""
    parser.add_argument("champion", metavar="CHAMPION", help="champions/NAME, or an artifact")
    parser.add_argument("challenger", metavar="CHALLENGER", help="an artifact")
    parser.add_argument("--suite", required=True, metavar="DIR", help="a frozen suite: gongbang suite freeze")


def run(args: argparse.Namespace) -> Any:
    """Judge, and change nothing; gives the verdict with every number it rests on."""
    from gongbang.apps.loop.retrain import load_at_work
    from gongbang.artifacts.gate import judge
    from gongbang.artifacts.store import find_artifact
    from gongbang.artifacts.suite import open_suite

    suite = open_suite(args.suite)
    paths = [find_artifact(name) for name in (args.champion, args.challenger)]
    champion, challenger = map(load_at_work, paths)
    verdict = judge(suite, champion, challenger)
    return emit(verdict.to_dict(), args, lambda: verdict_text(verdict))


def verdict_text(verdict: Verdict) -> str:
    """The verdict and every rule with what came of it."""
    rows = [("passed" if check.passed else "FAILED", check.name, check.words) for check in verdict.checks]
    return f"{verdict.decision}\n\n{table(rows)}"
