"""Scores of ranked lists, by id.

A ranking may hold one id several times (pieces of a document): the id then counts at its best place and
the ones behind it move up. Where scores are given, ids with equal scores have no order of their own, and
the wrong ones are put first: a scorer that gives everything the same score must not look good.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from itertools import pairwise

from gongbang.errors import OptionError
from gongbang.metrics.intervals import bootstrap_interval
from gongbang.metrics.scores import Scores


def unique_ranking(ranking: Sequence[str]) -> list[str]:
    """The ids at their best places, each once.

    Example:
        >>> unique_ranking(["a", "b", "a", "c"])
        ['a', 'b', 'c']
    """
    return list(dict.fromkeys(ranking))


def relevant_ranks(
    ranking: Sequence[str], relevant: Collection[str], scores: Sequence[float] | None = None
) -> list[int]:
    """Ranks (1 is best) of the relevant ids that were found, in rising order.

    Args:
        ranking: ids, best first.
        relevant: the ids that are right; one or more.
        scores: one a place in ``ranking``, never rising; equal ones are ties.

    Raises:
        OptionError: no relevant id, or scores that rise or do not pair up with the ranking.

    Example:
        >>> relevant_ranks(["a", "b", "c"], {"c", "a"})
        [1, 3]
        >>> relevant_ranks(["a", "b"], {"a"}, scores=[1.0, 1.0])
        [2]
    """
    wanted = set(relevant)
    if not wanted:
        raise OptionError(
            "there is nothing to find.",
            value="no relevant id",
            allowed="one or more",
            cure="Leave questions without a relevant document out of ranking metrics.",
        )
    order = unique_ranking(ranking) if scores is None else _worst_order(ranking, wanted, scores)
    return [place for place, key in enumerate(order, start=1) if key in wanted]


def _worst_order(ranking: Sequence[str], wanted: set[str], scores: Sequence[float]) -> list[str]:
    falling = all(a >= b for a, b in pairwise(scores))
    if len(scores) != len(ranking) or not falling:
        raise OptionError(
            "the scores do not belong to this ranking.",
            value=f"{len(scores)} scores for {len(ranking)} ids",
            allowed="one score an id, best first",
            cure="Sort ids and scores together, by falling score.",
        )
    best: dict[str, float] = {}
    for key, score in zip(ranking, scores, strict=True):
        best.setdefault(key, score)
    return sorted(best, key=lambda key: (-best[key], key in wanted))


def recall_at_k(
    ranking: Sequence[str], relevant: Collection[str], k: int, scores: Sequence[float] | None = None
) -> float:
    """Share of the relevant ids among the first ``k``; for one relevant id, whether it is there.

    Example:
        >>> recall_at_k(["a", "b", "c"], {"b", "z"}, 2)
        0.5
    """
    found = relevant_ranks(ranking, relevant, scores)
    return sum(rank <= _positive(k) for rank in found) / len(set(relevant))


def success_at_k(
    ranking: Sequence[str], relevant: Collection[str], k: int, scores: Sequence[float] | None = None
) -> float:
    """1.0 when any relevant id is among the first ``k`` (top-k accuracy, Karpukhin et al. 2020).

    Example:
        >>> success_at_k(["a", "b", "c"], {"b", "z"}, 2)
        1.0
    """
    found = relevant_ranks(ranking, relevant, scores)
    return float(bool(found) and found[0] <= _positive(k))


def mrr_at_k(
    ranking: Sequence[str], relevant: Collection[str], k: int, scores: Sequence[float] | None = None
) -> float:
    """1 / rank of the first relevant id, 0.0 when it is not among the first ``k``.

    Example:
        >>> mrr_at_k(["a", "b", "c"], {"b"}, 10)
        0.5
    """
    found = relevant_ranks(ranking, relevant, scores)
    return 1.0 / found[0] if found and found[0] <= _positive(k) else 0.0


def ndcg_at_k(
    ranking: Sequence[str], relevant: Collection[str], k: int, scores: Sequence[float] | None = None
) -> float:
    """Normalised discounted cumulative gain with gains 0 and 1 (Järvelin & Kekäläinen 2002).

    Example:
        >>> round(ndcg_at_k(["a", "b"], {"b"}, 10), 4)
        0.6309
    """
    found = relevant_ranks(ranking, relevant, scores)
    gain = sum(1 / math.log2(rank + 1) for rank in found if rank <= _positive(k))
    best = sum(1 / math.log2(rank + 1) for rank in range(1, min(k, len(set(relevant))) + 1))
    return gain / best


def _positive(k: int) -> int:
    if k < 1:
        raise OptionError("k is too small.", value=k, allowed="1 or more", cure="Pass k=10.")
    return k


def ranking_scores(
    rankings: Sequence[Sequence[str]],
    relevant: Sequence[Collection[str]],
    *,
    groups: Sequence[str] | None = None,
    cuts: Sequence[int] = (1, 5, 10, 20),
) -> Scores:
    """Recall at each cut and MRR@10 (primary) over many questions, with 95 % bootstrap intervals.

    Args:
        rankings: (n,) lists of ids, best first.
        relevant: (n,) ids that are right for each question.
        groups: (n,) what is resampled as a whole; single questions when None.
        cuts: the k of recall@k.

    Example:
        >>> ranking_scores([["a", "b"], ["b", "a"]], [{"a"}, {"a"}]).scores["recall@1"].value
        0.5
    """
    pairs = list(zip(rankings, relevant, strict=True))
    columns = {f"recall@{k}": [recall_at_k(found, right, k) for found, right in pairs] for k in cuts}
    columns["mrr@10"] = [mrr_at_k(found, right, 10) for found, right in pairs]
    return Scores(
        "mrr@10", {name: bootstrap_interval(values, groups=groups) for name, values in columns.items()}
    )
