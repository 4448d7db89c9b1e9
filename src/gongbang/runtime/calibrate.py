"""How a reader's answers are chosen and how sure it says it is, fitted on development questions.

Every development question is asked twice: over what the search finds, and over the same with everything
that answers it taken out. The first tells which scoring serves best, both together tell what a margin is
worth and where silence begins. Export does this on the recipe's development part, ``gongbang calibrate`` on
other documents and questions: what is a sure sign in one corpus is none in another.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from gongbang.artifacts.format import CARD, PIPELINE, Artifact, check_target, save_artifact
from gongbang.artifacts.hashing import short
from gongbang.artifacts.held_out import HELD_OUT, without_records
from gongbang.data.records import Record
from gongbang.errors import DataError
from gongbang.metrics.abstention import choose_no_answer_threshold
from gongbang.metrics.calibration import expected_calibration_error, fit_platt
from gongbang.metrics.span import compared, exact_match
from gongbang.runtime.batching import run_rows
from gongbang.runtime.engines import Engine
from gongbang.runtime.predictor import Predictor
from gongbang.search.base import Hit, Index
from gongbang.search.contexts import answers
from gongbang.search.without import search_without
from gongbang.tasks.base import Features, Prediction
from gongbang.tasks.reader import ReaderConfig, ReaderTask
from gongbang.tasks.retrieved import reading_records
from gongbang.tasks.spans import Scoring

_LOG = logging.getLogger(__name__)
_SCORINGS: tuple[Scoring, ...] = ("probability_product", "logit_sum", "global")
_RETRIEVAL_WEIGHTS = (0.0, 0.5, 1.0, 2.0, 4.0)
LEAST = 50
"""Questions below which a threshold would be chance: at a limit of 3 % one question of 50 is 2 points."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """The fitted settings and what they gave on the development questions."""

    settings: ReaderConfig
    report: dict[str, Any]


def calibrate_reader(
    task: ReaderTask,
    engine: Engine,
    records: Sequence[Record],
    index: Index,
    *,
    top_k: int = 5,
    limit: int | None = None,
    max_em_loss: float = 3.0,
    min_no_answer: float = 80.0,
) -> Calibration:
    """Fit scoring, retrieval weight, confidence and no-answer threshold.

    Args:
        task: the reader as it was trained.
        engine: its exported model.
        records: development questions that have answers.
        index: built over the contexts that these questions compete with.
        top_k: passages read a question.
        limit: questions asked at most, the first of a seeded shuffle; all when None.
        max_em_loss: points of exact match that silence may cost on questions that can be answered.
        min_no_answer: percent of the unanswerable questions that should be met with silence.
    """
    asked = [record for record in records if record.answers]
    order = np.random.default_rng(0).permutation(len(asked))[:limit]
    asked = [asked[place] for place in order]
    reading = _readings(asked, index, top_k)
    plain = ReaderTask(task.tokenizer, replace(task.settings, slope=1.0, bias=0.0, no_answer_threshold=0.0))
    features = plain.prepare(reading)
    outputs = run_rows(engine, features.inputs)
    table: dict[tuple[Scoring, float], float] = {}
    for scoring in _SCORINGS:
        for weight in _RETRIEVAL_WEIGHTS:
            settings = replace(plain.settings, scoring=scoring, retrieval_weight=weight)
            told, _ = _split(ReaderTask(task.tokenizer, settings).decode(outputs, features), asked)
            table[scoring, weight] = 100.0 * float(np.mean(_right(told, asked, task)))
    # Ties go to the first entry: the plainer setting.
    scoring, weight = max(table, key=table.__getitem__)
    settings = replace(plain.settings, scoring=scoring, retrieval_weight=weight)
    fitted = _threshold(
        task,
        settings=settings,
        outputs=outputs,
        features=features,
        asked=asked,
        table=table,
        max_em_loss=max_em_loss,
        min_no_answer=min_no_answer,
    )
    _tell_replaced(task.settings, fitted.settings)
    return replace(
        fitted, report={**fitted.report, "engine": engine.name, "search": described(index), "top_k": top_k}
    )


def _tell_replaced(before: ReaderConfig, after: ReaderConfig) -> None:
    """Settings that a recipe or an older artifact named give way to the fitted ones; not in silence."""
    changed = [
        f"{name} {getattr(before, name)} by {getattr(after, name)}"
        for name in ("scoring", "retrieval_weight", "slope", "bias", "no_answer_threshold")
        if getattr(before, name) != getattr(after, name)
    ]
    if changed:
        _LOG.info("calibration replaces %s", ", ".join(changed))


def described(index: Index) -> dict[str, str]:
    """What search the readings came from: a margin fitted to one search is worth less with another.

    Example:
        >>> from gongbang.search.hybrid import default_index
        >>> sorted(described(default_index(None)).items())[:2]
        [('encoder', ''), ('index', 'lexical')]
    """
    dense = getattr(index, "dense", index)
    encoder = getattr(dense, "encoder", None)
    return {
        "index": str(getattr(index, "name", type(index).__name__)),
        "encoder": "" if encoder is None else str(encoder.signature),
        "signature": index.signature,
    }


def calibrate_artifact(
    predictor: Predictor, records: Sequence[Record], index: Index, out: str | Path, *, top_k: int = 5
) -> tuple[Artifact, Calibration]:
    """Calibrate an artifact on other questions and write it anew, its weights as they were.

    Args:
        predictor: a reader's artifact at work.
        records: questions with answers, none of them to be reported on afterwards.
        index: built over the contexts that the questions compete with, as it will be searched.
        out: the folder of the new artifact.
        top_k: passages read a question, as it will be asked.

    Raises:
        ArtifactError: the artifact is no reader, or something stands at ``out``.
        DataError: fewer questions with an answer than a threshold can be chosen on.
    """
    old = predictor.artifact.require_task("reader")
    check_target(Path(out), overwrite=False)
    answerable = sum(bool(record.answers) for record in records)
    if answerable < LEAST:
        raise DataError(
            "there are too few questions to choose a threshold on.",
            value=f"{answerable} questions with an answer",
            allowed=f"{LEAST} or more",
            cure="Label more questions, or keep the artifact as it is.",
        )
    fitted = calibrate_reader(predictor.task, predictor.engine, records, index, top_k=top_k)
    fitted_on = f"On {fitted.report['questions']} questions of {sources_of(records)}"
    artifact = save_calibrated(
        old,
        out,
        config=ReaderTask(predictor.task.tokenizer, fitted.settings).config(),
        details={"calibration": fitted.report},
        told=fitted_on,
        seen=records,
    )
    return artifact, fitted


def save_calibrated(
    old: Artifact,
    out: str | Path,
    *,
    config: Mapping[str, Any],
    details: Mapping[str, Any],
    told: str,
    seen: Sequence[Record],
) -> Artifact:
    """A copy of an artifact with another configuration or other details, its card saying so.

    Args:
        old: the artifact that was calibrated.
        out: the folder to make.
        config: of its task.
        details: what is put into its manifest besides.
        told: what it was fitted on, for the card.
        seen: the records behind that, which are held out no longer.
    """
    manifest = old.manifest
    files: dict[str, Path | bytes] = {name: old.file(name) for name in manifest.files if name != PIPELINE}
    if HELD_OUT in files:
        files[HELD_OUT] = without_records(old, seen)
    card = (old.path / CARD).read_text(encoding="utf-8") if (old.path / CARD).is_file() else ""
    again = f"{told}, from the artifact {short(old.id)}; the scores above are those from before."
    return save_artifact(
        Path(out),
        task=manifest.task,
        config=config,
        files=files,
        belongs=manifest.belongs,
        labels=manifest.labels,
        inputs=manifest.inputs,
        outputs=manifest.outputs,
        licence=manifest.licence,
        trained_on=manifest.trained_on,
        metrics=manifest.metrics,
        run=manifest.run,
        details={**manifest.details, **details, "calibrated_from": old.id},
        card=f"{card}\n## Calibrated again\n\n{again}\n",
    )


def sources_of(records: Sequence[Record]) -> str:
    """The names of the records' sources, for a card."""
    return ", ".join(sorted({record.source for record in records if record.source})) or "unnamed records"


