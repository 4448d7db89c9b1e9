"""BM25 against its formula, rank_bm25 and bm25s."""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from gongbang.data.records import Passage
from gongbang.errors import OptionError
from gongbang.search.analysis import AnalysisConfig, SearchAnalyser
from gongbang.search.bm25 import LexicalOptions
from gongbang.search.lexical import LexicalIndex

WORDS = ["봄", "여름", "가을", "겨울", "산", "강", "바다", "하늘", "별", "달"]


def plain(method: str, k1: float = 1.2, b: float = 0.75) -> LexicalIndex:
    config = AnalysisConfig(kinds=("whitespace",), steps=(), lower=False)
    return LexicalIndex(SearchAnalyser(config), LexicalOptions(k1=k1, b=b, title_weight=0.0, method=method))


def corpus(count: int, seed: int = 0) -> list[list[str]]:
    rng = random.Random(seed)
    return [rng.choices(WORDS, weights=range(1, 11), k=rng.randint(1, 30)) for _ in range(count)]


def brute_force(docs: list[list[str]], query: list[str], k1: float, b: float) -> list[float]:
    """Lucene's form, straight from the page."""
    mean = sum(map(len, docs)) / len(docs)
    scores = []
    for doc in docs:
        counts, score = Counter(doc), 0.0
        for word in query:
            n = sum(word in other for other in docs)
            idf = math.log(1 + (len(docs) - n + 0.5) / (n + 0.5))
            tf = counts[word]
            if tf == 0:
                continue
            score += idf * tf / (tf + k1 * (1 - b + b * len(doc) / mean))
        scores.append(score)
    return scores


@pytest.mark.parametrize(("k1", "b"), [(1.2, 0.75), (0.5, 0.0), (0.0, 1.0), (2.0, 1.0)])
def test_lucene_form_is_the_formula(k1: float, b: float) -> None:
    docs = corpus(40)
    index = plain("lucene", k1, b)
    index.build([Passage(str(i), " ".join(doc)) for i, doc in enumerate(docs)])
    for query in (["봄"], ["달", "별", "달"], ["없음", "산"]):
        ours = index.scores([" ".join(query)])[0]
        np.testing.assert_allclose(ours, brute_force(docs, query, k1, b), atol=1e-12)


def test_okapi_form_is_rank_bm25() -> None:
    rank_bm25 = pytest.importorskip("rank_bm25")
    docs = corpus(60, seed=1)
    index = plain("okapi", 1.5)
    index.build([Passage(str(i), " ".join(doc)) for i, doc in enumerate(docs)])
    theirs = rank_bm25.BM25Okapi(docs, k1=1.5, b=0.75)  # 달 is in most passages: a negative idf is floored
    for query in (["봄", "달"], ["달"], ["산", "강", "강"]):
        np.testing.assert_allclose(index.scores([" ".join(query)])[0], theirs.get_scores(query), atol=1e-9)


@pytest.mark.parametrize("method", ["lucene", "atire"])
def test_forms_are_those_of_bm25s(method: str) -> None:
    bm25s = pytest.importorskip("bm25s")
    docs = corpus(60, seed=2)
    index = plain(method)
    index.build([Passage(str(i), " ".join(doc)) for i, doc in enumerate(docs)])
    theirs = bm25s.BM25(k1=1.2, b=0.75, method=method, dtype="float64")
    theirs.index(docs, show_progress=False)
    query = ["봄", "산", "별"]
    np.testing.assert_allclose(index.scores([" ".join(query)])[0], theirs.get_scores(query), atol=1e-6)


