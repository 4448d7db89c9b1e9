from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongbang.ensemble.calibrate import Calibration, fit_calibration
from gongbang.ensemble.combine import (
    fit_weights,
    greedy_selection,
    hard_vote,
    told_of_truth,
    weighted_mean,
)
from gongbang.errors import EnsembleError
from gongbang.tasks.labels import softmax
from tests.ensemble.toys import several, toy


def shares_of(*members) -> np.ndarray:
    return np.stack([softmax(member.logits) for member in members])


def loss(shares, gold, weights) -> float:
    return float(-np.log(weighted_mean(shares, weights)[np.arange(len(gold)), gold]).mean())


def one_hot(*choices: int, labels: int = 3, sure: float = 0.8) -> np.ndarray:
    """(m, 1, labels): each member sure of its choice, the rest shared among the others."""
    rest = (1 - sure) / (labels - 1)
    return np.array([[[sure if at == choice else rest for at in range(labels)]] for choice in choices])


def test_the_mean_by_hand():
    shares = np.array([[[0.6, 0.4]], [[0.2, 0.8]]])
    np.testing.assert_allclose(weighted_mean(shares), [[0.4, 0.6]])
    np.testing.assert_allclose(weighted_mean(shares, [3, 1]), [[0.5, 0.5]])
    for wrong in ([1.0], [1.0, -1.0], [0.0, 0.0], [np.nan, 1.0]):
        with pytest.raises(EnsembleError):
            weighted_mean(shares, wrong)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.0, 2.5), st.floats(0.0, 2.5), st.integers(0, 50))
def test_fitted_weights_are_the_best_of_a_fine_grid(first, second, seed):
    a, b = toy("a", strength=first, seed=seed), toy("b", strength=second, seed=seed + 1)
    shares = shares_of(a, b)
    weights = fit_weights(shares, a.gold)
    assert weights.min() >= 0 and abs(weights.sum() - 1) < 1e-12
    grid = np.linspace(0, 1, 2001)
    losses = [loss(shares, a.gold, [w, 1 - w]) for w in grid]
    assert loss(shares, a.gold, weights) <= min(losses) + 1e-9
    assert abs(grid[int(np.argmin(losses))] - weights[0]) < 2e-3 or np.ptp(losses) < 1e-6


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 50), st.integers(2, 6))
def test_fitted_weights_meet_the_conditions_of_a_minimum(seed, m):
    """Karush, Kuhn and Tucker: no member's gradient promises more than those that are in."""
    members = [toy(str(i), strength=0.3 * i, seed=seed + i) for i in range(m)]
    shares = shares_of(*members)
    weights = fit_weights(shares, members[0].gold)
    truth = told_of_truth(shares, members[0].gold)
    gain = (truth / (weights @ truth)).mean(axis=1)
    assert gain.max() < 1 + 1e-4
    np.testing.assert_allclose(gain[weights > 0.01], 1.0, atol=1e-4)


def test_fitted_weights_by_hand():
    """Right three times in four against right once in four, each saying 1 or 0 (nearly): weights 3 to 1."""
    sure, gold = 1 - 1e-9, np.zeros(4, dtype=int)
    told = np.array([[sure, sure, sure, 1 - sure], [1 - sure, 1 - sure, 1 - sure, sure]])
    np.testing.assert_allclose(fit_weights(np.stack([told, 1 - told], axis=2), gold), [0.75, 0.25], atol=1e-6)
    same = shares_of(toy("a"), toy("b"), toy("c"))
    np.testing.assert_allclose(fit_weights(same, toy("a").gold), [1 / 3] * 3, atol=1e-6)


def test_weights_of_several_labels_judge_every_cell():
    good, bad = several("a", strength=3.0, seed=1), several("b", strength=0.0, seed=2)
    shares = np.stack([Calibration(1.0).probabilities(m.logits, multi_label=True) for m in (good, bad)])
    weights = fit_weights(shares, good.gold)
    cells = told_of_truth(shares, good.gold)
    grid = np.linspace(0, 1, 1001)
    losses = [-np.log(np.array([w, 1 - w]) @ cells).mean() for w in grid]
    assert abs(grid[int(np.argmin(losses))] - weights[0]) < 2e-3 and weights[0] > 0.7


def test_a_temperature_undoes_a_scale():
    plain, loud = toy("a", strength=2.0), toy("b", strength=2.0, scale=7.0)
    first, second = fit_calibration(plain.logits, plain.gold), fit_calibration(loud.logits, loud.gold)
    assert abs(second.temperature / first.temperature - 7.0) < 1e-3
    np.testing.assert_allclose(
        first.probabilities(plain.logits, multi_label=False),
        second.probabilities(loud.logits, multi_label=False),
        atol=1e-5,
    )


