"""Labels and their numbers: the order that a model's outputs have, and predictions out of its logits.

The order of the labels is part of a task's configuration and so of its hash: a model whose classes were
numbered otherwise is another model.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gongbang.data.records import Record
from gongbang.errors import DataError, OptionError
from gongbang.metrics.scores import Scores
from gongbang.tasks.base import Candidate, Prediction

_ROUNDED = 1e-6  # what the sum of a row of shares may be off by


def label_of(record: Record, key: str = "label") -> str | None:
    """The record's label as text; None where it is not labelled.

    Example:
        >>> label_of(Record("1", {"text": "좋다"}, labels={"label": 1}))
        '1'
    """
    value = record.labels.get(key)
    return None if value is None or value == "" else str(value)


def gold_texts(record: Record) -> list[str] | None:
    """The texts that are right for a record: its answers ("" where nothing answers), or its label.

    None for a record that is not labelled.

    Example:
        >>> gold_texts(Record("1", {"text": "좋다"}, labels={"label": 1})), gold_texts(Record("2", {}))
        (['1'], None)
    """
    if "answers" in record.spans:
        return [answer.text for answer in record.answers] or [""]
    label = label_of(record)
    return None if label is None else [label]


def labels_in(records: Iterable[Record], key: str = "label") -> tuple[str, ...]:
    """The distinct labels of the records, sorted, so that their order does not depend on the file's.

    Example:
        >>> labels_in([Record("1", {}, labels={"label": "b"}), Record("2", {}, labels={"label": "a"})])
        ('a', 'b')
    """
    return tuple(sorted({label for record in records if (label := label_of(record, key)) is not None}))


def check_labels(labels: Sequence[str], *, least: int = 2) -> None:
    """Refuse labels that cannot be told apart.

    Raises:
        OptionError: fewer than ``least``, or one twice.
    """
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if len(labels) < least or twice:
        raise OptionError(
            "a label stands twice." if twice else "there are too few labels to choose from.",
            value=", ".join(twice or labels) or "none",
            allowed=f"{least} or more distinct labels",
            cure="Set pipeline.labels to the distinct labels, or map the column that holds them.",
        )


def number_of(label: str, labels: Sequence[str], record: Record, key: str = "label") -> int:
    """The number of a record's label.

    Raises:
        DataError: the label is none of ``labels``.
    """
    try:
        return labels.index(label)
    except ValueError:
        near = get_close_matches(label, labels, n=1)
        raise DataError(
            f"record '{record.id}' has a label that the task does not know.",
            value=label,
            allowed=", ".join(labels[:40]),
            cure=f"Did you mean '{near[0]}'?" if near else "Add it to pipeline.labels, or drop the record.",
            field=key,
        ) from None


def label_ids(records: Sequence[Record], labels: Sequence[str], key: str = "label") -> NDArray[np.int64]:
    """(n,) number of each record's label; empty (shape (0,)) unless every record carries one.

    Raises:
        DataError: a label is none of ``labels``.
    """
    found = [label_of(record, key) for record in records]
    if any(label is None for label in found):
        return np.zeros(0, dtype=np.int64)
    return np.asarray(
        [number_of(str(label), labels, record, key) for label, record in zip(found, records, strict=True)],
        dtype=np.int64,
    )


def softmax(logits: ArrayLike, axis: int = -1) -> NDArray[np.float64]:
    """Probabilities of the same shape as ``logits``, summing to 1 over ``axis``.

    Example:
        >>> softmax([0.0, 0.0]).tolist()
        [0.5, 0.5]
    """
    values = np.asarray(logits, dtype=np.float64)
    values = np.exp(values - values.max(axis=axis, keepdims=True))
    shares: NDArray[np.float64] = values / values.sum(axis=axis, keepdims=True)
    return shares


def label_prediction(
    id: str, labels: Sequence[str], logits: ArrayLike, *, probabilities: ArrayLike | None = None
) -> Prediction:
    """The best label, with all labels as candidates, best first; of equals the earlier label comes first.

    Args:
        labels: (L,) in the model's order. logits: (L,) scores, kept in the candidates.
        probabilities: (L,); the softmax of the logits when None.

    Example:
        >>> label_prediction("1", ("no", "yes"), [0.0, 2.0]).text
        'yes'
    """
    scores = np.asarray(logits, dtype=np.float64)
    shares = softmax(scores) if probabilities is None else np.asarray(probabilities, dtype=np.float64)
    order = np.argsort(-shares, kind="stable")
    candidates = tuple(
        Candidate(labels[at], 0, 0, float(scores[at]), float(shares[at]), record=id) for at in order
    )
    return Prediction(id, candidates[0].text, candidates[0].probability, candidates)


def probabilities_of(prediction: Prediction, labels: Sequence[str]) -> NDArray[np.float64]:
    """(L,) the prediction's probabilities in the order of ``labels``; 0 for one that it does not name."""
    by_name = {candidate.text: candidate.probability for candidate in prediction.candidates}
    return np.asarray([by_name.get(label, 0.0) for label in labels], dtype=np.float64)


def free_probabilities(prediction: Prediction, labels: Sequence[str]) -> NDArray[np.float64]:
    """(L,) the prediction's probabilities before the task's rules took any label's away.

    A task with rules keeps the logarithms of these as scores and leaves what is ruled out a probability of
    exactly 0; of other predictions they are the probabilities themselves.

    Example:
        >>> ruled = label_prediction("1", ("a", "b"), np.log([0.25, 0.75]), probabilities=[1.0, 0.0])
        >>> free_probabilities(ruled, ("a", "b")).tolist()
        [0.25, 0.75]
    """
    told = probabilities_of(prediction, labels)
    if told.all():
        return told
    scores = {candidate.text: candidate.score for candidate in prediction.candidates}
    free = np.exp(np.minimum([scores.get(label, -np.inf) for label in labels], 0.0))
    return free if abs(free.sum() - 1.0) < _ROUNDED else told


