"""Learning from a cross-encoder: what it thinks of each response and of those mined beside it, told once.

Reading a context and a response together ranks better than comparing two vectors, and is far too slow to
search with. A student of two sides learns not only that the right response comes first but how near each
wrong one comes (Hinton et al. 2015, "Distilling the knowledge in a neural network", section 2; for
poly-encoders and their like Hofstätter et al. 2020, "Improving efficient neural ranking models with
cross-architecture knowledge distillation"). The teacher speaks before training and of training records alone.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gongbang.artifacts.hashing import data_hashes
from gongbang.artifacts.run import Run
from gongbang.errors import ArtifactError, RecipeError
from gongbang.train.checkpoint import load_weights
from gongbang.train.recipe import Recipe, TeacherSettings, parse_recipe

if TYPE_CHECKING:
    from gongbang.train.workbench import Workbench

_LOG = logging.getLogger(__name__)
_AT_ONCE = 512  # records that the teacher judges together: bounds the memory


def set_teacher(model: Any, settings: TeacherSettings) -> None:
    """Let a model's loss take a teacher's probabilities.

    Raises:
        RecipeError: it has no part for them.
    """
    if not hasattr(model, "learn_from"):
        raise RecipeError(
            "this model learns from no teacher of pairs: it does not compare a context with responses.",
            value=f"training.teacher, model {type(model).__name__}",
            allowed="the task respond with pipeline.architecture: bi or poly",
            cure="Remove training.teacher; labels are distilled by gongbang ensemble RUN... --distil RECIPE.",
        )
    model.learn_from(settings.weight, settings.temperature)


def with_teacher(recipe: Recipe, root: str | Path = "runs") -> Recipe:
    """The recipe with its teacher's folder in the place of a name; a recipe without a teacher as it is.

    Raises:
        RecipeError: the teacher cannot teach this student, see :func:`check_teacher`.
        ArtifactError: there is no such run.
    """
    settings = recipe.training.teacher
    if settings is None:
        return recipe
    run = _opened(settings.run, root)
    check_teacher(recipe, run)
    teacher = settings.model_copy(update={"run": str(run.path)})
    return recipe.model_copy(update={"training": recipe.training.model_copy(update={"teacher": teacher})})


def refuse_teacher(recipe: Recipe) -> None:
    """Refuse a teacher where records are dealt into folds.

    Raises:
        RecipeError: the recipe names one.
    """
    if recipe.training.teacher is not None:
        raise RecipeError(
            "a teacher has seen what the folds hold out: out-of-fold scores would be of its knowledge.",
            value=f"training.teacher.run={recipe.training.teacher.run}",
            allowed="no teacher with --folds",
            cure="Train without --folds, or remove training.teacher.",
        )


def teacher_files(recipe: Recipe) -> list[str]:
    """The weights of the recipe's teacher, of which a run depends as it does of its data."""
    teacher = recipe.training.teacher
    return [] if teacher is None else [str(Run(Path(teacher.run)).best_weights)]


def check_teacher(recipe: Recipe, run: Run) -> None:
    """Refuse a teacher that knows the answers, or cannot speak of this student's responses.

    Args:
        recipe: the student's.
        run: the teacher's.

    Raises:
        RecipeError: the student has nothing to be taught on, the teacher is no cross-encoder, or it was
            trained on another split or other data, so that it may have seen what the student is judged on.
        ArtifactError: the teacher's run is not done.
    """
    value = f"training.teacher.run={run.path}"
    if not recipe.data.negatives.per_question:
        raise RecipeError(
            "there is nothing to be taught on: the teacher tells right responses from mined ones.",
            value=f"{value}, data.negatives.per_question=0",
            allowed="data.negatives.per_question above 0",
            cure="Set data.negatives.per_question, for instance to 4.",
        )
    if run.status != "done" or not run.best_weights.is_file():
        raise ArtifactError(
            "the teacher's run did not come to its end.",
            value=f"{run.id}: {run.status}",
            allowed="a run whose status is done, with its weights",
            cure=f"Go on with it: gongbang train --resume {run.id}.",
        )
    theirs = parse_recipe(run.recipe, str(run.path))
    kind = theirs.pipeline.get("architecture", "bi") if theirs.task == "respond" else ""
    if kind != "cross":
        raise RecipeError(
            "the teacher does not read a context and a response together.",
            value=f"{value}: task {theirs.task}{f', architecture {kind}' if kind else ''}",
            allowed="a run of the task respond with pipeline.architecture: cross",
            cure="Train one with --set pipeline.architecture=cross on the same data and split.",
        )
    _check_split(recipe, theirs, run)


