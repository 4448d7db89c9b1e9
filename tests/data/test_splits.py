from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongbang.data.reading import read_records
from gongbang.data.records import Record
from gongbang.data.splits import (
    find_leaks,
    group_folds,
    group_name,
    group_split,
    normalise_for_comparison,
    refuse_leaks,
)
from gongbang.errors import OptionError, SplitError


def record(id: str, text: str, group: str = "", lineage: tuple[str, ...] = ()) -> Record:
    return Record(id, {"context": text, "question": f"{id}?"}, group=group, lineage=lineage)


def many(n: int = 60, groups: int = 20) -> list[Record]:
    return [record(f"r{i}", f"본문 {i}", f"g{i % groups}") for i in range(n)]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 9), st.integers(-1, 9)), min_size=2, max_size=30),
    st.integers(0, 5),
    st.floats(0.05, 0.9),
)
def test_no_split_ever_leaks(rows, seed, fraction):
    """Rows of (group, text, index of the record it was made from)."""
    records = [
        record(f"r{i}", f"글 {text}", f"g{group}", (f"r{origin}",) if 0 <= origin < i else ())
        for i, (group, text, origin) in enumerate(rows)
    ]
    try:
        split = group_split(records, fraction, seed)
    except SplitError:
        return
    assert split.train and split.test
    assert find_leaks(split.train, split.test) == []
    assert sorted(r.id for r in split.train + split.test) == sorted(r.id for r in records)


def test_the_same_seed_gives_the_same_split_whatever_the_order():
    records = many()
    first, again = group_split(records, 0.2, 3), group_split(records[::-1], 0.2, 3)
    assert {r.id for r in first.test} == {r.id for r in again.test}
    assert {r.id for r in first.test} != {r.id for r in group_split(records, 0.2, 4).test}
    assert len(first.test) == 12


def test_folds_cover_everything_once_and_evenly():
    records = many()
    folds = group_folds(records, 5, seed=1)
    assert [len(fold.test) for fold in folds] == [12] * 5
    assert sorted(r.id for fold in folds for r in fold.test) == sorted(r.id for r in records)
    assert all(find_leaks(fold.train, fold.test) == [] for fold in folds)


def test_an_augmented_copy_stays_with_its_original():
    records = [*many(10, 10), record("copy", "아주 다른 글", "other", ("r4",))]
    for seed in range(8):
        split = group_split(records, 0.3, seed)
        sides = {r.id: "test" for r in split.test}
        assert sides.get("copy") == sides.get("r4")


def test_quotes_and_blanks_do_not_hide_a_copy():
    assert normalise_for_comparison("‘공방’ 은\n좋다.") == normalise_for_comparison("'공방'은 좋다")
    leaks = find_leaks([record("a", "‘공방’은  좋다.", "x")], [record("b", "'공방'은 좋다", "y")])
    assert [(leak.kind, leak.train, leak.test) for leak in leaks] == [("text", "a", "b")]


def test_leaks_are_refused_with_examples():
    train = [record("a", "가", "g"), record("b", "나", "h")]
    test = [record("c", "다", "g"), record("d", "라", "i", ("b",))]
    with pytest.raises(SplitError) as caught:
        refuse_leaks(train, test)
    assert "1 by group" in caught.value.what and "1 by lineage" in caught.value.what
    assert "a | c" in str(caught.value.value)
    refuse_leaks(train, [record("e", "마", "j")])


def test_split_by_a_label():
    records = [Record(str(n), {"text": f"글 {n}"}, labels={"person": n % 4}) for n in range(20)]
    split = group_split(records, 0.25, key="person")
    assert len({r.labels["person"] for r in split.test}) == 1
    with pytest.raises(SplitError, match="no 'speaker'"):
        group_split(records, 0.25, key="speaker")


def test_what_cannot_be_split_says_so():
    with pytest.raises(SplitError, match="too few groups"):
        group_split([record("a", "가", "g"), record("b", "나", "g")])
    with pytest.raises(SplitError, match="too few groups"):
        group_folds(many(10, 3), 5)
    with pytest.raises(OptionError):
        group_split(many(), 1.0)
    with pytest.raises(OptionError):
        group_folds(many(), 1)


@pytest.mark.shared
def test_articles_of_public_sets_do_not_cross_a_split(shared_data):
    records = read_records(shared_data / "qa/korquad1/KorQuAD_v1.0_dev_112.json").items
    records += read_records(shared_data / "qa/tydiqa-ko/korean_tydiqa_train.json").items
    split = group_split(records, 0.1, seed=7)
    assert 0.095 < len(split.test) / len(records) < 0.105
    assert {r.group for r in split.train}.isdisjoint(r.group for r in split.test)
    assert {r.labels["document"] for r in split.train}.isdisjoint(r.labels["document"] for r in split.test)
    refuse_leaks(split.train, split.test)


def test_a_group_is_the_same_however_its_name_is_written():
    assert (
        group_name("쇼와 천황")
        == group_name("쇼와_천황")
        == group_name(" 쇼와_천황")
        != group_name("쇼와천황")
    )
    assert group_name("가\u0301") == group_name("가́") and group_name("___")
    records = [record("a", "가", "쇼와_천황"), record("b", "나", "쇼와 천황"), record("c", "다", "다른 글")]
    assert [leak.kind for leak in find_leaks(records[:1], records[1:])] == ["group"]
    for seed in range(6):
        split = group_split(records, 0.4, seed)
        assert len({"a", "b"} & {r.id for r in split.test}) != 1


def test_every_leak_is_counted():
    records = many(1_500, 100)
    assert len(find_leaks(records, records)) == 4 * 1_500
    with pytest.raises(SplitError, match="1500 by group"):
        refuse_leaks(records, records)


@pytest.mark.parametrize(
    ("fraction", "allowed"),
    [(0.05, {20}), (0.2, {20}), (0.3, {20, 30}), (0.5, {50}), (0.7, {50, 70}), (0.95, {50, 70, 80})],
)
def test_a_share_is_not_overshot_where_smaller_groups_meet_it(fraction, allowed):
    sizes = {"가": 50, "나": 30, "다": 20}
    records = [record(f"{g}{n}", f"{g} 글 {n}", g) for g, count in sizes.items() for n in range(count)]
    assert {len(group_split(records, fraction, seed).test) for seed in range(12)} <= allowed


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 12), min_size=2, max_size=8), st.floats(0.05, 0.95), st.integers(0, 9))
def test_a_share_is_overshot_by_half_a_group_or_one_that_stands_alone(sizes, fraction, seed):
    records = [
        record(f"{g}-{n}", f"{g} 글 {n}", f"g{g}") for g, size in enumerate(sizes) for n in range(size)
    ]
    split = group_split(records, fraction, seed)
    assert split.train and split.test
    assert len(split.test) - fraction * len(records) <= max(max(sizes) / 2, min(sizes))
