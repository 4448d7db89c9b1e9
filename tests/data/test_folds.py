from __future__ import annotations

import builtins
import json
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongbang.data.fingerprint import records_hash
from gongbang.data.fold_checks import check_folds, merge_near_duplicates, training_records
from gongbang.data.fold_table import BEFORE, FoldTable
from gongbang.data.folds import load_or_make, make_folds
from gongbang.data.near_duplicates import near_duplicates
from gongbang.data.records import Record
from gongbang.data.splits import find_leaks
from gongbang.errors import DataError, MissingExtraError, OptionError, SplitError

pytest.importorskip("sklearn")

PLAIN_KINDS = ("plain", "stratified", "grouped", "stratified_grouped")


def record(n: int, label: str = "a", group: str = "", **more) -> Record:
    return Record(f"r{n:03}", {"text": f"{n}번째 글"}, labels={"label": label}, group=group, **more)


def paraphrases(sets: int = 12, each: int = 3) -> list[Record]:
    """Sets of paraphrases: texts of their own, one group a set."""
    return [
        Record(
            f"s{s}-{i}", {"text": f"{i}째로 바꿔 쓴 {s}번 문장"}, labels={"label": f"l{s % 2}"}, group=f"s{s}"
        )
        for s in range(sets)
        for i in range(each)
    ]


def rows(table: FoldTable, repeat: int = 0) -> list[tuple[str, ...]]:
    return [tuple(sorted(table.held_out_ids(fold, repeat))) for fold in range(table.k)]


@pytest.mark.parametrize("kind", PLAIN_KINDS)
def test_every_record_is_held_out_once_a_repeat(kind):
    records = paraphrases()
    table = make_folds(records, kind=kind, k=4, repeats=2, seed=1)
    for repeat in range(2):
        held = [id for fold in range(4) for id in table.held_out_ids(fold, repeat)]
        assert sorted(held) == sorted(r.id for r in records)
        for fold in range(4):
            assert set(table.train_ids(fold, repeat)) == {r.id for r in records} - set(
                table.held_out_ids(fold, repeat)
            )
    assert rows(table, 0) != rows(table, 1)


@pytest.mark.parametrize("kind", PLAIN_KINDS)
def test_the_order_of_the_records_does_not_count_and_the_seed_does(kind):
    records = paraphrases(20, 2)
    copies = [Record("c1", {"text": "베낀 글"}, labels={"label": "l0"}, group="c", lineage=("s3-1",))]
    records += copies
    first = make_folds(records, kind=kind, k=5, seed=3)
    again = make_folds(records[::-1], kind=kind, k=5, seed=3)
    assert rows(first) == rows(again) and first.hash == again.hash
    assert rows(first) != rows(make_folds(records, kind=kind, k=5, seed=4))


def test_stratified_folds_hold_the_share_of_every_label():
    records = [record(n, "드문" if n < 10 else "흔한") for n in range(50)]
    table = make_folds(records, kind="stratified", k=5, seed=0)
    label = {r.id: r.labels["label"] for r in records}
    assert [Counter(label[id] for id in fold) for fold in rows(table)] == [{"드문": 2, "흔한": 8}] * 5


def test_stratified_grouped_folds_do_both():
    records = paraphrases(20, 3)
    table = make_folds(records, kind="stratified_grouped", k=5, seed=0)
    label = {r.id: r.labels["label"] for r in records}
    assert [Counter(label[id] for id in fold) for fold in rows(table)] == [{"l0": 6, "l1": 6}] * 5
    check_folds(table, records)


def test_labels_of_very_many_parts_are_as_even(monkeypatch):
    monkeypatch.setattr("gongbang.data.folds._MANY_PARTS", 10)
    records = paraphrases(20, 3)
    table = make_folds(records, kind="stratified_grouped", k=5, seed=0)
    label = {r.id: r.labels["label"] for r in records}
    assert [Counter(label[id] for id in fold) for fold in rows(table)] == [{"l0": 6, "l1": 6}] * 5
    check_folds(table, records)


