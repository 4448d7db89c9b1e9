"""Modifiers counted in the records: what may fill a blank, where one may stand, and what is kept out."""

from __future__ import annotations

import pytest

from gongbang.augment.copies import augment
from gongbang.augment.masked import InPlaceModel, MaskedModel
from gongbang.augment.modifiers import Modifiers
from gongbang.data.records import Record
from gongbang.errors import OptionError

ROWS = [
    Record(f"{what}{n}", {"text": f"{n}월에 본 {what} 다시 태어났다. 중요한 {what} 매우 크게 보인다"})
    for what in ("나무가", "바다가", "마을이")
    for n in range(1, 9)
]


def test_a_modifier_is_offered_before_what_it_was_counted_before() -> None:
    model = Modifiers.from_records(ROWS)
    assert isinstance(model, MaskedModel) and not isinstance(model, InPlaceModel)
    assert model.fill("그가 [MASK] 달렸다", 5) == [("다시", 0.5), ("매우", 0.5)]
    assert model.fill("그가 [MASK] 달렸다", 1) == [("다시", 1.0)]
    assert model.fill("그는 [MASK] 집을 샀다", 5) == [("중요한", 1.0)]
    assert model.fill("[MASK] 집을 샀다", 5) == [("중요한", 1.0)]


@pytest.mark.parametrize(
    "text",
    [
        "한국 [MASK] 전쟁이 났다",  # within a compound
        "그는 [MASK] 세종을 보았다",  # before a name
        "열 [MASK] 개를 샀다",  # before a noun that leans on a number
        "집을 샀다 [MASK]",  # before nothing
        "그는 [MASK]은 샀다",  # the mask is a part of a word
        "그는 [MASK] 3월에 갔다",
        "그가 중요한 [MASK] , 집을 샀다",
    ],
)
def test_where_no_modifier_can_stand_none_is_offered(text: str) -> None:
    assert Modifiers.from_records(ROWS).fill(text, 5) == []


def test_a_word_beside_the_blank_is_not_said_twice() -> None:
    model = Modifiers.from_records(ROWS)
    assert model.fill("그가 다시 [MASK] 달렸다", 5) == [("매우", 1.0)]
    assert model.fill("그가 [MASK] 다시 달렸다", 5) == [("매우", 1.0)]


def test_what_negates_or_is_rare_is_never_offered() -> None:
    rows = [Record(str(n), {"text": f"{n}월에 그는 안 달렸다. 없는 나무가 잘 자랐다"}) for n in range(9)]
    assert Modifiers.from_records(rows).fill("그가 [MASK] 달렸다", 5) == [("잘", 1.0)]
    assert Modifiers.from_records(rows).fill("그는 [MASK] 집을 샀다", 5) == []
    assert Modifiers.from_records(rows, min_count=10).fill("그가 [MASK] 달렸다", 5) == []
    with pytest.raises(OptionError, match="min_count"):
        Modifiers.from_records(rows, min_count=0)


def test_what_leans_towards_a_label_is_kept_out() -> None:
    rows = [
        Record(
            f"{label}{n}", {"text": f"{n}번 {word} 영화를 {label} 쪽이 다시 보았다"}, labels={"label": label}
        )
        for label, word in (("긍정", "아름다운"), ("부정", "지루한"))
        for n in range(20)
    ]
    model = Modifiers.from_records(rows)
    assert model.fill("그는 [MASK] 영화를 샀다", 5) == []
    assert model.fill("그가 [MASK] 달렸다", 5) == [("다시", 1.0)]
    bare = [Record(row.id, row.fields) for row in rows]
    assert [word for word, _ in Modifiers.from_records(bare).fill("그는 [MASK] 영화를 샀다", 5)] == [
        "아름다운",
        "지루한",
    ]


def test_a_recipe_needs_no_option_and_a_copy_has_one_word_more() -> None:
    made = augment(ROWS, "eda-masked-insertion", ratio=1)
    assert len(made.records) == len(ROWS)
    for record in made.records:
        old = next(row for row in ROWS if row.id == record.lineage[-1]).fields["text"].split()
        new = record.fields["text"].split()
        assert len(new) == len(old) + 1
        [at] = [n for n in range(len(new)) if new[:n] + new[n + 1 :] == old][:1]
        assert new[at] in {"다시", "매우", "중요한"}
    assert augment(ROWS, "eda-masked-insertion", ratio=1).records == made.records
