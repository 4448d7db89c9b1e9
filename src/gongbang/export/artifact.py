"""A run to an artifact: exported, compared with torch, quantised behind a gate, calibrated, described."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gongbang.artifacts.card import model_card
from gongbang.artifacts.format import Artifact, check_target, save_artifact
from gongbang.artifacts.hashing import bytes_hash
from gongbang.artifacts.manifest import Training
from gongbang.artifacts.run import Run
from gongbang.data.records import Record
from gongbang.errors import ArtifactError
from gongbang.export.onnx import check_parity, compress_embedding, export_onnx, input_names
from gongbang.export.quantise import MODES, quantise_int8
from gongbang.runtime.load import load
from gongbang.runtime.predictor import Predictor
from gongbang.train.checkpoint import load_weights
from gongbang.train.recipe import parse_recipe
from gongbang.train.workbench import Workbench, assemble

_LOG = logging.getLogger(__name__)
_BACKBONE = Training(
    "multilingual-e5-small (backbone)", "MIT", "https://huggingface.co/intfloat/multilingual-e5-small"
)


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was exported, and every figure that let it pass.

    ``metric_loss`` is in points of the task's primary metric on development data, fp32 torch minus the
    artifact; ``parity`` is the largest difference from torch by shape, before quantisation.
    """

    artifact: Artifact
    quantised: str
    parity: Mapping[str, float]
    torch_metric: float
    artifact_metric: float
    metric: str
    calibration: Mapping[str, Any] = field(default_factory=dict)

    @property
    def metric_loss(self) -> float:
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
            "calibration": dict(self.calibration),
        }


def export_run(
    run: Run,
    out: str | Path,
    *,
    quantise: str | None = None,
    gate: float | None = None,
    limit: int | None = None,
    overwrite: bool = False,
) -> ExportReport:
    """Export a run's best weights.

    Args:
        run: a run that was trained to its end.
        out: the artifact's folder; its last part is the artifact's name.
        quantise: "int8" or "none"; the recipe's choice when None.
        gate: points of the primary metric that quantisation may cost on development data; the recipe's
            when None. Where it costs more, the float32 model is exported instead and the report says so.
        limit: development records that the gate looks at, at most.
        overwrite: replace an artifact that stands at ``out``.

    Raises:
        ArtifactError: the run has no weights, or the exported model does not give what torch gives.
    """
    check_target(Path(out), overwrite)
    recipe = parse_recipe(run.recipe, str(run.path))
    weights = run.path / "checkpoints" / "best.safetensors"
    if not weights.is_file():
        raise ArtifactError(
            "the run has no trained weights.",
            value=str(weights),
            allowed="a run that was trained to its end",
            cure="Resume it: gongbang train --resume RUN.",
        )
    bench = assemble(recipe, negatives=False)
    load_weights(bench.model, weights)
    records = (bench.splits.development or bench.splits.test)[:limit]
    torch_metric = _metric(bench.score(records)[0], bench.task.primary_metric)
    with tempfile.TemporaryDirectory() as folder:
        return _Export(
            bench,
            run,
            Path(folder),
            records,
            torch_metric=torch_metric,
            quantise=quantise or recipe.export.quantise,
            gate=recipe.export.gate if gate is None else gate,
        ).carry_out(Path(out), overwrite=overwrite)


@dataclass(slots=True)
class _Export:
    """One export on its way: the bench with the trained weights, and a folder to work in."""

    bench: Workbench
    run: Run
    folder: Path
    records: Sequence[Record]
    torch_metric: float
    quantise: str
    gate: float

    def carry_out(self, out: Path, *, overwrite: bool) -> ExportReport:
        bench = self.bench
        model = compress_embedding(bench.model)
        plain = export_onnx(model, self.folder / "float32.onnx")
        parity = check_parity(model, plain)
        _LOG.info("parity with torch: %s", parity)
        kind, files = "none", self._files([plain], rename=True)
        metric: float | None = None
        for mode in MODES if self.quantise == "int8" else ():
            quantised = self._files(quantise_int8(plain, self.folder, mode))
            trial, found = self._try(quantised, f"int8-{mode}")
            cost = _points(bench, self.torch_metric - found)
            _LOG.info("int8 (%s): %s costs %.2f points", mode, bench.task.primary_metric, cost)
            if cost <= self.gate:
                kind, files, metric = f"int8 ({mode})", quantised, found
                break
        else:
            if self.quantise == "int8":
                _LOG.warning("no 8-bit form costs %.2f points or less: exported in float32", self.gate)
        if metric is None:
            trial, metric = self._try(files, "float32")
        calibration = _calibrate(bench, trial)
        figures = {
            "quantised": kind,
            "parity": parity,
            "development": {
                "torch": self.torch_metric,
                "exported": metric,
                "metric": bench.task.primary_metric,
            },
            "calibration": calibration,
        }
        artifact = _save(bench, self.run, out, files, figures, overwrite=overwrite)
        return ExportReport(
            artifact, kind, parity, self.torch_metric, metric, bench.task.primary_metric, calibration
        )

    def _files(self, paths: Sequence[Path], *, rename: bool = False) -> dict[str, Path | bytes]:
        files: dict[str, Path | bytes] = {"model.onnx" if rename else path.name: path for path in paths}
        files["tokenizer.json"] = self.bench.backbone.tokenizer.to_str().encode()
        return files

    def _try(self, files: Mapping[str, Path | bytes], name: str) -> tuple[Predictor, float]:
        """The artifact as it would be served, and its metric on the development records."""
        task = self.bench.task
        save_artifact(self.folder / name, task=task.name, config=task.config(), files=files)
        trial = load(self.folder / name, engine="onnxruntime")
        return trial, _metric(_score(self.bench, trial, self.records), task.primary_metric)


