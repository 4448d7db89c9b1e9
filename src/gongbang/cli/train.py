"""``gongbang train``: carry out a recipe, and say what came of it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from gongbang.cli.output import emit, note
from gongbang.cli.scores import scores_table
from gongbang.cli.training import cost_line, require_training, training_progress
from gongbang.errors import ArtifactError, OptionError, RecipeError

if TYPE_CHECKING:
    from gongbang.artifacts.run import Run
    from gongbang.train.recipe import Recipe


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's arguments."""
    parser.add_argument(
        "recipe", metavar="RECIPE", nargs="?", help="a recipe's file, or a bundled one's name"
    )
    parser.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        dest="overrides",
        help="change a key of the recipe, e.g. --set training.epochs=1; may be repeated",
    )
    parser.add_argument("--resume", metavar="RUN", help="go on with an interrupted run, by its own recipe")
    parser.add_argument(
        "--finish", action="store_true", help="with --resume: train no further, score the best weights so far"
    )
    parser.add_argument(
        "--folds",
        action="store_true",
        help="train once for each fold of the recipe's 'folds'; predictions and scores are out of fold",
    )
    parser.add_argument(
        "--parent", metavar="RUN", help="the run that this one varies: gongbang compare sets it beside it"
    )
    parser.add_argument("--root", metavar="DIR", default="runs", help="folder of the runs (runs)")
    parser.add_argument(
        "--no-check", action="store_true", help="train on data that gongbang check has not looked at"
    )
    parser.add_argument(
        "--no-preflight", action="store_true", help="skip the proofs that the run can work at all"
    )


def run(args: argparse.Namespace) -> Any:
    """Train; gives the run's place, scores and baselines."""
    require_training("training")
    recipe = _recipe(args)
    if args.resume is None and not args.no_check:
        _require_check(recipe)
    from gongbang.train.training import finish_run, train_recipe

    if args.folds:
        return _on_folds(args, recipe)
    if args.finish:
        return _tell(finish_run(_run_to_finish(args), root=args.root), args)
    try:
        with training_progress(args) as on_event:
            done = train_recipe(
                recipe,
                root=args.root,
                resume=args.resume,
                on_event=on_event,
                preflight=not args.no_preflight,
                parent=args.parent,
            )
    except KeyboardInterrupt:
        _tell_how_to_go_on(args)
        raise
    return _tell(done, args)


def _require_check(recipe: Recipe) -> None:
    """Refuse data that was not looked at as it is now; a set that is renamed or relabelled is another task's.

    Raises:
        OptionError: a source has no fresh check, or its check found what forbids training.
    """
    from gongbang.artifacts.check_stamp import MAX_DAYS, checked_recently

    for source in recipe.data.sources:
        if source.rename or source.relabel:
            continue
        stamp = checked_recently([source.path], recipe.task)
        if stamp is not None and stamp.ok:
            continue
        command = f"gongbang check {source.path} --task {recipe.task}"
        raise OptionError(
            "the data was not checked as it is now."
            if stamp is None
            else "the check of the data found what forbids training.",
            value=source.path if stamp is None else f"{source.path}: {', '.join(stamp.codes[:5])}",
            allowed=f"data that was checked within {MAX_DAYS:g} days and not changed since",
            cure=f"{command}; or train all the same with --no-check.",
        )


def _on_folds(args: argparse.Namespace, recipe: Recipe) -> Any:
    """Train on folds; the scores are out of fold, those of the test part stand beside them in the run."""
    from gongbang.train.folds import train_folds

    if args.finish:
        raise OptionError(
            "a run on folds is not finished early: its figures need every fold.",
            value="--folds --finish",
            allowed="--folds --resume RUN",
            cure="Leave --finish out.",
        )
    with training_progress(args) as on_event:
        done = train_folds(
            recipe,
            root=args.root,
            resume=args.resume,
            on_event=on_event,
            preflight=not args.no_preflight,
            parent=args.parent,
        )
    return _tell(done, args)


