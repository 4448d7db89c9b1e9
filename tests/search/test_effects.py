"""Options that do nothing are told."""

from __future__ import annotations

import logging

import pytest

from gongbang.data.records import Passage
from gongbang.search.analysis import AnalysisConfig, SearchAnalyser
from gongbang.search.bm25 import LexicalOptions
from gongbang.search.effects import effects
from gongbang.search.lexical import LexicalIndex


def found(config: AnalysisConfig, texts: list[str]) -> dict[tuple[str, str], int]:
    return {(e.option, e.value): e.changed for e in effects(SearchAnalyser(config), texts)}


def test_each_option_is_counted_in_texts() -> None:
    config = AnalysisConfig(
        kinds=("morphemes", "bigrams", "whitespace"),
        tags=("NNG", "NNP", "SL", "XPN"),
        steps=("nfkc", "quotes"),
        stop_words=("책", "cheak"),
        user_words=(("꼬부랑빛", "NNP", 0.0), ("없는낱말", "NNP", 0.0)),
    )
    counted = found(config, ["꼬부랑빛의 책 ３권", "ABC", "책"])
    assert counted == {
        ("kinds", "morphemes"): 2,
        ("kinds", "bigrams"): 1,
        ("kinds", "whitespace"): 2,
        ("tags", "NNG"): 2,
        ("tags", "NNP"): 1,
        ("tags", "SL"): 1,
        ("tags", "XPN"): 0,
        ("steps", "nfkc"): 1,
        ("steps", "quotes"): 0,
        ("lower", "true"): 1,
        ("stop_words", "책"): 2,
        ("stop_words", "cheak"): 0,
        ("user_words", "꼬부랑빛"): 1,
        ("user_words", "없는낱말"): 0,
    }


def test_a_build_warns_of_what_was_set_and_does_nothing(caplog: pytest.LogCaptureFixture) -> None:
    config = AnalysisConfig(kinds=("whitespace",), stop_words=("teh",))
    index = LexicalIndex(SearchAnalyser(config))
    with caplog.at_level(logging.WARNING):
        index.build([Passage("1", "the house")])
    assert [record.getMessage() for record in caplog.records] == [
        "stop_words=teh changes no token of these passages"
    ]
    silent = [e["value"] for e in index.report()["effects"] if e["changed"] == 0]
    assert "teh" in silent and "zero_width" in silent  # the default's silence is in the report alone


def test_the_default_warns_of_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        LexicalIndex().build([Passage("1", "봄이 왔다.")])
    assert not caplog.records


def test_tags_that_nothing_has_are_told(caplog: pytest.LogCaptureFixture) -> None:
    analyser = SearchAnalyser(AnalysisConfig(kinds=("pairs",), tags=("NNG", "VV", "XPN")))
    assert found(analyser.config, ["감자를 심었다"]) | {("tags", "XPN"): 0, ("tags", "VV"): 1} == found(
        analyser.config, ["감자를 심었다"]
    )
    index = LexicalIndex(SearchAnalyser(), LexicalOptions(boost_tags=("NNP", "MAJ")))
    with caplog.at_level(logging.WARNING):
        index.build([Passage("1", "봄이 왔다.")])
    assert [record.getMessage() for record in caplog.records] == [
        "boost_tags=MAJ changes no token of these passages"
    ]
    assert ("tags", "NNG") in found(AnalysisConfig(kinds=("bigrams",)), ["봄"])
    assert found(AnalysisConfig(kinds=("bigrams",)), ["봄"])["tags", "NNG"] == 0


def test_a_step_that_changes_the_text_and_no_token_is_silent() -> None:
    texts = ["“공방”은 넓다."]
    assert found(AnalysisConfig(kinds=("bigrams",), steps=("quotes",)), texts)["steps", "quotes"] == 0
    assert found(AnalysisConfig(kinds=("whitespace",), steps=("quotes",)), texts)["steps", "quotes"] == 1
