from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongbang.data.stratify import iterative_stratification
from gongbang.errors import OptionError


def test_the_rarest_label_is_dealt_first_by_hand():
    """Label 1 (two units) is dealt before label 0; each fold then lacks two more of label 0."""
    counts = [[1, 0], [1, 0], [1, 0], [1, 0], [1, 1], [1, 1]]
    assert iterative_stratification(counts, [1] * 6, 2).tolist() == [0, 1, 0, 1, 0, 1]


def test_units_without_labels_fill_up_what_is_left():
    counts = [[1], [1], [0], [0], [0]]
    folds = iterative_stratification(counts, [3, 1, 1, 1, 2], 2)
    # The unit of 3 goes to fold 0, that of 1 to fold 1, then 2 to fold 1; level folds go by number.
    assert folds.tolist() == [0, 1, 0, 1, 1]
    assert np.bincount(folds, weights=[3, 1, 1, 1, 2]).tolist() == [4, 4]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=4, max_size=80), st.integers(2, 4))
def test_the_rarest_label_is_even_to_one(rows, k):
    """The label that is dealt first is free to be dealt evenly; the others follow where they can."""
    held = np.array(rows, dtype=int)
    folds = iterative_stratification(held, np.ones(len(held), dtype=int), k)
    assert folds.min() >= 0 and folds.max() < k
    totals = held.sum(axis=0)
    if totals.any():
        rarest = int(np.argmin(np.where(totals > 0, totals, 10**6)))
        spread = np.bincount(folds[held[:, rarest] > 0], minlength=k)
        assert spread.max() - spread.min() <= 1


def test_shapes_that_do_not_pair_up_are_refused():
    for counts, sizes, k in (([[1]], [1, 1], 2), ([1], [1], 2), ([[1]], [1], 1)):
        with pytest.raises(OptionError):
            iterative_stratification(counts, sizes, k)
