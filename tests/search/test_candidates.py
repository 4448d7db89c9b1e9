"""The store of candidates finds what scoring everything would find, whatever was added and deleted before."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gongbang.errors import OptionError, SearchIndexError
from gongbang.search.candidates import CandidateStore
from gongbang.search.dense import DenseIndex
from gongbang.tasks.selection import attended_scores
from tests.search.conftest import HashEncoder

HASH = "a1b2c3"
Vectors = NDArray[np.float32]


def unit(values: NDArray[np.floating]) -> Vectors:
    return (values / np.linalg.norm(values, axis=-1, keepdims=True)).astype(np.float32)


def random_units(seed: int, count: int, dimension: int = 32) -> Vectors:
    return unit(np.random.default_rng(seed).standard_normal((count, dimension)))


def filled(path: Path, vectors: Vectors, *, precision: str = "float32") -> CandidateStore:
    store = CandidateStore.open(path, HASH, vectors.shape[1], precision=precision)  # type: ignore[arg-type]
    store.put(range(len(vectors)), [1] * len(vectors), vectors)
    return store


def ids_of(store: CandidateStore, context: NDArray[np.floating], k: int, **options: object) -> list[int]:
    return [hit.id for hit in store.search(context, k, **options)]  # type: ignore[arg-type]


def best(scores: NDArray[np.floating], k: int) -> list[int]:
    return np.argsort(-scores, kind="stable")[:k].tolist()


def test_a_thousand_queries_find_what_float32_would(tmp_path: Path) -> None:
    """999 of 1,000 are demanded; a difference could only come of how float32 sums are rounded."""
    vectors, queries = random_units(1, 3000, 96), random_units(2, 1000, 96)
    store = filled(tmp_path / "s", vectors)
    scores = queries @ vectors.T
    same = [ids_of(store, query, 10) == best(row, 10) for query, row in zip(queries, scores, strict=True)]
    assert sum(same) >= 999
    hit = store.search(queries[0], 1)[0]
    assert hit.score == pytest.approx(float(scores[0].max()), abs=1e-6) and hit.version == 1


def test_near_twins_which_eight_bits_confuse_are_told_apart(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    twins = unit(rng.standard_normal(32) + 1e-3 * rng.standard_normal((2000, 32)))
    store = filled(tmp_path / "s", twins)
    query = random_units(4, 1)[0]
    assert ids_of(store, query, 5) == best(twins.astype(np.float64) @ query.astype(np.float64), 5)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), spread=st.sampled_from([0.0, 1e-4, 1e-2, 1.0]), k=st.integers(1, 40))
def test_the_best_are_exact_at_any_spread(
    seed: int, spread: float, k: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What is not scored again lies below the k-th best by more than the scan can err."""
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal(16) + spread * rng.standard_normal((300, 16))
    store = filled(tmp_path_factory.mktemp("any") / "s", vectors.astype(np.float32))
    query = rng.standard_normal(16).astype(np.float32)
    scores = vectors.astype(np.float32).astype(np.float64) @ query.astype(np.float64)
    found = [hit.score for hit in store.search(query, k)]
    np.testing.assert_allclose(found, np.sort(scores)[::-1][:k], rtol=1e-12)


Step = tuple[str, list[int]]


