from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gongbang.ensemble.spans import fit_span_temperature, merge_spans
from gongbang.errors import EnsembleError
from gongbang.tasks.base import Candidate, Prediction


def answer(*pairs: tuple[str, float], null: float = 0.0, id: str = "q") -> Prediction:
    """A prediction whose candidates have these probabilities under a softmax at temperature 1."""
    candidates = tuple(
        Candidate(text, n, n + len(text), float(np.log(p))) for n, (text, p) in enumerate(pairs)
    )
    return Prediction(id, pairs[0][0] if pairs else "", 1 - null, candidates, null_score=null)


def test_mass_is_summed_by_normalised_text():
    """김쇠돌 has 0.4 of each reader, written otherwise; each reader's own favourite has 0.6 of it alone."""
    a = answer(("대장장이", 0.6), ("김쇠돌", 0.4))
    b = answer(("마을", 0.6), ("‘김쇠돌’", 0.4))
    [merged] = merge_spans({"a": [a], "b": [b]}, null=False)
    assert merged.text == "김쇠돌" and merged.confidence == pytest.approx(0.4)
    assert [c.probability for c in merged.candidates] == pytest.approx([0.4, 0.3, 0.3])
    assert [c.text for c in merged.candidates[1:]] == ["대장장이", "마을"]
    first = merged.details["members"][0]
    assert first["text"] == "김쇠돌" and first["given"] == pytest.approx({"a": 0.4, "b": 0.4})
    assert merged.details["members"][1]["given"] == pytest.approx({"a": 0.6})


def test_the_span_that_is_shown_is_the_one_with_most_mass():
    a, b = answer(("서울", 0.3), ("부산", 0.7)), answer(("《서울》", 0.8), ("부산", 0.2))
    [merged] = merge_spans({"a": [a], "b": [b]}, null=False)
    assert (merged.text, merged.candidates[0].start) == ("《서울》", 0)
    [weighted] = merge_spans({"a": [a], "b": [b]}, null=False, weights={"a": 3, "b": 1})
    assert weighted.text == "부산" and weighted.confidence == pytest.approx(0.75 * 0.7 + 0.25 * 0.2)


def test_one_reader_may_give_one_text_twice():
    a = replace(answer(("서울", 0.3), ("부산", 0.4), ("'서울'", 0.3)))
    [merged] = merge_spans({"a": [a]}, null=False)
    assert merged.text == "서울" and merged.confidence == pytest.approx(0.6)


def test_minimum_bayes_risk_prefers_what_the_others_share():
    """ABCD has most mass, but EFGH, EFGHI and FGH share characters. By hand, expected F1:
    ABCD .4; EFGH .3 + .2*8/9 + .1*6/7 = .5635; EFGHI .3*8/9 + .2 + .1*6/8 = .5417."""
    a = answer(("ABCD", 0.4), ("EFGH", 0.3), ("EFGHI", 0.2), ("FGH", 0.1))
    [by_sum] = merge_spans({"a": [a]}, null=False)
    [by_risk] = merge_spans({"a": [a]}, null=False, decision="mbr")
    assert by_sum.text == "ABCD" and by_risk.text == "EFGH"
    assert by_risk.candidates[0].score == pytest.approx(0.3 + 0.2 * 8 / 9 + 0.1 * 6 / 7)
    assert by_risk.candidates[1].score == pytest.approx(0.3 * 8 / 9 + 0.2 + 0.1 * 6 / 8)
    assert by_risk.confidence == pytest.approx(0.3)


def test_no_answer_is_an_answer():
    a, b = answer(("서울", 1.0), null=0.7), answer(("서울", 0.5), ("부산", 0.5), null=0.4)
    [merged] = merge_spans({"a": [a], "b": [b]})
    # nothing 0.55; 서울 (0.3 + 0.6 * 0.5) / 2 = 0.3; 부산 0.15
    assert merged.text == "" and merged.null_score == merged.confidence == pytest.approx(0.55)
    assert [c.probability for c in merged.candidates] == pytest.approx([0.3, 0.15])
    assert merged.details["null"] == pytest.approx({"a": 0.7, "b": 0.4})
    [told] = merge_spans({"a": [a], "b": [b]}, null=False)
    assert told.text == "서울" and told.confidence == pytest.approx(0.75) and told.null_score == 0.0
    [tie] = merge_spans({"a": [answer(("서울", 1.0), null=0.5)]})
    assert tie.text == ""


def test_a_reader_without_candidates_says_no_answer():
    [merged] = merge_spans({"a": [answer()], "b": [answer(("서울", 1.0), null=0.1)]})
    assert merged.null_score == pytest.approx(0.55) and merged.text == ""
    [nothing] = merge_spans({"a": [answer()]}, null=False)
    assert nothing.text == "" and nothing.candidates == ()


def test_ties_do_not_depend_on_the_order_of_the_readers():
    a, b = answer(("나", 1.0)), answer(("가", 1.0))
    assert merge_spans({"a": [a], "b": [b]})[0].text == merge_spans({"b": [b], "a": [a]})[0].text == "가"


def test_questions_are_matched_by_id_and_must_be_the_same():
    one, two = answer(("가", 1.0), id="1"), answer(("나", 1.0), id="2")
    merged = merge_spans({"a": [one, two], "b": [two, one]})
    assert [(p.id, p.text) for p in merged] == [("1", "가"), ("2", "나")]
    with pytest.raises(EnsembleError, match="did not answer") as caught:
        merge_spans({"a": [one, two], "b": [one]})
    assert "1 missing ['2']" in caught.value.value
    for readers in ({}, {"a": [one, one]}):
        with pytest.raises(EnsembleError):
            merge_spans(readers)


def test_options_that_do_not_fit():
    a = [answer(("가", 1.0))]
    for options in (
        {"decision": "vote"},
        {"weights": {"b": 1}},
        {"weights": {"a": 0}},
        {"temperatures": {"a": 0.0}},
        {"temperatures": {"b": 1.0}},
    ):
        with pytest.raises(EnsembleError):
            merge_spans({"a": a}, **options)
    with pytest.raises(EnsembleError, match="no probability"):
        merge_spans({"a": [replace(a[0], null_score=3.0)]})
    with pytest.raises(EnsembleError, match="not finite"):
        merge_spans({"a": [replace(a[0], candidates=(Candidate("가", 0, 1, float("nan")),))]})


def test_a_temperature_makes_scores_probabilities():
    """A reader that is right two times in three must hold its first answer for likely to two thirds."""
    row = Prediction("q", "가", 0.9, (Candidate("가", 0, 1, 8.0), Candidate("나", 2, 3, 0.0)))
    golds = [["가"], ["'가'"], ["나"]]
    heat = fit_span_temperature([row] * 3, golds)
    assert heat == pytest.approx(8.0 / np.log(2.0), rel=1e-4)
    [merged] = merge_spans({"a": [row]}, null=False, temperatures={"a": heat})
    assert merged.confidence == pytest.approx(2 / 3, abs=1e-4)
    assert fit_span_temperature([row], [[]]) == 1.0
    longer = Prediction("r", "가", 0.9, (*row.candidates, Candidate("다", 4, 5, -1e6)))
    assert fit_span_temperature([row, row, longer], golds) == pytest.approx(heat, rel=1e-3)
    with pytest.raises(EnsembleError):
        fit_span_temperature([row], [])
