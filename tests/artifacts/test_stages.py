"""Which stage failed: a table assigned by hand."""

from __future__ import annotations

import pytest

from gongbang.artifacts.stages import assign_stage, locate, same_when_normalised
from gongbang.data.records import Record, Span
from gongbang.metrics.span import exact_match
from gongbang.tasks.base import Candidate, Prediction

CONTEXT = (
    "세종은 1443년에 훈민정음을 만들었고, 장영실은 물시계를 만들었다. "
    "왕건은 고려를 세웠다. 2015년 3월의 일이다."
)


def record(gold: str | None, document: str | None = "d1") -> Record:
    spans = () if gold is None else (Span(at := CONTEXT.index(gold), at + len(gold), gold),)
    labels = {} if document is None else {"document": document}
    return Record("q", {"question": "?", "context": CONTEXT}, spans={"answers": spans}, labels=labels)


def predicted(text: str, source: str = "q") -> Prediction:
    if not text:
        return Prediction("q", "", 0.1)
    at = CONTEXT.find(text)
    return Prediction("q", text, 0.5, (Candidate(text, at, at + len(text), 1.0, 0.5, source),))


# gold, prediction, retrieved (None: the gold context was given), stage
TABLE = [
    ("1443년", "1443년", None, "right"),
    ("1443년", "1443년.", None, "right"),  # the official scorer drops punctuation
    ("1443년", "1443년", ("d9",), "right"),  # right from another document is right
    (None, "", None, "right"),
    (None, "장영실", None, "should_have_abstained"),
    (None, "장영실", ("d9",), "should_have_abstained"),
    ("장영실", "", None, "should_have_answered"),
    ("장영실", "", ("d1", "d2"), "should_have_answered"),
    ("장영실", "", ("d2",), "not_retrieved"),  # the first stage that failed owns it
    ("장영실", "세종", ("d2",), "not_retrieved"),
    ("장영실", "장영실은 물시계", ("d2",), "not_retrieved"),
    ("장영실", "세종", ("d2", "d1"), "retrieved_not_read"),
    ("장영실", "세종", (), "not_retrieved"),
    ("장영실", "세종", None, "retrieved_not_read"),
    ("장영실", "장영실은", None, "normalisation"),  # a particle
    ("장영실", "장영실은", ("d2",), "normalisation"),
    ("1443년", "1443년에", None, "normalisation"),
    ("1443년", "１４４３년", None, "normalisation"),  # NFKC
    ("2015년 3월", "2015년3월", None, "normalisation"),  # spaces
    ("물시계", "“물시계”", None, "normalisation"),  # quotes that the scorer keeps
    ("1443년", "1443년에 훈민정음", None, "span_border"),
    ("1443년에 훈민정음", "훈민정음을 만들었고", None, "span_border"),  # overlap, no containment
    ("장영실은 물시계", "장영실", None, "span_border"),
    ("장영실", "왕건", None, "retrieved_not_read"),  # apart
    ("1443년", "2015년", None, "retrieved_not_read"),  # apart, though characters are shared
]


@pytest.mark.parametrize(("gold", "text", "ranked", "stage"), TABLE)
def test_stage(gold, text, ranked, stage):
    r, p = record(gold), predicted(text)
    assert assign_stage(r, p, exact_match, ranked, locate(r, p)) == stage


# Read from a passage whose place in the gold context is not known: only the words can tell.
WORDS = [
    ("장영실", "장영실 선생", "span_border"),
    ("2015년 3월", "2013년 3월", "span_border"),  # a word is shared
    ("1443년", "443", "retrieved_not_read"),  # not a number of its own
    ("세", "세종", "retrieved_not_read"),  # a syllable is not a word
    ("왕건", "궁예", "retrieved_not_read"),
]


@pytest.mark.parametrize(("gold", "text", "stage"), WORDS)
def test_stage_by_words(gold, text, stage):
    assert assign_stage(record(gold), predicted(text, source="p9"), exact_match, ("d1",)) == stage


def test_a_record_without_document_is_never_blamed_on_retrieval():
    assert (
        assign_stage(record("장영실", None), predicted("세종"), exact_match, ("d2",)) == "retrieved_not_read"
    )


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("이순신", "이순신", True),
        ("이순신은", "이순신", True),
        ("이순신", "이순신이다", True),
        ("《난중일기》", "난중일기", True),
        ("Ａ형", "a형", True),
        ("이순신 장군", "이순신", False),
        ("", "", False),
        ("()", "", False),
        ("제주", "제주도", False),
    ],
)
def test_same_when_normalised(a, b, same):
    assert same_when_normalised(a, b) is same
    assert same_when_normalised(b, a) is same


def test_locate_finds_a_passage_within_the_context_and_elsewhere():
    r = record("장영실")
    passage = CONTEXT[10:45]
    at = passage.index("장영실")
    p = Prediction("q", "장영실", 0.5, (Candidate("장영실", at, at + 3, 1.0, 0.5, "p1"),))
    inside = locate(r, p, {"p1": passage})
    assert inside is not None
    assert inside.in_context
    assert CONTEXT[inside.start : inside.end] == "장영실"
    outside = locate(r, p, {"p1": "x" * at + "장영실이 했다."})
    assert outside is not None
    assert not outside.in_context
    assert locate(r, p) is None  # the passage is not at hand
    assert locate(r, Prediction("q", "", 0.0)) is None


def test_locate_follows_a_trimmed_span():
    r = record("장영실")
    at = CONTEXT.index("장영실은")
    place = locate(r, Prediction("q", "장영실", 0.5, (Candidate("장영실은", at, at + 4, 1.0),)))
    assert place is not None
    assert (place.start, place.end) == (at, at + 3)
