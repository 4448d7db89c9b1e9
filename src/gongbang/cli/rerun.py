"""``gongbang rerun``: does a run's number come out again?"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from gongbang.cli.output import emit, table
from gongbang.cli.scores import number
from gongbang.cli.training import require_training, training_progress

if TYPE_CHECKING:
    from gongbang.train.rerun import Rerun

_SHOWN = 12


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's arguments."""
    parser.add_argument("run", metavar="RUN", help="a run's folder, its id, or a part of its id")
    parser.add_argument(
        "--evaluate-only",
        action="store_true",
        help="score the best checkpoint again instead of training again",
    )
    parser.add_argument(
        "--tolerance",
        type=float,
        default=0.0,
        metavar="POINTS",
        help="by how much a metric may differ and still agree (0: not at all)",
    )
    parser.add_argument("--root", metavar="DIR", default="runs", help="folder of the runs (runs)")


def run(args: argparse.Namespace) -> Any:
    """Repeat the run; gives the recorded and the new metrics and whether they agree."""
    require_training("repeating a run")
    from gongbang.artifacts.run import Run
    from gongbang.train.rerun import rerun

    with training_progress(args) as on_event:
        found = rerun(
            Run.open(args.run, args.root),
            root=args.root,
            evaluate_only=args.evaluate_only,
            tolerance=args.tolerance,
            on_event=on_event,
        )
    return emit(found.to_dict(), args, lambda: _text(found))


def _text(found: Rerun) -> str:
    rows = [
        (m.name, number(m.name, m.recorded), number(m.name, m.now), "agrees" if m.agrees else "DIFFERS")
        for m in found.metrics
    ]
    parts = [table(rows, header=("metric", "recorded", "now", ""))]
    if found.predictions:
        parts.append(f"answers that differ: {len(found.changed):,} of {found.predictions:,}")
    parts.append(_environment(found))
    parts.append("the number came out again" if found.agree else "the number did not come out again")
    if found.again:
        parts.append(f"new run: {found.again}")
    return "\n\n".join(parts)


def _environment(found: Rerun) -> str:
    lines = [] if found.same_code else ["the code of the package changed since"]
    lines += [f"{c.key}: {c.a} then, {c.b} now" for c in found.environment[:_SHOWN]]
    if len(found.environment) > _SHOWN:
        lines.append(f"... and {len(found.environment) - _SHOWN} more differences (see --json)")
    return "\n".join(["environment:", *(f"  {line}" for line in lines)]) if lines else "environment: the same"
