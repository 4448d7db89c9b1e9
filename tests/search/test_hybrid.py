"""The hybrid index: two parts, one folder, and a second look."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gongbang.data.records import Passage
from gongbang.errors import OptionError, SearchIndexError
from gongbang.search.base import Index
from gongbang.search.dense import DenseIndex
from gongbang.search.folders import data_folder
from gongbang.search.fusion import Fusion
from gongbang.search.hybrid import HybridIndex
from gongbang.search.lexical import LexicalIndex
from gongbang.search.rerank import Rerank
from tests.search.conftest import HashEncoder, OverlapReranker

QUESTIONS = ["한글을 만든 사람은?", "KTX는 어디를 달리나?", "귤을 기르는 섬은?"]


def built(passages: list[Passage], fusion: Fusion | None = None, rerank: Rerank | None = None) -> HybridIndex:
    index = HybridIndex(LexicalIndex(), DenseIndex(HashEncoder()), fusion, rerank)
    index.build(passages)
    return index


def order(index: Index, k: int = 6) -> list[list[str]]:
    return [[hit.passage.id for hit in hits] for hits in index.search(QUESTIONS, k)]


def test_parts_hold_the_raw_scores(passages: list[Passage]) -> None:
    index = built(passages)
    assert isinstance(index, Index)
    for question, hits in zip(QUESTIONS, index.search(QUESTIONS, 3), strict=True):
        for hit in hits:
            row = index.position(hit.passage.id)
            assert hit.parts["lexical"] == pytest.approx(index.lexical.scores([question])[0][row])
            assert hit.parts["dense"] == pytest.approx(index.dense.scores([question])[0][row])


def test_all_weight_on_one_part_is_that_part(passages: list[Passage]) -> None:
    dense = built(passages, Fusion(weights={"lexical": 0.0, "dense": 1.0}))
    assert order(dense) == order(dense.dense)
    lexical = built(passages, Fusion(weights={"lexical": 1.0, "dense": 0.0}))
    assert [ids[0] for ids in order(lexical)] == [ids[0] for ids in order(lexical.lexical)]


def test_add_and_delete_equal_a_fresh_build(passages: list[Passage]) -> None:
    index = built(passages[:4])
    index.add(passages[4:])
    index.delete(["kim"])
    fresh = built([p for p in passages if p.id != "kim"])
    assert index.search(QUESTIONS, 5) == fresh.search(QUESTIONS, 5)
    with pytest.raises(SearchIndexError):
        index.add(passages[:1])
    with pytest.raises(SearchIndexError):
        index.delete(["nowhere"])
    assert len(index.lexical) == len(index.dense) == 5


def test_explanation_sums(passages: list[Passage]) -> None:
    index = built(passages)
    for question, hits in zip(QUESTIONS, index.search(QUESTIONS, 3), strict=True):
        for hit in hits:
            explained = index.explain(question, hit.passage.id)
            assert explained.score == pytest.approx(hit.score, abs=1e-9)
            assert sum(explained.parts.values()) == pytest.approx(hit.score, abs=1e-9)
            tokens = sum(token.contribution for token in explained.tokens)
            assert tokens == pytest.approx(explained.raw["lexical"], abs=1e-6)
    shallow = built(passages, Fusion(depth=1))
    absent = next(i for i in order(built(passages))[0] if i not in order(shallow)[0])
    assert shallow.explain(QUESTIONS[0], absent).score == 0.0


def test_save_and_open(passages: list[Passage], tmp_path: Path) -> None:
    index = built(passages, Fusion("zscore", {"lexical": 0.6, "dense": 0.4}))
    index.save(tmp_path / "index")
    opened = HybridIndex.open(tmp_path / "index", HashEncoder())
    assert opened.signature == index.signature
    assert opened.fusion == index.fusion
    assert opened.search(QUESTIONS, 4) == index.search(QUESTIONS, 4)
    with pytest.raises(SearchIndexError, match="another encoder"):
        HybridIndex.open(tmp_path / "index", HashEncoder("other"))


def test_parts_of_two_indexes_are_not_mixed(passages: list[Passage], tmp_path: Path) -> None:
    built(passages).save(tmp_path / "one")
    built(passages[:3]).save(tmp_path / "two")
    one, two = data_folder(tmp_path / "one") / "dense", data_folder(tmp_path / "two") / "dense"
    (one / "vectors32.npy").write_bytes((two / "vectors32.npy").read_bytes())
    with pytest.raises(SearchIndexError, match="damaged"):
        HybridIndex.open(tmp_path / "one", HashEncoder())
    with pytest.raises(SearchIndexError, match="different passages"):
        HybridIndex(built(passages).lexical, built(passages[:3]).dense)


def test_reranker_looks_at_the_top_only(passages: list[Passage]) -> None:
    plain = built(passages)
    reranker = OverlapReranker()
    index = built(passages, rerank=Rerank(reranker, top=3, weight=1.0))
    before, after = order(plain), order(index)
    assert reranker.seen == [3, 3, 3]
    for one, two in zip(before, after, strict=True):
        assert set(one[:3]) == set(two[:3])
        assert one[3:] == two[3:]
    for hits in index.search(QUESTIONS, 6):
        judged = [hit.parts["rerank"] for hit in hits[:3]]
        assert judged == sorted(judged, reverse=True)
        scores = [hit.score for hit in hits]
        assert scores == sorted(scores, reverse=True)
        assert "rerank" not in hits[3].parts and "first" in hits[0].parts


def test_asking_for_more_hits_changes_no_score(passages: list[Passage]) -> None:
    index = built(passages, rerank=Rerank(OverlapReranker(), top=3, weight=0.5))
    few, many = index.search(QUESTIONS, 2), index.search(QUESTIONS, 6)
    assert few == [hits[:2] for hits in many]


def test_rerank_weight_of_zero_changes_nothing(passages: list[Passage]) -> None:
    index = built(passages, rerank=Rerank(OverlapReranker(), weight=0.0))
    assert index.search(QUESTIONS, 6) == built(passages).search(QUESTIONS, 6)


def test_refusals(passages: list[Passage]) -> None:
    with pytest.raises(OptionError):
        Rerank(OverlapReranker(), top=0)
    with pytest.raises(OptionError):
        Rerank(OverlapReranker(), weight=1.5)
    assert Rerank(OverlapReranker()).signature != Rerank(OverlapReranker(), top=5).signature

    class Broken(OverlapReranker):
        def score(self, question: str, passages: object) -> np.ndarray:
            return np.array([np.nan])

    with pytest.raises(SearchIndexError, match="one finite score"):
        built(passages, rerank=Rerank(Broken())).search(QUESTIONS, 1)


def test_empty(tmp_path: Path) -> None:
    index = built([], rerank=Rerank(OverlapReranker()))
    assert index.search(QUESTIONS, 3) == [[], [], []]
