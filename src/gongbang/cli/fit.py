"""``gongbang fit``: the batch size, accumulation and precision that fit into a memory limit."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from gongbang.cli.output import emit, table
from gongbang.cli.training import require_training, size
from gongbang.errors import OptionError

if TYPE_CHECKING:
    from gongbang.train.fit import Fit

_SECONDS = 55.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's arguments."""
    parser.add_argument("recipe", metavar="RECIPE", help="a recipe's file, or a bundled one's name")
    parser.add_argument(
        "--memory",
        metavar="SIZE",
        required=True,
        help="what training may take, e.g. 4GiB; of the GPU's memory where there is a GPU",
    )
    parser.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        dest="overrides",
        help="change a key of the recipe first; may be repeated",
    )
    parser.add_argument(
        "--seconds", type=float, default=_SECONDS, help=f"how long to look at most ({_SECONDS:g})"
    )


def run(args: argparse.Namespace) -> Any:
    """Measure; gives the recipe's keys to set, and every trial."""
    require_training("fitting a recipe to a memory limit")
    if not args.seconds > 0:
        raise OptionError(
            "there is no time to look.", value=args.seconds, allowed="seconds above 0", cure="Leave it out."
        )
    from gongbang.artifacts.store import find_recipe
    from gongbang.train.fit import fit_recipe, parse_memory
    from gongbang.train.recipe import load_recipe

    memory = parse_memory(args.memory)
    recipe = load_recipe(find_recipe(args.recipe), args.overrides)
    found = fit_recipe(recipe, memory=memory, seconds=args.seconds)
    return emit(found.to_dict(), args, lambda: _text(found))


def _text(found: Fit) -> str:
    rows = [
        (
            one.batch_size,
            one.precision,
            one.status,
            size(one.peak) if one.peak else "",
            f"{one.seconds:.2f} s",
        )
        for one in found.attempts
    ]
    keys = "\n".join(f"  {key}: {value}" for key, value in found.keys.items())
    words = " ".join(f"--set {key}={value}" for key, value in found.keys.items())
    row = found.per_token * found.length
    how = "measured" if found.verified else "by the line, not tried"
    pace = f", {found.examples_per_second:.1f} examples/s" if found.examples_per_second else ""
    parts = [
        table(rows, header=("batch", "precision", "", "peak", "a batch")),
        *(
            [f"memory = {size(found.fixed)} + {size(row)} for each row of {found.length} tokens"]
            if row
            else []
        ),
        f"set in the recipe:\n{keys}\nor on the command line: {words}",
        f"{size(found.memory)} of {size(found.limit)} ({how}){pace} on rows of {found.length} tokens; "
        f"found in {found.seconds:.0f} s",
        *(f"note: {note}" for note in found.notes),
    ]
    return "\n\n".join(parts)
