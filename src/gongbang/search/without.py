"""Searching as if some passages were not there: what a question meets where nothing answers it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gongbang.search.base import Hit, Index

LeftOut = Callable[[Hit], bool]


def search_without(
    index: Index, questions: Sequence[str], left_out: Sequence[LeftOut], k: int
) -> list[list[Hit]]:
    """The best ``k`` passages of each question as if those it leaves out were not in the corpus.

    The search goes deeper for as long as fewer than ``k`` are left and there are more; the words of what is
    left out still count in the index's document frequencies.

    Args:
        index: what to search.
        questions: as they are asked.
        left_out: for each question, whether a passage is to be passed over.
        k: passages a question.
    """
    found: list[list[Hit]] = [[] for _ in questions]
    waiting, depth = list(range(len(questions))), 2 * k
    while waiting:
        deep = index.search([questions[at] for at in waiting], depth)
        for at, hits in zip(waiting, deep, strict=True):
            found[at] = [hit for hit in hits if not left_out[at](hit)][:k]
        waiting = [at for at in waiting if len(found[at]) < k and depth < len(index)]
        depth *= 4
    return found
