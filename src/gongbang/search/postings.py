"""The inverted lists of an index: which passage holds which term, how often, in which field.

Counts are kept, not scores. A score depends on the number of passages and their mean length, which every
addition changes; a count does not. So adding and deleting give, array for array, what a fresh build over
the same passages gives, and no old passage is analysed again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gongbang.search.vocabulary import Vocabulary

_MOST = np.iinfo(np.uint16).max


@dataclass(frozen=True, slots=True)
class Counts:
    """The terms of one passage: how often in its body, in its title, and the length of each field.

    ``lengths`` has shape (2, kinds): tokens of each kind in the body and in the title.
    """

    body: Mapping[str, int]
    title: Mapping[str, int]
    lengths: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Postings:
    """Inverted lists in term order, passages rising within a term.

    Attributes:
        vocabulary: the terms, sorted.
        pointers: (terms + 1,) int64, where each term's list begins.
        rows: (postings,) int32, the passage's position.
        body, title: (postings,) uint16, the term's count in each field.
        lengths: (2, kinds, passages) int32, tokens of each kind in body and title.
    """

    vocabulary: Vocabulary
    pointers: NDArray[np.int64]
    rows: NDArray[np.int32]
    body: NDArray[np.uint16]
    title: NDArray[np.uint16]
    lengths: NDArray[np.int32]

    @property
    def passages(self) -> int:
        return int(self.lengths.shape[2])

    @classmethod
    def of(cls, counted: Sequence[Counts], kinds: int) -> Postings:
        """The lists of freshly counted passages."""
        vocabulary = Vocabulary.of(term for counts in counted for term in (*counts.body, *counts.title))
        terms: list[int] = []
        rows: list[int] = []
        body: list[int] = []
        title: list[int] = []
        number = {term: i for i, term in enumerate(vocabulary)}
        for row, counts in enumerate(counted):
            for term in counts.body.keys() | counts.title.keys():
                terms.append(number[term])
                rows.append(row)
                body.append(min(counts.body.get(term, 0), _MOST))
                title.append(min(counts.title.get(term, 0), _MOST))
        lengths = np.zeros((2, kinds, len(counted)), dtype=np.int32)
        for row, counts in enumerate(counted):
            lengths[:, :, row] = counts.lengths
        return cls._sorted(
            vocabulary,
            np.array(terms, dtype=np.int64),
            np.array(rows, dtype=np.int32),
            np.array(body, dtype=np.uint16),
            np.array(title, dtype=np.uint16),
            lengths,
        )

    @classmethod
    def _sorted(  # noqa: PLR0917
        cls,
        vocabulary: Vocabulary,
        terms: NDArray[np.int64],
        rows: NDArray[np.int32],
        body: NDArray[np.uint16],
        title: NDArray[np.uint16],
        lengths: NDArray[np.int32],
    ) -> Postings:
        """Lists from loose postings: by term, then by passage."""
        order = np.lexsort((rows, terms))
        pointers = np.zeros(len(vocabulary) + 1, dtype=np.int64)
        np.cumsum(np.bincount(terms, minlength=len(vocabulary)), out=pointers[1:])
        return cls(vocabulary, pointers, rows[order], body[order], title[order], lengths)

    def with_added(self, new: Postings) -> Postings:
        """These lists with those of ``new`` behind them; positions of ``new`` move up."""
        vocabulary = Vocabulary.of([*self.vocabulary, *new.vocabulary])
        return Postings._sorted(
            vocabulary,
            np.concatenate([self._terms_in(vocabulary), new._terms_in(vocabulary)]),
            np.concatenate([self.rows, new.rows + np.int32(self.passages)]),
            np.concatenate([self.body, new.body]),
            np.concatenate([self.title, new.title]),
            np.concatenate([self.lengths, new.lengths], axis=2),
        )

    def without(self, gone: Sequence[int]) -> Postings:
        """These lists without the passages at these positions; later ones move down."""
        stays = np.ones(self.passages, dtype=bool)
        stays[list(gone)] = False
        position = np.cumsum(stays, dtype=np.int32) - np.int32(1)
        kept = stays[self.rows]
        used = np.bincount(self._terms()[kept], minlength=len(self.vocabulary)) > 0
        vocabulary = Vocabulary.of(self.vocabulary[int(i)] for i in np.flatnonzero(used))
        renumber = np.cumsum(used, dtype=np.int64) - 1
        return Postings._sorted(
            vocabulary,
            renumber[self._terms()[kept]],
            position[self.rows[kept]],
            self.body[kept],
            self.title[kept],
            self.lengths[:, :, stays],
        )

    def _terms(self) -> NDArray[np.int64]:
        """(postings,) the term of each posting."""
        return np.repeat(np.arange(len(self.vocabulary), dtype=np.int64), np.diff(self.pointers))

    def _terms_in(self, other: Vocabulary) -> NDArray[np.int64]:
        places = np.array([other.find(term) for term in self.vocabulary], dtype=np.int64)
        return places[self._terms()] if len(places) else np.empty(0, dtype=np.int64)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything, by name, as it is stored."""
        return {
            "terms": self.vocabulary.block,
            "term_offsets": self.vocabulary.offsets,
            "pointers": self.pointers,
            "rows": self.rows,
            "body": self.body,
            "title": self.title,
            "lengths": self.lengths,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Postings:
        """What :meth:`arrays` gave, memory-mapped or not."""
        return cls(
            Vocabulary(arrays["terms"], arrays["term_offsets"]),
            arrays["pointers"],
            arrays["rows"],
            arrays["body"],
            arrays["title"],
            arrays["lengths"],
        )