def test_labels_in_lists_are_spread_by_iterative_stratification():
    records = [
        Record(f"r{n:02}", {"text": f"{n}번째 글"}, labels={"labels": names})
        for n, names in enumerate([["기쁨", "놀람"]] * 4 + [["기쁨"]] * 12 + [["슬픔"]] * 8 + [[]] * 8)
    ]
    table = make_folds(records, kind="stratified", k=4, seed=5, label="labels")
    labels = {r.id: r.labels["labels"] for r in records}
    for fold in rows(table):
        assert Counter(name for id in fold for name in labels[id]) == {"놀람": 1, "기쁨": 4, "슬픔": 2}
        assert len(fold) == 8


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 7), st.integers(0, 9), st.integers(-1, 9), st.sampled_from("ab")),
        min_size=4,
        max_size=40,
    ),
    st.sampled_from(["grouped", "stratified_grouped"]),
    st.integers(0, 5),
)
def test_grouped_folds_never_leak(drawn, kind, seed):
    """Rows of (group, text, index of the record it was made from, label)."""
    records = [
        Record(
            f"r{i}",
            {"text": f"글 {text}"},
            labels={"label": label},
            group=f"g{group}",
            lineage=(f"r{origin}",) if 0 <= origin < i else (),
        )
        for i, (group, text, origin, label) in enumerate(drawn)
    ]
    try:
        table = make_folds(records, kind=kind, k=2, seed=seed)
    except SplitError:
        return
    check_folds(table, records, near=None)
    assert rows(table) == rows(make_folds(records[::-1], kind=kind, k=2, seed=seed))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(-1, 9)), min_size=6, max_size=40), st.integers(2, 4)
)
def test_folds_in_time_train_on_the_past_alone(drawn, k):
    """Rows of (moment, index of the record it was made from)."""
    records = [
        Record(f"r{i}", {"text": f"글 {i}"}, labels={"day": day}, lineage=(f"r{o}",) if 0 <= o < i else ())
        for i, (day, o) in enumerate(drawn)
    ]
    try:
        table = make_folds(records, kind="time", k=k, seed=0, time="day")
    except SplitError:
        return
    by_id = {r.id: r for r in records}
    for fold in range(k):
        train = [by_id[id] for id in table.train_ids(fold)]
        held = [by_id[id] for id in table.held_out_ids(fold)]
        assert train and held and not find_leaks(train, held)
        assert max(r.labels["day"] for r in train) < max(r.labels["day"] for r in held)
    assert BEFORE in table.assignments[0].values()


def test_folds_in_time_by_hand():
    days = ["01", "02", "02", "03", "04", "05", "06", "07"]
    records = [Record(f"r{i}", {"text": f"글 {i}"}, labels={"day": d}) for i, d in enumerate(days)]
    table = make_folds(records, kind="time", k=3, seed=0, time="day")
    # Blocks of two; the second would begin with the second record of day 02, so it begins with day 03.
    assert rows(table) == [("r3",), ("r4", "r5"), ("r6", "r7")]
    assert set(table.train_ids(1)) == {"r0", "r1", "r2", "r3"}


def test_planted_fault_paraphrase_sets_split_by_rows():
    records = paraphrases()
    with pytest.raises(SplitError, match="by group") as caught:
        check_folds(make_folds(records, kind="stratified", k=4, seed=0), records)
    assert "grouped" in caught.value.cure
    check_folds(make_folds(records, kind="grouped", k=4, seed=0), records)


def test_planted_fault_an_augmented_copy_across_folds():
    records = [record(n) for n in range(8)]
    copy = Record("copy", {"text": "아주 다르게 쓴 글"}, labels={"label": "a"}, lineage=("r000",))
    data = [*records, copy]
    sound = make_folds(data, kind="plain", k=2, seed=0)
    check_folds(sound, data)
    moved = {**sound.assignments[0], "copy": 1 - sound.assignments[0]["copy"]}
    planted = FoldTable("plain", 2, 1, 0, "label", None, records_hash(data), (moved,))
    with pytest.raises(SplitError, match="by lineage"):
        check_folds(planted, data)


def test_planted_fault_near_duplicates_across_folds():
    base = "마을 어귀의 대장간은 아침 아홉 시에 문을 열고 저녁 여섯 시에 닫으며 쉬는 날은 없다고 한다"
    records = [Record(f"d{n}", {"text": base + "." * n + "가나"[n % 2]}) for n in range(2)]
    records += [record(n) for n in range(6)]
    assert near_duplicates([r.fields["text"] for r in records[:2]], 0.9)
    table = next(
        table
        for seed in range(50)
        if (table := make_folds(records, kind="plain", k=2, seed=seed)).fold_of("d0") != table.fold_of("d1")
    )
    with pytest.raises(SplitError, match="1 by near-duplicate"):
        check_folds(table, records)
    check_folds(table, records, near=None)
    merged = merge_near_duplicates(records)
    assert [r.group for r in merged[:3]] == ["d0", "d0", "r000"]
    for seed in range(8):
        check_folds(make_folds(merged, kind="grouped", k=2, seed=seed), merged)


def test_made_rows_are_trained_on_only_with_all_their_origins():
    records = [record(n) for n in range(6)]
    made = [
        Record("one", {"text": "하나에서"}, lineage=("r000",)),
        Record("two", {"text": "둘에서"}, lineage=("r000", "r001")),
        Record("chain", {"text": "셋째 손"}, lineage=("one",)),
        Record("same text", {"text": records[2].fields["text"]}, lineage=("r003",)),
        Record("same group", {"text": "같은 무리"}, lineage=("r003",), group="r002"),
    ]
    folds = {"r000": 0, "r001": 1, "r002": 1, "r003": 2, "r004": 2, "r005": 2}
    table = FoldTable("plain", 3, 1, 0, "label", None, records_hash(records), (folds,))

    def kept(fold: int) -> set[str]:
        return {r.id for r in training_records(table, fold, records, made)} - {r.id for r in records}

    assert kept(0) == {"same text", "same group"}
    assert kept(1) == {"one", "chain"}
    assert kept(2) == {"one", "two", "chain"}
    for fold in range(3):
        held = [r for r in records if r.id in table.held_out_ids(fold)]
        assert not find_leaks(training_records(table, fold, records, made), held)
    with pytest.raises(SplitError, match="made from nothing"):
        training_records(table, 0, records, [Record("x", {"text": "?"}, lineage=("elsewhere",))])


