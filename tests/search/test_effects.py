"""Options that do nothing are told."""

from __future__ import annotations

import logging

import pytest

from gongbang.data.records import Passage
from gongbang.search.analysis import AnalysisConfig, SearchAnalyser
from gongbang.search.effects import effects
from gongbang.search.lexical import LexicalIndex


def found(config: AnalysisConfig, texts: list[str]) -> dict[tuple[str, str], int]:
    return {(e.option, e.value): e.changed for e in effects(SearchAnalyser(config), texts)}


def test_each_option_is_counted_in_texts() -> None:
    config = AnalysisConfig(
        kinds=("morphemes", "bigrams", "whitespace"),
        steps=("nfkc", "quotes"),
        stop_words=("책", "cheak"),
        user_words=(("꼬부랑빛", "NNP", 0.0), ("없는낱말", "NNP", 0.0)),
    )
    counted = found(config, ["꼬부랑빛의 책 ３권", "ABC", "책"])
    assert counted == {
        ("kinds", "morphemes"): 2,
        ("kinds", "bigrams"): 1,
        ("kinds", "whitespace"): 2,
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
