"""Honest silence: the same questions with everything that answers them taken out of the corpus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gongbang.apps.evaluate.ask import Found, check_options, find, read
from gongbang.apps.evaluate.evaluation import (
    Evaluation,
    OnProgress,
    Reads,
    asked,
    ignore_progress,
    labelled,
    scored,
)
from gongbang.apps.evaluate.finder import Finder
from gongbang.apps.evaluate.reading import alone
from gongbang.apps.evaluate.threshold import with_threshold
from gongbang.data.records import Record
from gongbang.metrics.abstention import choose_no_answer_threshold
from gongbang.metrics.intervals import bootstrap_interval
from gongbang.metrics.scores import Score, Scores
from gongbang.metrics.span import exact_match
from gongbang.search.contexts import answers
from gongbang.tasks.base import Prediction

_BATCH = 8


def evaluate_unanswerable(
    records: Sequence[Record],
    finder: Finder,
    predictor: Reads,
    *,
    top_k: int = 5,
    limit: int | None = None,
    threshold: float | None = None,
    on_progress: OnProgress = ignore_progress,
) -> Evaluation:
    """How often silence is kept where it should be, and what the threshold costs where it should not.

    Each answerable question is asked twice: of the whole corpus, and of the corpus without its gold
    document and without every passage that contains one of its answers. What is taken out is passed over
    among the hits, before reranking; the statistics of the index (document frequencies) stay as they are.

    Args:
        records: the whole file; its contexts are the corpus whatever the limit.
        finder: built here over the file's contexts.
        predictor: a reader at work.
        top_k: passages read a question.
        limit: questions asked at most.
        threshold: confidence below which the answer is "no answer"; the artifact's own when None.
        on_progress: told how many more questions are done.

    Returns:
        An evaluation with ``no_answer_recall`` (percent of the questions without an answer that were met
        with silence; primary), ``exact_match`` and ``f1`` on the answerable ones, and ``em_loss``, the
        points of exact match that the threshold costs. ``extra["best_threshold"]`` is the threshold that
        would serve these very questions best: a hint for calibration on development data, not a result.

    Raises:
        OptionError: ``top_k`` or ``threshold`` out of range.
        DataError: no question of the file has an answer.
    """
    check_options(top_k, threshold)
    questions = [alone(record) for record in asked(records, limit, lambda r: labelled(r) and bool(r.answers))]
    finder.build(records)
    told: list[Prediction] = []
    silent: list[Prediction] = []
    for start in range(0, len(questions), _BATCH):
        batch = questions[start : start + _BATCH]
        told += read(predictor, find(finder, batch, top_k), top_k)
        silent += read(predictor, [_find_without_answer(finder, record, top_k) for record in batch], top_k)
        on_progress(len(batch))
    return _report(questions, told, silent, threshold)


def _find_without_answer(finder: Finder, record: Record, k: int) -> Found:
    hits = finder.search_without(record.fields["question"], lambda hit: answers(hit, record), k)
    return Found(record, tuple(hits))


def _report(
    questions: Sequence[Record],
    told: Sequence[Prediction],
    silent: Sequence[Prediction],
    threshold: float | None,
) -> Evaluation:
    spoken = with_threshold(told, threshold)
    quiet = with_threshold(silent, threshold)
    groups = [record.group for record in questions]
    golds = [[span.text for span in record.answers] for record in questions]
    forced = np.array([exact_match(_best(p), g) for p, g in zip(told, golds, strict=True)])
    given = np.array([exact_match(p.text, g) for p, g in zip(spoken, golds, strict=True)])
    kept_silent = [100.0 * (not prediction.answered) for prediction in quiet]
    own = scored(spoken, questions).scores
    scores: dict[str, Score] = {
        "no_answer_recall": bootstrap_interval(kept_silent, groups=groups),
        "em_loss": bootstrap_interval(100.0 * (forced - given), groups=groups),
        "exact_match": own["exact_match"],
        "f1": own["f1"],
    }
    return Evaluation(
        "ask",
        Scores("no_answer_recall", scores),
        {
            "always answer": _constant(forced, 0.0, groups),
            "never answer": _constant(np.zeros_like(forced), 100.0, groups),
        },
        [*spoken, *(_named(prediction) for prediction in quiet)],
        extra={"threshold": threshold, "best_threshold": _best_threshold(told, silent, forced)},
    )


def _best(prediction: Prediction) -> str:
    return prediction.candidates[0].text if prediction.candidates else ""


def _constant(right: Any, recall: float, groups: Sequence[str]) -> Scores:
    return Scores(
        "no_answer_recall",
        {
            "no_answer_recall": Score(recall, len(groups)),
            "exact_match": bootstrap_interval(100.0 * right, groups=groups),
        },
    )


def _named(prediction: Prediction) -> Prediction:
    return replace(prediction, id=f"{prediction.id}#unanswerable")


def _best_threshold(told: Sequence[Prediction], silent: Sequence[Prediction], right: Any) -> dict[str, Any]:
    confidence = [prediction.confidence for prediction in (*told, *silent)]
    kinds = [1] * len(told) + [0] * len(silent)
    correct = [*right.tolist(), *([0.0] * len(silent))]
    choice = choose_no_answer_threshold(confidence, kinds, correct, max_em_loss=3.0, min_no_answer=80.0)
    return {**choice.chosen.to_dict(), "feasible": choice.feasible}
