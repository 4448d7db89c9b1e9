"""Candidates and their scores as a prediction, and predictions as R@k and MRR."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gongbang.data.records import Record
from gongbang.errors import DataError
from gongbang.metrics.scores import Scores
from gongbang.metrics.selection import right_ranks, selection_scores
from gongbang.tasks.base import Candidate, Prediction
from gongbang.tasks.labels import softmax


def ranked_prediction(
    record: Record, candidates: Sequence[str], scores: ArrayLike, *, temperature: float = 1.0
) -> Prediction:
    """The candidates of a record, best first, with their scores and probabilities.

    Of equal scores the right response comes last; the others keep their order.

    Args:
        record: its ``response``, where it has one, is the right one.
        candidates: (n,) texts, each once.
        scores: (n,) higher is better.
        temperature: divides the scores before the softmax that makes probabilities of them.

    Returns:
        ``text`` is the best candidate, ``confidence`` its probability; ``details["rank"]`` the place of the
        right response, None where it is unknown.

    Example:
        >>> asked = Record("1", {"context": "배고파", "response": "밥 드세요."})
        >>> told = ranked_prediction(asked, ["밥 드세요.", "잘 자요."], [0.5, 0.5])
        >>> told.text, told.details["rank"]
        ('잘 자요.', 2)
    """
    values = np.asarray(scores, dtype=np.float64)
    right = record.fields.get("response")
    order = sorted(range(len(candidates)), key=lambda at: (-values[at], candidates[at] == right))
    shares = softmax(values / temperature)
    ranked = tuple(
        Candidate(candidates[at], 0, 0, float(values[at]), float(shares[at]), record=record.id)
        for at in order
    )
    rank = next((place for place, one in enumerate(ranked, 1) if one.text == right), None)
    return Prediction(record.id, ranked[0].text, ranked[0].probability, ranked, details={"rank": rank})


def scores_of_predictions(predictions: Sequence[Prediction], records: Sequence[Record]) -> Scores:
    """R@1/2/5/10 and MRR (primary) of the right responses among the candidates, clustered by group.

    Args:
        predictions: one a record, in any order.
        records: with their right responses.

    Raises:
        DataError: a record has no prediction, or its right response is not among the candidates.
    """
    by_id = {prediction.id: prediction for prediction in predictions}
    told = [_prediction_of(record, by_id.get(record.id)) for record in records]
    width = max(len(prediction.candidates) for prediction in told)
    scores = np.zeros((len(told), width))
    there = np.zeros((len(told), width), dtype=bool)
    right = np.zeros(len(told), dtype=np.int64)
    for row, (record, prediction) in enumerate(zip(records, told, strict=True)):
        texts = [candidate.text for candidate in prediction.candidates]
        scores[row, : len(texts)] = [candidate.score for candidate in prediction.candidates]
        there[row, : len(texts)] = True
        right[row] = texts.index(record.fields["response"])
    ranks = right_ranks(scores, right, there)
    return selection_scores(ranks, groups=[record.group for record in records])


def _prediction_of(record: Record, prediction: Prediction | None) -> Prediction:
    right = record.fields.get("response")
    found = () if prediction is None else prediction.candidates
    if prediction is None or all(candidate.text != right for candidate in found):
        raise DataError(
            f"record '{record.id}' cannot be scored: its right response was not ranked.",
            value=right if right is not None else "no response",
            allowed="a prediction of the same record, with the right response among the candidates",
            cure="Score the records that were predicted, each with its response.",
            field="response",
        )
    return prediction


def attended_scores(
    contexts: NDArray[np.floating],
    responses: NDArray[np.floating],
    there: NDArray[np.bool_] | None = None,
) -> NDArray[np.float64]:
    """Poly-encoder scores (Humeau et al. 2020, section 4.4): each response attends to the context's vectors.

    With one vector a context this is the dot product of the bi-encoder.

    Args:
        contexts: (n, vectors, dimension).
        responses: (n, candidates, dimension), the candidates of each context.
        there: (n, vectors) which of the vectors are real, one or more of each; all when None.

    Returns:
        (n, candidates) scores, computed in float64.

    Example:
        >>> attended_scores(np.array([[[1.0, 0.0]]]), np.array([[[2.0, 5.0], [3.0, 0.0]]])).tolist()
        [[2.0, 3.0]]
    """
    vectors = contexts.astype(np.float64)
    dots = np.einsum("nvd,ncd->ncv", vectors, responses.astype(np.float64))
    if there is None:
        return np.asarray((softmax(dots) * dots).sum(axis=2))
    # What is attended is the mean of vectors, so its dot product is the same mean of dot products.
    attention = softmax(np.where(there[:, None, :], dots, -np.inf))
    return np.asarray((attention * dots).sum(axis=2))
