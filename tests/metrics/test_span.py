"""Span metrics against values worked out by hand from the published scorers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongbang.errors import OptionError
from gongbang.metrics.span import (
    character_f1,
    compared,
    exact_match,
    normalise_answer,
    normalise_answer_klue,
    rouge_w,
    span_scores,
    word_f1,
    word_jaccard,
)
from gongbang.text.languages import LANGUAGES


@pytest.mark.parametrize(
    ("text", "normalised"),
    [
        ("Seoul", "seoul"),
        ("《토지》", "토지"),
        ("〈별 헤는 밤〉의", "별 헤는 밤 의"),
        ("‘봄’과 가을", "봄 과 가을"),
        ("a'b", "a b"),  # an apostrophe becomes a space ...
        ("a-b", "ab"),  # ... while other ASCII punctuation vanishes
        ("“봄”", "“봄”"),  # curly double quotes are not in the official list
        ("「봄」", "「봄」"),
        ("1,000원(약)", "1000원 약"),
        ("  둘  \t 셋\n", "둘 셋"),
        ("3.14%", "314"),
        ("()", ""),
    ],
)
def test_korquad_normalisation(text: str, normalised: str) -> None:
    assert normalise_answer(text) == normalised


@pytest.mark.parametrize(
    ("text", "normalised"),
    [
        ("《토지》", "《토지》"),  # the baseline's pattern never matches a lone bracket
        ("'봄'", "봄"),
        ("a'b", "ab"),
        ("‘봄’", "‘봄’"),
        ("<()‘’봄", "봄"),  # the one string its pattern does match
        ("A (b)", "a b"),
    ],
)
def test_klue_normalisation(text: str, normalised: str) -> None:
    assert normalise_answer_klue(text) == normalised


@pytest.mark.parametrize(
    ("prediction", "golds", "em", "f1"),
    [
        ("서울", ["서울"], 1.0, 1.0),
        ("서울시", ["서울"], 0.0, 0.8),  # 2 common, 3 and 2 characters: 2*2/5
        ("서 울", ["서울"], 0.0, 1.0),  # spaces do not count in F1, but do in EM
        ("《서울》", ["'서울'"], 1.0, 1.0),
        ("부산", ["서울"], 0.0, 0.0),
        ("가가나", ["가나나"], 0.0, 2 * 2 / 6),  # bags: min(2,1) + min(1,2) = 2
        ("1945", ["1945년", "1945"], 1.0, 1.0),
        ("1945년 8월", ["1945년", "8월"], 0.0, 2 * 5 / 12),  # 1945년8월 (7) against 1945년 (5)
        ("", ["서울"], 0.0, 0.0),
        ("", ["《》"], 1.0, 0.0),  # quirk: both normalise to nothing, F1 has no common character
        ("", [], 1.0, 1.0),
        ("...", [], 1.0, 1.0),
        ("서울", [], 0.0, 0.0),
    ],
)
def test_exact_match_and_character_f1(prediction: str, golds: list[str], em: float, f1: float) -> None:
    assert exact_match(prediction, golds) == em
    assert character_f1(prediction, golds) == pytest.approx(f1)


@pytest.mark.parametrize(
    ("prediction", "golds", "score"),
    [
        ("서울", ["서울"], 1.0),
        ("서울 특별시", ["서울"], 0.5),  # run of 2; 6 and 2 characters with the space: 4/8
        ("가나다라", ["가나라다"], 0.5),  # the run is consecutive: 2 of 4, not the LCS of 3
        ("부산", ["서울"], 0.0),
        ("", ["서울"], 0.0),
        ("", [], 1.0),
        ("서울", [], 0.0),
        ("《토지》", ["토지"], 2 * 2 / 6),  # brackets stay in the KLUE baseline
        ("봄", ["여름", "봄"], 1.0),
        ("", ["!"], 1.0),
    ],
)
def test_rouge_w(prediction: str, golds: list[str], score: float) -> None:
    assert rouge_w(prediction, golds) == pytest.approx(score)


def test_rouge_w_treats_popular_characters_of_long_golds_as_junk() -> None:
    # From 200 characters of gold on difflib ignores characters that make up more than 1 % of it.
    assert rouge_w("가" * 150, ["나" + "가" * 150]) == pytest.approx(2 * 150 / 301)
    assert rouge_w("가" * 250, ["나" + "가" * 250]) == 0.0


@pytest.mark.parametrize(
    ("prediction", "golds", "score"),
    [
        ("a b c", ["a b"], 2 / 3),
        ("A B", ["a b"], 1.0),
        ("a a a", ["a"], 1.0),
        ("x", ["a"], 0.0),
        ("", [], 1.0),
        ("x", [], 0.0),
        ("राम घर", ["घर"], 0.5),
    ],
)
def test_word_jaccard(prediction: str, golds: list[str], score: float) -> None:
    assert word_jaccard(prediction, golds) == pytest.approx(score)


@pytest.mark.parametrize(
    ("prediction", "gold"),
    [
        ("राम का घर।", "राम का घर"),
        ("Delhi Delhi", "delhi"),
        ("", "घर"),
        ("क ख ग", "ग घ"),
        ("\u0958लम", "क\u093cलम"),
    ],
)
def test_word_jaccard_is_the_public_one(prediction: str, gold: str) -> None:
    a, b = set(prediction.lower().split()), set(gold.lower().split())  # as the competition gave it
    c = a.intersection(b)
    assert word_jaccard(prediction, [gold]) == float(len(c)) / (len(a) + len(b) - len(c))


@pytest.mark.parametrize(
    ("prediction", "golds", "raw", "cleaned"),
    [
        ("वह घर गया।", ["वह घर गया"], 2 / 4, 1.0),  # गया। and गया are two words until the danda goes
        ("घर गया।", ["वह घर गया"], 1 / 4, 2 / 3),
        ("\u0958लम", ["\u0915\u093cलम"], 0.0, 1.0),
        ("क्\u200dया है", ["क्या है"], 1 / 3, 1.0),
        ("एक।दो", ["एक दो"], 0.0, 1.0),
        ("राम, घर", ["राम घर"], 1 / 3, 1 / 3),  # a comma within stays, as in the public definition
        ("राम", ["सीता", "राम।"], 0.0, 1.0),
        ("", [], 1.0, 1.0),
    ],
)
def test_word_jaccard_over_hindi_answers(
    prediction: str, golds: list[str], raw: float, cleaned: float
) -> None:
    assert word_jaccard(prediction, golds) == pytest.approx(raw)
    assert compared(word_jaccard, LANGUAGES["hi"].comparable)(prediction, golds) == pytest.approx(cleaned)


@pytest.mark.parametrize(
    ("prediction", "golds", "score"),
    [
        ("राम का घर", ["राम का गाँव"], 2 * 2 / 6),
        ("the house", ["house"], 2 / 3),  # articles stay
        ("a a b", ["a b b"], 2 * 2 / 6),  # bags: min(2, 1) + min(1, 2)
        ("Delhi!", ["delhi"], 1.0),
        ("", ["घर"], 0.0),
        ("", [], 1.0),
        ("घर", [], 0.0),
        ("घर", ["गाँव", "घर"], 1.0),
    ],
)
def test_word_f1(prediction: str, golds: list[str], score: float) -> None:
    assert word_f1(prediction, golds) == pytest.approx(score)


def test_span_scores_are_percent_with_squad2_parts() -> None:
    scores = span_scores(
        ["서울", "서울시", "", "부산"], [["서울"], ["서울"], [], []], metrics=("exact_match", "f1")
    )
    flat = scores.to_dict()
    assert scores.primary == "exact_match"
    assert flat["exact_match"] == pytest.approx(50.0)
    assert flat["f1"] == pytest.approx((100 + 80 + 100 + 0) / 4)
    assert flat["has_answer_exact_match"] == 50.0
    assert flat["has_answer_f1"] == pytest.approx(90.0)
    assert flat["no_answer_accuracy"] == 50.0
    assert flat["n"] == 4
    low, high = flat["intervals"]["f1"]
    assert low <= flat["f1"] <= high


def test_span_scores_without_unanswerable_questions_have_no_extra_parts() -> None:
    assert set(span_scores(["a"], [["a"]]).scores) == {"exact_match", "f1"}


def test_span_scores_of_unanswerable_questions_alone() -> None:
    scores = span_scores(["", "x"], [[], []])
    assert scores.scores["no_answer_accuracy"].value == 50.0
    assert "has_answer_f1" not in scores.scores


def test_span_scores_by_group_are_wider_for_dependent_questions() -> None:
    predictions = ["가"] * 50
    golds = [["가"] if i < 25 else ["나"] for i in range(50)]
    single = span_scores(predictions, golds).scores["exact_match"]
    grouped = span_scores(predictions, golds, groups=[str(i // 10) for i in range(50)]).scores["exact_match"]
    assert grouped.high - grouped.low > single.high - single.low  # type: ignore[operator]


@pytest.mark.parametrize(
    ("predictions", "golds", "metrics"),
    [
        (["a"], [], ("f1",)),
        ([], [], ("f1",)),
        (["a"], [["a"]], ("bleu",)),
        (["a"], [["a"]], ()),
    ],
)
def test_span_scores_refuses(
    predictions: list[str], golds: list[list[str]], metrics: tuple[str, ...]
) -> None:
    with pytest.raises(OptionError) as caught:
        span_scores(predictions, golds, metrics=metrics)
    assert len(caught.value.lines()) == 4


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=12), st.lists(st.text(max_size=12), max_size=3))
def test_metrics_stay_in_range_and_agree_on_equality(prediction: str, golds: list[str]) -> None:
    for metric in (exact_match, character_f1, rouge_w, word_f1, word_jaccard):
        assert 0.0 <= metric(prediction, golds) <= 1.0
    if exact_match(prediction, golds) and normalise_answer(prediction):
        assert character_f1(prediction, golds) == 1.0
        assert word_f1(prediction, golds) == 1.0
