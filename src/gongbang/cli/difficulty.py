"""``gongbang difficulty``: how hard records were for models that did not see them, for a curriculum."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gongbang.cli.output import emit, table
from gongbang.cli.training import require_training
from gongbang.errors import DataError, OptionError

if TYPE_CHECKING:
    from gongbang.artifacts.run import Run
    from gongbang.train.difficulty import Difficulty, Judgement


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's arguments."""
    parser.add_argument("runs", metavar="RUN", nargs="+", help="runs of gongbang train --folds, one or more")
    parser.add_argument(
        "--out", required=True, metavar="FILE.jsonl", help="the table, for training.curriculum.file"
    )
    parser.add_argument(
        "--by",
        choices=("log_prob", "agreement"),
        default="log_prob",
        help="what the stages follow: the gold label's probability, or how many models were right (log_prob)",
    )
    parser.add_argument("--stages", type=int, default=4, metavar="N", help="of like size (4)")
    parser.add_argument("--root", metavar="DIR", default="runs", help="folder of the runs (runs)")


def run(args: argparse.Namespace) -> Any:
    """Judge and write; gives the stages with their size and what the models made of them."""
    require_training("a difficulty table")
    from gongbang.artifacts.run import Run
    from gongbang.train.difficulty import difficulty_table, write_difficulty

    if args.stages < 2:
        raise OptionError(
            "one stage is no order.", value=args.stages, allowed="2 or more", cure="Pass --stages 4."
        )
    judgements = [one for name in args.runs for one in _judged(Run.open(name, args.root))]
    found = difficulty_table(judgements, by=args.by, stages=args.stages)
    write_difficulty(args.out, found)
    result = {
        "runs": args.runs,
        "by": args.by,
        "records": len(found),
        "stages": _stages(found),
        "out": str(Path(args.out)),
    }
    return emit(result, args, lambda: _text(result))


def _judged(run: Run) -> list[Judgement]:
    """A run's out-of-fold predictions held against the labels of its data."""
    from gongbang.tasks.labels import gold_texts
    from gongbang.train.data import load_splits
    from gongbang.train.difficulty import judge
    from gongbang.train.folds import TABLE
    from gongbang.train.recipe import parse_recipe
    from gongbang.train.rerun import check_data

    if not (run.path / TABLE).is_file():
        raise DataError(
            "a run was not trained on folds: its predictions are of records that its model, or the choice of"
            " its weights, has seen.",
            value=run.id,
            allowed="runs of gongbang train --folds",
            cure="gongbang train RECIPE --folds",
        )
    recipe = parse_recipe(run.recipe, str(run.path))
    if recipe.task == "emotions":
        raise OptionError(
            "a set of labels is neither right nor wrong as a whole.",
            value=f"{run.id}: task emotions",
            allowed="classify, boolq, relation, reader",
            cure="Order the rows by their length: training.curriculum: {by: length}.",
        )
    check_data(run, recipe)
    splits = load_splits(recipe.data, seed=recipe.training.seed)
    gold = {record.id: gold_texts(record) or () for record in (*splits.train, *splits.development)}
    return judge(run.predictions(), gold)


def _stages(rows: list[Difficulty]) -> list[dict[str, Any]]:
    sizes = Counter(row.stage for row in rows)
    return [
        {
            "stage": stage,
            "records": sizes[stage],
            "right": sum(r.n_models_correct for r in rows if r.stage == stage)
            / sum(r.n_models for r in rows if r.stage == stage),
            "mean_gold_log_prob": sum(r.mean_gold_log_prob for r in rows if r.stage == stage) / sizes[stage],
        }
        for stage in sorted(sizes)
    ]


def _text(result: dict[str, Any]) -> str:
    rows = [
        (
            str(each["stage"]),
            f"{each['records']:,}",
            f"{100 * each['right']:.1f} %",
            f"{each['mean_gold_log_prob']:.3f}",
        )
        for each in result["stages"]
    ]
    head = ("stage", "records", "models right", "mean log-probability of the gold label")
    use = f"training.curriculum: {{by: {result['by']}, file: {result['out']}}}"
    return f"{table(rows, header=head)}\n\nin a recipe: {use}"
