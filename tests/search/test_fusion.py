"""Fusion by hand."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongbang.errors import OptionError
from gongbang.search.base import top_k
from gongbang.search.fusion import Fusion

RAW = {"lexical": np.array([4.0, 0.0, 2.0]), "dense": np.array([0.1, 0.5, 0.3])}


def test_minmax() -> None:
    fused = Fusion("minmax", {"lexical": 3.0, "dense": 1.0}).fuse(RAW)
    np.testing.assert_allclose(fused.scores, [0.75, 0.25, 0.75 * 0.5 + 0.25 * 0.5])
    np.testing.assert_allclose(fused.parts["lexical"], [0.75, 0.0, 0.375])


def test_zscore() -> None:
    fused = Fusion("zscore", {"lexical": 0.5, "dense": 0.5}).fuse(RAW)
    np.testing.assert_allclose(fused.scores, [0.0, 0.0, 0.0], atol=1e-12)  # the two are mirror images


def test_reciprocal_rank() -> None:
    fused = Fusion("rrf", {"lexical": 0.5, "dense": 0.5}, rrf_k=60).fuse(RAW)
    # The second passage shares no word with the question: by words it has no rank.
    np.testing.assert_allclose(fused.scores, [0.5 / 61 + 0.5 / 63, 0.5 / 61, 1 / 62])


def test_reciprocal_rank_gives_nothing_for_what_a_part_did_not_find() -> None:
    fusion = Fusion("rrf", {"lexical": 0.5, "dense": 0.5})
    unknown = {"lexical": np.zeros(3), "dense": np.array([0.1, 0.2, 0.9])}
    fused = fusion.fuse(unknown)
    assert fused.positions[top_k(fused.scores, 3)].tolist() == [2, 1, 0]
    np.testing.assert_array_equal(fused.parts["lexical"], np.zeros(3))
    shallow = replace(fusion, depth=1).fuse({"lexical": np.array([3.0, 2.0]), "dense": np.array([0.1, 0.2])})
    np.testing.assert_allclose(shallow.scores, [0.5 / 61, 0.5 / 61])  # each is second behind the depth


def test_equal_scores_share_a_rank() -> None:
    raw = {"lexical": np.array([1.0, 2.0, 2.0, 1.0]), "dense": np.zeros(4)}
    fused = Fusion("rrf", {"lexical": 1.0, "dense": 0.0}, rrf_k=0).fuse(raw)
    np.testing.assert_allclose(fused.scores, [1 / 3, 1, 1, 1 / 3])


@settings(deadline=None)
@given(
    scores=st.lists(st.tuples(st.integers(0, 4), st.integers(-3, 3)), min_size=1, max_size=12),
    depth=st.integers(1, 12),
    order=st.randoms(use_true_random=False),
)
def test_reciprocal_rank_does_not_depend_on_where_passages_stand(
    scores: list[tuple[int, int]], depth: int, order: Random
) -> None:
    fusion = Fusion("rrf", {"lexical": 0.6, "dense": 0.4}, depth=depth)
    places = list(range(len(scores)))
    order.shuffle(places)
    raw = np.array(scores, dtype=np.float64).T
    one = fusion.fuse({"lexical": raw[0], "dense": raw[1]})
    other = fusion.fuse({"lexical": raw[0][places], "dense": raw[1][places]})
    moved = {places[position]: score for position, score in zip(other.positions, other.scores, strict=True)}
    for position, score in zip(one.positions, one.scores, strict=True):
        if position in moved:  # which of equal ones is a candidate, position decides
            assert moved[int(position)] == pytest.approx(score)


def test_a_weight_of_one_keeps_the_order_of_that_part() -> None:
    for method in ("minmax", "zscore", "rrf"):
        fused = Fusion(method, {"lexical": 1.0, "dense": 0.0}).fuse(RAW)
        assert fused.positions[top_k(fused.scores, 3)].tolist() == [0, 2, 1]


def test_candidates_are_the_union_of_the_best_of_each() -> None:
    fused = Fusion(depth=1).fuse(RAW)
    assert fused.positions.tolist() == [0, 1]


def test_equal_scores_give_zero_and_no_division() -> None:
    same = {"lexical": np.zeros(3), "dense": np.ones(3)}
    for method in ("minmax", "zscore"):
        np.testing.assert_array_equal(Fusion(method).fuse(same).scores, np.zeros(3))
    assert len(Fusion().fuse({"lexical": np.zeros(0), "dense": np.zeros(0)}).scores) == 0


def test_top_k_breaks_ties_by_position_also_at_the_border() -> None:
    scores = np.array([1.0, 2.0, 1.0, 2.0, 1.0])
    assert top_k(scores, 3).tolist() == [1, 3, 0]
    assert top_k(scores, 99).tolist() == [1, 3, 0, 2, 4]
    assert top_k(np.empty(0), 3).tolist() == []


def test_round_trip_and_refusals() -> None:
    fusion = Fusion("rrf", {"lexical": 1.0, "dense": 3.0}, 50, 10)
    assert Fusion.from_dict(fusion.to_dict()) == fusion
    for options in (
        {"method": "sum"},
        {"depth": 0},
        {"weights": {}},
        {"weights": {"lexical": -1.0, "dense": 2.0}},
        {"weights": {"lexical": 0.0, "dense": 0.0}},
        {"weights": {"lexcial": 0.7, "dense": 0.3}},
        {"weights": {"lexical": 0.7, "dense": 0.3, "title": 0.1}},
        {"weights": {"dense": 1.0}},
    ):
        with pytest.raises(OptionError):
            Fusion(**options)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="no such option") as error:
        Fusion.from_dict({"methd": "rrf"})
    assert error.value.value == "methd"
