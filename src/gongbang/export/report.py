"""What came of an export, figure by figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gongbang.artifacts.format import Artifact
from gongbang.metrics.scores import Scores


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was exported, and every figure that let it pass.

    Attributes:
        quantised: the form that was taken, "int8 (...)" or "none".
        parity: the largest difference from torch by shape, before quantisation.
        metric: the task's primary metric, in which the next three are, on held-out data.
        torch_metric: of the trained weights in float32; None where the recipe holds nothing out.
        engine_metrics: of the artifact on every engine that runs it here, those that failed the gate too.
        engines: the engines that passed the gate, which ``engine="auto"`` may choose from.
        scores: of the finished artifact, its threshold included; None where nothing is held out.
    """

    artifact: Artifact
    quantised: str
    parity: Mapping[str, float]
    metric: str
    torch_metric: float | None
    engine_metrics: Mapping[str, float]
    engines: tuple[str, ...]
    scores: Scores | None
    calibration: Mapping[str, Any] = field(default_factory=dict)

    @property
    def artifact_metric(self) -> float | None:
        """The worst value among the engines that may serve it."""
        return min((self.engine_metrics[name] for name in self.engines if self.engine_metrics), default=None)

    @property
    def metric_loss(self) -> float | None:
        """What export costs at worst, in units of the metric."""
        if self.torch_metric is None or self.artifact_metric is None:
            return None
        return self.torch_metric - self.artifact_metric

    def to_dict(self) -> dict[str, Any]:
        return {
            "artifact": str(self.artifact.path),
            "id": self.artifact.id,
            "bytes": self.artifact.manifest.bytes,
            "quantised": self.quantised,
            "parity": dict(self.parity),
            "metric": self.metric,
            "torch": self.torch_metric,
            "exported": self.artifact_metric,
            "loss": self.metric_loss,
            "by_engine": dict(self.engine_metrics),
            "engines": list(self.engines),
            "scores": None if self.scores is None else self.scores.to_dict(),
            "calibration": dict(self.calibration),
        }
