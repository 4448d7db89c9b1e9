"""Reading alone: each question with the passage that it was written for."""

from __future__ import annotations

from collections.abc import Sequence

from gongbang.apps.evaluate.evaluation import Evaluation, OnProgress, Reads, asked, ignore_progress
from gongbang.apps.evaluate.threshold import check_threshold, with_threshold
from gongbang.artifacts.notebook import build_notebook
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
    """Exact match, character F1 and ROUGE-W given the gold passage.

    Where some questions are unanswerable, ``has_answer_*`` and ``no_answer_accuracy`` stand beside them.

    Args:
        records: the file's records.
        predictor: an artifact at work.
        limit: questions read at most.
        threshold: confidence below which the answer is "no answer"; the artifact's own when None.
        name: title of the error notebook.
        on_progress: told how many more questions are done.

    Raises:
        OptionError: ``limit`` or ``threshold`` out of range.
    """
    check_threshold(threshold)
    # One question may be asked of several passages; here each record stands for itself.
    questions = [alone(record) for record in asked(records, limit)]
    predictions: list[Prediction] = []
    for start in range(0, len(questions), _BATCH):
        batch = questions[start : start + _BATCH]
        predictions += with_threshold(predictor.predict(batch), threshold)
        on_progress(len(batch))
    return Evaluation(
        "reader",
        predictor.task.score(predictions, questions),
        predictor.task.baselines([], questions),
        predictions,
        build_notebook(questions, predictions, name=name),
    )


def alone(record: Record) -> Record:
    """The record as a question of its own."""
    return record if question_id(record) == record.id else record.with_labels(question_id=record.id)
