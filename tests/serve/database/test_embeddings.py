"""Vectors belong to a model and to a version of an answer; stale ones are never given out."""

from __future__ import annotations

import numpy as np
import pytest

from gongbang.errors import DataError, OptionError
from gongbang.serve.database.embeddings import Embeddings
from gongbang.serve.database.rows import Draft


@pytest.fixture
def vectors(store):
    return Embeddings(store, "a" * 64)


def drafts(count):
    return [Draft(f"답 {number}") for number in range(count)]


def test_vectors_come_back_in_float16_by_id(vectors, answers):
    made = answers.create_many(drafts(2100))
    matrix = np.random.default_rng(0).normal(size=(2100, 16)).astype(np.float32)
    assert vectors.save(made[::-1], matrix[::-1]) == 2100
    loaded = vectors.load()
    assert loaded.matrix.dtype == np.float16
    np.testing.assert_array_equal(loaded.matrix, matrix.astype(np.float16))
    assert loaded.ids.tolist() == [answer.id for answer in made]
    assert set(loaded.versions.tolist()) == {1}


def test_without_vectors_the_matrix_is_empty(vectors):
    loaded = vectors.load()
    assert loaded.matrix.shape == (0, 0) and loaded.ids.shape == (0,)
    assert vectors.save([], np.ones((0, 4))) == 0


def test_a_changed_answers_vector_is_stale_until_it_is_encoded_again(vectors, answers):
    one, two = answers.create_many(drafts(2))
    vectors.save([one, two], np.ones((2, 4)))
    assert vectors.missing() == []
    new = answers.update(one.id, text="새 글")
    assert vectors.load().ids.tolist() == [two.id]
    assert vectors.missing() == [new]
    vectors.save([one], np.ones((1, 4)))  # encoded before the change
    assert vectors.missing() == [new]
    vectors.save([new], np.full((1, 4), 2))
    assert vectors.load().matrix[:, 0].tolist() == [2, 1]


def test_answers_that_are_gone_or_silent_have_no_vectors(vectors, answers):
    kept, gone, silent = answers.create_many(drafts(3))
    vectors.save([kept, gone], np.ones((2, 4)))
    answers.delete(gone.id)
    answers.update(silent.id, active=False)
    assert vectors.load().ids.tolist() == [kept.id]
    assert vectors.save([gone, kept], np.ones((2, 4))) == 1
    assert vectors.missing() == []
    answers.update(kept.id, active=False)
    assert vectors.load().ids.tolist() == []


def test_models_keep_their_own(store, vectors, answers):
    (one,) = answers.create_many(drafts(1))
    other = Embeddings(store, "ａ" * 64)  # wide letters: another hash
    vectors.save([one], np.zeros((1, 2)))
    assert other.missing() == [one]
    other.save([one], np.ones((1, 3)))
    assert vectors.load().matrix.tolist() == [[0, 0]]
    assert vectors.drop_others() == 1
    assert other.load().ids.tolist() == [] and vectors.load().ids.tolist() == [one.id]


@pytest.mark.parametrize(
    "matrix",
    [
        np.ones((2, 4)),
        np.ones(4),
        np.ones((1, 0)),
        np.ones((1, 40_000)),
        np.full((1, 4), np.nan),
        np.full((1, 4), 1e6),
    ],
)
def test_what_is_no_vector_is_refused(vectors, answers, matrix):
    (one,) = answers.create_many(drafts(1))
    with pytest.raises(OptionError):
        vectors.save([one], matrix)
    assert vectors.missing() == [one]


def test_two_widths_of_one_model_are_refused(vectors, answers):
    made = answers.create_many(drafts(2))
    vectors.save(made[:1], np.ones((1, 4)))
    vectors.save(made[1:], np.ones((1, 8)))
    with pytest.raises(OptionError, match="different widths"):
        vectors.load()


@pytest.mark.parametrize("hash", ["", "a" * 65])
def test_a_hash_that_cannot_be_kept_is_refused(store, hash):
    with pytest.raises(DataError) as caught:
        Embeddings(store, hash)
    assert caught.value.field == "model_hash"