@settings(max_examples=25, deadline=None)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["put", "delete", "compact", "open"]),
            st.lists(st.integers(0, 8), max_size=4, unique=True),
        ),
        max_size=10,
    )
)
def test_any_order_of_changes_leaves_what_a_dictionary_would_hold(
    steps: list[Step], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("any") / "s"
    store, held = CandidateStore.open(path, HASH, 4), {}
    for number, (verb, ids) in enumerate(steps):
        vectors = random_units(number, len(ids), 4)
        if verb == "put":
            assert store.put(ids, [number] * len(ids), vectors) == len(ids)
            held |= {one: (number, vector) for one, vector in zip(ids, vectors, strict=True)}
        elif verb == "delete":
            assert store.delete(ids) == len([held.pop(one) for one in ids if one in held])
        elif verb == "compact":
            store.compact()
        else:
            store = CandidateStore.open(path, HASH, 4)
    assert store.versions() == {one: version for one, (version, _) in held.items()} and len(store) == len(
        held
    )
    query = random_units(99, 1, 4)[0]
    scores = {one: float(vector.astype(np.float64) @ query) for one, (_, vector) in held.items()}
    hits = store.search(query, 20)
    assert {hit.id: hit.version for hit in hits} == store.versions()
    assert [hit.score for hit in hits] == pytest.approx(sorted(scores.values(), reverse=True), abs=1e-9)


def test_equal_vectors_come_in_the_order_in_which_they_were_put(tmp_path: Path) -> None:
    vector = random_units(17, 1, 200)
    store = CandidateStore.open(tmp_path / "s", HASH, 200)
    store.put([9, 3, 7, 1, 5], [1] * 5, vector[[0] * 5])
    assert ids_of(store, random_units(18, 1, 200)[0], 3) == [9, 3, 7]


def test_a_replaced_answer_is_found_by_its_new_vector_alone(tmp_path: Path) -> None:
    store = filled(tmp_path / "s", np.eye(3, dtype=np.float32))
    assert store.put([0], [2], [[0, 0.6, 0.8]]) == 1
    hits = store.search([1, 0, 0], 3)
    assert [(hit.id, hit.version, hit.score) for hit in hits] == [
        (1, 1, 0.0),
        (2, 1, 0.0),
        (0, 2, 0.0),
    ]
    assert len(store) == 3


def test_an_older_version_does_not_replace_a_newer_one(tmp_path: Path) -> None:
    store = filled(tmp_path / "s", np.eye(3, dtype=np.float32))
    assert store.put([0, 5], [0, 0], np.eye(3)[[1, 2]]) == 1
    assert store.versions() == {0: 1, 1: 1, 2: 1, 5: 0}
    assert ids_of(store, np.array([1.0, 0, 0]), 1) == [0]


def test_what_is_deleted_is_gone_and_what_is_unknown_is_passed_over(tmp_path: Path) -> None:
    store = filled(tmp_path / "s", np.eye(3, dtype=np.float32))
    before = store.generation
    assert store.delete([7]) == 0 and store.generation == before
    assert store.delete([1, 7]) == 1 and store.generation > before
    assert sorted(ids_of(store, np.array([0.0, 1, 0]), 3)) == [0, 2]
    assert store.delete([0, 2]) == 2 and store.search([1, 0, 0]) == [] and len(store) == 0


def test_a_compaction_comes_when_a_third_is_dead_and_changes_no_answer(tmp_path: Path) -> None:
    vectors = random_units(5, 900)
    store = filled(tmp_path / "s", vectors)
    store.delete(range(299))
    assert len(store._now()) == 900
    store.delete([299])
    assert len(store._now()) == 600 and len(store) == 600 and not len(store._now().dead)
    query = random_units(6, 1)[0]
    assert ids_of(store, query, 5) == [300 + one for one in best(vectors[300:] @ query, 5)]
    assert len([path for path in store.path.iterdir() if path.name.startswith("data-")]) == 1
    assert len(CandidateStore.open(store.path, HASH, 32)) == 600  # verified


@pytest.mark.parametrize("count", [2, 16])
def test_attention_over_all_is_that_of_the_task(tmp_path: Path, count: int) -> None:
    vectors = random_units(7, 700)
    store = filled(tmp_path / "s", vectors)
    store.delete([3, 50])
    context = 20 * random_units(8, count)
    scores = attended_scores(context[None], vectors[None])[0]
    scores[[3, 50]] = -np.inf
    hits = store.search(context, 10, attend="all")
    assert [hit.id for hit in hits] == best(scores, 10)
    assert [hit.score for hit in hits] == pytest.approx(np.sort(scores)[::-1][:10].tolist(), abs=1e-9)
    again = store.search(context, 10, top=700)  # the top are all
    assert [hit.id for hit in again] == [hit.id for hit in hits]


def test_attention_over_the_top_sees_those_nearest_to_the_mean(tmp_path: Path) -> None:
    vectors = random_units(9, 700)
    store = filled(tmp_path / "s", vectors)
    context = 20 * random_units(10, 4)
    near = best(vectors @ context.mean(axis=0), 30)
    scores = attended_scores(context[None], vectors[None])[0]
    expected = sorted(near, key=lambda one: -scores[one])[:5]
    assert ids_of(store, context, 5, top=30) == expected
    assert ids_of(store, context, 40, top=1) == sorted(
        best(vectors @ context.mean(axis=0), 40), key=lambda one: -scores[one]
    )  # never fewer than k


def test_one_vector_is_the_same_in_either_form(tmp_path: Path) -> None:
    store = filled(tmp_path / "s", random_units(11, 50))
    query = random_units(12, 1)
    assert store.search(query, 5) == store.search(query[0], 5) == store.search(query, 5, attend="all")


def test_half_precision_is_exact_in_what_it_holds(tmp_path: Path) -> None:
    vectors = random_units(13, 500)
    store = filled(tmp_path / "s", vectors, precision="float16")
    halves = vectors.astype(np.float16).astype(np.float64)
    query = random_units(14, 1)[0]
    hits = store.search(query, 5)
    assert [hit.id for hit in hits] == best(halves @ query, 5)
    assert [hit.score for hit in hits] == pytest.approx(np.sort(halves @ query)[::-1][:5].tolist(), abs=1e-12)
    store.compact()
    assert CandidateStore.open(store.path, HASH, 32).search(query, 5) == hits
    whole = filled(tmp_path / "whole", vectors)
    sizes = [(s._now().folder / "vectors.bin").stat().st_size for s in (store, whole)]
    assert sizes == [500 * 32 * 2, 500 * 32 * 4]


def test_another_model_is_refused_as_stale(tmp_path: Path) -> None:
    store = filled(tmp_path / "s", random_units(15, 3))
    for model_hash, dimension in (("other", 32), (HASH, 16)):
        with pytest.raises(SearchIndexError, match="stale") as caught:
            CandidateStore.open(store.path, model_hash, dimension)
        assert "encode the answers again" in caught.value.cure
    assert len(CandidateStore.open(store.path, HASH, 32)) == 3


def test_where_there_is_none_or_something_else(tmp_path: Path) -> None:
    with pytest.raises(SearchIndexError, match="no store"):
        CandidateStore.open(tmp_path / "s", HASH, 4, create=False)
    assert not (tmp_path / "s").exists()
    assert len(CandidateStore.open(tmp_path / "s", HASH, 4)) == 0
    assert CandidateStore.open(tmp_path / "s", HASH, 4, create=False).search([1, 0, 0, 0]) == []
    index = DenseIndex(HashEncoder())
    index.build([])
    index.save(tmp_path / "index")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "photo.jpg").write_bytes(b"photo")
    for other in ("index", "photos"):
        with pytest.raises(SearchIndexError):
            CandidateStore.open(tmp_path / other, HASH, 64)


