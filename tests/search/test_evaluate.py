"""Evaluation by document, and tuning."""

from __future__ import annotations

import pytest

from gongbang.data.records import Passage, Record, Span
from gongbang.errors import OptionError
from gongbang.search.analysis import AnalysisConfig, SearchAnalyser
from gongbang.search.contexts import passages_of
from gongbang.search.dense import DenseIndex
from gongbang.search.evaluate import (
    Judged,
    documents_found,
    evaluate_search,
    judged_questions,
    tune_fusion,
    tune_rerank,
)
from gongbang.search.fusion import Fusion
from gongbang.search.hybrid import HybridIndex
from gongbang.search.lexical import LexicalIndex
from gongbang.search.rerank import Rerank
from tests.search.conftest import HashEncoder, OverlapReranker

WORDS = SearchAnalyser(AnalysisConfig(kinds=("whitespace",)))


def judged(*pairs: tuple[str, str]) -> Judged:
    return Judged(
        tuple(q for q, _ in pairs), tuple(frozenset({d}) for _, d in pairs), tuple(d for _, d in pairs)
    )


def test_a_document_stands_at_its_best_piece() -> None:
    index = LexicalIndex(WORDS)
    pieces = [Passage(f"a{i}", "봄 " * (9 - i), document="a") for i in range(8)]
    index.build(
        [*pieces, Passage("b1", "봄 여름 여름 여름 여름", document="b"), Passage("c1", "가을", document="c")]
    )
    report = evaluate_search(index, judged(("봄", "a"), ("봄", "b"), ("봄", "c"), ("가을", "c")), cuts=(1, 2))
    assert report.rankings[:2] == (("a", "b"), ("a", "b"))
    flat = report.to_dict()
    assert flat["recall@1"] == 0.5  # a and the second c
    assert flat["recall@2"] == 0.75
    assert flat["mrr@10"] == pytest.approx((1 + 0.5 + 0 + 1) / 4)
    assert flat["n"] == 4
    assert set(flat["intervals"]) == {"recall@1", "recall@2", "mrr@10"}


def test_search_goes_deeper_until_enough_documents_are_found() -> None:
    index = LexicalIndex(WORDS)
    index.build(
        [Passage(f"a{i:02}", "봄", document="a") for i in range(30)] + [Passage("b", "봄 산", document="b")]
    )
    assert documents_found(index, ["봄"], 2) == [("a", "b")]


def test_questions_and_passages_of_records() -> None:
    records = [
        Record(
            "1",
            {"question": "q1", "context": "봄이다", "title": "철"},
            {"answers": (Span(0, 1, "봄"),)},
            {"document": "d1"},
            "철",
        ),
        Record(
            "2", {"question": "q2", "context": "봄이다", "title": "철"}, {"answers": ()}, {"document": "d1"}
        ),
        Record("3", {"question": "q3", "context": "여름이다"}),
        Record("4", {"question": " ", "context": "가을이다"}),
        Record("5", {"question": "q5", "context": "\n"}),
        Record("6", {"question": "q6"}),
    ]
    questions = judged_questions(records)
    assert questions.questions == ("q1", "q3")  # q2 says that nothing answers it
    assert questions.relevant == (frozenset({"d1"}), frozenset({"여름이다"}))
    assert questions.groups == ("철", "3")
    passages = passages_of(records)
    assert [(p.id, p.text, p.title, p.document) for p in passages] == [
        ("d1", "봄이다", "철", "d1"),
        ("여름이다", "여름이다", "", "여름이다"),
        ("가을이다", "가을이다", "", "가을이다"),
    ]


def test_no_question_is_refused(passages: list[Passage]) -> None:
    index = LexicalIndex(WORDS)
    index.build(passages)
    with pytest.raises(OptionError):
        evaluate_search(index, judged())


def hybrid(passages: list[Passage]) -> HybridIndex:
    index = HybridIndex(LexicalIndex(), DenseIndex(HashEncoder()))
    index.build(passages)
    return index


def test_tuning_agrees_with_evaluating_each_setting(passages: list[Passage]) -> None:
    index = hybrid(passages)
    questions = judged(
        ("만든 글자", "doc-hangeul"),
        ("바닷가 공장", "doc-busan"),
        ("소풍에 먹는 것", "doc-kim"),
        ("서울을 지나는 강", "doc-seoul"),
        ("산이 솟은 곳", "doc-jeju"),
    )
    tuned = tune_fusion(index, questions, weights=(0.0, 0.5, 1.0))
    assert len(tuned.table) == 9
    assert tuned.value == max(value for _, value in tuned.table) == tuned.table[0][1]
    for setting, value in tuned.table:
        lexical = setting["lexical"]
        fusion = Fusion(setting["method"], {"lexical": lexical, "dense": 1.0 - lexical})
        report = evaluate_search(HybridIndex(index.lexical, index.dense, fusion), questions)
        assert report.scores.value == pytest.approx(value)
    assert isinstance(tuned.best, Fusion)
    assert tuned.to_dict()["table"][0]["mrr@10"] == tuned.value


def test_tuning_the_reranker_agrees_with_evaluating(passages: list[Passage]) -> None:
    index = hybrid(passages)
    questions = judged(
        ("만든 글자", "doc-hangeul"), ("바닷가 공장", "doc-busan"), ("소풍에 먹는 것", "doc-kim")
    )
    reranker = OverlapReranker()
    tuned = tune_rerank(index, Rerank(reranker, top=4), questions, weights=(0.0, 0.5, 1.0))
    assert len(reranker.seen) == len(questions)  # each question is judged once for all weights
    best = HybridIndex(index.lexical, index.dense, index.fusion, tuned.best)
    assert evaluate_search(best, questions).scores.value >= tuned.value - 1e-9
