"""The contract of a kind of problem: from records to arrays, and from arrays to predictions.

A task is torch-free and pure. Training, evaluation and serving hold the same object, so what the model
was trained on and what it is served with cannot drift apart; :meth:`Task.config` is hashed into every
artifact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gongbang.data.records import Record
from gongbang.metrics.scores import Scores

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Schema:
    """What a task's records must hold.

    ``fields`` are required texts, ``optional`` ones may be absent, ``spans`` are roles that carry the
    targets, ``labels`` are required labels.
    """

    fields: tuple[str, ...]
    optional: tuple[str, ...] = ()
    spans: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Features:
    """Model inputs, and what decoding needs to find its way back.

    Attributes:
        inputs: arrays of shape (rows, time) that go into the model, or (rows, texts, time) where a row has
            several texts of one kind.
        targets: arrays with a first axis of rows that the loss takes; empty when serving.
        record: (rows,) index of the record each row was made from.
        rows: one object a row with what only decoding needs (offsets, ...).
        records: the records themselves, in order.
    """

    inputs: dict[str, NDArray[Any]]
    targets: dict[str, NDArray[Any]]
    record: NDArray[np.int64]
    rows: list[Any]
    records: Sequence[Record]

    def __len__(self) -> int:
        return int(self.record.shape[0])


@dataclass(frozen=True, slots=True)
class Candidate:
    """One possible answer: the place it stands in, its score, and its probability where one is defined."""

    text: str
    start: int
    end: int
    score: float
    probability: float = 0.0
    record: str = ""
    """Id of the record (the passage) it was read from."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a task says of one record (or one question over many passages).

    ``text`` is empty for "no answer". ``confidence`` is calibrated to [0, 1]; ``candidates`` are the
    n-best, best first, the null answer left out.
    """

    id: str
    text: str
    confidence: float
    candidates: tuple[Candidate, ...] = ()
    null_score: float = 0.0
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def answered(self) -> bool:
        return bool(self.text)


Part = tuple[Sequence[Record], Sequence[Record]]
"""Training records, which may be none, and the held-out ones that are judged beside them."""


class Task(Protocol):
    """The torch-free contract of a kind of problem."""

    name: str
    schema: Schema
    primary_metric: str
    ranks_corpus: bool
    """Whether records are ranked against the passages of all others, not judged one by one."""

    def config(self) -> dict[str, Any]:
        """Everything that changes what :meth:`prepare` or :meth:`decode` give; plain JSON."""
        ...

    def prepare(self, records: Sequence[Record]) -> Features: ...

    def decode(self, outputs: Arrays, features: Features) -> list[Prediction]: ...

    def score(self, predictions: Sequence[Prediction], records: Sequence[Record]) -> Scores: ...

    def baselines(self, *parts: Part) -> dict[str, Scores]:
        """What a number must beat, see :func:`gongbang.tasks.baselines.scored_baselines`."""
        ...
