"""``gongbang sweep``: how many made records for each found one help, and from where on they do not."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from gongbang.cli.output import emit, table
from gongbang.cli.scores import number
from gongbang.cli.training import add_workers, require_training, training_progress
from gongbang.errors import OptionError

if TYPE_CHECKING:
    from gongbang.train.sweep import Sweep


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's arguments."""
    parser.add_argument("recipe", metavar="RECIPE", help="a recipe's file, or a bundled one's name")
    parser.add_argument(
        "--augment-ratio",
        metavar="R,R,...",
        default="0,0.25,1,3",
        dest="ratios",
        help="copies per record, 0 among them (0,0.25,1,3)",
    )
    parser.add_argument("--augment", metavar="METHOD", help="what makes them (the recipe's data.augment)")
    parser.add_argument("--seeds", metavar="N,N,...", default="17,18,19", help="of training (17,18,19)")
    parser.add_argument(
        "--set", metavar="KEY=VALUE", action="append", default=[], dest="overrides", help="change the recipe"
    )
    parser.add_argument("--out", metavar="DIR", default="sweep", help="folder of runs and figure (sweep)")
    parser.add_argument(
        "--no-preflight", action="store_true", help="skip the proofs of each ratio's first run"
    )
    add_workers(parser)


def run(args: argparse.Namespace) -> Any:
    """Sweep; gives each ratio's score with its interval, and the knee."""
    ratios, seeds = _numbers(args.ratios, "--augment-ratio"), _numbers(args.seeds, "--seeds")
    require_training("a sweep")
    from gongbang.artifacts.store import find_recipe
    from gongbang.train.recipe import load_recipe
    from gongbang.train.sweep import sweep_augmentation

    with training_progress(args) as on_event:
        found = sweep_augmentation(
            load_recipe(find_recipe(args.recipe), args.overrides),
            ratios,
            seeds=[int(seed) for seed in seeds],
            out=args.out,
            method=args.augment,
            on_event=on_event,
            preflight=not args.no_preflight,
            workers=args.workers,
        )
    return emit(found.to_dict(), args, lambda: _text(found))


def _numbers(text: str, flag: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as err:
        raise OptionError(
            f"{flag} is no list of numbers.",
            value=text,
            allowed="numbers with commas between them",
            cure=f"Write for instance {flag} {'17,18,19' if flag == '--seeds' else '0,0.25,1,3'}.",
        ) from err


def _text(found: Sweep) -> str:
    rows = []
    for point in found.curve.points:
        mean, gain = point.mean, point.difference
        interval = "" if mean.low is None else f"{number(found.metric, mean.low)} - {_high(found, mean.high)}"
        rows.append(
            (
                f"{point.ratio:g}",
                number(found.metric, mean.value),
                interval,
                "" if gain is None else f"{gain.value:+.4f} ({gain.low:+.4f} to {gain.high:+.4f})",
                "knee" if point.ratio == found.curve.knee.ratio else "",
            )
        )
    head = ("ratio", found.metric, "95 % interval", "against none", "")
    verdict = "clears zero" if found.curve.helps else "no ratio's gain clears zero: leave it out"
    return f"{table(rows, header=head)}\n\n{verdict}\nfigure: {found.folder / 'sweep.png'}"


def _high(found: Sweep, value: float | None) -> str:
    return "" if value is None else number(found.metric, value)