def test_a_table_of_other_data_is_refused():
    records = [record(n) for n in range(6)]
    table = make_folds(records, kind="plain", k=2, seed=0)
    table.check(records[::-1])
    with pytest.raises(SplitError) as caught:
        table.check([*records[2:], record(9)])
    assert "2 missing (e.g. r000, r001)" in caught.value.value and "1 new (e.g. r009)" in caught.value.value
    with pytest.raises(SplitError, match="other data") as caught:
        table.check([record(0, "changed"), *records[1:]])
    assert "contents" in caught.value.value
    with pytest.raises(SplitError, match="other data") as caught:
        table.check([*records, records[0]])
    assert "1 doubled" in caught.value.value


def test_a_table_comes_back_as_it_was_and_not_changed(tmp_path):
    records = paraphrases()
    table = make_folds(records, kind="grouped", k=3, repeats=2, seed=0)
    table.save(tmp_path / "folds.json")
    assert FoldTable.load(tmp_path / "folds.json") == table
    content = json.loads((tmp_path / "folds.json").read_text(encoding="utf-8"))
    content["assignments"][0]["s0-0"] = (content["assignments"][0]["s0-0"] + 1) % 3
    (tmp_path / "folds.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(DataError, match="changed after it was written"):
        FoldTable.load(tmp_path / "folds.json")
    (tmp_path / "folds.json").write_text("[]", encoding="utf-8")
    with pytest.raises(DataError, match="no table of folds"):
        FoldTable.load(tmp_path / "folds.json")
    with pytest.raises(DataError, match="no such file"):
        FoldTable.load(tmp_path / "none.json")


def test_a_stored_table_is_reused_and_other_options_refused(tmp_path):
    records, path = paraphrases(), tmp_path / "folds.json"
    first = load_or_make(path, records, kind="grouped", k=3, seed=0)
    stamp = path.stat().st_mtime_ns
    assert load_or_make(path, records[::-1], kind="grouped", k=3, seed=0) == first
    assert path.stat().st_mtime_ns == stamp
    with pytest.raises(SplitError, match="other options") as caught:
        load_or_make(path, records, kind="grouped", k=4, seed=0)
    assert "k=3" in caught.value.value
    with pytest.raises(SplitError, match="other data"):
        load_or_make(path, records[1:], kind="grouped", k=3, seed=0)


def test_what_cannot_be_folded_says_so():
    records = [record(n) for n in range(4)]
    for options in ({"k": 1}, {"kind": "round"}, {"repeats": 0}, {"kind": "time"}, {"time": "day"}):
        with pytest.raises(OptionError):
            make_folds(records, **{"kind": "plain", "k": 2, "seed": 0, **options})
    with pytest.raises(SplitError, match="too few groups"):
        make_folds(records, kind="plain", k=5, seed=0)
    with pytest.raises(SplitError, match="no label 'labels'"):
        make_folds(records, kind="stratified", k=2, seed=0, label="labels")
    with pytest.raises(SplitError, match="no 'day'"):
        make_folds(records, kind="time", k=2, seed=0, time="day")
    with pytest.raises(SplitError, match="one id"):
        make_folds([*records, records[0]], kind="plain", k=2, seed=0)
    with pytest.raises(SplitError, match="cannot be spread"):
        make_folds([record(n, f"l{n}") for n in range(4)], kind="stratified", k=2, seed=0)
    with pytest.raises(OptionError):
        make_folds(records, kind="plain", k=2, seed=0).held_out_ids(2)


def test_a_label_rarer_than_the_folds_is_told(caplog):
    records = [record(n, "한 번" if n == 0 else "흔한") for n in range(9)]
    with caplog.at_level("WARNING", logger="gongbang.data.folds"):
        make_folds(records, kind="stratified", k=3, seed=0)
    assert "least populated class" in caplog.text


def test_without_scikit_learn_the_extra_is_named(monkeypatch):
    import_ = builtins.__import__

    def blocked(name, *rest, **more):
        if name.split(".")[0] == "sklearn":
            raise ImportError(name)
        return import_(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", blocked)
    with pytest.raises(MissingExtraError, match="scikit-learn"):
        make_folds([record(n) for n in range(4)], kind="plain", k=2, seed=0)


def test_the_hash_of_records_knows_contents_not_places():
    a = record(1, source="/one/file", licence="MIT")
    assert records_hash([a]) == records_hash([record(1, source="/two/file")])
    assert records_hash([a]) != records_hash([record(1, group="g")])
    assert records_hash([a]) != records_hash([record(1, "b")])
    assert records_hash([a, a]) != records_hash([a])
