"""How well an index finds, by document, over everything it holds; and tuning what can be tuned."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from gongbang.data.records import Record
from gongbang.errors import OptionError
from gongbang.metrics.ranking import mrr_at_k, ranking_scores, unique_ranking
from gongbang.metrics.scores import Scores
from gongbang.search.base import Hit, Index
from gongbang.search.contexts import asks, document_of
from gongbang.search.fusion import Fusion
from gongbang.search.hybrid import HybridIndex
from gongbang.search.rerank import Rerank, combine

CUTS = (1, 5, 10, 20)
SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


@dataclass(frozen=True, slots=True)
class Judged:
    """Questions, the ids of the documents that answer each, and the group each is resampled with."""

    questions: tuple[str, ...]
    relevant: tuple[frozenset[str], ...]
    groups: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.questions)


@dataclass(frozen=True, slots=True)
class SearchReport:
    """Scores and, of each question, the ids of the documents found, best first."""

    scores: Scores
    rankings: tuple[tuple[str, ...], ...]

    def to_dict(self) -> dict[str, Any]:
        """``recall@1`` ... ``mrr@10``, ``n`` and ``intervals``, as ``evaluate search --json`` prints them."""
        return self.scores.to_dict()


def judged_questions(records: Iterable[Record]) -> Judged:
    """The answerable questions of a data set, each with its own document as the one to find.

    Records without a question or a context are passed over, as are those that say there is no answer.
    """
    kept = [r for r in records if asks(r) and ("answers" not in r.spans or r.answers)]
    return Judged(
        tuple(r.fields["question"] for r in kept),
        tuple(frozenset({document_of(r)}) for r in kept),
        tuple(r.group for r in kept),
    )


def evaluate_search(
    index: Index, judged: Judged, *, cuts: Sequence[int] = CUTS, batch: int = 64
) -> SearchReport:
    """Recall at each cut and MRR@10 over the full index, with 95 % bootstrap intervals by group.

    Where passages are pieces of a document, a document stands at its best piece; the search goes deeper
    until enough different documents are found.

    Args:
        index: what to search. judged: the questions. cuts: the k of recall@k.
        batch: questions searched at once.

    Raises:
        OptionError: there is no question.
    """
    if not judged.questions:
        raise OptionError(
            "there is no question to search for.",
            value="0 questions",
            allowed="at least one answerable question",
            cure="Pass a data set with questions and the contexts that answer them.",
        )
    depth = max(*cuts, 10)
    rankings: list[tuple[str, ...]] = []
    for start in range(0, len(judged), batch):
        rankings += documents_found(index, judged.questions[start : start + batch], depth)
    scores = ranking_scores(rankings, judged.relevant, groups=judged.groups, cuts=tuple(cuts))
    return SearchReport(scores, tuple(rankings))


class Searches(Protocol):
    """Whatever finds passages: an index, or one with a reranker behind it."""

    def __len__(self) -> int: ...

    def search(self, questions: Sequence[str], k: int) -> list[list[Hit]]: ...


def documents_found(index: Searches, questions: Sequence[str], depth: int) -> list[tuple[str, ...]]:
    """Of each question the ids of the best ``depth`` documents, best first."""
    results = search_documents(index, questions, depth)
    return [tuple(unique_ranking(_documents(hits))[:depth]) for hits in results]


def search_documents(index: Searches, questions: Sequence[str], depth: int) -> list[list[Hit]]:
    """Of each question the best passages, best first, so many that they are of ``depth`` documents."""
    k = depth
    while True:
        results = index.search(questions, k)
        short = any(len(hits) >= k and len(set(_documents(hits))) < depth for hits in results)
        if not short or k >= len(index):
            return results
        k = min(4 * k, len(index))


@dataclass(frozen=True, slots=True)
class Tuned:
    """The best setting, its MRR@10, and the same for every setting that was tried, best first."""

    best: Any
    value: float
    table: tuple[tuple[dict[str, Any], float], ...]

    def to_dict(self) -> dict[str, Any]:
        return {"value": self.value, "table": [{**setting, "mrr@10": value} for setting, value in self.table]}


def tune_fusion(
    index: HybridIndex,
    judged: Judged,
    *,
    weights: Sequence[float] = SHARES,
    methods: Sequence[str] = ("minmax", "zscore", "rrf"),
) -> Tuned:
    """Tries every method with every weight of the lexical part on development questions.

    Both parts are searched once; only the fusion is repeated. The index is not changed: give ``best`` to
    a new :class:`HybridIndex`. Between settings of equal MRR@10 the one tried first wins.

    Args:
        index: both parts, built. judged: development questions; never the ones to be reported on.
        weights: shares of the lexical part, 0 to 1. methods: forms of fusion.
    """
    settings = [
        replace(index.fusion, method=method, weights={"lexical": weight, "dense": 1.0 - weight})
        for method in methods
        for weight in weights
    ]
    gains = np.zeros(len(settings))
    for start in range(0, len(judged), 64):
        questions = judged.questions[start : start + 64]
        rows = zip(index.lexical.scores(questions), index.dense.scores(questions), strict=True)
        for offset, (lexical, dense) in enumerate(rows):
            right = judged.relevant[start + offset]
            for place, fusion in enumerate(settings):
                gains[place] += _mrr(index, fusion, {"lexical": lexical, "dense": dense}, right)
    means = gains / max(1, len(judged))
    order = np.argsort(-means, kind="stable")
    table = tuple(
        ({"method": settings[i].method, "lexical": settings[i].weights["lexical"]}, float(means[i]))
        for i in order
    )
    return Tuned(settings[int(order[0])], float(means[order[0]]), table)


def tune_rerank(
    index: HybridIndex,
    stage: Rerank,
    judged: Judged,
    *,
    weights: Sequence[float] = SHARES,
) -> Tuned:
    """Tries every weight of the reranker on development questions; it looks at each passage once.

    Args:
        index: searched without its own reranking. stage: the reranker and how deep it looks.
        judged: development questions. weights: shares of the reranker, 0 to 1.
    """
    bare = HybridIndex(index.lexical, index.dense, index.fusion)
    gains = np.zeros(len(weights))
    for question, right in zip(judged.questions, judged.relevant, strict=True):
        (hits,) = bare.search([question], stage.top)
        seen = stage.judge(question, hits)
        for place, weight in enumerate(weights):
            gains[place] += mrr_at_k(_documents(combine(hits, seen, weight)), right, 10)
    means = gains / max(1, len(judged))
    order = np.argsort(-means, kind="stable")
    table = tuple(({"weight": weights[i], "top": stage.top}, float(means[i])) for i in order)
    return Tuned(replace(stage, weight=weights[int(order[0])]), float(means[order[0]]), table)


def _documents(hits: Sequence[Hit]) -> list[str]:
    return [hit.document for hit in hits]


def _mrr(index: HybridIndex, fusion: Fusion, raw: dict[str, Any], right: Collection[str]) -> float:
    fused = fusion.fuse(raw)
    best = np.lexsort((fused.positions, -fused.scores))[:40]
    passages = [index.passage(int(fused.positions[i])) for i in best]
    return mrr_at_k([p.document or p.id for p in passages], right, 10)
