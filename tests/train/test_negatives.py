"""Negatives: of other documents, without the answer, tied to their question."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongbang.data.records import Record, Span
from gongbang.search.contexts import document_of, holds_answer, passages_of
from gongbang.search.lexical import LexicalIndex
from gongbang.train.negatives import mine_negatives
from gongbang.train.recipe_data import NegativeSettings
from tests.train.tiny import made_records


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return made_records(15)


@pytest.fixture(scope="module")
def index(records: list[Record]) -> LexicalIndex:
    made = LexicalIndex()
    made.build(passages_of(records))
    return made


def test_passages_are_the_distinct_contexts(records: list[Record]):
    passages = passages_of(records)
    assert len(passages) == 30 and len({passage.id for passage in passages}) == 30
    assert {passage.text for passage in passages} == {record.fields["context"] for record in records}


@settings(max_examples=8, deadline=None)
@given(per_question=st.sampled_from([0.3, 1.0, 1.5, 3.0]), top_n=st.integers(2, 12), seed=st.integers(0, 99))
def test_no_negative_holds_the_answer_or_is_the_gold(
    records: list[Record], index: LexicalIndex, per_question: float, top_n: int, seed: int
):
    wanted = NegativeSettings(per_question=per_question, top_n=top_n, seed=seed)
    mined = mine_negatives(records, index, wanted)
    asked = {record.id: record for record in records}
    for negative in mined.records:
        question = asked[negative.lineage[-1]]
        assert negative.fields["question"] == question.fields["question"]
        assert document_of(negative) != document_of(question)
        assert not holds_answer(negative.fields["context"], question)
        assert negative.spans["answers"] == () and negative.group == question.group
    assert len({negative.id for negative in mined.records}) == len(mined.records)
    assert mined.gold <= mined.asked


def test_the_seed_decides(records: list[Record], index: LexicalIndex):
    first, again, other = (
        [r.id for r in mine_negatives(records, index, NegativeSettings(per_question=0.5, seed=s)).records]
        for s in (1, 1, 2)
    )
    assert first == again != other


def test_questions_without_an_answer_are_passed_over(records: list[Record], index: LexicalIndex):
    silent = [replace(record, spans={"answers": ()}) for record in records[:5]]
    assert mine_negatives(silent, index, NegativeSettings(per_question=2)).records == []


@pytest.mark.parametrize(
    ("text", "answer", "held"),
    [
        ("독립운동가 김구", "김 구", True),
        ("ＡＢＣ 방송", "abc", True),
        ("1 919년", "1919", True),
        ("김규식", "김구", False),
    ],
)
def test_spaces_case_and_width_hide_no_answer(text: str, answer: str, held: bool):
    record = Record(
        "1", {"question": "?", "context": answer}, spans={"answers": (Span(0, len(answer), answer),)}
    )
    assert holds_answer(text, record) is held
