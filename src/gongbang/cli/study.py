"""``gongbang study``: a recipe and its variants over several seeds, and the table of what they differ by."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gongbang.cli.output import emit, note, table
from gongbang.cli.scores import number
from gongbang.cli.training import add_workers, require_training, training_progress

if TYPE_CHECKING:
    from gongbang.train.study import Study


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's arguments."""
    parser.add_argument("study", metavar="STUDY", help="a study's YAML file, such as recipes/studies/*.yaml")
    parser.add_argument("--out", metavar="DIR", help="folder of its runs (studies/NAME)")
    parser.add_argument(
        "--page", metavar="FILE.md", help="put the table into this page, in place of an earlier one"
    )
    parser.add_argument(
        "--no-preflight", action="store_true", help="skip the proofs of each variant's first run"
    )
    parser.add_argument(
        "--score-again",
        action="store_true",
        help="score the weights of runs anew instead of taking what was measured then",
    )
    add_workers(parser)


def run(args: argparse.Namespace) -> Any:
    """Train what is not trained yet; gives every row with its differences from the base."""
    require_training("a study")
    from gongbang.apps.costs.table import make_measure
    from gongbang.train.study import run_study
    from gongbang.train.study_page import write_into

    out = args.out or str(Path("studies") / Path(args.study).stem)
    with training_progress(args) as on_event:
        found = run_study(
            args.study,
            out=out,
            on_event=on_event,
            preflight=not args.no_preflight,
            measures=make_measure,
            workers=args.workers,
            again=args.score_again,
        )
    if args.page:
        note(args, f"written: {write_into(args.page, found)}")
    return emit(found.to_dict(), args, lambda: _text(found, out))


def _text(found: Study, out: str) -> str:
    first, *others = found.settings.metrics
    rows = []
    for row in found.rows:
        gain = None if row.differences is None else row.differences[first]
        rows.append(
            (
                row.name,
                number(first, row.means[first].value),
                "" if gain is None else f"{gain.value:+.4f} ({gain.low:+.4f} to {gain.high:+.4f})",
                row.verdict(first),
                *(number(metric, row.means[metric].value) for metric in others),
                *(str(row.costs.columns.get(column, "")) if row.costs else "" for column in found.columns),
            )
        )
    head = ("", first, f"against {found.settings.base}", "", *others, *found.columns)
    told = "\n".join([*found.words(), *found.notes])
    return f"{found.settings.question}\n\n{table(rows, header=head)}\n\n{told}\n\nruns: {out}"