def _calibrate(bench: Workbench, trial: Predictor) -> dict[str, Any]:
    """Fit what the task leaves open; the task of ``bench`` carries the result."""
    if bench.task.name != "reader" or not bench.splits.development:
        return {}
    from gongbang.runtime.calibrate import calibrate_reader
    from gongbang.runtime.encoder import ENCODER, load_encoder
    from gongbang.search.contexts import passages_of
    from gongbang.search.hybrid import default_index
    from gongbang.tasks.reader import ReaderTask

    index = default_index(load_encoder(ENCODER))  # the search that `ask` will put before the reader
    index.build(passages_of([*bench.splits.development, *bench.splits.train]))
    fitted = calibrate_reader(bench.task, trial.engine, bench.splits.development, index)
    bench.task = ReaderTask(bench.backbone.tokenizer, fitted.settings)
    return fitted.report


def _save(
    bench: Workbench,
    run: Run,
    out: Path,
    files: Mapping[str, Path | bytes],
    figures: Mapping[str, Any],
    *,
    overwrite: bool,
) -> Artifact:
    trained_on = _trained_on(bench)
    licence = "; ".join(dict.fromkeys(part.licence for part in trained_on))
    name = out.name
    sizes = {
        key: len(part) if isinstance(part, bytes) else part.stat().st_size for key, part in files.items()
    }
    return save_artifact(
        out,
        task=bench.task.name,
        config=bench.task.config(),
        files=files,
        belongs=bytes_hash(bench.backbone.tokenizer.to_str().encode()),
        inputs=input_names(bench.model),
        outputs=tuple(bench.model.output_names),  # type: ignore[arg-type]
        licence=licence,
        trained_on=trained_on,
        metrics=run.scores.to_dict(),
        run=run.id,
        details={"dimension": bench.backbone.hidden_size, **figures},
        card=model_card(
            run,
            name=name,
            what=bench.recipe.description.strip() or name,
            licence=licence,
            trained_on=trained_on,
            limits=_LIMITS.get(bench.task.name, ("Measured on Wikipedia text only.",)),
            sizes=sizes,
        ),
        overwrite=overwrite,
    )


_LIMITS = {
    "reader": (
        "Trained on encyclopaedic text; stories, tables and conversations are read less well.",
        "An answer is one span of one passage: it does not count, compare or join facts.",
        "Confidence was calibrated on Wikipedia questions and is rougher elsewhere.",
    ),
    "encode": (
        "Trained on questions about encyclopaedic text.",
        "Texts beyond the length limit are cut off.",
    ),
}


def _trained_on(bench: Workbench) -> tuple[Training, ...]:
    found = {(record.source, record.licence): None for record in bench.splits.train}
    data = tuple(Training(source or "unnamed data", licence) for source, licence in found)
    return (*data, _BACKBONE) if bench.recipe.backbone == "e5-small" else data


def _score(bench: Workbench, predictor: Predictor, records: Sequence[Record]) -> Any:
    if bench.task.ranks_corpus:
        from gongbang.train.ranking import score_pairs

        return score_pairs(bench, predictor, records)
    return predictor.score(records)[0]


def _metric(scores: Any, name: str) -> float:
    return float(scores.scores[name].value)


def _points(bench: Workbench, difference: float) -> float:
    """A difference in points of a hundred, whether the metric is a share or a percentage."""
    return 100.0 * difference if bench.task.ranks_corpus else difference