def test_several_labels_are_calibrated_to_their_frequency():
    member = several("a", strength=1.0)
    fitted = fit_calibration(member.logits + 5.0, member.gold)  # far too sure of every label
    shares = fitted.probabilities(member.logits + 5.0, multi_label=True)
    assert abs(shares.mean() - member.gold.mean()) < 0.01
    assert Calibration.from_dict(fitted.to_dict()) == fitted


def test_greedy_selection_by_hand():
    """Two members that are right where the other is wrong: both are needed, the third never helps."""
    gold = np.array([0, 0, 0, 0])
    a = np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6], [0.9, 0.1]])
    b = np.array([[0.4, 0.6], [0.9, 0.1], [0.9, 0.1], [0.4, 0.6]])
    useless = np.array([[0.1, 0.9]] * 4)

    def accuracy(mean):
        return float((mean.argmax(axis=1) == gold).mean())

    # a alone 0.75; a + b is right everywhere (0.65 of each); a longer one would add nothing.
    assert greedy_selection(np.stack([useless, a, b]), accuracy).tolist() == [0, 1, 1]
    # Of equal members the first is taken, and one that adds nothing is not.
    assert greedy_selection(np.stack([a, a, a]), accuracy).tolist() == [1, 0, 0]
    with pytest.raises(EnsembleError):
        greedy_selection(np.stack([a, b]), accuracy, rounds=0)


def test_greedy_selection_takes_a_member_more_than_once():
    a, b = np.array([[0.60, 0.40], [0.60, 0.40]]), np.array([[0.90, 0.10], [0.20, 0.80]])

    def gap(mean):  # best at two parts of a to one of b: first column 0.70 and 0.4667
        return -abs(float(mean[0, 0]) - 0.70)

    assert greedy_selection(np.stack([a, b]), gap, rounds=3).tolist() == [2, 1]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 100), st.integers(1, 8))
def test_greedy_selection_is_never_worse_than_its_best_member(seed, rounds):
    members = [toy(str(i), strength=0.5 + 0.3 * i, seed=seed + i, n=60) for i in range(4)]
    shares, gold = shares_of(*members), members[0].gold

    def accuracy(mean):
        return float((mean.argmax(axis=1) == gold).mean())

    counts = greedy_selection(shares, accuracy, rounds=rounds)
    assert 1 <= counts.sum() <= rounds
    assert accuracy(weighted_mean(shares, counts)) >= max(map(accuracy, shares))


def test_three_one_one_is_no_tie():
    """The likeliest label by mean probability is label 1, but label 0 has three votes of five."""
    shares = np.concatenate([one_hot(0, 0, 0, sure=0.35), one_hot(1, sure=0.98), one_hot(2, sure=0.90)])
    shares[:3, 0] = [0.36, 0.35, 0.29]
    assert shares.mean(axis=0)[0].argmax() == 1
    assert hard_vote(shares)[0].argmax() == 0


def test_a_tie_of_the_first_two_goes_to_the_surer_then_to_the_earlier():
    assert hard_vote(one_hot(2, 1))[0].argmax() == 1  # votes and means level: the earlier label
    surer = np.concatenate([one_hot(0, 0, sure=0.5), one_hot(2, 2, sure=0.9), one_hot(1)])
    assert hard_vote(surer)[0].argmax() == 2
    # Label 1 has the highest mean of all, yet only the first two are in the tie.
    third = np.concatenate([one_hot(0, 0, sure=0.42), one_hot(2, 2, sure=0.40), one_hot(1, sure=1.0)])
    third[:2, 0] = [0.42, 0.41, 0.17]
    third[2:4, 0] = [0.17, 0.41, 0.42]
    assert third.mean(axis=0)[0].argmax() == 1
    assert hard_vote(third)[0].argmax() == 0


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 7), st.integers(2, 5), st.integers(0, 1000))
def test_a_vote_follows_its_rule(m, labels, seed):
    shares = softmax(np.random.default_rng(seed).normal(size=(m, 4, labels)))
    told = hard_vote(shares)
    np.testing.assert_allclose(told.sum(axis=1), 1.0, atol=1e-9)
    for row in range(4):
        votes = np.bincount(shares[:, row].argmax(axis=1), minlength=labels)
        first = np.flatnonzero(votes == votes.max())
        mean = shares[:, row].mean(axis=0)
        assert told[row].argmax() == first[np.argmax(mean[first])]


def test_votes_on_several_labels():
    shares = np.array([[[0.9, 0.6, 0.1]], [[0.8, 0.1, 0.2]], [[0.1, 0.2, 0.3]]])
    assert (hard_vote(shares, multi_label=True) >= 0.5).tolist() == [[True, False, False]]
    lower = hard_vote(shares, multi_label=True, limits=[0.85, 0.15, 0.15])
    assert (lower >= 0.5).tolist() == [[False, True, True]]
    level = np.array([[[0.9, 0.6]], [[0.3, 0.2]]])  # one vote of two each; the means are 0.6 and 0.4
    assert (hard_vote(level, multi_label=True) >= 0.5).tolist() == [[True, False]]
