"""A run to an artifact: exported, compared with torch, quantised behind a gate, calibrated, measured."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import nn

from gongbang.artifacts.card import Measured, model_card
from gongbang.artifacts.format import Artifact, check_target, save_artifact
from gongbang.artifacts.hashing import bytes_hash
from gongbang.artifacts.held_out import HELD_OUT, held_out_file
from gongbang.artifacts.manifest import Training
from gongbang.artifacts.run import Run
from gongbang.export.embedding import is_lossless
from gongbang.export.gate import REFERENCE, Files, Gate, open_trial, served_scores
from gongbang.export.onnx import check_parity, compress_embedding, export_onnx, input_names
from gongbang.export.quantise import MODES, quantise_int8
from gongbang.export.ready import check_servable, trained_bench
from gongbang.export.report import ExportReport
from gongbang.nn.backbones import NGRAMS, OFFLINE
from gongbang.runtime.batching import run_sides
from gongbang.runtime.predictor import Predictor
from gongbang.tasks.pair_memory import MEMORY, PairMemory
from gongbang.train.workbench import Workbench, negatives_of

_LOG = logging.getLogger(__name__)
_BACKBONE = Training(
    "multilingual-e5-small (backbone)", "MIT", "https://huggingface.co/intfloat/multilingual-e5-small"
)


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
        run: a run that was trained to its end, or closed.
        out: the artifact's folder; its last part is the artifact's name.
        quantise: "int8" or "none"; the recipe's choice when None.
        gate: points of the primary metric that an engine's form of the model may cost on development data,
            against the trained weights in float32; the recipe's when None. Where 8 bits cost more, or the
            recipe holds nothing out to measure them on, the float32 model is exported instead and the
            report says so. An engine that costs more is not chosen by ``engine="auto"``.
        limit: development records that the gate looks at, at most.
        overwrite: replace an artifact that stands at ``out``.

    Raises:
        ArtifactError: the run is not done, has no weights or no scores, or the exported model does not
            give what torch gives.
    """
    check_target(Path(out), overwrite)
    bench = trained_bench(run)
    return export_bench(bench, run, out, quantise=quantise, gate=gate, limit=limit, overwrite=overwrite)


def export_bench(
    bench: Workbench,
    run: Run,
    out: str | Path,
    *,
    quantise: str | None = None,
    gate: float | None = None,
    limit: int | None = None,
    overwrite: bool = False,
) -> ExportReport:
    """Export the weights that a workbench holds; arguments as in :func:`export_run`.

    Args:
        bench: data, task and trained model, such as an ensemble of several runs' models.
        run: the record that the card and the manifest speak of.
    """
    recipe = bench.recipe
    check_servable(bench.task)
    bench.model.eval()
    records = (bench.splits.development or bench.splits.test)[:limit]
    with tempfile.TemporaryDirectory() as folder:
        return _Export(
            bench,
            run,
            Path(folder),
            Gate.of(bench, records, recipe.export.gate if gate is None else gate) if records else None,
            quantise or recipe.export.quantise,
        ).carry_out(Path(out), overwrite=overwrite)


