"""Span, ranking, class and label-set metrics, bootstrap intervals, calibration and the choice to abstain."""

from gongbang.metrics.abstention import ThresholdChoice, ThresholdPoint, choose_no_answer_threshold
from gongbang.metrics.calibration import Platt, expected_calibration_error, fit_platt, fit_temperature
from gongbang.metrics.classes import class_metric, class_report, class_scores
from gongbang.metrics.intervals import Difference, bootstrap_interval, paired_bootstrap
from gongbang.metrics.multilabel import label_metric, label_report, multilabel_scores
from gongbang.metrics.ranking import (
    mrr_at_k,
    ndcg_at_k,
    ranking_scores,
    recall_at_k,
    success_at_k,
    unique_ranking,
)
from gongbang.metrics.resampling import paired_metric_bootstrap
from gongbang.metrics.scores import Score, Scores, points
from gongbang.metrics.selection import right_ranks, selection_scores
from gongbang.metrics.span import (
    character_f1,
    exact_match,
    normalise_answer,
    rouge_w,
    span_scores,
    word_f1,
    word_jaccard,
)
from gongbang.metrics.thresholds import choose_label_thresholds

__all__ = [
    "Difference",
    "Platt",
    "Score",
    "Scores",
    "ThresholdChoice",
    "ThresholdPoint",
    "bootstrap_interval",
    "character_f1",
    "choose_label_thresholds",
    "choose_no_answer_threshold",
    "class_metric",
    "class_report",
    "class_scores",
    "exact_match",
    "expected_calibration_error",
    "fit_platt",
    "fit_temperature",
    "label_metric",
    "label_report",
    "mrr_at_k",
    "multilabel_scores",
    "ndcg_at_k",
    "normalise_answer",
    "paired_bootstrap",
    "paired_metric_bootstrap",
    "points",
    "ranking_scores",
    "recall_at_k",
    "right_ranks",
    "rouge_w",
    "selection_scores",
    "span_scores",
    "success_at_k",
    "unique_ranking",
    "word_f1",
    "word_jaccard",
]
