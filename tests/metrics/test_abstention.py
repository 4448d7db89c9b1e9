"""The no-answer threshold: limits hold, and the curve tells the whole trade."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongbang.errors import OptionError
from gongbang.metrics.abstention import choose_no_answer_threshold

SCORES = [0.9, 0.8, 0.7, 0.6, 0.5, 0.65, 0.4, 0.3]
ANSWERABLE = [1, 1, 1, 1, 1, 0, 0, 0]
CORRECT = [1, 1, 1, 1, 0, 0, 0, 0]


def test_free_silence_is_taken() -> None:
    # .5 is answerable but wrong, so silencing it costs nothing; .6 would cost one of five.
    choice = choose_no_answer_threshold(SCORES, ANSWERABLE, CORRECT, max_em_loss=3.0)
    assert choice.threshold == pytest.approx(0.55)
    assert choice.chosen.exact_match == pytest.approx(80.0)
    assert choice.chosen.em_loss == 0.0
    assert choice.chosen.no_answer_accuracy == pytest.approx(200 / 3)


def test_a_larger_budget_buys_more_silence() -> None:
    choice = choose_no_answer_threshold(SCORES, ANSWERABLE, CORRECT, max_em_loss=20.0)
    assert 0.65 < choice.threshold <= 0.7
    assert choice.chosen.em_loss == pytest.approx(20.0)
    assert choice.chosen.no_answer_accuracy == 100.0


def test_with_a_target_the_middle_is_taken() -> None:
    scores = np.concatenate([np.linspace(0.5, 1.0, 101), np.linspace(0.0, 0.5, 101)])
    answerable = np.arange(202) < 101
    choice = choose_no_answer_threshold(scores, answerable, answerable, max_em_loss=3.0, min_no_answer=80.0)
    assert choice.feasible
    assert choice.chosen.no_answer_accuracy > 98.0
    assert choice.chosen.em_loss < 1.0


def test_the_slack_is_counted_in_standard_errors() -> None:
    # A hundred of each kind, interleaved: loss and silence grow alike, point by point. The standard errors at
    # the limits are 4.0 and 2.18, so that (20 - t) / 4.0 = (t - 5) / 2.18 at t = 10.3.
    answerable = np.arange(200) % 2 == 1
    scores = np.arange(200.0)
    choice = choose_no_answer_threshold(scores, answerable, answerable, max_em_loss=20.0, min_no_answer=5.0)
    assert choice.feasible
    assert choice.chosen.em_loss == pytest.approx(10.3, abs=1.0)
    assert choice.chosen.no_answer_accuracy == pytest.approx(10.3, abs=1.0)


def test_an_impossible_target_is_told_and_the_loss_limit_holds() -> None:
    choice = choose_no_answer_threshold(SCORES, ANSWERABLE, CORRECT, max_em_loss=3.0, min_no_answer=90.0)
    assert not choice.feasible
    assert choice.chosen.em_loss <= 3.0


def test_the_curve_runs_from_answer_everything_to_answer_nothing() -> None:
    curve = choose_no_answer_threshold(SCORES, ANSWERABLE, CORRECT).curve
    assert (curve[0].em_loss, curve[0].no_answer_accuracy, curve[0].exact_match) == (0.0, 0.0, 80.0)
    assert (curve[-1].exact_match, curve[-1].no_answer_accuracy) == (0.0, 100.0)
    assert set(curve[0].to_dict()) == {"threshold", "exact_match", "em_loss", "no_answer_accuracy"}


def test_the_curve_is_thinned() -> None:
    rng = np.random.default_rng(0)
    has = rng.random(3000) < 0.5
    choice = choose_no_answer_threshold(rng.random(3000), has, has, points=50)
    assert len(choice.curve) == 50
    assert len(choice.to_dict()["curve"]) == 50


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.booleans()), min_size=2, max_size=30),
    st.floats(0, 100),
)
def test_the_chosen_point_is_what_answering_at_it_gives(
    rows: list[tuple[int, bool, bool]], limit: float
) -> None:
    rows = [*rows, (1, True, True), (2, False, False)]
    x, has, right = (np.array(column) for column in zip(*rows, strict=True))
    choice = choose_no_answer_threshold(x, has, right, max_em_loss=limit)
    answered = x >= choice.threshold
    em = 100 * (answered & right)[has].mean()
    assert choice.chosen.exact_match == pytest.approx(em)
    assert choice.chosen.no_answer_accuracy == pytest.approx(100 * (~answered)[~has].mean())
    assert 100 * right[has].mean() - em <= limit + 1e-6


@pytest.mark.parametrize(
    ("scores", "answerable", "correct", "options"),
    [
        ([0.1], [1], [1], {}),
        ([0.1, 0.2], [1], [1, 0], {}),
        ([0.1, float("nan")], [1, 0], [1, 0], {}),
        ([0.1, 0.2], [1, 0], [1, 0], {"max_em_loss": -1.0}),
        ([0.1, 0.2], [1, 0], [1, 0], {"min_no_answer": 101.0}),
    ],
)
def test_refusals(
    scores: list[float], answerable: list[int], correct: list[int], options: dict[str, float]
) -> None:
    with pytest.raises(OptionError):
        choose_no_answer_threshold(scores, answerable, correct, **options)  # type: ignore[arg-type]
