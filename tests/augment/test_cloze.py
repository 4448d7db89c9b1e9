"""Cloze questions: one answer, a way to it, nothing told, the same every time."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gongbang.augment.cloze import ask_cloze, cloze_questions
from gongbang.augment.copies import augment
from gongbang.data.records import Record
from gongbang.errors import OptionError

VILLAGE = (
    "두루미골은 산에 싸인 작은 마을이다. 봄이면 마을 사람들이 나물을 캐러 박달재를 넘는다. "
    "마을 북쪽의 고개가 박달재이고, 그 너머에 2003년까지 분교가 있었다. 분교는 2003년에 문을 닫았다."
)


def made(*texts: str, title: str = "", **options: int) -> list[Record]:
    records = [
        Record(str(n), {"context": text, "title": title}, group="마을") for n, text in enumerate(texts)
    ]
    return cloze_questions(records, **{"per_passage": 9, **options})


def test_the_other_place_is_the_answer_and_the_asking_sentence_is_gone():
    questions = {record.answers[0].text: record for record in made(VILLAGE)}
    pass_ = questions["박달재"]
    asked = pass_.fields["question"]
    assert asked == "봄이면 마을 사람들이 나물을 캐러 무엇을 넘는다?"
    assert "나물을" not in pass_.fields["context"] and "  " not in pass_.fields["context"]
    span = pass_.answers[0]
    assert pass_.fields["context"][span.start : span.end] == "박달재"


def test_a_time_is_asked_for_by_when():
    questions = {record.answers[0].text: record.fields["question"] for record in made(VILLAGE)}
    assert "언제" in questions["2003년"]


def test_the_particle_follows_its_new_noun():
    [question] = made("해마다 봄이면 사람들은 버스로 서울을 지난다. 버스 회사는 서울에 있다.")
    assert "무엇을 지난다?" in question.fields["question"]


@pytest.mark.parametrize(
    "text",
    [  # two places; no word shared; nearly a copy; within a longer name; nothing named
        "마을 사람들이 나물을 캐러 박달재를 넘는다. 박달재는 높고 박달재는 멀며 마을에서 보인다.",
        "마을 사람들이 나물을 캐러 박달재를 넘는다. 강릉의 바다는 푸르고 박달재는 높다.",
        "마을 사람들이 나물을 캐러 박달재를 넘는다. 마을에서 박달재까지는 멀고 나물을 캐러 간다.",
        "마을 사람들이 나물을 캐러 박달재를 넘는다. 마을의 음식점 새박달재는 오래되었다.",
        "마을 사람은 가볍다. 마을의 무게.",
        "넘는다",
        " ",
    ],
)
def test_what_has_no_one_answer_is_not_asked(text: str):
    assert made(text) == []


def test_the_title_is_not_asked_for():
    assert [r.answers[0].text for r in made(VILLAGE, title="박달재")] == ["2003년"]


def test_another_passage_of_the_document_may_answer():
    first = "봄이면 마을 사람들이 나물을 캐러 박달재를 넘는다."
    second = "작은 마을이 여럿 있다. 옛날에 나물을 지고 장에 가던 사람들은 박달재에서 쉬었다."
    [question, *_] = [r for r in made(first, second) if "넘는다" in r.fields["question"]]
    assert question.fields["context"] == second and question.lineage == ("1", "0")
    apart = [Record("a", {"context": first}, group="a"), Record("b", {"context": second}, group="b")]
    assert cloze_questions(apart) == []


def test_lineage_group_source_and_licence_are_kept():
    origin = Record("7", {"context": VILLAGE}, group="마을", source="손으로", licence="CC0", lineage=("0",))
    for record in cloze_questions([origin]):
        assert record.lineage == ("0", "7") and record.group == "마을" and record.labels["augmented"]
        assert (record.source, record.licence) == ("손으로", "CC0")


def test_counts_and_seed():
    assert len(made(VILLAGE, per_passage=1)) == 1
    assert made(VILLAGE, limit=0) == [] and len(made(VILLAGE, limit=1)) == 1
    assert made(VILLAGE, seed=3) == made(VILLAGE, seed=3)
    with pytest.raises(OptionError, match="per_passage"):
        made(VILLAGE, per_passage=0)


def test_own_questions_are_not_looked_at():
    asked = Record("0", {"context": VILLAGE, "question": "어디인가?", "title": ""}, group="마을")
    again = replace(asked, id="1", fields={**asked.fields, "question": "누구인가?"}, group="마을")
    assert cloze_questions([asked, again]) == cloze_questions([asked])


def test_invariants_on_real_passages(shared_data: Path):
    from gongbang.data.reading import read_records

    records = read_records(shared_data / "qa/korquad1/KorQuAD_v1.0_dev_112.json").items[:600]
    contexts = {record.fields["context"] for record in records}
    questions = cloze_questions(records, per_passage=4)
    assert len(questions) > 100
    assert len({record.id for record in questions}) == len(questions)
    for record in questions:
        answer, context = record.answers[0], record.fields["context"]
        assert context.count(answer.text) == 1
        assert answer.text not in record.fields["question"]
        assert re.search("무엇|언제|얼마", record.fields["question"]) and record.fields["question"].endswith(
            "?"
        )
        assert context in contexts or any(len(whole) > len(context) for whole in contexts)
        assert record.lineage


def test_one_record_gives_one_question_at_a_time():
    record = Record(
        "1", {"context": VILLAGE, "question": "옛 질문?"}, labels={"question_id": "옛"}, group="마을"
    )
    every = {r.fields["question"] for r in made(VILLAGE)}
    drawn = {ask_cloze(record, np.random.default_rng(n)).fields["question"] for n in range(12)}
    assert len(drawn) > 1 and drawn <= every
    copies = augment([record], "cloze", ratio=2)
    assert [copy.id for copy in copies.records] == ["1~cloze-0", "1~cloze-1"]
    for copy in copies.records:
        assert copy.labels == {"augmented": "cloze"} and (copy.lineage, copy.group) == (("1",), "마을")
        assert copy.answers[0].text not in copy.fields["question"]
    told = augment([Record("2", {"context": "산이 높다."})], "cloze").reasons
    assert told == {"no name that stands in two sentences of the context": 1}