def _check_split(recipe: Recipe, theirs: Recipe, run: Run) -> None:
    pairs = {
        "split": (recipe.data.split.model_dump(), theirs.data.split.model_dump()),
        "sources": (_sources(recipe), _sources(theirs)),
        "data": (
            _digests(data_hashes(s.path for s in recipe.data.sources if s.role != "train")),
            _digests(run.hashes.get("data", {}).get("evaluation", [])),
        ),
    }
    for name, (ours, other) in pairs.items():
        if ours != other:
            raise RecipeError(
                f"teacher and student differ in their {name}: the teacher may have seen what is judged.",
                value=f"{run.id}: {str(other)[:120]}",
                allowed=f"as the student's: {str(ours)[:120]}",
                cure="Train the teacher on the same files and split; only sources of role train may differ.",
            )


def _sources(recipe: Recipe) -> list[dict[str, Any]]:
    """What is done with the files that are judged on; which they are, their content says."""
    kept = [source for source in recipe.data.sources if source.role != "train"]
    return [source.model_dump(exclude={"path", "licence"}) for source in kept]


def _digests(entries: list[dict[str, Any]]) -> list[str]:
    return [str(entry["sha256"])[:16] for entry in entries]


def teacher_shares(bench: Workbench) -> dict[str, dict[str, float]]:
    """The teacher's probabilities of each training record's response and of those mined beside it.

    Args:
        bench: the student's, its recipe as :func:`with_teacher` gives it.

    Returns:
        Probabilities by the record's id and the response's text, summing to 1; records without a mined
        response are left out. Copies of a record are not judged.
    """
    from gongbang.train.workbench import put_together

    settings = bench.recipe.training.teacher
    assert settings is not None
    run = Run.open(settings.run)
    few = replace(bench.splits, train=bench.splits.train[:1], development=[], test=[])
    teacher = put_together(parse_recipe(run.recipe, str(run.path)), few, made=False)
    load_weights(teacher.model, run.best_weights)
    teacher.model.eval()
    asked = [
        record.with_labels(candidates=record.labels["mined"])
        for record in bench.training
        if record.labels.get("mined") and not record.lineage
    ]
    shares: dict[str, dict[str, float]] = {}
    for start in range(0, len(asked), _AT_ONCE):
        for told in teacher.predict(asked[start : start + _AT_ONCE]):
            shares[told.id] = {candidate.text: candidate.probability for candidate in told.candidates}
        _LOG.info("the teacher %s judged %d of %d records", run.id, len(shares), len(asked))
    return shares


def taught_by(bench: Workbench, soft: Mapping[str, Mapping[str, float]] | None) -> Any:
    """What a run's training records are taught: what the caller gives, or else the recipe's teacher says.

    Raises:
        RecipeError: there are two teachers.
    """
    teacher = bench.recipe.training.teacher
    if teacher is None:
        return soft
    if soft is not None:
        raise RecipeError(
            "there are two teachers: the recipe's, and the runs that are distilled.",
            value=f"training.teacher.run={teacher.run}",
            allowed="one of them",
            cure="Remove training.teacher from the recipe.",
        )
    return teacher_shares(bench)


def _opened(name: str, root: str | Path) -> Run:
    """A run by its folder, by its id below the root, or by a part of an id below either."""
    place = Path(name)
    if place.parent != Path() and place.parent.is_dir():
        return Run.open(place.name, place.parent)
    return Run.open(name, root)
