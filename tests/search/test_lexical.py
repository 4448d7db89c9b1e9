"""The lexical index: finding, changing, storing, explaining."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongbang.data.records import Passage
from gongbang.errors import OptionError, SearchIndexError
from gongbang.search.analysis import AnalysisConfig, SearchAnalyser
from gongbang.search.base import Index
from gongbang.search.bm25 import LexicalOptions
from gongbang.search.lexical import LexicalIndex

QUESTIONS = ["한글을 만든 사람은?", "KTX는 어디를 달리나?", "귤을 기르는 섬은?", "1394년의 수도는 어디였나?"]
ANALYSER = SearchAnalyser()


def built(passages: list[Passage], options: LexicalOptions | None = None) -> LexicalIndex:
    index = LexicalIndex(ANALYSER, options)
    index.build(passages)
    return index


def ids(index: LexicalIndex, questions: list[str], k: int = 3) -> list[list[str]]:
    return [[hit.passage.id for hit in hits] for hits in index.search(questions, k)]


def same(one: LexicalIndex, other: LexicalIndex) -> None:
    """Equal array for array, hence in every score."""
    assert list(one.passages) == list(other.passages)
    theirs = other._postings.arrays()
    for name, array in one._postings.arrays().items():
        np.testing.assert_array_equal(array, theirs[name], err_msg=name)


def test_finds(passages: list[Passage]) -> None:
    index = built(passages)
    assert isinstance(index, Index)
    assert [found[0] for found in ids(index, QUESTIONS)] == ["hangeul", "train", "jeju", "seoul"]
    hit = index.search(QUESTIONS[:1], 1)[0][0]
    assert hit.document == "doc-hangeul"
    assert hit.parts == {"lexical": hit.score}


def test_scores_fall_and_passages_without_a_token_stay_out(passages: list[Passage]) -> None:
    index = built(passages)
    for hits in index.search(QUESTIONS, 10):
        scores = [hit.score for hit in hits]
        assert scores == sorted(scores, reverse=True)
        assert all(score > 0 for score in scores)
    assert index.search(["zzz qqq"], 5) == [[]]
    assert index.search([""], 5) == [[]]
    assert index.search([], 5) == []


def test_title_brings_a_passage_forward(passages: list[Passage]) -> None:
    question = "김밥은 밥인가?"
    twins = [Passage("1", "밥과 김을 먹는다.", "김밥"), Passage("2", "밥과 김을 먹는다.", "국수")]
    assert built(twins).search([question], 2)[0][0].passage.id == "1"
    untitled = built(twins, LexicalOptions(title_weight=0.0)).search([question], 2)[0]
    assert untitled[0].score == untitled[1].score


def test_boost_of_zero_is_plain_bm25_and_more_changes_scores(passages: list[Passage]) -> None:
    plain = built(passages, LexicalOptions(entity_boost=0.0)).scores(QUESTIONS)
    untagged = built(passages, LexicalOptions(entity_boost=3.0, boost_tags=())).scores(QUESTIONS)
    np.testing.assert_array_equal(plain, untagged)
    boosted = built(passages, LexicalOptions(entity_boost=1.0)).scores(QUESTIONS)
    assert (boosted >= plain).all() and (boosted > plain).any()


def test_order_of_questions_changes_nothing(passages: list[Passage]) -> None:
    index = built(passages)
    order = [2, 0, 3, 1]
    np.testing.assert_array_equal(index.scores([QUESTIONS[i] for i in order]), index.scores(QUESTIONS)[order])
    np.testing.assert_array_equal(index.scores(QUESTIONS[:1])[0], index.scores(QUESTIONS)[0])


def test_add_and_delete_equal_a_fresh_build(passages: list[Passage]) -> None:
    index = built(passages[:3])
    index.add(passages[3:])
    same(index, built(passages))
    index.delete(["busan", "hangeul"])
    rest = [p for p in passages if p.id not in {"busan", "hangeul"}]
    fresh = built(rest)
    same(index, fresh)
    np.testing.assert_array_equal(index.scores(QUESTIONS), fresh.scores(QUESTIONS))
    index.add([passages[1]])
    same(index, built([*rest, passages[1]]))


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 7)), max_size=8))
def test_any_sequence_of_changes_equals_a_fresh_build(steps: list[tuple[bool, int]]) -> None:
    words = ["봄 산", "강 산 산", "별", "달 별 봄", "", "하늘 바다", "산", "바다 봄"]
    analyser = SearchAnalyser(AnalysisConfig(kinds=("whitespace",)))
    pool = [Passage(str(i), text, "산" if i % 2 else "") for i, text in enumerate(words)]
    index, held = LexicalIndex(analyser), []
    index.build([])
    for add, i in steps:
        if add and pool[i] not in held:
            index.add([pool[i]])
            held.append(pool[i])
        elif not add and pool[i] in held:
            index.delete([pool[i].id])
            held.remove(pool[i])
    fresh = LexicalIndex(analyser)
    fresh.build(held)
    same(index, fresh)
    np.testing.assert_array_equal(index.scores(["봄 산 별"]), fresh.scores(["봄 산 별"]))


def test_deleting_everything_leaves_an_empty_index(passages: list[Passage]) -> None:
    index = built(passages)
    index.delete([p.id for p in passages])
    assert len(index) == 0
    assert index.search(QUESTIONS, 3) == [[], [], [], []]


def test_taken_and_unknown_ids_change_nothing(passages: list[Passage]) -> None:
    index = built(passages)
    before = index.scores(QUESTIONS)
    for change in (
        lambda: index.add([passages[0]]),
        lambda: index.add([Passage("new", "새"), Passage("new", "새")]),
        lambda: index.delete(["busan", "nowhere"]),
        lambda: index.build([passages[0], passages[0]]),
        lambda: index.explain("서울", "nowhere"),
    ):
        with pytest.raises(SearchIndexError) as caught:
            change()
        assert len(caught.value.lines()) == 4
    np.testing.assert_array_equal(index.scores(QUESTIONS), before)
    with pytest.raises(OptionError):
        index.search(QUESTIONS, 0)


def test_explanation_sums_to_the_score(passages: list[Passage]) -> None:
    index = built(passages)
    for question, hits in zip(QUESTIONS, index.search(QUESTIONS, 10), strict=True):
        for hit in hits:
            explained = index.explain(question, hit.passage.id)
            assert explained.score == pytest.approx(hit.score, abs=1e-9)
            assert sum(t.contribution for t in explained.tokens) == pytest.approx(hit.score, abs=1e-9)
            for token in explained.tokens:
                product = token.query_weight * token.idf * token.saturation
                assert token.contribution == pytest.approx(product, abs=1e-12)
                assert token.body + token.title > 0
    top = index.explain(QUESTIONS[0], "hangeul").tokens[0]
    assert top.token == "한글" and top.title == 1
    json.dumps(index.explain(QUESTIONS[0], "hangeul").to_dict(), ensure_ascii=False)
    assert index.explain("zzz", "seoul").tokens == ()


def test_save_and_open_give_the_same_answers(passages: list[Passage], tmp_path: Path) -> None:
    index = built(passages)
    index.save(tmp_path / "index")
    opened = LexicalIndex.open(tmp_path / "index")
    assert opened.signature == index.signature
    assert isinstance(opened._postings.rows, np.memmap)
    same(opened, index)
    assert opened.search(QUESTIONS, 5) == index.search(QUESTIONS, 5)
    opened.delete(["seoul"])
    opened.add([Passage("new", "대전은 과학의 도시이다.")])
    opened.save(tmp_path / "index")  # over the very files it is mapped to
    again = LexicalIndex.open(tmp_path / "index", ANALYSER)
    assert ids(again, ["과학의 도시"], 1) == [["new"]]
    assert [path.name for path in tmp_path.iterdir()] == ["index"]


def test_an_empty_index_can_be_stored(tmp_path: Path) -> None:
    built([]).save(tmp_path / "index")
    assert LexicalIndex.open(tmp_path / "index", ANALYSER).search(["봄"], 3) == [[]]


def test_another_analyser_is_refused(passages: list[Passage], tmp_path: Path) -> None:
    built(passages).save(tmp_path / "index")
    with pytest.raises(SearchIndexError, match="another analyser") as caught:
        LexicalIndex.open(tmp_path / "index", SearchAnalyser(AnalysisConfig(kinds=("whitespace",))))
    assert len(caught.value.lines()) == 4


def test_signature_holds_analyser_and_options() -> None:
    plain = LexicalIndex(ANALYSER)
    assert plain.signature == LexicalIndex(SearchAnalyser()).signature
    assert plain.signature != LexicalIndex(ANALYSER, LexicalOptions(k1=0.9)).signature
    assert plain.signature != LexicalIndex(SearchAnalyser(AnalysisConfig(lower=False))).signature


@pytest.mark.shared
def test_default_reaches_its_bar_on_korquad(shared_data: Path) -> None:
    data = json.loads((shared_data / "qa/korquad1/KorQuAD_v1.0_dev_112.json").read_text(encoding="utf-8"))[
        "data"
    ]
    first: dict[str, str] = {}
    passages, questions, gold = [], [], []
    for article in data:
        for p in article["paragraphs"]:
            key = first.setdefault(p["context"], str(len(first)))
            if int(key) == len(passages):
                passages.append(Passage(key, p["context"], article["title"], key))
            questions += [qa["question"] for qa in p["qas"][:1]]
            gold += [key for _ in p["qas"][:1]]
    index = built(passages)
    found = ids(index, questions, 5)
    assert np.mean([g == f[0] for g, f in zip(gold, found, strict=True)]) > 0.92
    assert np.mean([g in f for g, f in zip(gold, found, strict=True)]) > 0.98