def _threshold(
    task: ReaderTask,
    *,
    settings: ReaderConfig,
    outputs: Any,
    features: Features,
    asked: Sequence[Record],
    table: Mapping[tuple[Scoring, float], float],
    max_em_loss: float,
    min_no_answer: float,
) -> Calibration:
    told, silent = _split(ReaderTask(task.tokenizer, settings).decode(outputs, features), asked)
    right = _right(told, asked, task)
    margins = np.array([_margin(prediction) for prediction in (*told, *silent)])
    correct = np.concatenate([right, np.zeros(len(silent))])
    platt = fit_platt(margins, correct)
    confidence = platt(margins)
    answerable = np.arange(len(margins)) < len(told)
    choice = choose_no_answer_threshold(
        confidence, answerable, correct, max_em_loss=max_em_loss, min_no_answer=min_no_answer
    )
    fitted = platt.to_dict()
    settings = replace(
        settings, slope=fitted["slope"], bias=fitted["offset"], no_answer_threshold=float(choice.threshold)
    )
    report = {
        "questions": len(asked),
        "scoring": f"{settings.scoring}, retrieval {settings.retrieval_weight:g}",
        "exact_match_by_scoring": {
            f"{name}, retrieval {weight:g}": em for (name, weight), em in table.items()
        },
        "calibration_error": expected_calibration_error(confidence, correct),
        "threshold": choice.chosen.to_dict(),
        "feasible": choice.feasible,
    }
    _LOG.info("calibrated: %s", report)
    return Calibration(settings, report)


def _readings(asked: Sequence[Record], index: Index, top_k: int) -> list[Record]:
    """Each question with its passages, and again under ``<id>#unanswerable`` without those that answer."""
    questions = [record.fields["question"] for record in asked]
    found = index.search(questions, top_k)
    without = search_without(index, questions, [partial(_answers, record) for record in asked], top_k)
    readings = []
    for record, question, hits, others in zip(asked, questions, found, without, strict=True):
        readings += reading_records(question, hits, question_id=record.id)
        readings += reading_records(question, others, question_id=f"{record.id}#unanswerable")
    return readings


def _answers(record: Record, hit: Hit) -> bool:
    return answers(hit, record)


def _split(
    predictions: Sequence[Prediction], asked: Sequence[Record]
) -> tuple[list[Prediction], list[Prediction]]:
    found = {prediction.id: prediction for prediction in predictions}
    nothing = Prediction("", "", 0.0)
    told = [found.get(record.id, nothing) for record in asked]
    silent = [found.get(f"{record.id}#unanswerable", nothing) for record in asked]
    return told, silent


def _right(
    predictions: Sequence[Prediction], asked: Sequence[Record], task: ReaderTask
) -> np.ndarray[Any, np.dtype[np.float64]]:
    metric = compared(exact_match, task.language.comparable)
    return np.array(
        [
            metric(prediction.text, [span.text for span in record.answers])
            for prediction, record in zip(predictions, asked, strict=True)
        ],
        dtype=np.float64,
    )


def _margin(prediction: Prediction) -> float:
    """The margin behind a confidence that was computed with slope 1 and bias 0."""
    confidence = float(np.clip(prediction.confidence, 1e-12, 1 - 1e-12))
    return float(np.log(confidence) - np.log1p(-confidence))
