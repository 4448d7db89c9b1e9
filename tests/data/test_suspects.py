"""Confident learning, by hand and with planted faults."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gongbang.data.suspects import (
    class_thresholds,
    confident_classes,
    confident_joint,
    find_suspects,
    find_suspects_of_several,
)
from gongbang.errors import OptionError

# Three classes. Thresholds by hand: class 0 has .8, .7 and .3, mean .6; class 1 has .6, .5 and .1, mean .4;
# class 2 has .9 and .5, mean .7.
SHARES = [
    [0.8, 0.1, 0.1],
    [0.7, 0.2, 0.1],
    [0.3, 0.65, 0.05],  # labelled 0, reaches .4 of class 1
    [0.2, 0.6, 0.2],
    [0.4, 0.5, 0.1],
    [0.1, 0.1, 0.8],  # labelled 1, reaches .7 of class 2
    [0.05, 0.05, 0.9],
    [0.3, 0.2, 0.5],  # labelled 2, reaches no threshold
]
LABELS = [0, 0, 0, 1, 1, 1, 2, 2]


def test_thresholds_joint_and_ranking_by_hand():
    assert class_thresholds(SHARES, LABELS) == pytest.approx([0.6, 0.4, 0.7])
    assert confident_classes(SHARES, LABELS).tolist() == [0, 0, 1, 1, 1, 2, 2, -1]
    assert confident_joint(SHARES, LABELS).tolist() == [[2, 1, 0], [0, 2, 1], [0, 0, 1]]
    found = find_suspects(SHARES, LABELS)
    assert [(s.index, s.given, s.suggested) for s in found] == [(5, 1, 2), (2, 0, 1)]
    assert [s.margin for s in found] == pytest.approx([0.1 - 0.8, 0.3 - 0.65])


def test_of_two_classes_that_are_reached_the_likelier_counts():
    shares = [[0.45, 0.55], [0.4, 0.6], [0.45, 0.55], [0.5, 0.5]]
    # thresholds .45 (classes 0: .45, .45) and .55 (.6, .5): row 0 reaches both
    assert class_thresholds(shares, [0, 1, 0, 1]) == pytest.approx([0.45, 0.55])
    assert confident_classes(shares, [0, 1, 0, 1]).tolist() == [1, 1, 1, 0]


def test_a_class_without_examples_is_never_suggested():
    shares = [[0.1, 0.2, 0.7], [0.2, 0.7, 0.1], [0.9, 0.05, 0.05]]
    assert class_thresholds(shares, [0, 1, 0])[2] == np.inf
    assert all(s.suggested != 2 for s in find_suspects(shares, [0, 1, 0]))


def test_several_labels_are_questions_of_their_own():
    shares = np.array([[0.9, 0.1], [0.8, 0.9], [0.1, 0.2], [0.95, 0.1], [0.05, 0.1], [0.1, 0.8]])
    labels = [[0], [0, 1], [], [], [0], [1]]  # the fourth lacks the first label, the fifth carries it
    found = find_suspects_of_several(shares, labels)
    assert [(s.index, s.given, carried) for s, carried in found[:2]] == [(3, 0, False), (4, 0, True)]
    assert {(s.index, s.given) for s, _ in found} == {(3, 0), (4, 0)}
    assert find_suspects_of_several(shares[:, :1], [[0]] * 6) == []  # one answer alone cannot be doubted


def test_planted_faults_are_found():
    draw = np.random.default_rng(3)
    n, classes = 2_000, 4
    truth = draw.integers(0, classes, n)
    logits = draw.normal(0, 1, (n, classes))
    logits[np.arange(n), truth] += 5
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    planted = draw.choice(n, n // 20, replace=False)
    labels = truth.copy()
    labels[planted] = (truth[planted] + draw.integers(1, classes, len(planted))) % classes
    found = [s.index for s in find_suspects(shares, labels)]
    hits = set(found) & set(planted.tolist())
    # the threshold of a class is a mean, so that a flip is missed where the model is less sure than usual
    assert len(hits) >= 0.75 * len(planted)
    assert len(hits) >= 0.95 * len(found)
    assert set(found[: len(planted) // 2]) <= set(planted.tolist())  # the first of them all are


@given(
    arrays(np.float64, (12, 3), elements=st.floats(0.01, 1.0)),
    st.lists(st.integers(0, 2), min_size=12, max_size=12),
)
def test_ranks_rise_and_the_joint_counts_no_row_twice(weights, labels):
    shares = weights / weights.sum(axis=1, keepdims=True)
    found = find_suspects(shares, labels)
    assert [s.margin for s in found] == sorted(s.margin for s in found)
    joint = confident_joint(shares, labels)
    assert joint.sum() <= 12 and joint.sum() - np.trace(joint) == len(found)
    assert len({s.index for s in found}) == len(found) and all(s.given == labels[s.index] for s in found)


@pytest.mark.parametrize(
    ("shares", "labels", "told"),
    [
        ([[0.5, 0.5]], [0, 1], "do not belong together"),
        ([[0.5, 0.5]], [2], "do not belong together"),
        ([0.5, 0.5], [0, 1], "do not belong together"),
        ([[3.0, -2.0]], [0], "no probabilities"),
        ([[float("nan"), 1.0]], [0], "no probabilities"),
    ],
)
def test_what_cannot_be_judged_is_refused(shares, labels, told):
    with pytest.raises(OptionError, match=told):
        find_suspects(shares, labels)