def _tell(done: Run, args: argparse.Namespace) -> Any:
    """Print what came of it, and fail where that is less than the recipe expects."""
    from gongbang.train.expected import check_expected

    result = emit(_result(done), args, lambda: _text(done))
    check_expected(done)
    return result


def _run_to_finish(args: argparse.Namespace) -> str:
    if args.resume is None:
        raise OptionError(
            "--finish needs the run that is to be closed.",
            value="--finish without --resume",
            allowed="--resume RUN --finish",
            cure="Name the run: gongbang train --resume RUN --finish.",
        )
    return str(args.resume)


def _recipe(args: argparse.Namespace) -> Recipe:
    from gongbang.artifacts.store import find_recipe
    from gongbang.train.recipe import load_recipe

    if args.resume is not None:
        if args.parent is not None:
            raise OptionError(
                "a run that goes on keeps the parent that it began with.",
                value=f"--resume {args.resume} --parent {args.parent}",
                allowed="--parent with a new run",
                cure="Leave --parent out.",
            )
        return _recipe_of_run(args)
    if args.recipe is None:
        raise OptionError(
            "there is nothing to train.",
            value="no recipe",
            allowed="a recipe, or a run to go on with",
            cure="gongbang train recipes/reader-ko.yaml, or gongbang train --resume RUN.",
        )
    return load_recipe(find_recipe(args.recipe), args.overrides)


def _recipe_of_run(args: argparse.Namespace) -> Recipe:
    """The recipe that the run began with; anything else that was said would silently do nothing.

    Raises:
        RecipeError: another recipe was named, or a key set.
    """
    from gongbang.artifacts.compare import recipe_changes
    from gongbang.artifacts.run import Run
    from gongbang.artifacts.store import find_recipe
    from gongbang.train.recipe import load_recipe, parse_recipe

    begun = Run.open(args.resume, args.root)
    recipe = parse_recipe(begun.recipe, str(begun.path))
    changed = [override.partition("=")[0] for override in args.overrides]
    if args.recipe is not None:
        named = load_recipe(find_recipe(args.recipe), args.overrides)
        if named.training.precision == "auto":  # the run holds what it was when the run began
            kept = named.training.model_copy(update={"precision": recipe.training.precision})
            named = named.model_copy(update={"training": kept})
        changed = [change.key for change in recipe_changes(recipe.resolved(), named.resolved())]
    if changed:
        raise RecipeError(
            "a run goes on by the recipe that it began with.",
            value=", ".join(changed[:6]),
            allowed=f"the recipe in {begun.path / 'recipe.yaml'}",
            cure="Leave recipe and --set out, or start a new run without --resume.",
        )
    return recipe


def _tell_how_to_go_on(args: argparse.Namespace) -> None:
    from gongbang.artifacts.run import Run

    stopped = [run for run in Run.list(args.root) if run.status == "interrupted"]
    if stopped:
        where = "" if args.root == "runs" else f" --root {args.root}"
        note(args, f"\nto go on: gongbang train --resume {stopped[-1].id}{where}")


def _result(done: Run) -> dict[str, Any]:
    result: dict[str, Any] = {"run": done.id, "path": str(done.path), "status": done.status}
    result["cost"] = _cost(done)
    try:
        scores, baselines = done.scores, done.baselines
    except ArtifactError:  # a recipe that holds nothing out is not scored
        return {**result, "scores": None, "baselines": {}}
    return {
        **result,
        "scores": {"primary": scores.primary, **scores.to_dict()},
        "baselines": {name: values.to_dict() for name, values in baselines.items()},
    }


def _cost(done: Run) -> dict[str, Any] | None:
    from gongbang.train.cost import read_cost

    cost = read_cost(done.path)
    return None if cost is None else cost.to_dict()


def _text(done: Run) -> str:
    cost = _cost(done)
    where = "\n".join(filter(None, (cost_line(cost) if cost else "", f"run: {done.path}")))
    try:
        return f"{scores_table(done.scores, done.baselines)}\n\n{where}"
    except ArtifactError:
        return f"not scored: the recipe holds no test or development data out\n\n{where}"
