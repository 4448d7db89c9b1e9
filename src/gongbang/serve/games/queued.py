"""The server's models as a game asks them: through their queues, and without a word of it in an error."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from pathlib import PurePath
from threading import BoundedSemaphore
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gongbang.apps.twenty_questions.keywords import Keyword
from gongbang.artifacts.defaults import ENCODER
from gongbang.artifacts.format import Artifact
from gongbang.data.records import Passage, Record
from gongbang.errors import BusyError, LateError, ModelMissingError
from gongbang.search.base import Encoder
from gongbang.serve.models.batcher import late
from gongbang.serve.models.room import ModelRoom
from gongbang.serve.models.served import Served
from gongbang.tasks.base import Prediction


class Queued:
    """An artifact behind its queue, for one action of one game; whoever calls waits in a thread.

    Args:
        served: the artifact at work.
        seconds: how long an answer may take, waiting included.

    Attributes:
        artifact: what made the last predictions, which a reload may change between two of them.
    """

    def __init__(self, served: Served, seconds: float) -> None:
        self.served, self.seconds = served, seconds
        self.artifact: Artifact = served.predictor.artifact

    def predict(self, records: Sequence[Record]) -> list[Prediction]:
        """Predictions, when their turn has come.

        Raises:
            BusyError: too many wait. LateError: the deadline has passed.
            RuntimeError: the model failed; the error says where and nothing of the records, which name the
                secret.
        """
        future = self.served.submit(records, self.seconds)
        try:
            self.artifact, predictions = future.result(self.seconds)
        except (BusyError, LateError):
            raise
        except Exception as err:
            if isinstance(err, TimeoutError) and not future.done():
                future.cancel()
                raise late(self.served.name) from None
            raise RuntimeError(f"'{self.served.name}' failed at a game: {place_of(err)}") from None
        return predictions


class Encoding:
    """The server's encoder as a game uses it: in its turn, and without a word of a text in an error.

    Args:
        encoder: makes the vectors.
        gate: held while it does, so that no more is worked on than the server was told.
        seconds: how long its turn may be waited for.
    """

    def __init__(self, encoder: Encoder, gate: BoundedSemaphore, seconds: float) -> None:
        self._encoder, self._gate, self._seconds = encoder, gate, seconds
        self.signature, self.dimension = encoder.signature, encoder.dimension

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, dimension) of questions.

        Raises:
            LateError: too much else was worked on.
            RuntimeError: the encoder failed; the error says where and nothing of the texts.
        """
        return self._made(lambda: self._encoder.encode_queries(texts))

    def encode_passages(self, passages: Sequence[Passage]) -> NDArray[np.float32]:
        """(n, dimension) of sentences; raises as :meth:`encode_queries`."""
        return self._made(lambda: self._encoder.encode_passages(passages))

    def _made(self, make: Callable[[], NDArray[np.float32]]) -> NDArray[np.float32]:
        if not self._gate.acquire(timeout=self._seconds):
            raise late(ENCODER)
        try:
            return make()
        except Exception as err:
            raise RuntimeError(f"'{ENCODER}' failed at a game: {place_of(err)}") from None
        finally:
            self._gate.release()


class Absent:
    """What stands in the place of a model that the server does not hold.

    Args:
        task: of the artifact that is missing.
    """

    name, hash = "", ""

    def __init__(self, task: str) -> None:
        self.task = task

    def ask(self, id: str, question: str, keyword: Keyword) -> Any:
        """Nothing.

        Raises:
            ModelMissingError: always.
        """
        raise missing(self.task)


def missing(task: str) -> ModelMissingError:
    """The error of a server that lacks a model of a task."""
    name = f"{task}-ko"
    return ModelMissingError(
        f"this server has no model of the task '{task}', which the game needs.",
        value=task,
        allowed="a server that serves one",
        cure=f"Start it with one: gongbang serve --model {name}. The reverse game needs none.",
    )


def of_task(room: ModelRoom, task: str, preferred: str) -> Served | None:
    """The artifact of a task: the preferred one where it is there, else the first; None without any."""
    found = [served for served in room if served.task == task]
    named = [served for served in found if preferred in (served.name, served.source)]
    return next(iter([*named, *found]), None)


def place_of(err: BaseException) -> str:
    """An error's kind and where it was raised, without its words.

    Example:
        >>> try:
        ...     raise ValueError("고래")
        ... except ValueError as err:
        ...     place_of(err).partition(" at ")[0]
        'ValueError'
    """
    frames = traceback.extract_tb(err.__traceback__)
    where = f"{PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown place"
    return f"{type(err).__name__} at {where}"
