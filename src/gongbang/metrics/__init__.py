"""Span and ranking metrics, bootstrap intervals, calibration and the choice to abstain."""

from gongbang.metrics.abstention import ThresholdChoice, ThresholdPoint, choose_no_answer_threshold
from gongbang.metrics.calibration import Platt, expected_calibration_error, fit_platt, fit_temperature
from gongbang.metrics.intervals import Difference, bootstrap_interval, paired_bootstrap
from gongbang.metrics.ranking import (
    mrr_at_k,
    ndcg_at_k,
    ranking_scores,
    recall_at_k,
    success_at_k,
    unique_ranking,
)
from gongbang.metrics.scores import Score, Scores
from gongbang.metrics.span import (
    character_f1,
    exact_match,
    normalise_answer,
    rouge_w,
    span_scores,
    word_jaccard,
)

__all__ = [
    "Difference",
    "Platt",
    "Score",
    "Scores",
    "ThresholdChoice",
    "ThresholdPoint",
    "bootstrap_interval",
    "character_f1",
    "choose_no_answer_threshold",
    "exact_match",
    "expected_calibration_error",
    "fit_platt",
    "fit_temperature",
    "mrr_at_k",
    "ndcg_at_k",
    "normalise_answer",
    "paired_bootstrap",
    "ranking_scores",
    "recall_at_k",
    "rouge_w",
    "span_scores",
    "success_at_k",
    "unique_ranking",
    "word_jaccard",
]
