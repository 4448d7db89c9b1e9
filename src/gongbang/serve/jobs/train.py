"""The job ``train``: a recipe carried out by ``gongbang train`` in a process of its own.

torch never enters the server or the worker. How far it is stands in the run's curve; to be cancelled, it is
interrupted as by Ctrl-C; and it does not outlive its worker (:mod:`gongbang.serve.jobs.child`). Each job has
a folder of runs of its own, so another attempt goes on with the run that the last one began, and a run that
was finished but not told of is taken as it is.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from gongbang.artifacts.run import Run
from gongbang.artifacts.store import find_recipe
from gongbang.errors import ArtifactError, DataError, GongbangError, OptionError
from gongbang.serve.database.job_rows import Outcome
from gongbang.serve.jobs.context import Context
from gongbang.serve.jobs.folders import Folders
from gongbang.serve.jobs.kinds import Kind

RUNS = "runs"
_LOOK_S = 0.5
_SCALAR = re.compile(r"training\.(?!tracker\b)[a-z_]+(\.[a-z_]+)*=[\w.+-]{1,64}|seed=\d{1,18}")
"""What a client may set: numbers and words of the training itself, never what is read or told to others."""


class Train(BaseModel):
    """What is to be trained.

    Attributes:
        recipe: a bundled recipe's name, or a file among those that jobs may read. What the recipe reads is
            the business of whoever put it there.
        overrides: ``training.KEY=VALUE``.
        check: whether to refuse data that ``gongbang check`` has not looked at.
        preflight: whether to prove first that the run can work.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    recipe: Annotated[str, Field(min_length=1, max_length=1000)]
    overrides: Annotated[list[str], Field(max_length=50)] = []
    check: bool = True
    preflight: bool = True


class TrainingError(GongbangError):
    """What ``gongbang train`` said; the user can mend it."""


def check(payload: Train, folders: Folders) -> None:
    """Refuse a recipe that is not there, and keys that a client may not set.

    Raises:
        DataError: so it is.
    """
    _recipe(payload, folders)
    for override in payload.overrides:
        if not _SCALAR.fullmatch(override):
            raise DataError(
                "this cannot be set.",
                value=override,
                allowed="training.KEY=VALUE with one number or word (not training.tracker)",
                cure="Leave it out, or write it into a recipe in a folder that jobs may read.",
                field="payload.overrides",
            )


def run(payload: Train, context: Context) -> Outcome:
    """Train; the value names the run, its folder below that of results, and its scores.

    Raises:
        TrainingError: the recipe or its data cannot be used. RuntimeError: it failed otherwise.
    """
    root = context.root / RUNS / context.job
    root.mkdir(parents=True, exist_ok=True)
    begun = Run.list(root)
    if not (begun and begun[-1].status == "done"):
        words = [str(_recipe(payload, context.folders)), *_options(payload)]
        if begun and begun[-1].status == "interrupted":
            words = ["--resume", begun[-1].id]
        if not payload.check:
            words.append("--no-check")
        if not payload.preflight:
            words.append("--no-preflight")
        _train([*words, "--root", str(root), "--json", "--quiet"], root, context)
    done = _done(root)
    scores = done.scores if done.scored else None
    return Outcome(
        {
            "run": done.id,
            "folder": f"{RUNS}/{context.job}/{done.id}",
            "scores": None if scores is None else {"primary": scores.primary, **scores.to_dict()},
        }
    )


def _train(words: Sequence[str], root: Path, context: Context) -> None:
    """Run the command until it ends; what it was interrupted for is raised once it has ended.

    Raises:
        TrainingError, RuntimeError: it failed. Cancelled, LeaseLost, GivenBack: it was stopped.
    """
    command = [sys.executable, "-m", "gongbang", "train", *words]
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "gongbang.serve.jobs.child", *command],
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=log,
        )
        try:
            while child.poll() is None:
                context.wait(_LOOK_S)
                context.progress(*_how_far(root))
        finally:
            if child.stdin is not None:
                child.stdin.close()  # it stops, if it has not ended
            code = child.wait()
        if code != 0:
            raise _failed(code, _text(said), _text(log))


def _how_far(root: Path) -> tuple[float, str]:
    runs = Run.list(root)
    rows = runs[-1].curve() if runs else ()
    steps = [row for row in rows if isinstance(row.get("steps"), int) and row["steps"] > 0]
    if not steps:
        return 0.0, "preparing"
    last = steps[-1]
    share = min(1.0, last["step"] / last["steps"])
    return share, f"step {last['step']} of {last['steps']}, loss {last.get('loss') or 0.0:.4f}"


def _failed(code: int, said: str, log: str) -> Exception:
    """The error that the command printed as JSON, as one; any other end as a fault."""
    try:
        told: Any = json.loads(said)
    except ValueError:
        told = None
    if isinstance(told, dict) and {"error", "what", "value", "allowed", "cure"} <= set(told):
        return TrainingError(
            str(told["what"]), value=told["value"], allowed=str(told["allowed"]), cure=str(told["cure"])
        )
    return RuntimeError(f"gongbang train ended with {code}: {log[-2000:]}")


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")


def _done(root: Path) -> Run:
    runs = Run.list(root)
    if not runs or runs[-1].status != "done":
        raise ArtifactError(
            "the training left no run that is done.",
            value=runs[-1].status if runs else "no run",
            allowed="a run that is done",
            cure="Look at the run's log.txt.",
        )
    return runs[-1]


def _options(payload: Train) -> list[str]:
    return [word for override in payload.overrides for word in ("--set", override)]


def _recipe(payload: Train, folders: Folders) -> Path:
    name = payload.recipe
    if re.fullmatch(r"[\w-]+(\.yaml)?", name) and not any((f / name).is_file() for f in folders.readable):
        try:
            return find_recipe(name)
        except OptionError as err:
            raise DataError(
                err.what, value=name, allowed=err.allowed, cure=err.cure, field="payload.recipe"
            ) from err
    return folders.find(name, "payload.recipe")


KIND = Kind(
    "train a model by a recipe, in a process of its own",
    Train,
    run,
    check,
    {"recipe": "reader-ko", "overrides": ["training.epochs=1"]},
)
