"""Bigrams of runs of characters."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gongbang.text.bigrams import hangul_bigrams, word_bigrams


def test_bigrams() -> None:
    assert hangul_bigrams("가거도항 A형 2020년") == ["가거", "거도", "도항", "형", "년"]
    assert hangul_bigrams("abc 123") == []
    assert word_bigrams("A형 東京都!") == ["A형", "東京", "京都"]


@given(st.text("가나다 ab1.", max_size=30))
def test_every_syllable_is_in_a_bigram(text: str) -> None:
    grams = hangul_bigrams(text)
    assert set("".join(grams)) == {c for c in text if "가" <= c <= "힣"}
    assert all(1 <= len(gram) <= 2 and gram in text for gram in grams)
