"""An artifact at work: records in, predictions out, no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gongbang.artifacts.format import Artifact
from gongbang.data.records import Record
from gongbang.metrics.scores import Scores
from gongbang.runtime.batching import run_sides
from gongbang.runtime.engines import Engine
from gongbang.tasks.base import Prediction


@dataclass(slots=True)
class Predictor:
    """The served half of the corridor: ``task.prepare``, the model, ``task.decode``.

    Made by :func:`gongbang.runtime.load.load`. May be shared between threads.

    Attributes:
        artifact: what is served.
        task: the task as it was in training; its configuration comes out of the artifact.
        engine: the loaded model.
    """

    artifact: Artifact
    task: Any
    engine: Engine

    def predict(self, records: Sequence[Record]) -> list[Prediction]:
        """Predictions, one a record (one a question where several records share a ``question_id``).

        Raises:
            DataError: a record lacks a field that the task needs.
        """
        if not records:
            return []
        features = self.task.prepare(records)
        predictions: list[Prediction] = self.task.decode(run_sides(self.engine, features.inputs), features)
        return predictions

    def score(self, records: Sequence[Record]) -> tuple[Scores, list[Prediction]]:
        """Scores on labelled records, and the predictions behind them."""
        predictions = self.predict(records)
        scores: Scores = self.task.score(predictions, records)
        return scores, predictions
