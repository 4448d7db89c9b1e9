"""Class metrics by hand, and against scikit-learn and the KLUE scorer's formulas."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from gongbang.errors import OptionError
from gongbang.metrics.auprc import AuprcStatistic
from gongbang.metrics.classes import (
    accuracy,
    auprc,
    class_metric,
    class_report,
    class_scores,
    confusion,
    macro_f1,
    micro_f1,
)
from gongbang.metrics.intervals import bootstrap_interval

LABELS = ["no_relation", "founder", "member"]
GOLD = ["no_relation", "founder", "founder", "member", "member", "member"]
TOLD = ["founder", "founder", "no_relation", "member", "member", "founder"]


def drawn(n: int, classes: int, seed: int) -> tuple[list[str], list[str], np.ndarray, list[str]]:
    rng = np.random.default_rng(seed)
    labels = [f"l{i}" for i in range(classes)]
    gold, told = (rng.integers(0, classes, n) for _ in range(2))
    told = np.where(rng.random(n) < 0.5, gold, told)
    # Rounded, so that many probabilities are equal.
    shares = np.round(rng.dirichlet(np.ones(classes), n) * 0.6 + 0.4 * np.eye(classes)[told], 1)
    return [labels[i] for i in gold], [labels[i] for i in told], shares, labels


def test_by_hand() -> None:
    assert accuracy(GOLD, TOLD) == pytest.approx(3 / 6)
    assert confusion(GOLD, TOLD, LABELS).tolist() == [[0, 1, 0], [1, 1, 0], [0, 1, 2]]
    report = class_report(GOLD, TOLD, LABELS)
    assert (report["founder"].precision, report["founder"].recall) == (pytest.approx(1 / 3), 0.5)
    assert (report["member"].precision, report["member"].recall) == (1.0, pytest.approx(2 / 3))
    assert (report["no_relation"].f1, report["no_relation"].support) == (0.0, 1)
    assert (report["founder"].predicted, report["member"].to_dict()["support"]) == (3, 3)
    # F1: founder 2*1/(3+2), member 2*2/(2+3), no_relation 0
    assert macro_f1(GOLD, TOLD, LABELS) == pytest.approx((0.4 + 0.8 + 0.0) / 3)
    assert micro_f1(GOLD, TOLD, LABELS) == pytest.approx(0.5)
    # without no_relation: 3 right of 5 predicted and 5 gold
    assert micro_f1(GOLD, TOLD, LABELS, leave_out=["no_relation"]) == pytest.approx(0.6)


def test_micro_f1_without_a_label_where_nothing_else_is_there() -> None:
    assert micro_f1(["no_relation"], ["no_relation"], LABELS, leave_out=["no_relation"]) == 0.0


def test_a_label_that_cannot_be_met_does_not_count() -> None:
    assert macro_f1(["a", "b"], ["a", "b"], ["a", "b", "c"]) == 1.0
    assert class_report(["a", "b"], ["a", "b"], ["a", "b", "c"])["c"].f1 == 0.0
    assert macro_f1(["a", "b"], ["a", "c"], ["a", "b", "c"]) == pytest.approx(1 / 3)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd")), min_size=1, max_size=40))
def test_parity_with_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    gold, told = [g for g, _ in pairs], [t for _, t in pairs]
    labels = list("abcd")
    assert accuracy(gold, told) == pytest.approx(sk.accuracy_score(gold, told))
    assert confusion(gold, told, labels).tolist() == sk.confusion_matrix(gold, told, labels=labels).tolist()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert macro_f1(gold, told, labels) == pytest.approx(sk.f1_score(gold, told, average="macro"))
        kept = ["a", "b", "c"]
        known = sk.f1_score(gold, told, labels=kept, average="micro", zero_division=0)
        table = sk.precision_recall_fscore_support(gold, told, labels=labels, zero_division=0)
    assert micro_f1(gold, told, labels, leave_out=["d"]) == pytest.approx(known)
    report = class_report(gold, told, labels)
    rows = [[r.precision, r.recall, r.f1, r.support] for r in report.values()]
    assert rows == pytest.approx(np.array(table).T)


def klue_auprc(numbers: np.ndarray, shares: np.ndarray) -> float:
    """As the KLUE baseline scores it (without its factor of 100)."""
    truth = np.eye(shares.shape[1])[numbers]
    areas = []
    for at in range(shares.shape[1]):
        precision, recall, _ = sk.precision_recall_curve(truth[:, at], shares[:, at])
        areas.append(sk.auc(recall, precision))
    return float(np.average(areas))


@pytest.mark.parametrize("seed", range(5))
def test_auprc_is_that_of_klue(seed: int) -> None:
    gold, _, shares, labels = drawn(60, 4, seed)
    assert set(gold) == set(labels)
    numbers = np.array([labels.index(g) for g in gold])
    assert auprc(gold, shares, labels) == pytest.approx(klue_auprc(numbers, shares))


def test_auprc_by_hand() -> None:
    # Class a: ranked 1, 0, 1: points (recall, precision) (0, 1), (.5, 1), (.5, .5), (1, 2/3).
    gold, a = ["a", "b", "a"], np.array([0.9, 0.5, 0.4])
    area_a = 0.5 * 1 + 0.5 * (1 / 2 + 2 / 3) / 2
    # Class b: ranked 0, 1, 0: (0, 1), (0, 0), (1, 1/2), (1, 1/3).
    area_b = 1 * (0 + 1 / 2) / 2
    statistic = AuprcStatistic(np.array([0, 1, 0]), np.stack([a, [0.1, 0.5, 0.6]], axis=1))
    assert statistic.areas(np.ones(3)).tolist() == pytest.approx([area_a, (0 + 1 / 2) / 2])
    assert auprc(gold, np.stack([a, [0.1, 0.5, 0.6]], axis=1), ["a", "b"]) == pytest.approx(
        (area_a + area_b) / 2
    )


def test_equal_probabilities_are_one_point_of_the_curve() -> None:
    # All at once: from (0, 1) to (1, 1/4) whatever the order of the rows.
    gold = ["b", "a", "b", "b"]
    areas = [
        AuprcStatistic(np.array([["a", "b"].index(g) for g in rows]), np.full((4, 2), 0.5)).areas(np.ones(4))[
            0
        ]
        for rows in (gold, gold[::-1])
    ]
    assert areas == pytest.approx([(1 + 1 / 4) / 2] * 2)


def test_classes_without_positives_are_left_out_of_auprc() -> None:
    gold, shares = ["a", "b", "a"], np.array([[0.9, 0.1, 0.0], [0.2, 0.8, 0.0], [0.7, 0.3, 0.0]])
    assert auprc(gold, shares, ["a", "b", "never"]) == 1.0


def test_auprc_of_a_resample_is_that_of_its_rows() -> None:
    gold, _, shares, labels = drawn(30, 3, 11)
    numbers = np.array([labels.index(g) for g in gold])
    rows = np.random.default_rng(0).integers(0, 30, 30)
    counts = np.bincount(rows, minlength=30).astype(float)
    found = AuprcStatistic(numbers, shares)(counts[None])[0]
    assert found == pytest.approx(klue_auprc(numbers[rows], shares[rows]))


def test_scores_with_intervals() -> None:
    gold, told, shares, labels = drawn(300, 4, 3)
    groups = [i // 3 for i in range(300)]
    scores = class_scores(
        gold, told, labels=labels, groups=groups, probabilities=shares, leave_out=["l0"], primary="micro_f1"
    )
    assert scores.primary == "micro_f1" and next(iter(scores.scores)) == "micro_f1"
    assert set(scores.scores) == {"accuracy", "macro_f1", "micro_f1", "auprc"}
    right = np.array(gold) == np.array(told)
    known = bootstrap_interval(right * 1.0, groups=groups)
    found = scores.scores["accuracy"]
    assert [found.value, found.low, found.high] == pytest.approx([known.value, known.low, known.high])
    assert scores.value == pytest.approx(micro_f1(gold, told, labels, leave_out=["l0"]))
    assert scores.scores["auprc"].value == pytest.approx(auprc(gold, shares, labels))
    for score in scores.scores.values():
        assert score.n == 300 and score.low < score.value < score.high  # type: ignore[operator]
    assert scores == class_scores(
        gold, told, labels=labels, groups=groups, probabilities=shares, leave_out=["l0"], primary="micro_f1"
    )


def test_repeated_groups_widen_the_interval_of_macro_f1() -> None:
    gold, told, _, labels = drawn(60, 3, 5)
    gold, told = gold * 10, told * 10
    groups = list(range(60)) * 10
    single, grouped = (
        class_scores(gold, told, labels=labels, groups=chosen).scores["macro_f1"] for chosen in (None, groups)
    )
    ratio = (grouped.high - grouped.low) / (single.high - single.low)  # type: ignore[operator]
    assert ratio == pytest.approx(10**0.5, rel=0.15)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: accuracy([], []), "pair up"),
        (lambda: accuracy(["a"], []), "pair up"),
        (lambda: confusion(["a"], ["member_"], ["a", "member"]), "Did you mean 'member'"),
        (lambda: micro_f1(["a"], ["a"], ["a"], leave_out=["a"]), "every label"),
        (lambda: micro_f1(["a"], ["a"], ["a"], leave_out=["b"]), "does not have"),
        (lambda: auprc(["a"], [[2.0, -1.0]], ["a", "b"]), "softmax"),
        (lambda: auprc(["a"], [[float("nan"), 0.5]], ["a", "b"]), "probabilities"),
        (lambda: auprc(["a"], [[1.0]], ["a", "b"]), "probabilities"),
        (lambda: class_metric("macro-f1", labels=["a"]), "Did you mean 'macro_f1'"),
        (lambda: class_scores(["a"], ["a"], labels=["a"], primary="auprc"), "not measured"),
    ],
)
def test_refusals(call, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        call()
