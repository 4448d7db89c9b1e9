"""Readers put together: each right where the other is unsure, judged on folds that nothing was fitted on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from gongbang.ensemble.solve_spans import solve_spans
from gongbang.errors import EnsembleError
from gongbang.tasks.base import Candidate, Prediction

RIGHT, WRONG = "서울", "부산"
N = 40
GOLDS = [[RIGHT]] * N
PARTS = np.arange(N) % 4


def told(at: int, best: str, lead: float) -> Prediction:
    other = WRONG if best == RIGHT else RIGHT
    return Prediction(str(at), best, 0.9, (Candidate(best, 0, 2, lead), Candidate(other, 5, 7, 0.0)))


def reader(weak: int) -> list[Prediction]:
    """Sure and right, but for every fourth question, where it is wrong and unsure."""
    return [told(at, WRONG, 0.2) if at % 8 == weak else told(at, RIGHT, 4.0) for at in range(N)]


def exact(predictions: Sequence[Prediction]) -> np.ndarray:
    return np.array([100.0 * (prediction.text == RIGHT) for prediction in predictions])


@pytest.mark.parametrize("method", ["sum", "mbr"])
def test_readers_that_fail_apart_are_better_together(method: str):
    readers = {"a": reader(1), "b": reader(6)}
    solution, gains = solve_spans(readers, GOLDS, PARTS, exact, method=method)
    assert solution.alone == {"a": 87.5, "b": 87.5} and solution.cross_fitted == 100.0
    assert solution.difference.value == 12.5 and solution.difference.low > 0
    assert [gain.name for gain in gains] == ["a", "b"] and all(gain.gain.value == 12.5 for gain in gains)
    assert [p.text for p in solution.predict(readers)] == [RIGHT] * N
    assert solution.to_dict()["method"] == method and not solution.null


def test_temperatures_come_from_the_other_folds():
    seen: list[int] = []

    def watched(predictions: Sequence[Prediction]) -> np.ndarray:
        seen.append(len(predictions))
        return exact(predictions)

    sure = [told(at, RIGHT if PARTS[at] else WRONG, 3.0) for at in range(N)]
    solution, _ = solve_spans({"a": sure, "b": reader(1)}, GOLDS, PARTS, watched)
    # The fold that it fails on was not seen by the temperature that judges it there.
    assert solution.cross_fitted <= solution.in_sample
    assert set(seen) == {N}


def test_where_some_questions_have_no_answer_silence_may_win():
    golds = [[RIGHT] if at % 2 else [] for at in range(N)]
    quiet = [
        Prediction(
            str(at), RIGHT if at % 2 else "", 0.9, (Candidate(RIGHT, 0, 2, 1.0),), null_score=1.0 - at % 2
        )
        for at in range(N)
    ]
    solution, _ = solve_spans({"a": quiet, "b": quiet}, golds, PARTS, exact)
    assert solution.null and [p.text for p in solution.predict({"a": quiet, "b": quiet})][:2] == ["", RIGHT]


@pytest.mark.parametrize(
    ("names", "method", "parts"), [("a", "sum", PARTS), ("ab", "mean", PARTS), ("ab", "sum", PARTS * 0)]
)
def test_what_cannot_be_put_together_is_refused(names: str, method: str, parts: np.ndarray):
    with pytest.raises(EnsembleError):
        solve_spans({name: reader(1) for name in names}, GOLDS, parts, exact, method=method)


def test_other_readers_than_those_it_was_solved_with_are_refused():
    solution, _ = solve_spans({"a": reader(1), "b": reader(6)}, GOLDS, PARTS, exact)
    with pytest.raises(EnsembleError):
        solution.predict({"a": reader(1), "c": reader(6)})
