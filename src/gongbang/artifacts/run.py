"""The run record: what happened, as a folder from which the same number can be had again.

``recipe.yaml`` (resolved), ``environment.json``, ``hashes.json`` (data, code, recipe), ``metrics.json``,
``predictions.jsonl`` or ``.parquet``, ``curve.jsonl`` and ``curve.png``, ``notebook.html`` and
``notebook.json``, ``checkpoints/``, ``log.txt``, ``status.json``; of a training also
``data.json`` (records and groups of each part) and ``cost.json``.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, cast

from gongbang.artifacts.curve import cut_curve, plot_curve, read_curve
from gongbang.artifacts.environment import describe_environment
from gongbang.artifacts.files import append_line, plain, read_json, write_json, write_text
from gongbang.artifacts.hashing import code_hash, config_hash, data_hashes, short
from gongbang.artifacts.lock import RunLock
from gongbang.artifacts.predictions import read_predictions, write_predictions
from gongbang.artifacts.store import nearest
from gongbang.errors import ArtifactError
from gongbang.metrics.scores import Score, Scores
from gongbang.tasks.base import Prediction

Status = Literal["running", "done", "failed", "interrupted"]
DataFiles = Mapping[str, Iterable[str | Path]]
RECIPE = "recipe.yaml"
BEST = "best.safetensors"  # of a folder of checkpoints


class Run:
    """A run's folder, open for reading; the one that made or resumed it may write.

    Example:
        >>> import tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> with Run.create(folder.name, {"task": "reader", "seed": 7}, "toy") as run:
        ...     run.log(step=1, loss=0.7)
        >>> Run.open(run.path).status
        'done'
        >>> folder.cleanup()
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._lock = RunLock(self.path / ".lock")

    @classmethod
    def create(
        cls,
        root: str | Path,
        recipe: Mapping[str, Any],
        name: str,
        *,
        data: DataFiles | None = None,
        parent: Run | None = None,
        now: datetime | None = None,
    ) -> Run:
        """Start a run in ``root/<UTC time>-<name>-<recipe hash>``; its status is "running".

        Args:
            recipe: every option of the run, defaults filled in; plain JSON values.
            name: a word for people.
            data: data files by role (``train``, ``test``, ...), hashed into the record. Two runs are
                comparable when every role but ``train`` has the same content.
            parent: the run that this one varies.
            now: the time in the folder's name; the present by default.

        Raises:
            DataError: a data file is not there.
        """
        import yaml

        resolved = plain(recipe)
        hashes: dict[str, Any] = {
            "recipe": config_hash(resolved),
            "code": code_hash(),
            "data": {role: data_hashes(paths) for role, paths in (data or {}).items()},
        }
        text = yaml.safe_dump(resolved, allow_unicode=True, sort_keys=False)
        started = now or datetime.now(UTC)
        run = cls(_new_folder(Path(root), f"{started:%Y%m%d-%H%M%S}-{_slug(name)}-{hashes['recipe'][:7]}"))
        write_text(run.path / RECIPE, text)
        write_json(run.path / "hashes.json", hashes)
        write_json(run.path / "environment.json", describe_environment())
        run._lock.acquire()
        run._write_status("running", started=started.isoformat(timespec="seconds"))
        if parent is not None:
            run._write_status("running", parent=parent._name_from(run.path.parent))
        return run

    @classmethod
    def open(cls, path_or_id: str | Path, root: str | Path = "runs") -> Run:
        """A run by its folder, by its id below ``root``, or by a part of an id that only one has.

        Raises:
            ArtifactError: there is none, or more than one.
        """
        for folder in (Path(path_or_id), Path(root) / path_or_id):
            if (folder / RECIPE).is_file():
                return cls(folder)
        known = [run.id for run in cls.list(root)]
        matching = [name for name in known if str(path_or_id) in name]
        if len(matching) == 1:
            return cls(Path(root) / matching[0])
        near = matching or nearest(Path(path_or_id).name, known)
        raise ArtifactError(
            "more than one run has this in its name." if matching else "there is no such run.",
            value=str(path_or_id),
            allowed=f"the folder of a run, or one of the {len(known)} ids in {root}",
            cure=f"Did you mean {' or '.join(map(repr, near[:3]))}?" if near else "Give the run's folder.",
        )

    @classmethod
    def list(cls, root: str | Path = "runs") -> tuple[Run, ...]:
        """The runs below a folder, oldest first."""
        return tuple(cls(folder.parent) for folder in sorted(Path(root).glob(f"*/{RECIPE}")))

    @property
    def id(self) -> str:
        """The folder's name."""
        return self.path.resolve().name

    @property
    def status(self) -> Status:
        """What became of it; a run whose process was killed is "interrupted"."""
        said = cast(Status, str(self._status().get("status", "interrupted")))
        if said == "running" and self._lock.is_free():
            return "interrupted"
        return said

    @property
    def error(self) -> str:
        """Why a failed run failed; empty otherwise."""
        return str(self._status().get("error", ""))

    @property
    def parent(self) -> str:
        """The run that this one varies: the id of one beside it, or the folder of another; empty for none."""
        return str(self._status().get("parent", ""))

    def open_parent(self, root: str | Path = "runs") -> Run:
        """The run that this one varies, looked for beside this one first, then below ``root``.

        Raises:
            ArtifactError: it names none, or that one is gone.
        """
        if not self.parent:
            raise ArtifactError(
                f"the run '{self.id}' names no parent.",
                value="no parent",
                allowed="a run that was trained with --parent RUN",
                cure="Name both runs: gongbang compare RUN RUN.",
            )
        beside = self.path.resolve().parent / self.parent
        return Run(beside) if (beside / RECIPE).is_file() else Run.open(self.parent, root)

    def _name_from(self, root: Path) -> str:
        place = self.path.resolve()
        return self.id if place.parent == root.resolve() else str(place)

    @property
    def recipe(self) -> dict[str, Any]:
        """The resolved recipe."""
        import yaml

        try:
            recipe = yaml.safe_load((self.path / RECIPE).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as err:
            raise self._broken(RECIPE, err) from err
        return cast(dict[str, Any], recipe or {})

    @property
    def hashes(self) -> dict[str, Any]:
        """``recipe``, ``code`` and, by role, ``data``."""
        return cast(dict[str, Any], read_json(self.path / "hashes.json", "the run's hashes"))

    @property
    def environment(self) -> dict[str, Any]:
        """As :func:`~gongbang.artifacts.environment.describe_environment` gave it when it started."""
        return cast(dict[str, Any], read_json(self.path / "environment.json", "the run's environment"))

    @property
    def checkpoints(self) -> Path:
        """The folder of checkpoints, made when it is first asked for."""
        folder = self.path / "checkpoints"
        folder.mkdir(exist_ok=True)
        return folder

    @property
    def best_weights(self) -> Path:
        """Where the weights with the best value of the declared metric lie, once there are any."""
        return self.path / "checkpoints" / BEST

    def log(self, *, step: int, **values: Any) -> None:
        """Append one row to the curve; on disk when this returns."""
        append_line(self.path / "curve.jsonl", {"step": int(step), **values})

    def curve(self) -> tuple[dict[str, Any], ...]:
        """The rows logged so far, in step order."""
        return read_curve(self.path / "curve.jsonl")

    def plot(self) -> Path:
        """Draw the curve into ``curve.png``."""
        return plot_curve(self.curve(), self.path / "curve.png", title=self.id)

    def save_metrics(
        self,
        scores: Scores,
        *,
        baselines: Mapping[str, Scores] | None = None,
        others: Mapping[str, Scores] | None = None,
    ) -> None:
        """Write the scores, those of the baselines, and those of further evaluations by name."""
        content = {
            **_scores_to_json(scores),
            "baselines": {name: _scores_to_json(value) for name, value in (baselines or {}).items()},
            "others": {name: _scores_to_json(value) for name, value in (others or {}).items()},
        }
        write_json(self.path / "metrics.json", content)

    @property
    def scored(self) -> bool:
        """Whether it was evaluated; a recipe that holds nothing out never is."""
        return (self.path / "metrics.json").is_file()

    @property
    def scores(self) -> Scores:
        """The scores of the run's own evaluation.

        Raises:
            ArtifactError: it was never evaluated.
        """
        return self._scores_of(self._metrics())

    @property
    def baselines(self) -> dict[str, Scores]:
        """The scores of the baselines by name."""
        return {name: self._scores_of(value) for name, value in self._metrics().get("baselines", {}).items()}

    @property
    def others(self) -> dict[str, Scores]:
        """The scores of further evaluations by name."""
        return {name: self._scores_of(value) for name, value in self._metrics().get("others", {}).items()}

    def save_predictions(self, predictions: Sequence[Prediction], format: str = "jsonl") -> Path:
        """Write the predictions with their n-best."""
        return write_predictions(self.path, predictions, format)

    def predictions(self) -> Sequence[Prediction]:
        """The predictions as they were written."""
        return read_predictions(self.path)

    @contextmanager
    def logging(self, level: int = logging.INFO) -> Iterator[None]:
        """While open, what the package logs is also written to ``log.txt``."""
        logger = logging.getLogger("gongbang")
        handler = logging.FileHandler(self.path / "log.txt", encoding="utf-8")
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        before = logger.level
        logger.addHandler(handler)
        logger.setLevel(min(level, before) if before else level)
        try:
            yield
        finally:
            logger.removeHandler(handler)
            logger.setLevel(before)
            handler.close()

    def resume(self, step: int) -> None:
        """Go on from a step's checkpoint: later rows of the curve are dropped, the status is "running".

        Raises:
            ArtifactError: another process is writing the run.
        """
        self._lock.acquire()
        cut_curve(self.path / "curve.jsonl", step)
        self._write_status("running", resumed=step, closed_at=None)

    def close_at(self, step: int) -> None:
        """Say that the run trains no further than a step that lies before its recipe's last."""
        self._write_status("running", closed_at=step)

    @property
    def closed_at(self) -> int | None:
        """The step after which the run was closed early; None where it was trained to its recipe's end."""
        step = self._status().get("closed_at")
        return None if step is None else int(step)

    def finish(self, status: Status = "done", error: str = "") -> None:
        """Say what became of the run, and let others write it.

        Raises:
            ArtifactError: this object is not the one that writes the run.
        """
        if not self._lock.held:
            raise ArtifactError(
                "only the writer of a run may say what became of it.",
                value=str(self.path),
                allowed="a run that was created or resumed here, and is not finished yet",
                cure="Call resume(step) first.",
            )
        self._write_status(status, ended=datetime.now(UTC).isoformat(timespec="seconds"), error=error)
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._lock.held:  # finished within, or never ours: another process may be writing it
            return
        if kind is None:
            self.finish("done")
        elif issubclass(kind, KeyboardInterrupt):
            self.finish("interrupted")
        else:
            self.finish("failed", error=f"{kind.__name__}: {error}")

    def _status(self) -> dict[str, Any]:
        path = self.path / "status.json"
        return cast(dict[str, Any], read_json(path, "the run's status")) if path.is_file() else {}

    def _write_status(self, status: Status, **more: Any) -> None:
        write_json(self.path / "status.json", {**self._status(), "status": status, **more})

    def _metrics(self) -> dict[str, Any]:
        return cast(dict[str, Any], read_json(self.path / "metrics.json", "the run's metrics"))

    def _scores_of(self, value: Mapping[str, Any]) -> Scores:
        try:
            return Scores(value["primary"], {name: Score(**score) for name, score in value["scores"].items()})
        except (KeyError, TypeError, AttributeError) as err:
            raise self._broken("metrics.json", err) from err

    def _broken(self, name: str, err: Exception) -> ArtifactError:
        return ArtifactError(
            f"{name} of the run cannot be read: {type(err).__name__} {err}.",
            value=str(self.path / name),
            allowed=f"{name} as the run wrote it",
            cure="Restore the file, or run the recipe again.",
        )

    def __repr__(self) -> str:
        return f"Run({short(self.id, 60)!r})"


def _scores_to_json(scores: Scores) -> dict[str, Any]:
    return {"primary": scores.primary, "scores": {name: s.to_dict() for name, s in scores.scores.items()}}


def _slug(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "run"


def _new_folder(root: Path, name: str) -> Path:
    for number in range(1, 1000):
        folder = root / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder
    raise ArtifactError(
        "a thousand runs of the same second and recipe stand there already.",
        value=str(root / name),
        allowed="a folder that does not exist yet",
        cure="Choose another root for the runs.",
    )
