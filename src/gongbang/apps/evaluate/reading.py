"""Reading alone: each question with the passage that it was written for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gongbang.apps.evaluate.evaluation import (
    Evaluation,
    OnProgress,
    Reads,
    asked,
    ignore_progress,
    predicted,
)
from gongbang.apps.evaluate.threshold import check_threshold, with_threshold
from gongbang.artifacts.notebook import build_notebook
from gongbang.artifacts.notebooks import scorers_of
from gongbang.data.records import Record
from gongbang.tasks.base import Prediction
from gongbang.tasks.reader import question_id

_BATCH = 64


def evaluate_reader(
    records: Sequence[Record],
    predictor: Reads,
    *,
    limit: int | None = None,
    threshold: float | None = None,
    name: str = "reader",
    on_progress: OnProgress = ignore_progress,
) -> Evaluation:
    """The metrics of the reader's language given the gold passage: exact match and character F1 at least.

    Where some questions are unanswerable, ``has_answer_*`` and ``no_answer_accuracy`` stand beside them.
    Where none is, as in KorQuAD 1.0, the task is to name the span and silence is never right: then the best
    span is taken whatever its confidence, and ``extra["with_threshold"]`` says what the artifact's own
    threshold would have made of it.

    Args:
        records: the file's records.
        predictor: an artifact at work.
        limit: questions read at most.
        threshold: confidence below which the answer is "no answer"; when None, 0 where every question has an
            answer, else the artifact's own.
        name: title of the error notebook.
        on_progress: told how many more questions are done.

    Raises:
        OptionError: ``limit`` or ``threshold`` out of range.
    """
    check_threshold(threshold)
    # One question may be asked of several passages; here each record stands for itself.
    questions = [alone(record) for record in asked(records, limit)]
    forced = threshold is None and all(record.answers for record in questions)
    told = predicted(predictor, questions, on_progress, batch=_BATCH)
    predictions = with_threshold(told, 0.0 if forced else threshold)
    return Evaluation(
        "reader",
        predictor.task.score(predictions, questions),
        predictor.task.baselines(([], questions)),
        predictions,
        build_notebook(questions, predictions, name=name, **scorers_of(predictor.task)),
        extra={"with_threshold": _with_own(predictor, told, questions)} if forced else {},
    )


def _with_own(predictor: Reads, told: Sequence[Prediction], questions: Sequence[Record]) -> dict[str, Any]:
    """What the artifact's own threshold makes of questions that all have an answer."""
    silent = sum(not prediction.text for prediction in told)
    return {**predictor.task.score(told, questions).to_dict(), "silent": silent}


def alone(record: Record) -> Record:
    """The record as a question of its own."""
    return record if question_id(record) == record.id else record.with_labels(question_id=record.id)