def constrained(shares: NDArray[np.float64], possible: NDArray[np.bool_] | None) -> NDArray[np.float64]:
    """(..., L) probabilities of which only what is possible, (..., L), is left; None rules nothing out.

    Example:
        >>> constrained(np.array([0.5, 0.25, 0.25]), np.array([False, True, True])).tolist()
        [0.0, 0.5, 0.5]
    """
    if possible is None:
        return shares
    left = np.where(possible, np.maximum(shares, np.finfo(np.float64).tiny), 0.0)
    return np.asarray(left / left.sum(axis=-1, keepdims=True))


def soft_targets(records: Sequence[Record], labels: Sequence[str]) -> NDArray[np.float32] | None:
    """(n, L) probabilities that a teacher gave, from ``labels["soft"]``; None unless every record has them.

    Raises:
        DataError: a teacher's label is none of ``labels``.

    Example:
        >>> taught = Record("1", {"text": "좋다"}, labels={"soft": {"negative": 0.25, "positive": 0.75}})
        >>> soft_targets([taught], ("negative", "positive")).tolist()
        [[0.25, 0.75]]
    """
    if not records or any("soft" not in record.labels for record in records):
        return None
    soft = np.zeros((len(records), len(labels)), dtype=np.float32)
    for row, record in enumerate(records):
        for label, share in record.labels["soft"].items():
            soft[row, number_of(str(label), labels, record, "soft")] = share
    return soft


def class_targets(
    records: Sequence[Record], labels: Sequence[str], key: str = "label"
) -> dict[str, NDArray[Any]]:
    """What a classifier's loss takes: ``label``, (n,), and a teacher's ``soft``, (n, L), where all have them.

    Raises:
        DataError: a label is none of ``labels``.
    """
    targets: dict[str, NDArray[Any]] = {}
    ids = label_ids(records, labels, key)
    if len(ids):
        targets["label"] = ids
        soft = soft_targets(records, labels)
        if soft is not None:
            targets["soft"] = soft
    return targets


def mean_predictions(
    task: Any, told: Sequence[Sequence[Prediction]], weights: Sequence[float] | None = None
) -> list[Prediction]:
    """Predictions whose probabilities are the mean of several models' of the same records.

    Args:
        task: one that chooses among labels; it makes predictions of probabilities (``from_probabilities``).
        told: (models, n) predictions, of the same records in the same order.
        weights: (models,), summing to 1; equal when None.
    """
    shares = np.stack([[free_probabilities(one, task.labels) for one in model] for model in told])
    given = np.full(len(told), 1.0 / len(told)) if weights is None else np.asarray(weights)
    mean = np.einsum("m,mnl->nl", given, shares)
    ids = [prediction.id for prediction in told[0]]
    possible = np.stack([probabilities_of(one, task.labels) > 0 for one in told[0]])
    if not possible.all() and np.allclose(mean.sum(axis=1), 1.0, atol=_ROUNDED):
        return shared_predictions(ids, task.labels, mean, possible)
    found: list[Prediction] = task.from_probabilities(ids, mean)
    return found


def shared_predictions(
    ids: Sequence[str],
    labels: Sequence[str],
    shares: NDArray[np.float64],
    possible: NDArray[np.bool_] | None = None,
) -> list[Prediction]:
    """A prediction for each row of (n, L) probabilities, their logarithms as scores.

    ``possible``, (n, L), leaves what it rules out a probability of 0.
    """
    scores = np.log(np.maximum(shares, np.finfo(np.float64).tiny))
    return [
        label_prediction(id, labels, row, probabilities=share)
        for id, row, share in zip(ids, scores, constrained(shares, possible), strict=True)
    ]


def scores_of(
    predictions: Sequence[Prediction],
    records: Sequence[Record],
    labels: Sequence[str],
    *,
    primary: str,
    key: str = "label",
    leave_out: Sequence[str] = (),
) -> Scores:
    """Accuracy, macro and micro F1 and AUPRC as shares, with 95 % intervals clustered by group.

    Args:
        predictions: one a record, in the records' order.
        labels: in the model's order; probabilities of others are left out and the rest made to sum to 1.
        primary: the metric that is reported first.
        leave_out: labels that micro F1 does not count.
    """
    from gongbang.metrics.classes import class_scores

    shares = np.stack([probabilities_of(prediction, labels) for prediction in predictions])
    return class_scores(
        [str(label_of(record, key)) for record in records],
        [prediction.text for prediction in predictions],
        labels=labels,
        groups=[record.group for record in records],
        probabilities=shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-12),
        leave_out=leave_out,
        primary=primary,
    )


def fitted_temperature(
    logits: NDArray[np.float64], gold: NDArray[np.int64], before: float
) -> tuple[float, dict[str, Any]]:
    """The temperature that fits labelled logits, and what it does to the calibration error.

    Args:
        logits: (n, L), of records that were not trained on. gold: (n,) numbers of the labels.
        before: the temperature so far.
    """
    from gongbang.metrics.calibration import expected_calibration_error, fit_temperature

    temperature = round(float(fit_temperature(logits, gold)), 6)
    report: dict[str, Any] = {"temperature": round(temperature, 4), "records": len(gold)}
    for name, divisor in (("before", before), ("after", temperature)):
        shares = softmax(logits / divisor)
        right = shares.argmax(axis=1) == gold
        error = expected_calibration_error(shares.max(axis=1), right)
        report[f"calibration error {name}"] = round(error, 4)
    return temperature, report
