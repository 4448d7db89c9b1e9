"""One artifact at work under a name: predictions through a queue, and another version put in its place."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from gongbang.artifacts.format import Artifact, open_artifact
from gongbang.artifacts.hashing import bytes_hash, short
from gongbang.artifacts.store import MANIFEST, find_artifact
from gongbang.data.records import Record
from gongbang.errors import ArtifactError, GongbangError
from gongbang.runtime.load import load
from gongbang.runtime.predictor import Predictor
from gongbang.serve.metrics import Metrics
from gongbang.serve.models.batcher import Batcher, Limits
from gongbang.serve.models.fields import examples
from gongbang.serve.models.together import mixes, predict_each, predict_together
from gongbang.tasks.base import Prediction

Mixing = Literal["equal", "always", "never"]
Opened = Callable[[Path], Predictor]
Predicted = tuple[Artifact, list[Prediction]]
"""Predictions, and the artifact that made them."""
Prepared = Callable[[Predictor], Callable[[], None]]
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Version:
    """An artifact as it was loaded.

    Attributes:
        predictor: at work.
        mixes: whether requests may share a batch.
        loaded: when; seconds: how long that took.
        mark: hash of the manifest's bytes, by which a change is seen.
    """

    predictor: Predictor
    mixes: bool
    loaded: datetime
    seconds: float
    mark: str


class Served:
    """An artifact that answers, and goes on answering while another version of it is loaded.

    Args:
        name: what clients call it.
        source: the artifact's name or folder; looked for again at each reload.
        limits: of its queue.
        mixing: "equal" lets requests share batches where their answers stay what they are alone (tried when
            it is loaded), "always" and "never" do so and not.
        gate: held while it works, shared with other models.
        threads: batches that it works on at once.
        metrics: what is counted.
        opener: loads a folder.
        prepare: told of a new predictor before it is put to work; gives what puts it to work elsewhere too.
        predictor: loaded already.

    Raises:
        ArtifactError: the artifact cannot be used.
    """

    def __init__(
        self,
        name: str,
        source: str | Path,
        *,
        limits: Limits | None = None,
        mixing: Mixing = "equal",
        gate: AbstractContextManager[object] | None = None,
        threads: int = 1,
        metrics: Metrics | None = None,
        opener: Opened = load,
        prepare: Prepared | None = None,
        predictor: Predictor | None = None,
    ) -> None:
        self.name, self.source, self.mixing = name, str(source), mixing
        self._open, self._prepare = opener, prepare
        self._metrics = metrics or Metrics()
        self._loading = threading.Lock()
        self._fault = ""  # of the last reload
        self.version = self._loaded(predictor)
        self._metrics.model_loads(name, self.version.seconds)
        self._batcher: Batcher[Sequence[Record], Predicted] = Batcher(
            name,
            self._work,
            limits,
            size=len,
            gate=gate,
            threads=threads,
            seen=lambda requests, seconds: self._metrics.batch(name, requests, seconds),
        )
        self._metrics.watch_queue(name, lambda: self.waiting)

    @property
    def predictor(self) -> Predictor:
        """What answers now."""
        return self.version.predictor

    @property
    def task(self) -> str:
        """The name of its task, which no reload changes."""
        return str(self.predictor.task.name)

    @property
    def waiting(self) -> int:
        """Requests that wait."""
        return self._batcher.waiting

    def submit(self, records: Sequence[Record], deadline_s: float | None = None) -> Future[Predicted]:
        """Predictions for records and the artifact that made them, when their turn has come.

        Raises:
            BusyError: too many wait.
        """
        return self._batcher.submit(records, deadline_s)

    def predict(self, records: Sequence[Record]) -> list[Prediction]:
        """Predictions at once, beside the queue: for whoever has waited in another one."""
        return self.predictor.predict(records)

    def close(self) -> None:
        """Answer who waits, and no one else."""
        self._batcher.close()

    def _work(self, requests: list[Sequence[Record]]) -> list[Predicted | Exception]:
        version = self.version  # one batch, one version: a reload meanwhile is for the next
        work = predict_together if version.mixes else predict_each
        artifact = version.predictor.artifact
        return [
            told if isinstance(told, Exception) else (artifact, told)
            for told in work(version.predictor, requests)
        ]

    # -- other versions ----------------------------------------------------------------------------

    def changed(self) -> bool:
        """Whether another manifest lies in the artifact's folder than when it was loaded."""
        try:
            return self._mark() != self.version.mark
        except (OSError, ArtifactError):
            return True  # it is gone: the reload will say so

    def reload(self) -> bool:
        """Load the artifact as it lies there now, try it, and put it in the place of the one at work.

        The old one answers until then, and those who wait are answered by the new one. Where the new one
        cannot be used, the old one goes on.

        Returns:
            Whether it is another one than before.

        Raises:
            ArtifactError: it cannot be used; the reason says nothing of the server's folders.
        """
        with self._loading:
            try:
                new = self._renewed()
            except GongbangError as err:
                self._metrics.model_refused(self.name)
                refused = _refused(self.name, err)
                if str(refused) != self._fault:  # a watch finds the same fault at every look
                    _LOG.warning("%s", refused)
                self._fault = str(refused)
                raise refused from err
            self._fault = ""
            if new is None:
                return False
            self._metrics.model_loads(self.name, new.seconds)
            _LOG.info("'%s' is now %s", self.name, short(new.predictor.artifact.id))
            return True

    def _renewed(self) -> Version | None:
        if open_artifact(self.source).id == self.predictor.artifact.id:
            self.version = replace(self.version, mark=self._mark())
            return None
        new = self._loaded(None)
        before, after = self.predictor.task, new.predictor.task
        if (before.name, before.schema.fields) != (after.name, after.schema.fields):
            raise ArtifactError(
                "the new artifact takes other records than the one at work.",
                value=f"{after.name}: {', '.join(after.schema.fields)}",
                allowed=f"{before.name}: {', '.join(before.schema.fields)}",
                cure="Serve it under another name: start the server anew.",
            )
        commit = self._prepare(new.predictor) if self._prepare else None
        if commit:
            commit()
        self.version = new
        return new

    def _mark(self) -> str:
        return bytes_hash((find_artifact(self.source) / MANIFEST).read_bytes())

    def _loaded(self, predictor: Predictor | None) -> Version:
        """A version that has answered once.

        Raises:
            ArtifactError: it cannot be loaded, or does not answer.
        """
        began = time.perf_counter()
        mark = self._mark()
        if predictor is None:
            predictor = self._open(find_artifact(self.source))
        tried = examples(predictor.task)
        try:
            predictor.predict(tried)
            mixed = self.mixing == "always" or (self.mixing == "equal" and mixes(predictor, tried))
        except Exception as err:  # whatever it is: an artifact that cannot answer must not be put to work
            raise ArtifactError(
                f"the artifact '{self.name}' does not answer.",
                value=f"{type(err).__name__}: {' '.join(str(err).split())[:200]}",
                allowed="an artifact that predicts a small example",
                cure="Try it with gongbang predict, and export it anew.",
            ) from err
        seconds = time.perf_counter() - began
        _LOG.info(
            "'%s' loaded in %.1f s (%s, %s)",
            self.name,
            seconds,
            predictor.engine.name,
            "requests share batches" if mixed else "one request at a time",
        )
        return Version(predictor, mixed, datetime.now(UTC), seconds, mark)


def _refused(name: str, err: GongbangError) -> ArtifactError:
    """The error without the folder, which is the server's own business."""
    return ArtifactError(
        f"the new version of '{name}' is refused, the old one goes on: {_without_paths(err.what)}",
        value=str(err.value),
        allowed=err.allowed,
        cure=_without_paths(err.cure),
    )


def _without_paths(text: str) -> str:
    """A sentence whose absolute paths are cut to their last names.

    Example:
        >>> _without_paths("the model of /srv/models/reader-ko cannot be run.")
        'the model of reader-ko cannot be run.'
    """
    words = text.split(" ")
    return " ".join(
        word.rsplit("/", 1)[-1] if word.lstrip("'\"(").startswith("/") else word for word in words
    )