@pytest.mark.shared
def test_real_passages_match_rank_bm25_and_the_formula(shared_data: Path) -> None:
    rank_bm25 = pytest.importorskip("rank_bm25")
    data = json.loads((shared_data / "qa/korquad1/KorQuAD_v1.0_dev_112.json").read_text(encoding="utf-8"))[
        "data"
    ]
    paragraphs = [p for article in data for p in article["paragraphs"]][:200]
    docs = [p["context"].split() for p in paragraphs]
    questions = [p["qas"][0]["question"] for p in paragraphs[:25]]
    passages = [Passage(str(i), p["context"]) for i, p in enumerate(paragraphs)]
    okapi, lucene = plain("okapi", 1.5), plain("lucene", 0.9, 0.4)
    okapi.build(passages)
    lucene.build(passages)
    theirs = rank_bm25.BM25Okapi(docs, k1=1.5, b=0.75)
    for question in questions:
        words = question.split()
        np.testing.assert_allclose(okapi.scores([question])[0], theirs.get_scores(words), atol=1e-6)
    words = questions[0].split()
    np.testing.assert_allclose(
        lucene.scores([questions[0]])[0], brute_force(docs, words, 0.9, 0.4), atol=1e-6
    )


def test_title_field_by_hand() -> None:
    """Two passages of four words, titles of one word; BM25F with title_weight 2."""
    config = AnalysisConfig(kinds=("whitespace",), steps=())
    index = LexicalIndex(SearchAnalyser(config), LexicalOptions(k1=1.0, b=0.5, title_weight=2.0, title_b=0.5))
    index.build([Passage("1", "a b c d", "x"), Passage("2", "a a b b", "y")])
    # lengths equal their means, so B = T = 1. x: title of passage 1 only; frequency 2, idf log(1 + 1.5/1.5).
    np.testing.assert_allclose(index.scores(["x"])[0], [math.log(2) * 2 / 3, 0.0])
    # c is in one body: frequency 1.
    np.testing.assert_allclose(index.scores(["c"])[0], [math.log(2) / 2, 0.0])
    # a is in both: idf log(1 + .5/2.5), frequencies 1 and 2.
    idf = math.log(1.2)
    np.testing.assert_allclose(index.scores(["a"])[0], [idf / 2, idf * 2 / 3])


def test_lengths_are_counted_by_kind() -> None:
    """Bigrams make no passage long for its words: kinds scored together are the sum of kinds alone."""
    passages = [Passage("1", "봄바람 산 강"), Passage("2", "봄 산"), Passage("3", "여름바다 하늘길 별")]

    def scores(kinds: tuple[str, ...]) -> np.ndarray:
        options = LexicalOptions(kind_weights={"bigrams": 0.3, "whitespace": 1.0})
        index = LexicalIndex(SearchAnalyser(AnalysisConfig(kinds=kinds)), options)
        index.build(passages)
        return index.scores(["봄바람 산 하늘길"])[0]

    both = scores(("bigrams", "whitespace"))
    np.testing.assert_allclose(both, scores(("bigrams",)) + scores(("whitespace",)), atol=1e-12)


@pytest.mark.parametrize(
    "options",
    [
        {"k1": -1.0},
        {"b": 1.5},
        {"title_weight": -0.1},
        {"method": "bm26"},
        {"kind_weights": {"words": -1.0}},
        {"kind_weights": {"word": 1.0}},
        {"boost_tags": ("NPP",)},
        {"boost_tags": ("NNP", "NNP")},
        {"entity_boost": float("nan")},
    ],
)
def test_refusals(options: dict[str, object]) -> None:
    with pytest.raises(OptionError):
        LexicalOptions(**options)  # type: ignore[arg-type]


def test_options_round_trip() -> None:
    options = LexicalOptions(k1=0.7, kind_weights={"bigrams": 0.1})
    assert LexicalOptions.from_dict(json.loads(json.dumps(options.to_dict()))) == options
    with pytest.raises(OptionError):
        LexicalOptions.from_dict({"k3": 1})


def test_a_weight_of_a_kind_that_is_not_made_is_refused() -> None:
    analyser = SearchAnalyser(AnalysisConfig(kinds=("whitespace",)))
    with pytest.raises(OptionError, match="does nothing") as error:
        LexicalIndex(analyser, LexicalOptions(kind_weights={"pairs": 5.0, "whitespace": 9.0}))
    assert error.value.value == "pairs 5"
    LexicalIndex(analyser, LexicalOptions(kind_weights={"whitespace": 9.0}))
    LexicalIndex(analyser, LexicalOptions.from_dict(LexicalOptions().to_dict()))  # as it is stored
