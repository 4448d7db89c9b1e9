"""Finding passages as an evaluation does it: an index, a second look, and passages that may be left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gongbang.data.records import Record
from gongbang.search.base import Hit, Index
from gongbang.search.contexts import passages_of
from gongbang.search.rerank import Rerank
from gongbang.search.without import search_without


@dataclass(frozen=True, slots=True)
class Finder:
    """An index without a reranker of its own, and the reranker apart from it.

    Apart, because what is left out of the corpus must also be out of the reranker's sight: it scales its
    scores by everything it looks at.
    """

    index: Index
    rerank: Rerank | None = None

    def build(self, records: Sequence[Record]) -> None:
        """Index every distinct context of these records."""
        self.index.build(passages_of(records))

    def __len__(self) -> int:
        return len(self.index)

    def search(self, questions: Sequence[str], k: int) -> list[list[Hit]]:
        """The best ``k`` passages of each question, best first."""
        found = self.index.search(questions, self._depth(k))
        return [self._second_look(q, hits)[:k] for q, hits in zip(questions, found, strict=True)]

    def search_without(self, question: str, left_out: Callable[[Hit], bool], k: int) -> list[Hit]:
        """The best ``k`` passages as if those for which ``left_out`` is true were not in the corpus.

        Their words still count in the index's document frequencies.
        """
        (kept,) = search_without(self.index, [question], [left_out], self._depth(k))
        return self._second_look(question, kept)[:k]

    def _depth(self, k: int) -> int:
        return max(k, self.rerank.top if self.rerank else 0)

    def _second_look(self, question: str, hits: list[Hit]) -> list[Hit]:
        return self.rerank.apply(question, hits) if self.rerank else hits
