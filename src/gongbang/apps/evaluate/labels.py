"""Choosing among labels: each record of a file against the label that it carries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gongbang.apps.evaluate.evaluation import Evaluation, OnProgress, Reads, asked, ignore_progress, predicted
from gongbang.artifacts.notebooks import build_notebook_for
from gongbang.data.records import Record
from gongbang.tasks.base import Prediction

TASKS = ("classify", "boolq", "emotions", "relation")


def evaluate_labels(
    records: Sequence[Record],
    predictor: Reads,
    *,
    limit: int | None = None,
    name: str = "",
    on_progress: OnProgress = ignore_progress,
) -> Evaluation:
    """The scores of a classifier, a boolean reader, an emotion or a relation artifact.

    Args:
        records: the file's records; those without a label are passed over.
        predictor: an artifact at work.
        limit: records judged at most, spread over the file.
        name: title of the error notebook.
        on_progress: told how many more records are done.

    Raises:
        OptionError: ``limit`` is below 1.
        DataError: no record carries a label, or one has a label that the artifact does not know.
    """
    task = predictor.task
    judged = asked(records, limit, keep=lambda record: is_labelled(task, record))
    predictions = predicted(predictor, judged, on_progress)
    return Evaluation(
        task.name,
        task.score(predictions, judged),
        task.baselines(([], judged)),
        predictions,
        build_notebook_for(task, judged, predictions, name=name),
        extra={
            "unlabelled": sum(not is_labelled(task, record) for record in records),
            **_abstained(task, predictions),
        },
    )


def is_labelled(task: Any, record: Record) -> bool:
    """Whether a record has the texts that the task reads, and the labels that it is judged by."""
    texts = all(record.fields.get(name, "").strip() for name in task.schema.fields)
    return texts and all(record.labels.get(name) is not None for name in task.schema.labels)


def _abstained(task: Any, predictions: Sequence[Prediction]) -> dict[str, int]:
    """How many of a boolean reader's answers are "no answer" where nobody forces it to yes or no."""
    if task.name != "boolq":
        return {}
    from gongbang.tasks.boolq import NO_ANSWER

    return {"no_answer": sum(prediction.text == NO_ANSWER for prediction in predictions)}
