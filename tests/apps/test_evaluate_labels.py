"""Labels evaluated: what is judged, what is passed over, and how it is told."""

from __future__ import annotations

from typing import Any

import pytest

from gongbang.apps.evaluate import evaluate_labels
from gongbang.data.records import Record
from gongbang.errors import DataError
from gongbang.tasks.classify import ClassifyConfig, ClassifyTask
from gongbang.tasks.labels import label_prediction
from tests.tasks.class_tasks import review, tokenizer

__all__ = ["tokenizer"]


class Says:
    """A classifier that finds good what says so."""

    def __init__(self, tokenizer: Any) -> None:
        self.task = ClassifyTask(tokenizer, ClassifyConfig(labels=("bad", "good")))

    def predict(self, records: list[Record]) -> list[Any]:
        return [
            label_prediction(r.id, self.task.labels, [0.0, 1.0 if "좋" in r.fields["text"] else -1.0])
            for r in records
        ]


def test_unlabelled_records_are_counted_and_passed_over(tokenizer: Any):
    records = [
        review(1, "좋다", "good"),
        review(2, "나쁘다", "bad"),
        review(3, "글쎄"),
        review(4, "좋아", "bad"),
    ]
    found = evaluate_labels(records, Says(tokenizer))
    assert (
        found.scores.scores["accuracy"].value == pytest.approx(2 / 3)
        and found.scores.scores["accuracy"].n == 3
    )
    assert found.to_dict()["unlabelled"] == 1
    few = evaluate_labels(records, Says(tokenizer), limit=2)
    assert few.to_dict()["n"] == 2 and few.to_dict()["unlabelled"] == 1  # what was left for speed is labelled


def test_a_file_without_labels_cannot_be_judged(tokenizer: Any):
    with pytest.raises(DataError):
        evaluate_labels([review(1, "좋다")], Says(tokenizer))
