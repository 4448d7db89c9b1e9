"""Borders of graphemes: the rules of UAX 29 for letters by hand, and widening over arbitrary text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongbang.text.graphemes import is_border, widen

# Graphemes are separated by "/" here.
TABLE = [
    "दि/ल्ली",  # a vowel sign; two consonants with a virama between and a vowel sign
    "क्ष/त्रि/य",
    "हिं/दी",
    "अ/र्था/त्",  # a virama at a word's end joins nothing
    "स/न्/ /1/9",
    "क़/ल/म",  # ka and a nukta
    "क\u094d\u200dय",  # a joiner keeps the conjunct
    "क\u094d\u200c/य",  # a non-joiner takes it apart
    "अ/आ",
    "e\u0301/t/e\u0301",
    "서/울",
    "க்/ஷ",  # Tamil's virama makes no conjuncts
    "ক্ষ/মা",
    "क्/中",  # nothing joins two scripts
]


@pytest.mark.parametrize("case", TABLE)
def test_table(case: str) -> None:
    text = case.replace("/", "")
    found = "".join(("/" if at and is_border(text, at) else "") + char for at, char in enumerate(text))
    assert found == case


def test_a_line_end_holds_no_mark() -> None:
    assert is_border("\n\u093f", 1)
    assert not is_border(" \u093f", 1)


HINDI = st.text(st.sampled_from("कषरय\u093c\u093f\u0940\u0902\u094d\u200c\u200d अ।a가\n"), max_size=16)


@given(HINDI, st.integers(0, 16), st.integers(0, 16))
@settings(max_examples=300, deadline=None)
def test_widening_keeps_the_span_and_ends_at_borders(text: str, first: int, last: int) -> None:
    start, end = sorted((min(first, len(text)), min(last, len(text))))
    left, right = widen(text, start, end)
    assert left <= start <= end <= right
    if start == end:
        assert (left, right) == (start, end)
        return
    assert is_border(text, left) and is_border(text, right)
    assert widen(text, left, right) == (left, right)
    # Nothing is taken that was not cut: there is no border inside what was added.
    assert not any(is_border(text, at) for at in (*range(left + 1, start + 1), *range(end, right)))


@pytest.mark.shared
@pytest.mark.parametrize("code", ["hi", "vi", "en"])
def test_no_public_answer_ends_inside_a_grapheme(shared_data: Path, code: str) -> None:
    articles = json.loads((shared_data / f"qa/xquad/xquad.{code}.json").read_text(encoding="utf-8"))["data"]
    checked = 0
    for paragraph in (paragraph for article in articles for paragraph in article["paragraphs"]):
        for answer in (answer for question in paragraph["qas"] for answer in question["answers"]):
            start, end = answer["answer_start"], answer["answer_start"] + len(answer["text"])
            assert widen(paragraph["context"], start, end) == (start, end)
            checked += 1
    assert checked == 1190
