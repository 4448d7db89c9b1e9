"""Dense search is exact, and bound to its encoder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gongbang.data.records import Passage
from gongbang.errors import OptionError, SearchIndexError
from gongbang.search.base import Index
from gongbang.search.dense import DenseIndex
from tests.search.conftest import HashEncoder

QUESTIONS = ["부산의 항구", "세종이 만든 글자", "귤밭"]


def built(encoder: HashEncoder, passages: list[Passage]) -> DenseIndex:
    index = DenseIndex(encoder)
    index.build(passages)
    return index


def test_scores_are_the_products_of_each_pair(encoder: HashEncoder, passages: list[Passage]) -> None:
    index = built(encoder, passages)
    assert isinstance(index, Index)
    pairs = [
        [float(encoder.encode_queries([q])[0] @ encoder.encode_passages([p])[0]) for p in passages]
        for q in QUESTIONS
    ]
    np.testing.assert_allclose(index.scores(QUESTIONS), pairs, atol=1e-6)
    for question, row, hits in zip(QUESTIONS, pairs, index.search(QUESTIONS, 3), strict=True):
        assert [hit.score for hit in hits] == pytest.approx(sorted(row, reverse=True)[:3], abs=1e-6)
        assert hits[0].score == pytest.approx(index.explain(question, hits[0].passage.id).score, abs=1e-6)


def test_the_best_are_exact_though_float16_scans(encoder: HashEncoder) -> None:
    """Two thousand near twins: float16 alone would confuse them."""
    rng = np.random.default_rng(0)
    base = rng.normal(size=64)
    rows = (base + 1e-3 * rng.normal(size=(2000, 64))).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)

    class Fixed(HashEncoder):
        def encode_passages(self, passages: object) -> NDArray[np.float32]:
            return rows[[int(p.id) for p in passages]]  # type: ignore[attr-defined]

    index = built(Fixed(), [Passage(str(i), "x") for i in range(2000)])
    query = Fixed().encode_queries(["무엇"])[0]
    exact = rows @ query
    assert index.search(["무엇"], 1)[0][0].score == pytest.approx(float(exact.max()), abs=2e-5)


def test_add_and_delete_equal_a_fresh_build_and_encode_only_what_is_new(passages: list[Passage]) -> None:
    encoder = HashEncoder()
    index = built(encoder, passages[:4])
    index.add(passages[4:])
    index.delete(["busan"])
    assert encoder.encoded == len(passages)
    fresh = built(encoder, [p for p in passages if p.id != "busan"])
    np.testing.assert_array_equal(index.scores(QUESTIONS), fresh.scores(QUESTIONS))
    assert index.search(QUESTIONS, 5) == fresh.search(QUESTIONS, 5)


def test_save_open_and_a_stale_encoder(encoder: HashEncoder, passages: list[Passage], tmp_path: Path) -> None:
    index = built(encoder, passages)
    index.save(tmp_path / "index")
    opened = DenseIndex.open(tmp_path / "index", encoder)
    assert isinstance(opened._coarse, np.memmap) and opened._coarse.dtype == np.float16
    assert opened.search(QUESTIONS, 4) == index.search(QUESTIONS, 4)
    opened.delete(["seoul"])
    assert len(opened) == len(passages) - 1
    with pytest.raises(SearchIndexError, match="another encoder") as caught:
        DenseIndex.open(tmp_path / "index", HashEncoder("other"))
    assert len(caught.value.lines()) == 4


def test_an_encoder_that_breaks_its_word_is_refused(passages: list[Passage]) -> None:
    class Long(HashEncoder):
        def encode_queries(self, texts: object) -> NDArray[np.float32]:
            return 2 * super().encode_queries(texts)  # type: ignore[arg-type]

    class Narrow(HashEncoder):
        def encode_queries(self, texts: object) -> NDArray[np.float32]:
            return super().encode_queries(texts)[:, :8]  # type: ignore[arg-type]

    class Empty(HashEncoder):
        def encode_queries(self, texts: object) -> NDArray[np.float32]:
            return np.full((len(texts), 64), np.nan, np.float32)  # type: ignore[arg-type]

    for encoder in (Long(), Narrow(), Empty()):
        with pytest.raises(SearchIndexError, match="unit vectors"):
            built(encoder, passages)


def test_empty_and_refused(encoder: HashEncoder, passages: list[Passage], tmp_path: Path) -> None:
    index = built(encoder, [])
    assert index.search(QUESTIONS, 3) == [[], [], []]
    assert index.scores(QUESTIONS).shape == (3, 0)
    index.save(tmp_path / "index")
    assert len(DenseIndex.open(tmp_path / "index", encoder)) == 0
    index = built(encoder, passages)
    assert index.search([], 3) == []
    with pytest.raises(OptionError):
        index.search(QUESTIONS, 0)
    with pytest.raises(SearchIndexError):
        index.add(passages[:1])
    with pytest.raises(SearchIndexError):
        index.delete(["nowhere"])
