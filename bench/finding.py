"""Search: how well and how fast, against the usual BM25 libraries on the same passages and questions."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from machine import version_of
from report import Section
from rounds import Turn, Unavailable, in_rounds, progress, ratio, take_turns
from sources import Question, Source

from gongbang.data.records import Passage
from gongbang.metrics.ranking import ranking_scores, unique_ranking

Search = Callable[[Question], list[str]]
_DEPTH = 10
_OURS = ("gongbang lexical", "gongbang hybrid")
_SPEED, _BUILD = "questions/s", "build s"


def measure_finding(source: Source, *, encoder: str, questions: int, rounds: int) -> Section:
    """Recall, MRR and questions a second of each index, questions asked one at a time.

    Args:
        source: what is searched and asked.
        encoder: name or path of the encoder's artifact for the hybrid index.
        questions: how many are asked. rounds: how many turns each contestant gets.
    """
    section = Section(
        "search",
        "Finding passages",
        f"{len(source.passages)} passages, one question at a time, the best {_DEPTH} asked for. Peers get "
        "the title in front of the text, since they have no field for it.",
        ("recall@1", "recall@5", "MRR@10", _SPEED, _BUILD),
        ratio_of="questions answered in a second",
    )
    contestants = _build(source, encoder, section)
    asked = in_rounds(source.questions[:questions], rounds)
    for search in contestants.values():  # compiles, loads and maps what the first question would pay for
        search(Question("공방은 어디에 있는가?", (), "", ""))
    turns = take_turns(contestants, asked)
    for name, own in turns.items():
        section.rows[name] |= _quality(asked, own)
    _compare(section, turns)
    section.notes += [
        f"{sum(map(len, asked))} questions in {len(asked)} rounds, no question twice.",
        f"'{_BUILD}' begins with nothing loaded: Kiwi's model alone takes about two seconds.",
    ]
    return section


def _build(source: Source, encoder: str, section: Section) -> dict[str, Search]:
    makers: dict[str, Callable[[list[Passage]], Search]] = {
        _OURS[0]: _lexical,
        _OURS[1]: lambda passages: _hybrid(passages, encoder),
        "bm25s, whitespace": lambda passages: _bm25s(passages, str.split),
        "bm25s, our analyser's tokens": lambda passages: _bm25s(passages, _our_tokens()),
        "rank_bm25, whitespace": _rank_bm25,
        "Haystack InMemoryBM25Retriever, defaults": _haystack,
    }
    contestants = {}
    for name, make in makers.items():
        began = time.perf_counter()
        try:
            contestants[name] = make(source.passages)
        except Unavailable as reason:
            section.absent[name] = str(reason)
            continue
        section.rows[name] = {_BUILD: time.perf_counter() - began}
        progress(f"{name}: built")
    return contestants


def _quality(asked: list[list[Question]], turns: list[Turn]) -> dict[str, Any]:
    questions = [question for part in asked for question in part]
    rankings = [unique_ranking(result) for turn in turns for result in turn.results]
    scores = ranking_scores(
        rankings, [{q.document} for q in questions], groups=[q.group for q in questions], cuts=(1, 5)
    ).scores
    speeds = _speeds(turns)
    return {
        "recall@1": scores["recall@1"].value,
        "recall@5": scores["recall@5"].value,
        "MRR@10": scores["mrr@10"].value,
        _SPEED: sorted(speeds)[len(speeds) // 2],
        "questions/s by round": str([round(speed, 1) for speed in speeds]),
    }


def _speeds(turns: list[Turn]) -> list[float]:
    return [len(turn.seconds) / sum(turn.seconds) for turn in turns]


def _compare(section: Section, turns: dict[str, list[Turn]]) -> None:
    for own in _OURS:
        for peer, other in turns.items():
            if own in turns and peer not in _OURS:
                section.ratios.append(ratio(own, _speeds(turns[own]), peer, _speeds(other)))


def _lexical(passages: list[Passage]) -> Search:
    index = uncached_index()
    index.build(passages)
    return lambda question: [hit.document for hit in index.search([question.text], _DEPTH)[0]]


def uncached_index(encoder: Any = None) -> Any:
    """The default index but for the analyser's cache, which one contestant would fill for the next."""
    from gongbang.search.analysis import SearchAnalyser
    from gongbang.search.dense import DenseIndex
    from gongbang.search.hybrid import HybridIndex
    from gongbang.search.lexical import LexicalIndex
    from gongbang.text.morphemes import Analyser

    lexical = LexicalIndex(SearchAnalyser(kiwi=Analyser(cache_size=0)))
    return lexical if encoder is None else HybridIndex(lexical, DenseIndex(encoder))


def _hybrid(passages: list[Passage], encoder: str) -> Search:
    from gongbang.errors import ArtifactError
    from gongbang.runtime.encoder import ArtifactEncoder
    from gongbang.runtime.load import load

    try:
        dense = ArtifactEncoder(load(encoder))
    except ArtifactError as err:
        raise Unavailable(f"no artifact '{encoder}' ({err.what})") from err
    index = uncached_index(dense)
    index.build(passages)
    return lambda question: [hit.document for hit in index.search([question.text], _DEPTH)[0]]


def _text(passage: Passage) -> str:
    return f"{passage.title} {passage.text}"


def _our_tokens() -> Callable[[str], list[str]]:
    analyser = uncached_index().analyser
    return lambda text: [f"{token.kind} {token.text}" for token in analyser.tokens(text)]


def _bm25s(passages: list[Passage], split: Callable[[str], list[str]]) -> Search:
    if not version_of("bm25s"):
        raise Unavailable('pip install "gongbang[bench]"')
    import bm25s

    index = bm25s.BM25()
    index.index([split(_text(passage)) for passage in passages], show_progress=False)
    depth = min(_DEPTH, len(passages))

    def search(question: Question) -> list[str]:
        found, _ = index.retrieve([split(question.text)], k=depth, show_progress=False)
        return [_document(passages[int(row)]) for row in found[0]]

    return search


def _rank_bm25(passages: list[Passage]) -> Search:
    if not version_of("rank_bm25"):
        raise Unavailable('pip install "gongbang[bench]"')
    import numpy as np
    from rank_bm25 import BM25Okapi

    index = BM25Okapi([_text(passage).split() for passage in passages])

    def search(question: Question) -> list[str]:
        scores = index.get_scores(question.text.split())
        return [_document(passages[row]) for row in np.argsort(-scores, kind="stable")[:_DEPTH]]

    return search


def _haystack(passages: list[Passage]) -> Search:
    if not version_of("haystack-ai"):
        raise Unavailable('pip install "gongbang[bench]"')
    from haystack import Document
    from haystack.components.retrievers.in_memory import InMemoryBM25Retriever
    from haystack.document_stores.in_memory import InMemoryDocumentStore

    store = InMemoryDocumentStore()
    store.write_documents(
        [
            Document(id=str(row), content=_text(passage), meta={"document": _document(passage)})
            for row, passage in enumerate(passages)
        ]
    )
    retriever = InMemoryBM25Retriever(store)

    def search(question: Question) -> list[str]:
        found = retriever.run(query=question.text, top_k=_DEPTH)["documents"]
        return [document.meta["document"] for document in found]

    return search


def _document(passage: Passage) -> str:
    return passage.document or passage.id
