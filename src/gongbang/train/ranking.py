"""An encoder artifact scored like the model it was made from: its own vectors, the same corpus."""

from __future__ import annotations

from collections.abc import Sequence

from gongbang.data.records import Record
from gongbang.metrics.scores import Scores
from gongbang.runtime.batching import run_sides
from gongbang.runtime.predictor import Predictor
from gongbang.train.workbench import Workbench


def score_pairs(bench: Workbench, predictor: Predictor, records: Sequence[Record]) -> Scores:
    """Recall and MRR of an exported encoder over all the passages of a recipe's splits."""
    features = predictor.task.prepare(bench.with_other_passages(records))
    outputs = run_sides(predictor.engine, features.inputs)
    scores: Scores = predictor.task.score(predictor.task.decode(outputs, features), records)
    return scores
