"""Deletion, swap, marks and spacing, by hand."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from gongbang.augment.eda import AEDA_MARKS, deletion, insert_marks, swap
from gongbang.augment.spacing import vary_spacing
from gongbang.data.records import Record, Span


def record(text: str, *held: str, field: str = "text") -> Record:
    spans = tuple(Span(text.index(part), text.index(part) + len(part), part, field) for part in held)
    return Record("1", {field: text}, {"evidence": spans})


def many(make, *arguments, **options) -> set[str]:
    """All texts that fifty seeds give."""
    found = (make(*arguments, np.random.default_rng(seed), **options) for seed in range(50))
    return {next(iter(made.fields.values())) for made in found}


def test_deletion_takes_a_word_with_one_of_its_blanks() -> None:
    assert many(deletion, record("가 나  다")) == {"나  다", "가 다", "가 나"}


def test_deletion_keeps_lines_apart() -> None:
    assert many(deletion, record("가 나\n다 라", "가", "라")) == {"가\n다 라", "가 나\n라"}


def test_deletion_spares_spans_and_negation() -> None:
    assert many(deletion, record("서울에서 안 먹지 않았다 밥을", "서울"), share=1) == {"서울에서 안 않았다"}
    assert deletion(record("가 나", "가 나"), np.random.default_rng(0)) is None
    assert deletion(record("안 없다"), np.random.default_rng(0)) is None


def test_deletion_always_leaves_a_word() -> None:
    assert many(deletion, record("가 나 다"), share=1) == {"가", "나", "다"}


def test_a_span_that_begins_with_a_blank_is_held_whole() -> None:
    held = record("가 나 다", " 나")
    assert many(deletion, held) == {"가 나"}  # 가 goes with the blank in the span


def test_swap_exchanges_words_and_leaves_marks() -> None:
    assert many(swap, record("가, 나! 다.")) == {"나, 가! 다.", "다, 나! 가.", "가, 다! 나."}
    held = record("가 서울에서 나", "서울")
    assert many(swap, held) == {"나 서울에서 가"}
    assert swap(record("가 가 안"), np.random.default_rng(0)) is None


def test_swap_keeps_the_words_of_the_text() -> None:
    text = "봄이 오면 산에 들에 꽃이 핀다"
    for made in many(swap, record(text), share=0.5):
        assert Counter(made.split()) == Counter(text.split())


@pytest.mark.parametrize(("words", "most"), [(20, 4), (70, 18), (200, 60)])
def test_marks_grow_with_the_length(words: int, most: int) -> None:
    text = " ".join(["봄이"] * words)  # 59, 209 and 599 characters: shares .2, .25 and .3 (18 = round(17.5))
    counts = {sum(made.count(mark) for mark in AEDA_MARKS) for made in many(insert_marks, record(text))}
    assert min(counts) >= 1 and max(counts) <= most and max(counts) > most / 2


def test_marks_stand_before_words_and_never_in_a_span() -> None:
    for made in many(insert_marks, record("가 나 다 라 마", "나 다 라"), share=1):
        assert "나 다 라" in made
        assert "".join(c for c in made if c not in AEDA_MARKS).split() == ["가", "나", "다", "라", "마"]


def test_spacing_takes_out_and_puts_in() -> None:
    assert many(vary_spacing, record("가 나"), lost=1) == {"가나"}
    assert many(vary_spacing, record("가나다"), share=1) == {"가 나다", "가나 다"}
    assert many(vary_spacing, record("서울 역에", "서울 역")) == {"서울 역 에"}
    assert vary_spacing(record("가"), np.random.default_rng(0)) is None
    assert vary_spacing(record("가\n나"), np.random.default_rng(0)) is None


def test_the_field_can_be_named() -> None:
    pair = Record("1", {"text": "가 나", "pair": "다 라"})
    made = swap(pair, np.random.default_rng(0), field="pair")
    assert made is not None and made.fields == {"text": "가 나", "pair": "라 다"}
    assert swap(pair, np.random.default_rng(0), field="context") is None
