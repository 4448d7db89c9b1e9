"""How sure a chatbot must be: fitted to messages that it should answer and others that it should not.

The inside messages are of the kind that its answers are for, none of them among the questions that it
knows; the outside ones are of other kinds. A logistic curve over the scores of the best answer tells them
apart, and the threshold is the highest that still answers the wanted share of the inside ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gongbang.apps.answer_book import AnswerBook, AnswerHit
from gongbang.apps.chat import ChatSettings
from gongbang.errors import DataError
from gongbang.metrics.small_samples import wilson_interval

LEAST = 30
"""Messages of either kind."""
_FOUND = 20
_ROUNDS = 4  # which answer is best hangs on the weights, and they on the answer
_RIDGE = 1e-3
_STEPS = 50


@dataclass(frozen=True, slots=True)
class ChatCalibration:
    """Fitted settings, and what they do to the messages they were fitted to."""

    settings: ChatSettings
    report: dict[str, Any]


def calibrate_chat(
    book: AnswerBook,
    inside: Sequence[str],
    outside: Sequence[str],
    *,
    settings: ChatSettings | None = None,
    answered: float = 0.92,
) -> ChatCalibration:
    """Fit weights, bias and threshold.

    Args:
        book: the answers, taken in already.
        inside: messages that should be answered.
        outside: messages that should not be.
        settings: whose other values are kept.
        answered: share of the inside messages that must be answered.

    Raises:
        DataError: too few messages of either kind, or ones for which nothing is found.
    """
    if min(len(inside), len(outside)) < LEAST:
        raise DataError(
            "there are too few messages to calibrate on.",
            value=f"{len(inside)} inside, {len(outside)} outside",
            allowed=f"{LEAST} or more of either kind",
            cure="Collect more, or keep the artifact as it is.",
        )
    found = [[book.find(text, text, _FOUND) for text in texts] for texts in (inside, outside)]
    if not all(all(hits) for hits in found):
        raise DataError(
            "there are messages for which no answer is found at all.",
            value=f"{len(book)} answers",
            allowed="a book of answers that is not empty",
            cure="Pass the answers that the chatbot will know.",
        )
    now = settings or ChatSettings()
    for _ in range(_ROUNDS):
        scores = [np.array([_scores(_best(hits, now)) for hits in part]) for part in found]
        weights, bias = _logistic(
            np.concatenate(scores), np.repeat([1.0, 0.0], [len(part) for part in scores])
        )
        now = replace(
            now,
            response_weight=float(weights[0]),
            question_weight=float(weights[1]),
            domain_weight=float(weights[2]),
            bias=float(bias),
        )
    sure = [np.array([now.confidence(_best(hits, now)) for hits in part]) for part in found]
    threshold = float(np.quantile(sure[0], 1.0 - answered, method="lower"))
    now = replace(now, threshold=threshold)
    shares = {
        "answered_inside": wilson_interval(int((sure[0] >= threshold).sum()), len(inside)),
        "abstained_outside": wilson_interval(int((sure[1] < threshold).sum()), len(outside)),
    }
    return ChatCalibration(
        now,
        {
            "inside": len(inside),
            "outside": len(outside),
            "answers": len(book),
            "threshold": threshold,
            **{name: share.to_dict() for name, share in shares.items()},
        },
    )


def _best(hits: Sequence[AnswerHit], settings: ChatSettings) -> AnswerHit:
    return max(hits, key=lambda hit: (settings.confidence(hit), -hit.answer.id))


def _scores(hit: AnswerHit) -> tuple[float, float, float]:
    return hit.response, hit.question, hit.domain


def _logistic(
    features: NDArray[np.float64], labels: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """Weights and bias of a logistic regression, both kinds weighing alike, none of the weights negative.

    A negative weight would make an answer that replies better a worse one: such a score is left out.
    """
    kept = np.arange(features.shape[1])
    # In units of their spread, so that the ridge bears on all alike.
    spread = np.maximum(features.std(axis=0), 1e-6)
    while True:
        found, bias = _newton(features[:, kept] / spread[kept], labels)
        if (found >= 0).all() or not len(kept):
            weights = np.zeros(features.shape[1])
            weights[kept] = found / spread[kept]
            return weights, bias
        kept = np.delete(kept, int(found.argmin()))


def _newton(features: NDArray[np.float64], labels: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    design = np.column_stack([features, np.ones(len(features))])
    each = np.where(labels > 0, 0.5 / labels.mean(), 0.5 / (1.0 - labels.mean()))
    weights = np.zeros(design.shape[1])
    ridge = np.diag([*np.full(features.shape[1], _RIDGE), 0.0])
    for _ in range(_STEPS):
        shares = 1.0 / (1.0 + np.exp(-np.clip(design @ weights, -30, 30)))
        slope = design.T @ (each * (shares - labels)) / len(labels) + ridge @ weights
        bend = (design * (each * shares * (1 - shares))[:, None]).T @ design / len(labels) + ridge
        step = np.linalg.solve(bend + 1e-9 * np.eye(len(bend)), slope)
        weights = weights - step
        if np.abs(step).max() < 1e-9:
            break
    return weights[:-1], float(weights[-1])
