"""What a form of the model costs on each engine that would serve it, against torch in float32."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gongbang.artifacts.format import save_artifact
from gongbang.artifacts.notebooks import Notebook, build_notebook_for
from gongbang.data.records import Record
from gongbang.export.onnx import input_names
from gongbang.metrics.scores import Scores, points
from gongbang.runtime.engines import OnnxRuntimeEngine, usable_engines
from gongbang.runtime.load import load
from gongbang.runtime.predictor import Predictor
from gongbang.train.workbench import Workbench

REFERENCE = OnnxRuntimeEngine.name
"""The engine that every installation has; what it cannot serve well is not exported."""
Files = Mapping[str, Path | bytes]
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Gate:
    """The measure of every form of a model.

    Attributes:
        bench: the trained weights.
        records: held-out records to measure on.
        allowed: points of the primary metric that a form may cost.
        torch_metric: the trained weights' value in float32.
    """

    bench: Workbench
    records: Sequence[Record]
    allowed: float
    torch_metric: float

    @staticmethod
    def of(bench: Workbench, records: Sequence[Record], allowed: float) -> Gate:
        """The gate whose reference is measured now, without the autocast that training may use."""
        scores = bench.score(records, bf16=False)[0]
        return Gate(bench, records, allowed, float(scores.scores[bench.task.primary_metric].value))

    def measure(self, predictor: Predictor) -> float:
        """The primary metric as an engine serves it."""
        scores = served_scores(self.bench, predictor, self.records)[0]
        value = float(scores.scores[self.bench.task.primary_metric].value)
        _LOG.info(
            "%s on %s: %s costs %.2f points",
            predictor.artifact.path.name,
            predictor.engine.name,
            self.bench.task.primary_metric,
            self.cost(value),
        )
        return value

    def cost(self, metric: float) -> float:
        """Points of a hundred by which a value lies below the reference."""
        return points(self.bench.task.primary_metric, self.torch_metric - metric)

    def passes(self, metric: float) -> bool:
        """Whether a form that has this value may be served."""
        return self.cost(metric) <= self.allowed

    def other_engines(self, trial: Predictor) -> dict[str, float]:
        """The primary metric on every further engine that runs the form here."""
        engines = [engine for engine in usable_engines(trial.artifact) if engine.name != REFERENCE]
        return {
            engine.name: self.measure(Predictor(trial.artifact, trial.task, engine)) for engine in engines
        }


def open_trial(bench: Workbench, files: Files, folder: Path) -> Predictor:
    """A form of the model as it would be served, on the reference engine."""
    save_artifact(
        folder,
        task=bench.task.name,
        config=bench.task.config(),
        files=files,
        inputs=input_names(bench.model),
        outputs=bench.model.output_names,  # type: ignore[arg-type]
    )
    return load(folder, engine="onnxruntime")


def served_scores(
    bench: Workbench, predictor: Predictor, records: Sequence[Record]
) -> tuple[Scores, Notebook | None]:
    """Scores of an artifact at work, and its error notebook where its task has one."""
    predictions = predictor.predict(bench.with_other_passages(records))
    scores: Scores = predictor.task.score(predictions, records)
    return scores, build_notebook_for(bench.task, records, predictions)
