"""``gongbang ensemble``: runs on folds put together, judged honestly, exported as one or distilled."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from gongbang.cli.output import emit, note, table
from gongbang.cli.scores import number, scores_table
from gongbang.cli.training import require_training, training_progress
from gongbang.errors import OptionError

if TYPE_CHECKING:
    from gongbang.metrics.intervals import Difference
    from gongbang.train.ensemble import Ensembled

METHODS = ("weighted", "mean", "greedy", "vote", "sum", "mbr")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's arguments."""
    parser.add_argument("runs", metavar="RUN", nargs="+", help="runs of gongbang train --folds, two or more")
    parser.add_argument(
        "--method",
        choices=METHODS,
        help="how they are put together: weights fitted on out-of-fold predictions (as usual), their mean,"
        " greedy selection, or a hard vote; of readers, the sum of equal answers' mass (as usual) or the one"
        " of minimum Bayes risk",
    )
    parser.add_argument("--metric", metavar="NAME", help="what they are judged by (the task's own)")
    parser.add_argument("--out", metavar="DIR", help="export the ensemble as one artifact")
    parser.add_argument("--overwrite", action="store_true", help="with --out: replace an artifact there")
    parser.add_argument(
        "--distil", metavar="RECIPE", help="train one student by this recipe on the ensemble's soft labels"
    )
    parser.add_argument("--root", metavar="DIR", default="runs", help="folder of the runs (runs)")


def run(args: argparse.Namespace) -> Any:
    """Solve, and export or distil where that is asked for."""
    _check(args)
    require_training("an ensemble")
    from gongbang.train.ensemble import ensemble_runs

    found = ensemble_runs(args.runs, root=args.root, method=args.method, metric=args.metric)
    result = found.to_dict()
    if args.out:
        result["artifact"] = _exported(args, found)
    if args.distil:
        result["student"] = _distilled(args, found)
    return emit(result, args, lambda: _text(found, result))


def _check(args: argparse.Namespace) -> None:
    if len(args.runs) < 2:
        raise OptionError(
            "an ensemble has two members or more.",
            value=" ".join(args.runs),
            allowed="two or more runs",
            cure="Train another recipe on the same folds: gongbang train RECIPE --folds.",
        )
    if args.overwrite and not args.out:
        raise OptionError(
            "--overwrite does nothing without --out.",
            value="--overwrite",
            allowed="--out DIR --overwrite",
            cure="Name the artifact's folder, or leave --overwrite out.",
        )


def _exported(args: argparse.Namespace, found: Ensembled) -> dict[str, Any]:
    from gongbang.export.artifact import export_bench
    from gongbang.train.ensemble import ensemble_bench

    note(args, f"exporting {found.run.id}")
    return export_bench(ensemble_bench(found), found.run, args.out, overwrite=args.overwrite).to_dict()


def _distilled(args: argparse.Namespace, found: Ensembled) -> dict[str, Any]:
    from gongbang.artifacts.store import find_recipe
    from gongbang.train.ensemble import soft_labels
    from gongbang.train.recipe import load_recipe
    from gongbang.train.training import train_recipe

    with training_progress(args) as on_event:
        student = train_recipe(
            load_recipe(find_recipe(args.distil)), root=args.root, on_event=on_event, soft=soft_labels(found)
        )
    return {"run": student.id, "path": str(student.path), "scores": student.scores.to_dict()}


def _text(found: Ensembled, result: dict[str, Any]) -> str:
    solution = found.solution
    parts = [
        table(
            [
                (
                    f"{solution.metric} of the ensemble, out of fold",
                    number(solution.metric, solution.cross_fitted),
                ),
                ("in the sample it was fitted on", number(solution.metric, solution.in_sample)),
                (f"best alone ({solution.best})", number(solution.metric, solution.alone[solution.best])),
                ("ensemble less best alone", _gain(solution.metric, solution.difference)),
            ]
        ),
        "what each member adds\n"
        + table(
            [
                (
                    each.name,
                    f"weight {each.weight:.3f}",
                    f"{each.gain.value:+.4f} ({each.gain.low:+.4f} to {each.gain.high:+.4f})",
                    "" if each.megabytes is None else f"{each.megabytes:.0f} MB",
                )
                for each in found.contributions
            ]
        ),
    ]
    if found.held_out:
        others = {name: scores for name, scores in found.held_out.items() if name != "ensemble"}
        parts.append("test part\n" + scores_table(found.held_out["ensemble"], others))
    if found.gain is not None:
        gain = _gain(solution.metric, found.gain)
        parts.append(f"{solution.metric} of the ensemble there less {solution.best}'s: {gain}")
    if "artifact" in result:
        parts.append(f"artifact: {result['artifact']['artifact']}")
    if "student" in result:
        parts.append(f"student: {result['student']['path']}")
    return "\n\n".join([*parts, f"run: {found.run.path}"])


def _gain(metric: str, difference: Difference) -> str:
    value = number(metric, difference.value, signed=True)
    return f"{value} ({difference.low:+.4f} to {difference.high:+.4f})"
