"""Endings, masks over questions and contexts, titles and Hanja, by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from gongbang.augment.contexts import bigram_similarity, mask_context
from gongbang.augment.endings import as_question, question_endings
from gongbang.augment.hanja import read_hanja
from gongbang.augment.paraphrase import paraphrase_question
from gongbang.augment.questions import mask_question
from gongbang.augment.titles import vary_title
from gongbang.data.records import Record, Span
from gongbang.errors import OptionError
from gongbang.text.morphemes import shared_analyser

RNG = np.random.default_rng


def asked(question: str, context: str = "글", answer: str = "", **fields: str) -> Record:
    at = context.index(answer)
    spans = {"answers": (Span(at, at + len(answer), answer),) if answer else ()}
    return Record("1", {"question": question, "context": context, **fields}, spans)


@pytest.mark.parametrize(
    ("question", "stem", "endings"),
    [
        (
            "수도는 무엇인가?",
            "수도",
            "는 무엇인가요?|는 무엇입니까?|는 무엇일까?|는 무엇인지 말하시오.|를 말하시오.|를 쓰시오.",
        ),
        (
            "강은 무엇입니까?",
            "강",
            "은 무엇인가?|은 무엇인가요?|은 무엇일까?|은 무엇인지 말하시오.|을 말하시오.|을 쓰시오.",
        ),
        ("왕은 누구일까", "왕은 누구", "인가?|인가요?|입니까?|인지 말하시오."),
        ("그는 왕인가?", "그는 왕", "인가요?|입니까?|일까?"),
        ("언제 지었는가?", "언제 지었", "습니까?|나요?|는지 말하시오."),
        ("어디에 있나?", "어디에 있", "는가?|습니까?|나요?|는지 말하시오."),
        ("비가 왔습니까?", "비가 왔", "는가?|나요?"),
        ("누가 만드는가?", "누가 만", "듭니까?|드나요?|드는지 말하시오."),
        ("무엇을 먹는가?", "무엇을 먹", "습니까?|나요?|는지 말하시오."),
        ("어느 강인지 쓰시오.", "어느 강", "인가?|인가요?|입니까?|일까?|인지 말하시오."),
        ("왕의 이름은?", "왕의 이름", "을 말하시오.|을 쓰시오."),
        ("세종(世宗)은 ?", "세종(世宗)", "을 말하시오.|을 쓰시오."),
        ("강을 말하시오.", "강", "을 쓰시오.|은?"),
        ("물은 무엇으로 보입니까?", "", ""),
        ("산이 높은가?", "", ""),
        ("흐르는?", "", ""),
        ("은?", "", ""),
        ("?", "", ""),
    ],
)
def test_table_of_endings(question: str, stem: str, endings: str) -> None:
    found = question_endings(question, shared_analyser().analyse(question))
    expected = {stem + ending for ending in endings.split("|")} if endings else set()
    assert {question[:at] + new for at, new in found} == expected and len(found) == len(expected)


@pytest.mark.parametrize(
    ("statement", "question"),
    [
        ("한글을 만들었다.", "한글을 만들었는가?"),
        ("물이 없다", "물이 없는가?"),
        ("그의 아들이다.[3]", "그의 아들인가?"),
        ("길을 간다!", "길을 가는가?"),
        ("빵을 굽는다.", "빵을 굽는가?"),
        ("산이 높다.", None),
        ("비가 왔어요.", None),
        ("다", None),
    ],
)
def test_statements_become_questions(statement: str, question: str | None) -> None:
    assert as_question(statement) == question


def test_paraphrase_touches_the_ending_alone() -> None:
    record = asked("한글을 만든 왕은 누구인가?", "세종이 만들었다", "세종")
    made = {paraphrase_question(record, RNG(n)).fields["question"] for n in range(40)}
    assert made == {
        f"한글을 만든 왕은 누구{end}" for end in ("인가요?", "입니까?", "일까?", "인지 말하시오.")
    }
    assert paraphrase_question(asked("왜?"), RNG(0)) is None
    held = Record("1", {"question": "왕은 누구인가?"}, {"evidence": (Span(3, 7, "누구인가", "question"),)})
    assert paraphrase_question(held, RNG(0)) is None


def test_question_masks_hide_some_nouns_and_leave_some() -> None:
    record = asked("학교는 학교장의 가방을 어디에 두었는가?", "교실", "교실")
    seen = {mask_question(record, RNG(n)).fields["question"] for n in range(40)}
    assert len(seen) > 1
    for question in seen:
        nouns = sum(word in question for word in ("학교는", "학교장의", "가방을"))
        assert "[MASK]" in question and 1 <= nouns < 3
    assert "[MASK]는 학교장의 가방을 어디에 두었는가?" in seen  # not inside 학교장
    assert mask_question(asked("가방은 어디?"), RNG(0)) is None


def test_bigram_similarity_by_hand() -> None:
    # 나무 has one bigram, 나무를 has 나무 and 무를: 1 / sqrt(1 * 2)
    assert bigram_similarity("큰 나무를?", ["나무", "돌", "나무를"]) == pytest.approx([0.5**0.5, 0, 1])
    assert bigram_similarity("", ["나무"]).tolist() == [0]


def test_context_masks_the_most_similar_first_and_never_the_answer() -> None:
    context = "경복궁은 큰 궁궐이다. 경복궁을 지은 태조는 경복궁에 살았다."
    record = asked("경복궁을 지은 사람은?", context, "태조")
    seen = {mask_context(record, RNG(n)).fields["context"] for n in range(40)}
    assert "경복궁은 큰 궁궐이다. [MASK] 지은 태조는 경복궁에 살았다." in seen
    assert "[MASK] 큰 궁궐이다. [MASK] [MASK] 태조는 [MASK] 살았다." in seen
    assert len(seen) == 4
    one = {mask_context(record, RNG(n), most=1).fields["context"] for n in range(9)}
    assert one == {"경복궁은 큰 궁궐이다. [MASK] 지은 태조는 경복궁에 살았다."}
    answer = asked("경복궁을 지은?", "경복궁을 지은 왕", "경복궁")
    assert mask_context(answer, RNG(0)).fields["context"] == "경복궁을 [MASK] 왕"


def test_context_masks_leave_labels_alone_that_may_rest_on_the_words() -> None:
    boolq = Record(
        "1", {"question": "경복궁은 큰가?", "context": "경복궁은 큰 궁궐"}, labels={"label": "yes"}
    )
    assert mask_context(boolq, RNG(0)) is None
    none = Record("1", boolq.fields, {"answers": ()})
    assert mask_context(none, RNG(0)).fields["context"] == "[MASK] 큰 궁궐"
    assert mask_context(asked("바다는?", "산이 높고 물이 맑다", "산"), RNG(0)) is None


def test_a_similarity_may_be_given_and_is_checked() -> None:
    def second(question: str, words: Sequence[str]):
        return np.array([0.0, 0.9, 0.0])[: len(words)]

    record = asked("무엇?", "가 나 다")
    assert mask_context(record, RNG(0), similarity=second).fields["context"] == "가 [MASK] 다"
    with pytest.raises(OptionError, match="one number a word"):
        mask_context(record, RNG(0), similarity=lambda question, words: np.zeros(1))


def test_titles_are_put_before_and_dropped() -> None:
    record = asked("무엇인가?", "단오는 명절이다.", "명절", title="단오")
    plain = asked("무엇인가?", "여름 명절이다.", "명절", title="단오")
    made = vary_title(plain, RNG(0), how="prefix")
    assert made.fields["context"] == "단오. 여름 명절이다." and made.answers[0].start == 7
    assert vary_title(record, RNG(0), how="prefix") is None  # it begins with the title already
    dropped = vary_title(made, RNG(0), how="drop")
    assert dropped.fields == {"question": "무엇인가?", "context": "여름 명절이다.", "title": ""}
    assert vary_title(record, RNG(0), how="drop").fields["context"] == "단오는 명절이다."
    both = {vary_title(plain, RNG(n)).fields["title"] for n in range(20)}
    assert both == {"", "단오"}


def test_a_title_that_names_the_answer_is_left() -> None:
    assert vary_title(asked("무엇?", "명절은 단오다", "단오", title="단오 (명절)"), RNG(0)) is None
    assert vary_title(asked("무엇?", "명절은 단오다", "단오", title=" "), RNG(0)) is None


def test_hanja_is_read_and_spans_hold_the_reading() -> None:
    context = "大韓民國(대한민국)의 首都는 서울이다."
    record = Record(
        "1", {"context": context}, {"answers": (Span(0, 4, "大韓民國"),), "cut": (Span(12, 13, "首"),)}
    )
    made = read_hanja(record, RNG(0))
    assert made.fields["context"] == "대한민국(대한민국)의 수도는 서울이다."
    assert made.answers[0].text == "대한민국" and made.spans["cut"][0].text == "수"
    assert read_hanja(Record("1", {"text": "한글만"}), RNG(0)) is None


def test_a_gloss_that_says_the_same_is_dropped_unless_a_span_reaches_into_it() -> None:
    free = Record("1", {"text": "경복궁(景福宮)과 왕(王, 임금)"})
    assert read_hanja(free, RNG(0)).fields["text"] == "경복궁과 왕(왕, 임금)"
    assert read_hanja(free, RNG(0), glosses=False).fields["text"] == "경복궁(경복궁)과 왕(왕, 임금)"
    held = Record("1", free.fields, {"evidence": (Span(0, 8, "경복궁(景福宮)", "text"),)})
    assert read_hanja(held, RNG(0)).spans["evidence"][0].text == "경복궁(경복궁)"