@dataclass(slots=True)
class _Export:
    """One export on its way: the bench with the trained weights, and a folder to work in."""

    bench: Workbench
    run: Run
    folder: Path
    gate: Gate | None
    quantise: str

    def carry_out(self, out: Path, *, overwrite: bool) -> ExportReport:
        form = self._form()
        engine_metrics, engines = self._engines(form)
        if self.bench.recipe.export.memory:
            self.bench.task = _remembering(self.bench, form.trial)
        calibration = _calibrate(self.bench, form.trial)
        measured = _measure(self.bench, form)
        report = {
            "quantised": form.kind,
            "parity": form.parity,
            "engines": engines,
            "development": {
                "metric": self.bench.task.primary_metric,
                "torch": None if self.gate is None else self.gate.torch_metric,
                "exported": engine_metrics,
            },
            "calibration": calibration,
        }
        artifact = _save(
            self.bench, self.run, out, form.files, report, measured=measured, overwrite=overwrite
        )
        return ExportReport(
            artifact,
            form.kind,
            form.parity,
            self.bench.task.primary_metric,
            None if self.gate is None else self.gate.torch_metric,
            engine_metrics,
            engines,
            None if measured is None else measured.scores,
            calibration,
        )

    def _form(self) -> _Form:
        """The smallest form that passes the gate, else the trained weights as they are."""
        model = self.bench.model
        packed = compress_embedding(model)
        lossless = is_lossless(packed, model)
        if lossless or self.quantise == "int8":
            # Where packing rounds, the rounded model is compared: what rounding costs is the gate's to tell.
            file, parity = self._graph(packed, "packed", model if lossless else packed)
            form = self._small(file, parity) or (self._whole(file, parity) if lossless else None)
            if form is not None:
                return form
        return self._whole(*self._graph(model, "float32", model))

    def _graph(self, model: nn.Module, name: str, reference: nn.Module) -> tuple[Path, dict[str, float]]:
        """The model's float32 file, and how far it is from a torch model by shape."""
        file = export_onnx(model, self.folder / f"{name}.onnx")
        parity = check_parity(reference, file)
        _LOG.info("parity of %s with torch: %s", name, parity)
        return file, parity

    def _small(self, file: Path, parity: Mapping[str, float]) -> _Form | None:
        """The first 8-bit form that passes the gate on the reference engine."""
        if self.quantise != "int8":
            return None
        if self.gate is None:
            _LOG.warning("the recipe holds nothing out to measure the cost of 8 bits on: exported in float32")
            return None
        for mode in MODES:
            files = self._files({path.name: path for path in quantise_int8(file, self.folder, mode)})
            trial = open_trial(self.bench, files, self.folder / f"int8-{mode}")
            metric = self.gate.measure(trial)
            if self.gate.passes(metric):
                return _Form(f"int8 ({mode})", files, trial, metric, parity)
        _LOG.warning("no 8-bit form costs %.2f points or less: exported in float32", self.gate.allowed)
        return None

    def _whole(self, file: Path, parity: Mapping[str, float]) -> _Form:
        files = self._files({"model.onnx": file})
        trial = open_trial(self.bench, files, self.folder / "float32")
        metric = None if self.gate is None else self.gate.measure(trial)
        return _Form("none", files, trial, metric, parity)

    def _engines(self, form: _Form) -> tuple[dict[str, float], tuple[str, ...]]:
        """The metric on every engine, and which of them may serve the artifact unasked."""
        if self.gate is None or form.metric is None:
            return {}, (REFERENCE,)
        others = self.gate.other_engines(form.trial)
        passed = [name for name, value in others.items() if self.gate.passes(value)]
        for name in others.keys() - set(passed):
            _LOG.warning(
                "%s costs more than %.2f points: it is not used unless asked for", name, self.gate.allowed
            )
        return {REFERENCE: form.metric, **others}, (REFERENCE, *passed)

    def _files(self, model: Files) -> dict[str, Path | bytes]:
        return {**model, "tokenizer.json": self.bench.backbone.tokenizer.to_str().encode()}


@dataclass(frozen=True, slots=True)
class _Form:
    """A form of the model: how it is quantised, its parts, and the artifact at work on the reference engine.

    ``metric`` is the primary one there; None where nothing is held out.
    """

    kind: str
    files: Files
    trial: Predictor
    metric: float | None
    parity: Mapping[str, float]


def _measure(bench: Workbench, form: _Form) -> Measured | None:
    """The finished artifact, calibrated threshold and all, on what the run reports on."""
    records = bench.splits.test or bench.splits.development
    if not records:
        return None
    finished = Predictor(form.trial.artifact, bench.task, form.trial.engine)
    scores, notebook = served_scores(bench, finished, records)
    groups = len({record.group for record in records})
    if not bench.splits.test:
        part = "the recipe's development part, on which checkpoint, form and threshold were chosen"
    elif bench.splits.development:
        part = "the recipe's test part, which neither training nor export looked at"
    else:
        part = "the recipe's test part, on which the form was chosen too"
    weights = "float32" if form.kind == "none" else form.kind
    how = (
        f"Of this artifact as it is served ({weights} weights, {REFERENCE}, its own configuration), on "
        f"{part}: {len(records):,} {_unit(bench)} of {groups:,} groups."
    )
    return Measured(scores, how, notebook)


def _unit(bench: Workbench) -> str:
    """What is counted, in a word."""
    return "questions" if "question" in (*bench.task.schema.fields, *bench.task.schema.optional) else "texts"


def _calibrate(bench: Workbench, trial: Predictor) -> dict[str, Any]:
    """Fit what the task leaves open; the task of ``bench`` carries the result."""
    if not bench.splits.development:
        return {}
    if hasattr(bench.task, "fit"):
        return _fit_labels(bench, trial)
    if bench.task.name != "reader":
        return {}
    from gongbang.artifacts.defaults import ENCODER
    from gongbang.runtime.calibrate import calibrate_reader
    from gongbang.runtime.encoder import load_encoder
    from gongbang.search.contexts import passages_of
    from gongbang.search.hybrid import default_index
    from gongbang.tasks.reader import ReaderTask

    language = bench.task.language
    encoder = load_encoder(ENCODER) if language.encoded else None
    index = default_index(encoder, language)  # for Korean the search that `ask` will put before the reader
    index.build(passages_of([*bench.splits.development, *bench.splits.train]))
    fitted = calibrate_reader(bench.task, trial.engine, bench.splits.development, index)
    bench.task = ReaderTask(bench.backbone.tokenizer, fitted.settings)
    return fitted.report


