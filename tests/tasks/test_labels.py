"""Labels, their numbers, and predictions out of logits."""

from __future__ import annotations

import numpy as np
import pytest

from gongbang.data.records import Record
from gongbang.errors import DataError, OptionError
from gongbang.tasks.labels import (
    check_labels,
    class_targets,
    label_ids,
    label_prediction,
    labels_in,
    probabilities_of,
    softmax,
)

LABELS = ("부정", "중립", "긍정")


def labelled(*labels: str | None) -> list[Record]:
    return [
        Record(str(at), {"text": "글"}, labels={} if label is None else {"label": label})
        for at, label in enumerate(labels)
    ]


def test_labels_do_not_depend_on_the_order_of_the_file():
    assert labels_in(labelled("b", "a", "b")) == labels_in(labelled("a", "b", "b")) == ("a", "b")


def test_ids_follow_the_given_order_and_are_absent_unless_all_are_labelled():
    assert label_ids(labelled("긍정", "부정"), LABELS).tolist() == [2, 0]
    assert len(label_ids(labelled("긍정", None), LABELS)) == 0


def test_an_unknown_label_is_told_with_its_neighbour():
    with pytest.raises(DataError) as caught:
        label_ids(labelled("긍정적"), LABELS)
    assert "긍정" in caught.value.cure and caught.value.field == "label" and len(caught.value.lines()) >= 4


@pytest.mark.parametrize("labels", [(), ("하나",), ("a", "b", "a")])
def test_labels_that_cannot_be_told_apart_are_refused(labels: tuple[str, ...]):
    with pytest.raises(OptionError):
        check_labels(labels)


def test_a_prediction_names_every_label_best_first_with_shares_that_sum_to_one():
    prediction = label_prediction("7", LABELS, [0.0, 1.0, 1.0])
    assert prediction.text == "중립"  # of equals the earlier one
    assert [candidate.text for candidate in prediction.candidates] == ["중립", "긍정", "부정"]
    assert sum(candidate.probability for candidate in prediction.candidates) == pytest.approx(1.0)
    e = np.e
    assert prediction.confidence == pytest.approx(e / (2 * e + 1))
    assert probabilities_of(prediction, LABELS) == pytest.approx(softmax([0.0, 1.0, 1.0]))


def test_softmax_bears_large_numbers():
    assert softmax([1e4, 0.0]).tolist() == [1.0, 0.0]


def test_a_teachers_shares_become_targets_only_where_every_record_has_them():
    taught = [record.with_labels(soft={"부정": 0.25, "긍정": 0.75}) for record in labelled("긍정", "부정")]
    targets = class_targets(taught, LABELS)
    assert targets["label"].tolist() == [2, 0] and targets["soft"].tolist() == [[0.25, 0.0, 0.75]] * 2
    assert "soft" not in class_targets([*taught, *labelled("중립")], LABELS)
    assert class_targets(labelled(None), LABELS) == {}
