"""The model of a few seconds: its n-grams, its folds, its probabilities."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gongbang.data.quick_model import _naive_bayes, grams_of, oof_probabilities, oof_probabilities_of_several


def words(count: int, letters: str, seed: int) -> list[list[str]]:
    draw = np.random.default_rng(seed)
    return [["".join(draw.choice(list(letters), 12))] for _ in range(count)]


def test_grams_are_distinct_within_a_text_and_differ_between_pieces():
    grams = grams_of([["가나다"], ["가가가"], [""], ["가", "가"]])
    # 가 나 다 가나 나다 가나다; 가 가가 가가가; nothing; 가 twice
    assert np.diff(grams.borders).tolist() == [6, 3, 0, 2]
    assert grams_of([["AB"]]).ids.tolist() == grams_of([["ab"]]).ids.tolist()
    assert grams.owners.tolist() == [0] * 6 + [1] * 3 + [3] * 2


def test_naive_bayes_by_hand():
    grams = grams_of([["가"], ["가"], ["나"]])
    weights, bias = _naive_bayes(grams, np.array([0, 0, 1]), 2, np.array([True, True, True]))
    first, last = grams.ids[0], grams.ids[2]
    size = len(weights)
    assert weights[first].tolist() == pytest.approx(
        [math.log(2.5 / (2 + 0.5 * size)), math.log(0.5 / (1 + 0.5 * size))], rel=1e-6
    )
    assert weights[last][0] == pytest.approx(math.log(0.5 / (2 + 0.5 * size)), rel=1e-6)
    assert bias.tolist() == pytest.approx([math.log(3 / 5), math.log(2 / 5)])
    unseen = grams_of([["다"]]).ids[0]
    assert weights[unseen].tolist() == [0.0, 0.0]


def test_separable_texts_are_told_apart_and_the_same_each_time():
    texts = words(60, "가나다라마", 0) + words(60, "바사아자차", 1)
    labels = np.repeat([0, 1], 60)
    folds = np.arange(120) % 5
    shares = oof_probabilities(grams_of(texts), labels, 2, folds)
    assert (shares.argmax(axis=1) == labels).all() and np.allclose(shares.sum(axis=1), 1)
    assert (shares == oof_probabilities(grams_of(texts), labels, 2, folds)).all()


def test_a_label_is_not_learnt_from_its_own_fold():
    """Texts that say nothing: whoever saw them would be sure, whoever did not cannot be."""
    draw = np.random.default_rng(5)
    texts = [["".join(chr(0xAC00 + n) for n in draw.integers(0, 11_000, 20))] for _ in range(200)]
    labels = draw.integers(0, 2, 200)
    shares = oof_probabilities(grams_of(texts), labels, 2, np.arange(200) % 5)
    assert 0.3 < (shares.argmax(axis=1) == labels).mean() < 0.7
    assert shares.max() < 0.99


def test_several_labels_have_a_model_each():
    texts = words(40, "가나다", 0) + words(40, "라마바", 1)
    held = np.zeros((80, 2), bool)
    held[:40, 0] = held[20:, 1] = True
    shares = oof_probabilities_of_several(grams_of(texts), held, np.arange(80) % 5)
    assert shares.shape == (80, 2)
    assert ((shares[:, 0] > 0.5) == held[:, 0]).all()
