"""Decoding of spans: order inside a window, order across windows, limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongbang.errors import OptionError
from gongbang.tasks.spans import best_spans, check_scoring, log_softmax, normalise_logits

OFFSETS = np.array([[-1, -1], [-1, -1], [0, 2], [2, 3], [4, 6], [6, 7], [-1, -1]])


def logits(values: dict[int, float], length: int = 7) -> np.ndarray:
    row = np.full(length, -5.0)
    for place, value in values.items():
        row[place] = value
    return row


def test_the_best_span_is_found_by_hand():
    start, end = logits({2: 3.0, 4: 2.0}), logits({3: 1.0, 5: 4.0})
    spans = best_spans(0, start, end, OFFSETS, n_best=3, max_tokens=10)
    assert [(s.start, s.end, s.score) for s in spans] == [(0, 7, 7.0), (4, 7, 6.0), (0, 3, 4.0)]
    assert spans[0].margin == 7.0 - (-10.0)


def test_no_span_is_longer_than_allowed_or_ends_before_it_starts():
    start, end = logits({4: 9.0, 2: 1.0}), logits({2: 9.0, 3: 1.0})
    spans = best_spans(0, start, end, OFFSETS, n_best=50, max_tokens=2)
    assert all(s.end > s.start for s in spans)
    assert (0, 7) not in {(s.start, s.end) for s in spans}
    assert (spans[0].start, spans[0].end) == (0, 2)


def test_a_span_never_starts_outside_the_passage():
    start, end = logits({0: 50.0, 1: 50.0, 6: 50.0}), logits({0: 50.0, 1: 50.0, 6: 50.0})
    for span in best_spans(0, start, end, OFFSETS, n_best=50, max_tokens=7):
        assert 0 <= span.start < span.end <= 7


def test_a_window_without_passage_has_no_span():
    nowhere = np.full((4, 2), -1)
    assert best_spans(0, np.zeros(4), np.zeros(4), nowhere, n_best=5, max_tokens=5) == []


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31))
def test_every_scoring_orders_the_spans_of_one_window_alike(seed: int):
    rng = np.random.default_rng(seed)
    start, end = rng.normal(size=7) * 3, rng.normal(size=7) * 3
    orders = []
    for scoring in ("logit_sum", "probability_product", "global"):
        s, e = normalise_logits([start], [end], scoring)
        spans = best_spans(0, s[0], e[0], OFFSETS, n_best=20, max_tokens=7)
        orders.append([(span.start, span.end) for span in spans])
    assert orders[0] == orders[1] == orders[2]


def test_scorings_differ_across_windows():
    """Two windows, the second with larger logits but a stronger first token: only the sum prefers it."""
    first = (logits({2: 4.0}), logits({3: 4.0}))
    second = (logits({0: 9.0, 2: 6.0}), logits({0: 9.0, 3: 6.0}))
    winners = {}
    for scoring in ("logit_sum", "probability_product"):
        starts, ends = normalise_logits([first[0], second[0]], [first[1], second[1]], scoring)
        tops = [best_spans(r, starts[r], ends[r], OFFSETS, n_best=1, max_tokens=7)[0] for r in (0, 1)]
        winners[scoring] = max(tops, key=lambda span: span.score).row
    assert winners == {"logit_sum": 1, "probability_product": 0}


def test_the_margin_does_not_depend_on_the_scoring():
    start, end = logits({0: 1.0, 2: 3.0}), logits({0: 0.5, 3: 2.0})
    margins = []
    for scoring in ("logit_sum", "probability_product", "global"):
        s, e = normalise_logits([start, start + 1], [end, end], scoring)
        margins.append(best_spans(0, s[0], e[0], OFFSETS, n_best=1, max_tokens=7)[0].margin)
    assert margins == pytest.approx([3.5, 3.5, 3.5])


def test_global_probabilities_sum_to_one_over_all_windows():
    starts, _ = normalise_logits([np.zeros(3), np.ones(5)], [np.zeros(3), np.ones(5)], "global")
    assert sum(float(np.exp(row).sum()) for row in starts) == pytest.approx(1.0)
    assert [len(row) for row in starts] == [3, 5]


def test_log_softmax_keeps_minus_infinity():
    row = log_softmax(np.array([0.0, -np.inf]))
    assert row.tolist() == [0.0, -np.inf]


def test_an_unknown_scoring_is_refused_with_the_known_ones():
    with pytest.raises(OptionError, match="probability_product"):
        check_scoring("softmax")
