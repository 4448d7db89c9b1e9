"""Masking, exchange and replacement of entities, by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gongbang.augment.copies import augment
from gongbang.augment.entities import (
    INVERSE,
    KLUE_SWAPS,
    ONE_WAY,
    SYMMETRIC,
    EntityPool,
    Swaps,
    mask_entity,
    replace_entity,
    swap_entities,
)
from gongbang.data.records import Record, Span
from gongbang.errors import OptionError

RNG = np.random.default_rng


def relation(
    text: str, subject: str, object: str, label: str = "no_relation", types: str = "PER ORG"
) -> Record:
    spans = {
        role: (Span(text.index(word), text.index(word) + len(word), word, "text"),)
        for role, word in (("subject", subject), ("object", object))
    }
    subject_type, object_type = types.split()
    labels = {"label": label, "subject_type": subject_type, "object_type": object_type}
    return Record("1", {"text": text}, spans, labels)


def test_the_map_is_an_involution_but_for_the_one_way() -> None:
    for name in (*SYMMETRIC, *INVERSE):
        assert KLUE_SWAPS[KLUE_SWAPS[name]] == name
    assert all(KLUE_SWAPS[name] == name for name in SYMMETRIC)
    assert dict(ONE_WAY) == {"org:top_members/employees": "per:employee_of"}
    assert "per:employee_of" not in KLUE_SWAPS
    assert len(KLUE_SWAPS) == 7 + 4 + 1


@pytest.mark.parametrize("label", [*SYMMETRIC, *INVERSE])
def test_exchanging_twice_gives_the_record_back(label: str) -> None:
    types = "ORG ORG" if label.startswith("org") else "PER PER"
    record = relation("문종은 세종의 아들이다", "문종", "세종", label, types)
    once = swap_entities(record, RNG(0))
    assert once is not None and swap_entities(once, RNG(0)) == record


def test_exchange_moves_spans_types_and_label() -> None:
    record = relation("한빛은 김철수가 이끈다", "한빛", "김철수", "org:top_members/employees", "ORG PER")
    made = swap_entities(record, RNG(0))
    assert made is not None and made.fields == record.fields
    assert made.labels == {"label": "per:employee_of", "subject_type": "PER", "object_type": "ORG"}
    assert made.spans["subject"][0].text == "김철수" and made.spans["object"][0].text == "한빛"
    assert swap_entities(made, RNG(0)) is None


def test_what_cannot_be_exchanged() -> None:
    assert swap_entities(relation("ㄱ ㄴ", "ㄱ", "ㄴ", "org:product"), RNG(0)) is None
    odd = relation("한국은 유럽의 일원", "한국", "유럽", "org:member_of", "ORG LOC")
    assert swap_entities(odd, RNG(0)) is None  # a place cannot be the subject of org:members
    assert swap_entities(Record("1", {"text": "가"}, labels={"label": "no_relation"}), RNG(0)) is None
    untyped = Record("1", odd.fields, odd.spans, {"label": "org:member_of"})
    assert swap_entities(untyped, RNG(0)).labels == {"label": "org:members"}


def test_one_sided_types_move_too() -> None:
    record = relation("문종은 세종의 아들", "문종", "세종", "per:parents")
    record = Record("1", record.fields, record.spans, {"label": "per:parents", "object_type": "PER"})
    assert swap_entities(record, RNG(0)).labels == {"label": "per:children", "subject_type": "PER"}


def test_the_map_is_learnt_in_the_spelling_of_the_labels() -> None:
    rows = [
        relation("가국은 나국의 일원", "가국", "나국", label, "ORG ORG")
        for label in ("org:members_of", "org:member_of", "no_relation", "per:children", "org:product")
    ]
    swaps = Swaps.from_records(rows)
    assert swaps == {
        "no_relation": "no_relation",
        "org:member_of": "org:members_of",
        "org:members_of": "org:member_of",
    }  # per:parents is the label of no record, and so would be unknown to the task
    rows = [replace(row, id=str(number)) for number, row in enumerate(rows)]
    made = augment(rows, "entity-swap").records
    assert [record.labels["label"] for record in made] == ["org:member_of", "org:members_of", "no_relation"]
    klue = [relation("가 나", "가", "나", label) for label in ("org:members", "org:member_of")]
    assert Swaps.from_records(klue) == {"org:members": "org:member_of", "org:member_of": "org:members"}
    given = augment(rows, "entity-swap", relations={"org:product": "org:product"}).records
    assert [record.labels["label"] for record in given] == ["org:product"]


@pytest.mark.shared
def test_half_of_the_rows_of_law_and_war_can_be_exchanged(shared_data: Path) -> None:
    from gongbang.data.reading import read_records

    rows = read_records(shared_data / "relation/re_ko_law_war.jsonl").items
    made = augment(rows, "entity-swap")
    assert (len(rows), len(made.records)) == (2429, 1174)
    assert {r.labels["label"] for r in made.records} <= {r.labels["label"] for r in rows}
    both = {name: name for name in ("org:hostile", "org:friendly")}
    assert len(augment(rows, "entity-swap", relations={**Swaps.from_records(rows), **both}).records) == 1329


@pytest.mark.parametrize("relations", [["org:product"], {"org:product": None}, {"org:product": ""}, {1: "a"}])
def test_relations_that_are_no_mapping_are_refused(relations: object) -> None:
    with pytest.raises(OptionError, match="no mapping from labels to labels"):
        swap_entities(relation("ㄱ ㄴ", "ㄱ", "ㄴ"), RNG(0), relations=relations)  # type: ignore[arg-type]


def test_other_relations_may_be_given() -> None:
    record = relation("가국과 나국은 적이다", "가국", "나국", "org:hostile", "ORG ORG")
    made = swap_entities(record, RNG(0), relations={"org:hostile": "org:hostile"})
    assert made is not None and made.spans["subject"][0].text == "나국"


def test_masks_show_the_type_and_are_drawn_evenly() -> None:
    record = relation("세종이 [PER] 집현전을 열었다", "세종", "집현전")
    texts = [mask_entity(record, RNG(seed)).fields["text"] for seed in range(200)]
    assert set(texts) == {"[PER]이 [PER] 집현전을 열었다", "세종이 [PER] [ORG]을 열었다"}
    assert 70 < texts.count("[PER]이 [PER] 집현전을 열었다") < 130
    made = mask_entity(record, RNG(0), role="object", mask="[MASK]")
    assert made.spans["object"][0].text == "[MASK]" and made.spans["subject"][0].text == "세종"


def test_nested_and_untyped_entities_are_not_masked() -> None:
    nested = relation("서울대학교가 있다", "서울대학교", "서울")
    assert mask_entity(nested, RNG(0), role="subject") is None
    assert mask_entity(nested, RNG(0), role="object") is None
    untyped = Record("1", nested.fields, {"subject": nested.spans["subject"]})
    assert mask_entity(untyped, RNG(0), role="subject") is None
    assert mask_entity(untyped, RNG(0), role="subject", mask="<S>").fields["text"] == "<S>가 있다"


def test_adjacent_entities_keep_their_borders() -> None:
    made = mask_entity(relation("미국대통령이", "미국", "대통령", types="ORG PER"), RNG(0), role="subject")
    assert made.fields["text"] == "[ORG]대통령이" and made.spans["object"][0] == Span(5, 8, "대통령", "text")


def test_replacement_is_of_the_type_with_its_particle() -> None:
    pool = EntityPool({"PER": ("세종", "이도", "정조"), "ORG": ("집현전",)})
    record = relation("정조는 규장각을 열었다", "정조", "규장각")
    made = {replace_entity(record, RNG(n), pool=pool, role="subject").fields["text"] for n in range(20)}
    assert made == {"세종은 규장각을 열었다", "이도는 규장각을 열었다"}
    made = replace_entity(record, RNG(0), pool=pool, role="object")
    assert made.fields["text"] == "정조는 집현전을 열었다" and made.spans["object"][0].text == "집현전"


def test_replacement_that_would_speak_of_two_is_not_made() -> None:
    pool = EntityPool({"PER": ("세종",), "ORG": ("규장각",)})
    twice = relation("정조는 규장각을 열었고 정조는 책을 모았다", "정조", "규장각")
    assert replace_entity(twice, RNG(0), pool=pool, role="subject") is None
    assert replace_entity(twice, RNG(0), pool=pool, role="object") is None  # the pool has no other
    predicate = relation("그 왕은 정조였다, 규장각의", "정조", "규장각")
    assert replace_entity(predicate, RNG(0), pool=pool, role="subject") is None  # 세종였다 is no word


def test_the_pool_is_sorted_and_of_labelled_types() -> None:
    rows = [relation("세종이 집현전을", "세종", "집현전"), relation("김구가 신민회를", "김구", "신민회")]
    assert EntityPool.from_records(rows).names == {"ORG": ("신민회", "집현전"), "PER": ("김구", "세종")}
    assert EntityPool.from_records([Record("1", {"text": "가"})]).names == {}
