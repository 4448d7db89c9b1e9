"""Sentence borders: a table by hand, cover and offsets over arbitrary and public text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongbang.text.sentences import split_sentences

# Sentences are separated by " | " here; the text under test has a blank in its place.
TABLE = [
    "봄이 왔다. | 꽃이 피었다.",
    "원주율은 3.14이다. | 1.2절을 보라.",
    "그는 U.S. Army에 있었다. | 돌아왔다.",
    "J. K. 롤링이 썼다. | 잘 팔렸다.",
    "Dr. Kim came. | He left.",
    "정말? | 그래! | 좋아.",
    "“정말이야?” 라고 물었다. | 답이 없었다.",
    '"그래." 하고 웃었다. | 갔다.',
    "“세상 참 넓다.” | 아기 오리가 말했다.",
    "그는 “안녕. 나야. 문 열어.”라고 말했다. | 문이 열렸다.",
    "그는 (사실은 몰랐다. 정말이다.) 웃었다. | 끝.",
    "그게… 아니라 말이지. | 알았다.",
    "그렇게 끝났다… | 다시 시작이다.",
    "2020. 3. 14. 발표했다. | 모두 놀랐다.",
    "1. 서론은 짧다. | 2. 본론은 길다.",
    "가. 목적을 쓴다. | 나. 방법을 쓴다.",
    "인구가 늘었다.[12] | 그 뒤 줄었다.[3]",
    "e.g. 사과가 있다. | 끝이다.",
    "이름이 뭐야?! | 몰라...",
    "1990년대에 끝났다. | 2000년에 다시 열렸다.",
    "He lived in St. Louis. | He died etc. and so on.",
    "यह भारत है। | वह नेपाल है।",
    "विलियम ई. साइमन मंत्री थे। | ए. के. हंगल अभिनेता थे।",
    "डॉ. राव आए। | मूल्य 50 रु. था। | वह ठीक था।",  # where dandas end sentences a full stop never does
    "वह घर गया. | सी. वी. रमन आए.",  # and where none does, full stops do, but for initials
]


@pytest.mark.parametrize("case", TABLE)
def test_table(case: str) -> None:
    assert [s.text for s in split_sentences(case.replace(" | ", " "))] == case.split(" | ")


def test_without_blanks() -> None:
    assert [s.text for s in split_sentences("비가 왔다.그래서 젖었다.[1]그 뒤 말랐다.")] == [
        "비가 왔다.",
        "그래서 젖었다.[1]",
        "그 뒤 말랐다.",
    ]
    assert [s.text for s in split_sentences("我来了。你好！")] == ["我来了。", "你好！"]


def test_line_ends() -> None:
    text = "제목\n\n첫 줄은 여기서\n끊긴다. 둘째다.\n"
    assert [s.text for s in split_sentences(text)] == ["제목", "첫 줄은 여기서", "끊긴다.", "둘째다."]
    assert [s.text for s in split_sentences(text, wrapped=True)] == [
        "제목",
        "첫 줄은 여기서\n끊긴다.",
        "둘째다.",
    ]


def test_unclosed_quote_does_not_swallow_the_text() -> None:
    assert len(split_sentences("그는 “말했다. 그리고 갔다. 끝이다.")) == 3


def test_nothing() -> None:
    assert split_sentences("") == [] == split_sentences(" \n\t ")


@given(
    st.text(st.one_of(st.sampled_from('다요.!?…"“”()[]1 \n\r가A。'), st.characters()), max_size=40),
    st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_cover_and_offsets(text: str, wrapped: bool) -> None:
    reached = 0
    for sentence in split_sentences(text, wrapped=wrapped):
        assert not text[reached : sentence.start].strip()
        assert sentence.text == text[sentence.start : sentence.end] == sentence.text.strip() != ""
        reached = sentence.end
    assert not text[reached:].strip()


@pytest.mark.shared
def test_answers_stay_in_one_sentence(shared_data: Path) -> None:
    path = shared_data / "qa/korquad1/KorQuAD_v1.0_dev_112.json"
    cut = total = 0
    for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
        for paragraph in article["paragraphs"]:
            sentences = split_sentences(paragraph["context"])
            for question in paragraph["qas"]:
                start = question["answers"][0]["answer_start"]
                end = start + len(question["answers"][0]["text"])
                cut += not any(s.start <= start and end <= s.end for s in sentences)
                total += 1
    assert total > 4000
    assert cut == 0
