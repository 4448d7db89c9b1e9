"""Languages as a table: what is compared, what an unknown code says, and that Hindi offsets map both ways."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongbang.errors import OptionError
from gongbang.metrics.span import SPAN_METRICS
from gongbang.search.analysis import AnalysisConfig
from gongbang.text.languages import LANGUAGES, language_named
from gongbang.text.normalise import STEPS, Normaliser

HINDI = LANGUAGES["hi"]
LETTERS = st.text(
    st.sampled_from('कखफ\u0958\u0959\u095e\u0929\u0928\u093c\u093e\u093f\u094d\u200c\u200d।॥| ,"()a1'),
    max_size=20,
)


@pytest.mark.parametrize("code", LANGUAGES)
def test_an_entry_names_what_there_is(code: str) -> None:
    language = language_named(code)
    assert language.code == code
    assert set(language.steps) <= set(STEPS) and set(language.metrics) <= set(SPAN_METRICS)
    assert AnalysisConfig(kinds=language.tokens).kinds == language.tokens
    assert language.metrics[0] == "exact_match"  # the reader's primary metric
    assert not any(char.isalnum() for char in language.edges + language.quotes + language.marks)


@pytest.mark.parametrize(
    ("code", "near"),
    [("hn", "hi"), ("hindi", "hi"), ("Korean", "ko"), ("kr", "ko"), ("HI", "hi"), ("eng", "en")],
)
def test_an_unknown_language_gets_its_nearest(code: str, near: str) -> None:
    with pytest.raises(OptionError, match="no such language") as caught:
        language_named(code)
    assert caught.value.value == code and caught.value.cure == f"Did you mean '{near}'?"
    assert "hi (Hindi)" in caught.value.allowed and len(caught.value.lines()) == 4


def test_a_code_like_no_other_gets_no_guess() -> None:
    with pytest.raises(OptionError) as caught:
        language_named("")
    assert "Did you mean" not in caught.value.cure


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("\u0958\u0932\u092e", "\u0915\u093c\u0932\u092e"),  # qalam, its nukta composed and not
        ("न\u093cई", "\u0929ई"),  # composed the other way: NFC makes one letter of these two
        ("क्\u200dया", "क्या"),
        ("क्\u200cया", "क्या"),
        ("वह घर गया।", "वह घर गया"),
        ("वह घर गया|", "वह घर गया"),
        ("वह घर गया |", "वह घर गया"),
        ("एक।दो", "एक दो"),
        ("दिल्ली (", "दिल्ली"),
        ("“दिल्ली", "दिल्ली"),
        ('"दिल्ली', "दिल्ली"),
        ("\ufeffदिल्ली,", "दिल्ली"),
    ],
)
def test_what_is_the_same_answer_in_hindi(one: str, other: str) -> None:
    assert one != other
    assert HINDI.comparable(one) == HINDI.comparable(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("कि", "की"),
        ("कल", "\u0915\u093cल"),  # a nukta tells letters apart
        ('"दिल्ली"', "दिल्ली"),  # a pair of quotes is the answer's own
        ("दिल्ली (भारत)", "दिल्ली भारत"),
        ("50%", "50"),
        ("दर्\u200dया", "दर्या"),  # the eyelash ra: valleys and the sea, in Marathi
    ],
)
def test_what_is_another_answer_in_hindi(one: str, other: str) -> None:
    assert HINDI.comparable(one) != HINDI.comparable(other)


@given(LETTERS)
@settings(max_examples=300, deadline=None)
def test_comparing_does_not_see_the_normal_form_and_is_settled(text: str) -> None:
    found = HINDI.comparable(text)
    assert HINDI.comparable(unicodedata.normalize("NFD", text)) == found
    assert HINDI.comparable(unicodedata.normalize("NFC", text)) == found
    if "|" not in text:  # what stands after a bar decides whether it is a danda
        assert HINDI.comparable(found) == found


@given(st.text(max_size=20))
@settings(max_examples=100, deadline=None)
def test_korean_is_compared_to_the_letter(text: str) -> None:
    assert LANGUAGES["ko"].comparable(text) == text == LANGUAGES["ko"].clean(text)


@given(LETTERS)
@settings(max_examples=300, deadline=None)
def test_the_hindi_steps_map_there_and_back(text: str) -> None:
    edited = Normaliser(HINDI.steps).apply(text)
    assert Normaliser(HINDI.steps).apply(edited.text).text == edited.text
    for at in range(len(edited.text)):
        start, end = edited.to_original(at, at + 1)
        assert start < end and HINDI.clean(text[start:end])
        first, last = edited.to_edited(start, end)
        assert first <= at < last


@pytest.mark.shared
def test_every_hindi_answer_stands_in_its_cleaned_passage(shared_data: Path) -> None:
    """Over composed and decomposed passages: the span is the answer, before and after, and back again."""
    articles = json.loads((shared_data / "qa/xquad/xquad.hi.json").read_text(encoding="utf-8"))["data"]
    changed, checked = 0, 0
    for paragraph in (paragraph for article in articles for paragraph in article["paragraphs"]):
        context = paragraph["context"]
        edited = Normaliser(HINDI.steps).apply(context)
        changed += edited.changed
        for answer in (answer for question in paragraph["qas"] for answer in question["answers"]):
            start, end = answer["answer_start"], answer["answer_start"] + len(answer["text"])
            assert context[start:end] == answer["text"]
            first, last = edited.to_edited(start, end)
            assert edited.text[first:last] == HINDI.clean(answer["text"])
            assert edited.to_original(first, last) == (start, end)
            checked += 1
    assert (changed, checked) == (101, 1190)  # passages with composed nuktas, which NFC takes apart
