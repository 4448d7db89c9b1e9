"""Filters: each drops what it is there for and says why, and nothing is lost on the way."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongbang.augment.filter_models import Consensus, RoundTrip, SearchRank, Similarity
from gongbang.augment.filter_rows import (
    AnswerInContext,
    AnswerNotInQuestion,
    Changed,
    Language,
    LengthRatio,
    NoAnswerHolds,
)
from gongbang.augment.filter_sets import AnswerPosition, Duplicates, NearDuplicates, position_distance
from gongbang.augment.filters import (
    FILTERS,
    Verdict,
    apply_filters,
    make_filter,
    read_dropped,
    save_dropped,
)
from gongbang.data.records import Record, Span
from gongbang.errors import OptionError
from gongbang.tasks.base import Prediction

CONTEXT = "두루미골은 작은 마을이다. 마을 북쪽의 고개가 박달재이다."


def qa(id: str, question: str, answer: str | None, context: str = CONTEXT, of: str = "", **labels) -> Record:
    spans: dict[str, tuple[Span, ...]] = {}
    if answer is not None:
        at = context.index(answer) if answer else -1
        spans = {"answers": (Span(at, at + len(answer), answer),) if answer else ()}
    lineage = (of,) if of else ()
    return Record(id, {"question": question, "context": context}, spans, labels, lineage=lineage)


def text(id: str, words: str, of: str = "", **labels) -> Record:
    return Record(id, {"text": words}, labels=labels, lineage=(of,) if of else ())


GOLD = qa("a", "마을 북쪽의 고개는?", "박달재")


def reason(judge, record: Record, *originals: Record) -> str:
    [verdict] = judge([record], list(originals))
    assert verdict.keep == (verdict.reason == "")
    return verdict.reason


class Says:
    """A reader that answers by question, and remembers what it was shown."""

    def __init__(self, answers: dict[str, str]) -> None:
        self.answers, self.shown = answers, []

    def predict(self, records: Sequence[Record]) -> list[Prediction]:
        self.shown += records
        return [Prediction(r.id, self.answers.get(r.fields["question"], ""), 1.0) for r in records]


# Single rows


@pytest.mark.parametrize("words", ["", "  \n", "\u3000"])
def test_empty_outputs_are_dropped(words: str):
    assert reason(Changed(), text("b", words, of="a"), text("a", "글")) == "the text is empty"


def test_unchanged_copies_are_dropped_but_punctuation_is_a_change():
    original = text("a", "나는 집에 간다", label="긍정")
    same = text("b", "나는  집에 간다 ", of="a", label="긍정", augmented="swap")
    assert "equal to its original 'a'" in reason(Changed(), same, original)
    assert reason(Changed(), text("b", "나는, 집에 간다", of="a", label="긍정"), original) == ""
    assert reason(Changed(), text("b", "나는 집에 간다", of="a", label="부정"), original) == ""


def test_an_unchanged_text_is_found_among_all_ancestors():
    made = Record("c", {"text": "처음"}, lineage=("a", "b"))
    assert reason(Changed(), made, text("a", "처음"), text("b", "둘째")) == "equal to its original 'a'"


def test_what_was_empty_before_may_stay_so():
    original = Record("a", {"text": "글", "pair": ""})
    assert reason(Changed(), Record("b", {"text": "줄글", "pair": ""}, lineage=("a",)), original) == ""


def test_a_lost_answer_is_dropped():
    judge = AnswerInContext()
    assert reason(judge, qa("b", "고개는?", "박달재", of="a"), GOLD) == ""
    assert "'answers' of its original is lost" in reason(judge, qa("b", "고개는?", None, of="a"), GOLD)
    assert reason(judge, qa("b", "고개는?", "", of="a"), GOLD) == ""  # says that there is no answer
    assert "holds no words" in reason(judge, qa("b", "고개는?", ".", of="a"), GOLD)
    as_label = qa("b", "고개는?", None, of="z").with_labels(answer="추풍령")
    assert reason(judge, as_label) == "the answer is not in the context"
    assert reason(judge, as_label.with_labels(answer="‘박달재’")) == ""


def test_no_answer_over_a_context_that_answers_is_dropped():
    judge = NoAnswerHolds()
    wrong = qa("b", "고개는?", "", "박달 재는 높다.", of="a")
    assert reason(judge, wrong, GOLD) == "the context holds the answer of 'a'"
    assert reason(judge, qa("b", "고개는?", "", "바다는 넓다.", of="a"), GOLD) == ""
    assert reason(judge, qa("b", "고개는?", "박달재", of="a"), GOLD) == ""


@pytest.mark.parametrize(
    ("question", "answer", "told"),
    [
        ("박달 재는 어디에 있나?", "박달재", True),
        ("마을 북쪽에는 무엇이 있나?", "박달재", False),
        ("2012년에 몇 명이 왔나?", "12", False),
        ("12명이 온 해는?", "12", True),
        ("이 사람은 누구인가?", "이", True),
        ("어린이는 누구인가?", "이", False),
    ],
)
def test_a_question_must_not_name_its_answer(question: str, answer: str, told: bool):
    record = qa("b", question, answer, f"{CONTEXT} 12 이", of="a")
    assert bool(reason(AnswerNotInQuestion(), record)) == told


def test_length_ratio_by_hand():
    original, judge = text("a", "열 글자짜리 문장임"), LengthRatio(least=0.6, most=1.6)
    assert len(original.fields["text"]) == 10
    for length, kept in ((5, False), (6, True), (16, True), (17, False)):
        [verdict] = judge([text("b", "가" * length, of="a")], [original])
        assert (verdict.keep, verdict.value) == (kept, length / 10)
    assert "not at hand" in reason(judge, text("b", "가", of="gone"), original)


def test_the_ratio_farthest_from_one_counts():
    original = Record("a", {"question": "가" * 10, "context": "나" * 10})
    made = Record("b", {"question": "가" * 15, "context": "나" * 4}, lineage=("a",))
    [verdict] = LengthRatio()([made], [original])
    assert verdict.value == 0.4 and "context" in verdict.reason


def test_language_by_share_of_letters():
    judge = Language(least=0.5)
    assert reason(judge, text("b", "ㅋㅋㅋ 집 12!", of="a")) == ""
    [verdict] = judge([text("b", "가나 abcdef 123", of="a")], [])
    assert not verdict.keep and verdict.value == 0.25
    assert "no letters" in reason(judge, text("b", "123 !!", of="a"))
    assert reason(Language(script="devanagari"), text("b", "दिल्ली", of="a")) == ""


# Sets


def test_duplicates_among_the_made_and_with_originals():
    originals = [text("a", "가게는 연다", label="x")]
    made = [
        text("b", "가게는 연다", of="a", label="y"),
        text("c", "문을 연다", of="a", label="x"),
        text("d", "문을  연다", of="a", label="x"),
    ]
    verdicts = Duplicates()(made, originals)
    assert [v.keep for v in verdicts] == [False, True, False]
    assert verdicts[0].reason == "equal to 'a', with another label or answer"
    assert verdicts[2].reason == "equal to 'c'"


LONG = "봄이면 마을 사람들이 나물을 캐러 산에 오르고 가을이면 밤을 주우러 다시 그 산길을 오른다"


def test_near_duplicates_spare_their_own_original_and_other_labels():
    originals = [text("a", LONG), text("z", "전혀 다른 이야기가 여기에 있다")]
    made = [
        text("b", LONG + "네", of="a"),
        text("c", LONG + "요", of="a"),
        text("d", LONG + "지", of="z"),
        text("e", LONG + "오", of="a", label="other"),
    ]
    judge = NearDuplicates(threshold=0.8)
    verdicts = judge(made, originals)
    assert [v.keep for v in verdicts] == [True, False, False, True]
    assert verdicts[1].reason == "nearly equal to 'b'" and 0.8 <= verdicts[1].value < 1
    assert verdicts[2].reason == "nearly equal to 'a'"


def test_two_questions_on_one_long_context_are_no_near_duplicates():
    context = LONG * 5
    first = Record("b", {"question": "사람들은 언제 나물을 캐나?", "context": context}, lineage=("a",))
    other = Record("c", {"question": "밤을 줍는 계절은 무엇인가?", "context": context}, lineage=("a",))
    nearly = Record("d", {"question": "사람들은 언제 나물을 캐나요?", "context": context}, lineage=("a",))
    verdicts = NearDuplicates(threshold=0.7)([first, other, nearly], [])
    assert [v.keep for v in verdicts] == [True, True, False]


def answered_at(share: float, n: int, of: str = "", method: str = "title") -> list[Record]:
    start = round(share * 100)
    words = "가" * start + "답" + "나" * (99 - start)
    return [
        Record(
            f"{of}{method}{share}-{i}",
            {"question": "?", "context": words},
            {"answers": (Span(start, start + 1, "답"),)},
            {"augmented": method} if of else {},
            lineage=(of,) if of else (),
        )
        for i in range(n)
    ]


def test_a_method_with_answers_elsewhere_is_dropped_as_a_whole():
    gold = answered_at(0.05, 30) + answered_at(0.55, 30)
    fronted = answered_at(0.05, 60, of="o", method="title")
    fair = answered_at(0.05, 25, of="o", method="entity") + answered_at(0.55, 35, of="o", method="entity")
    few = answered_at(0.95, 9, of="o", method="few")
    verdicts = AnswerPosition(most=0.3)([*fronted, *fair, *few], gold)
    assert not any(v.keep for v in verdicts[:60]) and verdicts[0].value == pytest.approx(0.5)
    assert all(v.keep for v in verdicts[60:120]) and verdicts[60].value == pytest.approx(0.5 - 25 / 60)
    assert all(v.keep for v in verdicts[120:]) and "too few" in verdicts[120].reason


@given(
    st.lists(st.floats(0, 0.999), min_size=1, max_size=30),
    st.lists(st.floats(0, 0.999), min_size=1, max_size=30),
)
def test_total_variation_is_a_distance(left: list[float], right: list[float]):
    a, b = np.array(left), np.array(right)
    assert position_distance(a, a) == 0
    assert 0 <= position_distance(a, b) == position_distance(b, a) <= 1 + 1e-12


# Models


def test_search_rank_of_the_own_document():
    originals = [
        qa("a", "고개는?", "박달재"),
        qa("s", "바다는?", "동해", "동해는 강릉의 바다이고 물이 맑다."),
        qa("t", "강은?", "낙동강", "낙동강은 부산의 강이고 길다."),
    ]
    good = qa("b", "두루미골 북쪽의 고개는 무엇인가?", "박달재", of="a")
    astray = qa("c", "강릉의 바다는 무엇인가?", "박달재", of="a")
    verdicts = SearchRank(most=1)([good, astray, text("d", "질문 없음", of="a")], originals)
    assert [v.keep for v in verdicts] == [True, False, True] and verdicts[0].value == 1
    assert "first 1" in verdicts[1].reason


def test_a_question_does_not_find_the_passage_it_was_made_of_instead_of_its_own():
    asking = qa("q", "?", "나물", "봄이면 마을 사람들이 나물을 캐러 박달재를 넘는다.")
    home = qa("h", "?", "고개", "여러 갈래로 뻗은 높은 고개의 하나가 박달재이다.")
    made = Record(
        "m",
        {"question": "봄이면 마을 사람들이 나물을 캐러 무엇을 넘는다?", "context": home.fields["context"]},
        lineage=("h", "q"),
    )
    [verdict] = SearchRank(most=1)([made], [asking, home])
    assert not verdict.keep


def test_search_rank_by_the_label_of_the_document():
    originals = [
        qa("a", "고개는?", "박달재", document="마을"),
        qa("s", "?", "동해", "동해는 바다이다.", document="바다"),
    ]
    cut = qa("b", "두루미골의 북쪽 고개는?", "박달재", "고개가 박달재이다.", of="gone", document="마을")
    assert reason(SearchRank(most=1), cut, *originals) == ""
    with pytest.raises(OptionError, match="nothing to search"):
        SearchRank()([cut], [])


def test_round_trip_keeps_what_the_reader_finds_again():
    reader = Says({"고개는?": "박달재이", "마을은?": "마을"})
    made = [
        qa("b", "고개는?", "박달재", of="a", hint="박달재"),
        qa("c", "마을은?", "두루미골", of="a"),
        qa("d", "바다는?", "", of="a"),
    ]
    verdicts = RoundTrip(reader, least=0.8)(made, [GOLD])
    # 박달재이 against 박달재: 2 * 3 / (4 + 3) = 0.857
    assert [v.keep for v in verdicts] == [True, False, True]
    assert verdicts[0].value == pytest.approx(6 / 7) and "'마을'" in verdicts[1].reason
    assert all(not record.spans and not record.labels for record in reader.shown)


def test_consensus_counts_the_readers_that_agree():
    readers = [Says({"고개는?": "박달재"}), Says({"고개는?": "‘박달재’"}), Says({"고개는?": "마을"})]
    made = [qa("b", "고개는?", "박달재", of="a")]
    [two] = Consensus(readers)(made, [])
    assert two.keep and two.value == pytest.approx(2 / 3)
    [three] = Consensus(readers, agree=3)(made, [])
    assert not three.keep and three.reason == "2 of 3 readers agree; 2 say '박달재'"
    found = apply_filters(made, [], [Consensus(readers)])
    assert found.steps[0].mean == pytest.approx(2 / 3)


def test_a_reader_that_pools_records_is_refused():
    class Pools:
        def predict(self, records: Sequence[Record]) -> list[Prediction]:
            return [Prediction(records[0].id, "박달재", 1.0)]

    made = [qa("b", "고개는?", "박달재", of="a"), qa("c", "재는?", "박달재", of="a")]
    with pytest.raises(OptionError, match="one prediction a record"):
        RoundTrip(Pools())(made, [])


# All in turn


def test_rows_are_kept_in_order_and_dropped_once_with_a_reason(tmp_path: Path):
    originals = [text("a", "나는 집에 간다", label="x")]
    made = [
        text("1", "집에 나는 간다", of="a", label="x", augmented="swap"),
        text("2", "", of="a", label="x", augmented="swap"),
        text("3", "나는 집에 간다", of="a", label="x", augmented="delete"),
        text("4", "집에 나는  간다", of="a", label="x", augmented="swap"),
        text("5", "I go home now", of="a", label="x", augmented="delete"),
        text("6", "간다 나는 집에", of="a", label="x", augmented="swap"),
    ]
    filters = [make_filter("changed"), make_filter("language"), make_filter("duplicates")]
    found = apply_filters(made, originals, filters)
    assert [record.id for record in found.kept] == ["1", "6"]
    assert found.counts == {"changed": 2, "language": 1, "duplicates": 1}
    assert sorted(row.record.id for row in found.dropped) == ["2", "3", "4", "5"]
    assert all(row.reason for row in found.dropped)
    assert found.to_dict()["methods"] == {
        "swap": {"kept": 2, "changed": 1, "duplicates": 1},
        "delete": {"changed": 1, "language": 1},
    }
    save_dropped(found.dropped, tmp_path / "dropped.jsonl")
    assert read_dropped(tmp_path / "dropped.jsonl") == found.dropped


@given(st.lists(st.sampled_from(["가 나 다", "가 나", "", "abc", "라 마"]), max_size=12))
def test_kept_and_dropped_make_up_the_made(words: list[str]):
    made = [text(str(n), word, of="a") for n, word in enumerate(words)]
    names = ("changed", "language", "duplicates", "near-duplicates")
    found = apply_filters(made, [text("a", "가 나 다")], [make_filter(name) for name in names])
    ids = [r.id for r in found.kept] + [row.record.id for row in found.dropped]
    assert sorted(ids, key=int) == [record.id for record in made]
    assert [r.id for r in found.kept] == sorted((r.id for r in found.kept), key=int)
    assert sum(found.counts.values()) == len(found.dropped)


def test_originals_among_the_made_are_refused():
    with pytest.raises(OptionError, match="made from"):
        apply_filters([text("a", "글")], [], [Changed()])


def test_a_filter_that_forgets_rows_is_refused():
    class Forgets:
        name = "forgets"

        def __call__(self, made, originals):
            return [Verdict(True)]

    with pytest.raises(OptionError, match="one verdict a row"):
        apply_filters([text("1", "가", of="a"), text("2", "나", of="a")], [], [Forgets()])


class Turns:
    """An encoder that turns by an angle for each word that is new."""

    dimension, signature = 2, "turns"

    def encode_passages(self, passages):
        angles = [0.1 * passage.text.count("새") + 0.9 * passage.text.count("딴") for passage in passages]
        return np.array([[np.cos(a), np.sin(a)] for a in angles], dtype=np.float32)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("글이 새 길다 새 길다", ""),
        ("글이 길다 딴 딴", "the text is too far from its original's"),
        ("글이 새 길다", "the text is too near to its original's"),
        ("글이 길다", ""),  # no text was changed, so that there is nothing to compare
    ],
)
def test_a_copy_means_nearly_what_its_original_does(words: str, told: str):
    judge = Similarity(most=0.99, encoder=Turns())
    assert reason(judge, text("b", words, of="a"), text("a", "글이 길다")) == told


def test_the_changed_field_that_is_farthest_is_what_is_measured():
    judge = Similarity(most=0.99, encoder=Turns())
    made = Record("b", {"question": "새 무엇?", "context": "글 딴"}, lineage=("a",))
    original = Record("a", {"question": "무엇?", "context": "글"})
    [found] = judge([made], [original])
    assert found.reason == "the context is too far from its original's"
    assert found.value == pytest.approx(np.cos(0.9), abs=1e-6)
    assert reason(Similarity(most=0.999, encoder=Turns(), fields=("question",)), made, original) == ""
    assert "not at hand" in reason(judge, made)


def test_the_bundled_encoder_tells_a_paraphrase_from_another_sentence():
    original = text("a", "주말에 아이들과 강가에서 연을 날렸다")
    near = text("b", "주말에 아이들이랑 냇가에서 연을 날리며 놀았다", of="a")
    far = text("c", "은행은 기준 금리를 다시 올렸다", of="a")
    found = apply_filters([near, far], [original], [make_filter("similarity")])
    assert [record.id for record in found.kept] == ["b"]
    assert found.dropped[0].reason == "the text is too far from its original's"
    assert 0 < found.dropped[0].value < 0.75


NEEDED = {"round-trip": {"reader": Says({})}, "consensus": {"readers": [Says({}), Says({})]}}


@pytest.mark.parametrize("name", FILTERS)
def test_every_filter_of_the_table_bears_its_name_and_takes_nothing(name: str):
    judge = make_filter(name, **NEEDED.get(name, {}))
    assert judge.name == name and judge([], []) == []


@pytest.mark.parametrize(
    ("name", "options", "what"),
    [
        ("langauge", {}, "unknown filter"),
        ("language", {"leest": 0.5}, "unknown option"),
        ("language", {"least": 50}, "out of range"),
        ("length-ratio", {"least": 2, "most": 1}, "no room"),
        ("similarity", {"least": 0.9, "most": 0.8}, "no room"),
        ("similarity", {"most": 75}, "no room"),
        ("near-duplicates", {"threshold": 0.2}, "out of range"),
        ("answer-position", {"bins": 1}, "bins"),
        ("search-rank", {"most": 0}, "ranks"),
        ("round-trip", {}, "lacks an option"),
        ("round-trip", {"reader": Says({}), "metric": "bleu"}, "metric"),
        ("consensus", {"readers": [Says({})]}, "consensus"),
        ("consensus", {"readers": [Says({}), Says({})], "agree": 3}, "consensus"),
    ],
)
def test_options_are_checked(name: str, options: dict, what: str):
    with pytest.raises(OptionError, match=what):
        make_filter(name, **options)