def test_what_is_no_vector_or_no_answer_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    store = filled(tmp_path / "s", random_units(16, 3, 4))
    before = store.generation
    bad = [
        ([1, 1], [1, 1], np.ones((2, 4))),  # an id twice
        ([1, 2], [1], np.ones((2, 4))),
        ([1], [1], np.ones((1, 5))),
        ([1], [1], np.ones(4)),
        ([1], [1], np.full((1, 4), np.nan)),
        ([1], [1], np.full((1, 4), 1e6)),
        ([1.5], [1], np.ones((1, 4))),
        (["일"], [1], np.ones((1, 4))),
        ([], [1], np.ones((0, 4))),
    ]
    for ids, versions, vectors in bad:
        with pytest.raises(OptionError) as caught:
            store.put(ids, versions, vectors)  # type: ignore[arg-type]
        assert len(caught.value.lines()) == 4
    assert store.put([], [], np.zeros((0, 4))) == 0 and store.generation == before
    for query in (np.ones(5), np.ones((0, 4)), np.full(4, np.inf), np.float32(1)):
        with pytest.raises(OptionError):
            store.search(query)
    for options in ({"k": 0}, {"top": 0}, {"attend": "some"}, {"scan": "fast"}):
        with pytest.raises(OptionError):
            store.search(np.ones(4), **options)  # type: ignore[arg-type]
    for model_hash, dimension, precision in (("", 4, "float32"), (HASH, 0, "float32"), (HASH, 4, "int4")):
        with pytest.raises(OptionError):
            CandidateStore.open(tmp_path / "new", model_hash, dimension, precision=precision)  # type: ignore[arg-type]


def test_the_mean_is_that_of_the_vectors_that_are_there(tmp_path: Path) -> None:
    vectors = random_units(4, 50)
    store = filled(tmp_path / "s", vectors)
    np.testing.assert_allclose(store.mean(), vectors.mean(axis=0), atol=1e-6)
    store.delete(range(0, 50, 2))
    np.testing.assert_allclose(store.mean(), vectors[1::2].mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(
        np.sort(store.along(vectors[0])), np.sort(vectors[1::2] @ vectors[0]), atol=1e-6
    )
    store.delete(range(50))
    assert not store.mean().any()
    assert store.along(vectors[0]).shape == (0,)
