from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongbang.data.near_duplicates import jaccard, near_duplicates, near_duplicates_across
from gongbang.data.reading import documents_of, read_records
from gongbang.data.records import Record
from gongbang.data.splits import normalise_for_comparison
from gongbang.errors import OptionError


def brute(first: str, second: str) -> float:
    sets = []
    for text in map(normalise_for_comparison, (first, second)):
        width = min(5, len(text))
        sets.append({text[n : n + width] for n in range(len(text) - width + 1)} if text else set())
    union = sets[0] | sets[1]
    return len(sets[0] & sets[1]) / len(union) if union else 0.0


def test_similarity_by_hand():
    # abcde bcdef cdefg | abcde bcdef cdefx: two shared of four
    assert jaccard("abcdefg", "abcdefx") == 0.5
    assert jaccard("", "") == 0.0
    assert jaccard("가나", "가나!") == 1.0


@settings(max_examples=60, deadline=None)
@given(st.text("가나다라마 .", max_size=40), st.text("가나다라마 .", max_size=40))
def test_similarity_matches_sets_of_strings(first, second):
    assert jaccard(first, second) == pytest.approx(brute(first, second), abs=1e-12)


def test_the_bands_find_what_comparing_all_pairs_finds():
    draw = random.Random(3)
    letters = [chr(code) for code in range(0xAC00, 0xAC00 + 400)]
    texts = ["".join(draw.choices(letters, k=120)) for _ in range(60)]
    for origin in range(40):  # copies with 0 to 12 letters changed
        copy = list(texts[origin])
        for _ in range(origin % 13):
            copy[draw.randrange(len(copy))] = draw.choice(letters)
        texts.append("".join(copy))
    found = {(p.first, p.second): p.similarity for p in near_duplicates(texts, 0.7)}
    expected = {
        (a, b): value
        for a in range(len(texts))
        for b in range(a + 1, len(texts))
        if (value := brute(texts[a], texts[b])) >= 0.7
    }
    assert len(expected) > 15
    assert found == pytest.approx(expected)


def test_many_equal_texts_give_one_pair_each():
    pairs = near_duplicates(["같은 글이 여러 번 있다"] * 500 + ["", " "])
    assert len(pairs) == 499
    assert {pair.first for pair in pairs} == {0}


def test_across_a_split():
    train = [Record("a", {"context": "“대장간”은 마을 어귀에 있고 아침 아홉 시에 연다."})]
    test = [
        Record("b", {"context": "'대장간'은 마을  어귀에 있고 아침 아홉 시에 연다"}),
        Record("c", {"context": "전혀 다른 이야기가 여기에 적혀 있다."}),
    ]
    assert near_duplicates_across(train, test) == [("a", "b", 1.0)]


def test_threshold_out_of_range():
    with pytest.raises(OptionError):
        near_duplicates(["가"], 0.1)


@pytest.mark.shared
def test_public_sets(shared_data):
    korquad = documents_of(read_records(shared_data / "qa/korquad1/KorQuAD_v1.0_dev_112.json"))
    texts = [document.text for document in korquad]
    pairs = near_duplicates([*texts, texts[5] + " 덧붙인 한 문장이다.", texts[9].replace("'", "’")])
    assert any(pair.first == 5 and pair.second == len(texts) for pair in pairs)
    assert any(pair.first == 9 and pair.second == len(texts) + 1 for pair in pairs)