def _remembering(bench: Workbench, trial: Predictor) -> Any:
    """The task with the training pairs as the exported model encodes them; fitted with the rest."""
    records = [record for record in bench.splits.train if record.fields.get("response", "").strip()]
    features = bench.task.prepare([replace(record, labels={}) for record in records])
    outputs = run_sides(trial.engine, features.inputs)
    texts = [record.fields["response"] for record in records]
    return bench.task.remembering(PairMemory.of(texts, outputs["embedding"], outputs["response_embedding"]))


def _fit_labels(bench: Workbench, trial: Predictor) -> dict[str, Any]:
    """Temperature, thresholds or biases of a task that chooses among labels, on development data.

    Where the recipe trains on questions over passages that do not answer, such are made of the development
    part as well: "no answer" cannot be fitted on questions that all have one.
    """
    records = list(bench.splits.development)
    negatives = bench.recipe.data.negatives
    if negatives.per_question:
        records += negatives_of(records, negatives.model_copy(update={"per_question": 1.0}), bench.task)
    features = bench.task.prepare(records)
    bench.task, report = bench.task.fit(run_sides(trial.engine, features.inputs), features)
    return dict(report)


def _save(
    bench: Workbench,
    run: Run,
    out: Path,
    files: Files,
    report: Mapping[str, Any],
    *,
    measured: Measured | None,
    overwrite: bool,
) -> Artifact:
    trained_on = _trained_on(bench)
    licence = "; ".join(dict.fromkeys(part.licence for part in trained_on))
    parts = dict(files)
    memory = getattr(bench.task, "memory", None)
    if memory is not None:
        parts[MEMORY] = memory.to_bytes()
    if bench.splits.test:
        groups = (record.group for record in bench.splits.test)
        parts[HELD_OUT] = held_out_file(groups, bench.recipe.data.split.group_by)
    sizes = {
        key: len(part) if isinstance(part, bytes) else part.stat().st_size for key, part in parts.items()
    }
    return save_artifact(
        out,
        task=bench.task.name,
        config=bench.task.config(),
        files=parts,
        belongs=bytes_hash(bench.backbone.tokenizer.to_str().encode()),
        inputs=input_names(bench.model),
        outputs=tuple(bench.model.output_names),  # type: ignore[arg-type]
        licence=licence,
        trained_on=trained_on,
        metrics=None if measured is None else measured.scores.to_dict(),
        run=run.id,
        details={
            "dimension": bench.backbone.hidden_size,
            **report,
            "measured": "" if measured is None else measured.how,
            "run_scores": run.scores.to_dict() if run.scored else None,
        },
        card=model_card(
            run,
            name=out.name,
            what=bench.recipe.description.strip() or out.name,
            licence=licence,
            trained_on=trained_on,
            limits=(*_LIMITS.get(bench.task.name, ()), *bench.recipe.export.limits),
            extra=_remembered(report["calibration"].get("memory")),
            sizes=sizes,
            measured=measured,
        ),
        overwrite=overwrite,
    )


# Of every model of a task, whatever it was trained on; what its data does to it, the recipe says.
_LIMITS = {
    "reader": ("An answer is one span of one passage: it does not count, compare or join facts.",),
    "encode": ("Texts beyond the length limit are cut off.",),
    "classify": (
        "It gives one of its labels to every text, also to one that is about something else.",
        "Of a text beyond the length limit the middle is not read.",
    ),
    "boolq": (
        "It does not count, compare or join facts.",
        "The supporting sentence is the one most like the question in the window that decided, not a proof.",
    ),
    "emotions": (
        "Raters of such comments agree on few labels; a probability is the share of raters to expect.",
    ),
    "relation": (
        "It knows only the relations that occur in its training data, and the entities must be marked.",
    ),
    "respond": (
        "It ranks replies that it is given and writes none; the best of them need not be a good one.",
        "Of a long context the last tokens are read, of a long reply the first.",
    ),
}


def _remembered(memory: Mapping[str, Any] | None) -> dict[str, str]:
    """The card's section on known pairs."""
    if memory is None:
        return {}
    if not memory["weight"]:
        return {"Known pairs": "None are kept: on development data they did not help."}
    return {
        "Known pairs": (
            f"The {memory['pairs']:,} pairs of the training part are kept as vectors. What the "
            f"{memory['neighbours']} known contexts nearest to a new one were answered is added to its "
            f"vector with the weight {memory['weight']} (temperature {memory['temperature']}), chosen on "
            f"development data: there MRR is {memory['mrr without']:.3f} without them and "
            f"{memory['mrr with']:.3f} with them."
        )
    }


def _trained_on(bench: Workbench) -> tuple[Training, ...]:
    found = {(record.source, record.licence): None for record in bench.splits.train}
    data = tuple(Training(source or "unnamed data", licence) for source, licence in found)
    return (*data, _BACKBONE) if bench.recipe.backbone.removeprefix(NGRAMS) in OFFLINE else data
