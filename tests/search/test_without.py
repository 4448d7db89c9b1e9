"""Searching as if some passages were not there."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gongbang.data.records import Passage
from gongbang.search.base import Hit
from gongbang.search.without import search_without


class Ranked:
    """Finds its passages always in the same order; says how deep it was asked."""

    def __init__(self, count: int) -> None:
        self.hits = [Hit(Passage(str(n), "글"), 1.0 / (1 + n)) for n in range(count)]
        self.depths: list[tuple[int, int]] = []

    def __len__(self) -> int:
        return len(self.hits)

    def search(self, questions, k):
        self.depths.append((len(questions), k))
        return [self.hits[:k] for _ in questions]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60), st.lists(st.sets(st.integers(0, 59)), min_size=1, max_size=4), st.integers(1, 8))
def test_it_is_the_ranking_with_these_taken_out(count: int, gone: list[set[int]], k: int):
    index = Ranked(count)
    without = [lambda hit, names=names: int(hit.passage.id) in names for names in gone]
    found = search_without(index, ["?"] * len(gone), without, k)
    for names, hits in zip(gone, found, strict=True):
        assert [int(hit.passage.id) for hit in hits] == [n for n in range(count) if n not in names][:k]


def test_only_the_questions_that_lack_passages_are_searched_deeper():
    index = Ranked(100)
    search_without(index, ["a", "b"], [lambda hit: False, lambda hit: int(hit.passage.id) < 20], 5)
    assert index.depths == [(2, 10), (1, 40)]
    assert search_without(index, [], [], 5) == []
