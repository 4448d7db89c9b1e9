"""Suites stay as they were frozen, and what they hold out is found wherever it stands."""

from __future__ import annotations

import json

import pytest

from gongbang.artifacts.suite import freeze_suite, open_suite
from gongbang.artifacts.suite_rules import SuiteRules
from gongbang.artifacts.suite_ties import SuiteTies
from gongbang.data.records import Record
from gongbang.errors import ArtifactError, DataError, OptionError, SplitError
from tests.artifacts.gates import make_suite, suite_records


def test_a_suite_comes_back_as_it_was_frozen(tmp_path):
    made = make_suite(tmp_path / "s", floors={"all": 0.5, "label:topic=film": 0.4}, most_latency_ratio=1.5)
    again = open_suite(tmp_path / "s")
    assert again == made
    assert again.records() == suite_records()
    assert again.rules.floors == {"all": 0.5, "label:topic=film": 0.4}


def test_the_same_records_and_rules_have_the_same_id_elsewhere(tmp_path):
    ids = {make_suite(tmp_path / place / "s").id for place in "ab"}
    assert len(ids) == 1
    assert make_suite(tmp_path / "c" / "s", most_drop=3.0).id not in ids


def test_changed_records_are_refused(tmp_path):
    suite = make_suite(tmp_path / "s")
    path = suite.path / "records.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace("film", "book", 1), encoding="utf-8")
    with pytest.raises(ArtifactError, match="was changed after it was frozen"):
        open_suite(suite.path)
    with pytest.raises(ArtifactError, match="was changed after it was frozen"):
        suite.records()  # opened before the change


def test_changed_rules_are_refused(tmp_path):
    path = make_suite(tmp_path / "s", floors={"all": 0.9}).path / "suite.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    values["rules"]["floors"]["all"] = 0.1
    path.write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(ArtifactError, match="edited after it was frozen"):
        open_suite(path.parent)


def test_a_rule_of_another_name_is_refused(tmp_path):
    path = make_suite(tmp_path / "s").path / "suite.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    values["rules"]["most_dorp"] = 1
    path.write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(ArtifactError, match="most_dorp"):
        open_suite(path.parent)


def test_nothing_is_frozen_twice_in_one_place(tmp_path):
    make_suite(tmp_path / "s")
    with pytest.raises(ArtifactError, match="already stands"):
        make_suite(tmp_path / "s")
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


@pytest.mark.parametrize(
    "records",
    [
        [],
        [Record("1", {"text": "가"}), Record("1", {"text": "나"})],
        [Record("1", {"text": "가"}, lineage=("0",))],
        [Record("1", {"text": "가"}, labels={"augmented": True})],
    ],
    ids=["none", "twice", "made", "augmented"],
)
def test_what_cannot_be_judged_by_is_refused(tmp_path, records):
    with pytest.raises(DataError):
        freeze_suite(tmp_path / "s", records, task="classify")
    assert not (tmp_path / "s").exists()


def test_slices_and_floors_must_be_there(tmp_path):
    with pytest.raises(OptionError, match="no record has"):
        make_suite(tmp_path / "s", slices=["label:topik"])
    with pytest.raises(OptionError, match="a floor is of no slice"):
        make_suite(tmp_path / "s", floors={"label:topic=song": 0.5})


@pytest.mark.parametrize(
    "rule",
    [
        {"rule": "best"},
        {"margin": 1.0},
        {"most_drop": -1.0},
        {"most_size_ratio": 0.0},
        {"samples": 0},
        {"margin": float("nan"), "rule": "not_worse"},
    ],
)
def test_rules_out_of_range_are_refused(rule):
    with pytest.raises(OptionError):
        SuiteRules(**rule)


HELD = [
    Record("a1", {"context": "두루미골은 강가의 마을이다.", "question": "어디인가?"}, group="두루미 골"),
    Record("b1", {"context": "x"}, lineage=("orig-7",)),
]


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (Record("9", {"context": "다른 글"}, group="두루미_골"), "the group"),
        (Record("9", {"context": "“두루미골”은 강가의 마을이다"}), "the text"),
        (Record("9", {"context": "또 다른 글"}, lineage=("orig-7",)), "the origin"),
        (Record("9", {"context": "또 다른 글"}, lineage=("a1",)), "the origin"),
    ],
    ids=["group", "text", "lineage", "made of it"],
)
def test_every_tie_is_found(record, why):
    found = SuiteTies(HELD).find([record])
    assert list(found) == ["9"] and found["9"].startswith(why)
    with pytest.raises(SplitError, match="holds what the suite holds out"):
        SuiteTies(HELD).refuse([record], "the training part")


def test_nearly_equal_texts_are_ties():
    text = " ".join(
        f"{name}은 마을 {at}번 길에서 가을마다 잔치를 연다." for at, name in enumerate("가나다라마바")
    )
    found = SuiteTies([Record("a", {"context": text})]).find([Record("b", {"context": text + " 끝이다."})])
    assert "nearly the text" in found["b"]


def test_an_id_alone_is_no_tie():
    assert SuiteTies([Record("1", {"text": "가나"})]).find([Record("1", {"text": "다라"})]) == {}
