"""Pseudo-labels by consensus: each decision by hand, and what no decision may do."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongbang.augment.pseudo import (
    Thresholds,
    apply_decisions,
    consensus,
    read_decisions,
    tally,
    write_decisions,
)
from gongbang.data.records import Record, Span
from gongbang.errors import DataError, OptionError
from gongbang.metrics.span import normalise_answer
from gongbang.tasks.base import Candidate, Prediction

LIMITS = Thresholds(keep=0.5, relabel=0.75, confidence=0.8)


def members(*votes: tuple[str, float]) -> list[list[Prediction]]:
    return [[Prediction("r", text, confidence)] for text, confidence in votes]


@pytest.mark.parametrize(
    ("votes", "own", "action", "label", "reason"),
    [
        # Half of the members are enough to keep; how sure they are does not matter for that.
        ([("a", 0.2), ("a", 0.3), ("b", 1.0), ("b", 1.0)], ["a"], "keep", "a", "2 of 4 members give"),
        ([("b", 0.9), ("b", 0.8), ("b", 0.7), ("a", 0.9)], ["a"], "relabel", "b", "confidence 0.80"),
        ([("b", 0.9), ("b", 0.8), ("b", 0.6), ("a", 0.9)], ["a"], "drop", None, "confidence 0.77"),
        ([("b", 0.9), ("b", 0.9), ("c", 0.9), ("a", 0.9)], ["a"], "drop", None, "2 of 4 give 'b'"),
        ([("b", 0.9), ("b", 0.9), ("c", 0.9), ("c", 0.9)], ["a"], "drop", None, "each give 'b' and 'c'"),
        ([("b", 0.9), ("b", 0.9), ("b", 0.9), ("b", 0.9)], None, "relabel", "b", "4 of 4 give 'b'"),
        ([("b", 0.5), ("b", 0.5), ("b", 0.5), ("b", 0.5)], None, "drop", None, "confidence 0.50"),
        ([("a", 0.9), ("a", 0.9), ("b", 0.9), ("b", 0.9)], None, "drop", None, "each give"),
        # "No answer" is a vote like any other.
        ([("", 0.9), ("", 0.9), ("", 0.9), ("a", 0.9)], ["a"], "relabel", "", "3 of 4 give ''"),
    ],
)
def test_decisions_by_hand(votes, own, action, label, reason):
    labels = {} if own is None else {"r": own}
    (found,) = consensus(members(*votes), labels, thresholds=LIMITS)
    assert (found.action, found.label) == (action, label)
    assert reason in found.reason
    assert sum(found.votes.values()) == 4


def test_numbers_behind_a_decision():
    (found,) = consensus(members(("b", 0.9), ("b", 0.8), ("b", 0.7), ("a", 0.9)), {"r": ["a"]})
    assert found.agreement == 0.75 and found.confidence == pytest.approx(0.8)
    assert found.votes == {"b": 3, "a": 1}


def test_answers_that_differ_in_signs_alone_are_one_vote():
    votes = members(("서울.", 0.9), ("서울", 0.9), ("부산", 0.9))
    (apart,) = consensus(votes, {"r": ["대구"]}, thresholds=Thresholds(relabel=0.6))
    (one,) = consensus(votes, {"r": ["대구"]}, thresholds=Thresholds(relabel=0.6), normal=normalise_answer)
    assert apart.action == "drop" and (one.action, one.label) == ("relabel", "서울.")


@settings(max_examples=60, deadline=None)
@given(
    votes=st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 1)), min_size=2, max_size=7),
    own=st.none() | st.sampled_from("abc"),
)
def test_a_decision_has_the_votes_it_needs(votes, own):
    (found,) = consensus(members(*votes), {"r": [own]} if own else {}, thresholds=LIMITS)
    behind = [confidence for text, confidence in votes if text == found.label]
    if found.action == "keep":
        assert found.label == own and len(behind) >= 0.5 * len(votes)
    elif found.action == "relabel":
        assert found.label != own and len(behind) >= 0.75 * len(votes)
        assert sum(behind) / len(behind) >= 0.8 - 1e-9
    else:
        assert found.label is None
    (again,) = consensus(members(*reversed(votes)), {"r": [own]} if own else {}, thresholds=LIMITS)
    assert (again.action, again.label) == (found.action, found.label)  # the members' order decides nothing


def answer(text: str, start: int, confidence: float) -> Prediction:
    return Prediction("q", text, confidence, (Candidate(text, start, start + len(text), 1.0, confidence),))


def reading() -> Record:
    context = "공방은 강릉에서 시작해 목포로 옮겼다."
    spans = {"answers": (Span(4, 6, "강릉"),)}
    return Record("q", {"question": "지금은 어디인가?", "context": context}, spans=spans)


def test_a_readers_consensus_moves_the_span():
    record = reading()
    at = record.fields["context"].index("목포")
    votes = [[answer("목포", at, 0.85)], [answer("목포", at, 0.95)], [answer("강릉", 4, 0.4)]]
    decisions = consensus(votes, {"q": ["강릉"]}, thresholds=Thresholds(relabel=0.6))
    (moved,) = apply_decisions([record], decisions, role="answers")
    assert moved.answers == (Span(at, at + 2, "목포"),)


def test_no_answer_empties_the_spans_and_a_lost_place_is_refused():
    record = reading()
    votes = [[Prediction("q", "", 0.9)], [Prediction("q", "", 0.9)]]
    (empty,) = apply_decisions([record], consensus(votes, {"q": ["강릉"]}), role="answers")
    assert empty.spans == {"answers": ()}
    shifted = [[answer("목포", 3, 0.9)], [answer("목포", 3, 0.9)]]
    with pytest.raises(DataError, match="does not stand where it was found"):
        apply_decisions([record], consensus(shifted, {"q": ["강릉"]}), role="answers")


def test_records_are_kept_relabelled_and_dropped(tmp_path: Path):
    texts = {"1": "a", "2": "a", "3": "a", "4": "a"}
    records = [Record(id_, {"text": "글"}, labels={"label": label}) for id_, label in texts.items()]
    first = [Prediction("1", "a", 0.9), Prediction("2", "b", 0.9), Prediction("3", "b", 0.5)]
    second = [Prediction("3", "c", 0.5), Prediction("1", "a", 0.9), Prediction("2", "b", 0.9)]
    decisions = consensus([first, second], {id_: [label] for id_, label in texts.items()})
    assert tally(decisions) == {"keep": 1, "relabel": 1, "drop": 1}
    left = apply_decisions(records, decisions)
    assert [(record.id, record.labels["label"]) for record in left] == [("1", "a"), ("2", "b"), ("4", "a")]
    write_decisions(tmp_path / "decisions.jsonl", decisions)
    assert read_decisions(tmp_path / "decisions.jsonl") == decisions


def test_what_is_no_consensus_is_refused(tmp_path: Path):
    with pytest.raises(OptionError, match="two members"):
        consensus([[Prediction("r", "a", 0.9)]])
    with pytest.raises(DataError, match="same rows"):
        consensus([[Prediction("r", "a", 0.9)], [Prediction("s", "a", 0.9)]])
    with pytest.raises(DataError, match="twice"):
        consensus([[Prediction("r", "a", 0.9)], [Prediction("r", "a", 0.9), Prediction("r", "b", 0.9)]])
    for wrong in (float("nan"), 3.0):
        with pytest.raises(DataError, match="no confidence"):
            consensus(members(("a", wrong), ("a", 0.9)))
    with pytest.raises(OptionError, match="no share"):
        Thresholds(relabel=75)
    (tmp_path / "broken.jsonl").write_text('{"id": "r"}\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"broken\.jsonl:1: a decision lacks"):
        read_decisions(tmp_path / "broken.jsonl")
