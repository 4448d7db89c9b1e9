"""Questions by template: one answer each, of its type, that nothing gives away."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gongbang.augment.copies import augment
from gongbang.augment.templates import template_question
from gongbang.data.records import Record, Span


def ask(context: str, title: str = "") -> set[tuple[str, str, str]]:
    """Everything that thirty seeds ask: type, question and answer."""
    record = Record("1", {"context": context, "title": title, "question": "옛 질문?"})
    found = (template_question(record, np.random.default_rng(seed)) for seed in range(30))
    return {(r.labels["answer_type"], r.fields["question"], r.answers[0].text) for r in found if r}


@pytest.mark.parametrize(
    ("sentence", "kind", "question", "answer"),
    [
        ("수원 화성은 1796년에 완공되었다.", "date", "수원 화성은 언제 완공되었는가?", "1796년"),
        ("전쟁은 1950년 6월 25일부터 이어졌다.", "date", "전쟁은 언제부터 이어졌는가?", "1950년 6월 25일"),
        ("이 탑은 12세기까지 남아 있었다.", None, "", ""),
        ("탑은 예전에 12세기까지 남아 있었다.", "date", "탑은 예전에 언제까지 남아 있었는가?", "12세기"),
        ("그 회사는 직원 1,200명을 고용한다.", None, "", ""),
        ("작은 회사는 1,200명을 고용한다.", "quantity", "작은 회사는 몇 명을 고용하는가?", "1,200명"),
        ("우리 마을의 인구는 5만 명이었다.", None, "", ""),  # in the predicate: 5만 명이었다 has no particle
        ("마을에 사람들이 5만 명 넘게 산다.", "quantity", "마을에 사람들이 몇 명 넘게 사는가?", "5만 명"),
        (
            "왕은 나라의 장인들에게 3만 원을 주었다.",
            "quantity",
            "왕은 나라의 장인들에게 얼마를 주었는가?",
            "3만 원",
        ),
        ("우리 대표단은 3개국을 돌았다고 한다.", None, "", ""),
        ("이순신은 한양에서 1545년에 태어났다.", "place", "이순신은 어디에서 1545년에 태어났는가?", "한양"),
        ("세종은 그 일을 장영실에게 맡겼다.", "person", "세종은 그 일을 누구에게 맡겼는가?", "장영실"),
        ("그러나 이 마을에서 윤동주가 태어났다.", None, "", ""),
        ("학교는 미국에게 도움을 청하였다고 한다.", None, "", ""),
        ("산은 1950년에 이르러 푸르러졌다.", None, "", ""),
    ],
)
def test_sentences_by_hand(sentence: str, kind: str | None, question: str, answer: str) -> None:
    found = ask(sentence)
    assert (kind, question, answer) in found if kind else not found


def test_the_answer_stands_once_and_is_told_nowhere() -> None:
    sentence = "수원 화성은 1796년에 완공되었다."
    assert ask(sentence + " 1796년은 병진년이다.") == set()
    assert ask(sentence, title="1796년의 일") == set()
    assert ask("1796년 겨울에 화성은 1796년에 완공되었다.") == set()


def test_words_that_tie_a_sentence_to_another() -> None:
    assert ask("그러나 화성은 1796년에 완공되었다.") == {("date", "화성은 언제 완공되었는가?", "1796년")}
    assert ask("이것은 1796년에 모두 완공되었다.") == set()
    assert ask("1796년에 모두 완공되었다고 한다.") == set()  # of nothing


def test_types_are_drawn_evenly_and_may_be_chosen() -> None:
    text = (
        "화성은 1796년에 완공되었다. 백성은 1801년에 줄었다. 나라는 1805년에 기울었다. 군사는 300명을 넘었다."
    )
    record = Record("1", {"context": text})
    made = [template_question(record, np.random.default_rng(seed)) for seed in range(200)]
    assert 70 < sum(r.labels["answer_type"] == "quantity" for r in made) < 130
    assert template_question(record, np.random.default_rng(0), types=["place"]) is None


def test_what_spoke_of_the_old_question_is_left_out() -> None:
    text = "화성은 1796년에 완공되었다."
    old = Record(
        "1",
        {"context": text, "question": "화성인가?", "pair": "나"},
        {"old": (Span(0, 2, "화성"),)},
        {"label": "yes"},
    )
    [made] = augment([old], "template").records
    assert made.labels == {"answer_type": "date", "augmented": "template"}
    assert made.spans == {"answers": (Span(4, 9, "1796년"),)}
    assert made.fields == {"context": text, "question": "화성은 언제 완공되었는가?", "pair": "나"}


def test_invariants_on_real_passages(shared_data: Path) -> None:
    from gongbang.data.reading import read_records

    rows = read_records(shared_data / "qa/korquad1/KorQuAD_v1.0_dev_112.json").items
    passages = list({row.fields["context"]: row for row in rows}.values())[:120]
    made = augment(passages, "template", ratio=3)
    assert len(made.records) > 60
    kinds = set()
    for record in made.records:
        [answer] = record.answers
        kinds.add(record.labels["answer_type"])
        assert record.fields["context"].count(answer.text) == 1
        assert answer.text not in record.fields["question"] and answer.text not in record.fields["title"]
        assert record.fields["question"].endswith("가?")
    assert len(kinds) >= 3
