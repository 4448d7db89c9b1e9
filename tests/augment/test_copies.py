"""Ratios, lineage, names of methods and options."""

from __future__ import annotations

import json

import pytest

from gongbang.augment.copies import REPEATED, augment, copy_of
from gongbang.augment.table import augmenter
from gongbang.data.records import Record
from gongbang.errors import DataError, OptionError

WORDS = "봄이 오면 산에 들에 꽃이 피고 새가 운다"


def rows(count: int) -> list[Record]:
    return [Record(str(n), {"text": f"{WORDS} {n}"}, labels={"label": "봄"}) for n in range(count)]


def test_a_whole_ratio_gives_each_record_as_many() -> None:
    made = augment(rows(5), "eda-swap", ratio=3)
    assert [record.lineage[-1] for record in made.records] == [str(n) for n in range(5) for _ in range(3)]
    assert made.wanted == 15 and made.missed == ()


def test_a_fraction_is_met_on_average_and_grows_by_adding() -> None:
    quarter = augment(rows(400), "eda-swap", ratio=0.25)
    half = augment(rows(400), "eda-swap", ratio=0.5)
    assert 75 <= quarter.wanted <= 125  # three standard deviations of a binomial around 100
    assert {record.id for record in quarter.records} < {record.id for record in half.records}
    assert augment(rows(9), "eda-swap", ratio=0).wanted == 0


def test_another_seed_draws_other_records_and_other_copies() -> None:
    one, two = (augment(rows(60), "eda-swap", ratio=0.5, seed=seed) for seed in (1, 2))
    assert [r.id for r in one.records] != [r.id for r in two.records]
    assert copy_of(rows(1)[0], "eda-swap", seed=1) != copy_of(rows(1)[0], "eda-swap", seed=5)


def test_lineage_group_source_licence_and_labels() -> None:
    origin = Record(
        "7", {"text": WORDS}, group="가", lineage=("3",), source="손", licence="CC0", labels={"label": "봄"}
    )
    made = augment([origin], "aeda").records[0]
    assert (made.id, made.lineage, made.group) == ("7~aeda-0", ("3", "7"), "가")
    assert (made.source, made.licence, made.labels) == ("손", "CC0", {"label": "봄", "augmented": "aeda"})
    again = augment([made], "eda-swap").records[0]
    assert (again.id, again.lineage) == ("7~aeda-0~eda-swap-0", ("3", "7", "7~aeda-0"))


def test_what_was_not_made_is_told_with_its_reason() -> None:
    made = augment([Record("1", {"text": "가 나"}), Record("2", {"text": "가"})], "eda-swap", ratio=2)
    assert [record.fields["text"] for record in made.records] == ["나 가"]
    assert [(m.id, m.number) for m in made.missed] == [("1", 1), ("2", 0), ("2", 1)]
    told = made.to_dict()
    assert (told["originals"], told["wanted"], told["made"]) == (2, 4, 1)
    assert told["missed"] == {"no two different words outside the spans": 2, REPEATED: 1}
    json.dumps(told)


def test_copies_on_the_fly_are_those_that_would_be_stored() -> None:
    [record] = rows(1)
    stored = augment([record], "eda-deletion", ratio=2).records
    assert copy_of(record, "eda-deletion", 0) == stored[0] and copy_of(record, "eda-deletion", 1) == stored[1]
    assert copy_of(Record("2", {"text": "가"}), "eda-swap") is None


@pytest.mark.parametrize("ratio", [-1, float("nan"), float("inf"), "1", True])
def test_ratios_that_mean_nothing_are_refused(ratio: object) -> None:
    with pytest.raises(OptionError, match="ratio"):
        augment(rows(1), "aeda", ratio=ratio)  # type: ignore[arg-type]


def test_records_of_one_id_are_refused() -> None:
    with pytest.raises(DataError, match="same id"):
        augment([*rows(2), *rows(1)], "aeda")


def test_unknown_names_are_refused_with_the_nearest() -> None:
    with pytest.raises(OptionError, match="Did you mean 'entity-swap'"):
        augment(rows(1), "entity-swop")
    with pytest.raises(OptionError, match="Did you mean 'share'"):
        augment(rows(1), "eda-swap", shares=0.1)
    with pytest.raises(OptionError, match="needs the option 'model'"):
        augmenter("eda-masked-insertion")
    with pytest.raises(OptionError, match="needs the option 'pool'"):
        augmenter("entity-replace")


@pytest.mark.parametrize(
    ("method", "option"),
    [
        ("eda-deletion", {"share": 0}),
        ("eda-swap", {"share": 1.5}),
        ("aeda", {"share": "much"}),
        ("spacing", {"lost": 2}),
        ("entity-mask", {"role": "verb"}),
        ("entity-mask", {"mask": " "}),
        ("question-mask", {"p": 0}),
        ("question-mask", {"mask": ""}),
        ("context-mask", {"most": 0}),
        ("context-mask", {"threshold": -1}),
        ("title", {"how": "both"}),
        ("template", {"types": ["colour"]}),
        ("template", {"types": []}),
    ],
)
def test_values_that_cannot_be_used_are_refused(method: str, option: dict[str, object]) -> None:
    with pytest.raises(OptionError):
        augment(rows(1), method, **option)
