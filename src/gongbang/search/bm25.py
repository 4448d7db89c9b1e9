"""BM25 and BM25F over inverted lists.

A term's frequency is gathered over the fields before it saturates (BM25F: Robertson, Zaragoza & Taylor
2004, section 3.3), so a word in title and body counts once, and more strongly:

    frequency  = body / B + title_weight * title / T,   B = 1 - b + b * length / mean length,  T alike
    saturation = frequency / (k1 + frequency)              (times k1 + 1 in the older forms)
    score      = sum over the question's terms of  query weight * idf * saturation

Lengths are counted by kind of token: bigrams must not make a passage long for its morphemes. With one
kind and no title this is plain BM25 of the named form (Kamphuis et al. 2020, table 1).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gongbang.errors import OptionError
from gongbang.search.analysis import KINDS, check_tags
from gongbang.search.postings import Postings

METHODS = ("lucene", "atire", "okapi")
"""Forms of idf: ``lucene`` log(1 + (N - n + .5) / (n + .5)), never negative; ``atire`` log(N / n);
``okapi`` log((N - n + .5) / (n + .5)), raised to a quarter of its mean where negative, as rank_bm25 does."""

_FLOOR = 0.25  # rank_bm25's epsilon


def _default_weights() -> dict[str, float]:
    return {"morphemes": 1.0, "bigrams": 0.3, "words": 0.3, "pairs": 0.2, "whitespace": 1.0}


@dataclass(frozen=True, slots=True)
class LexicalOptions:
    """How tokens become a score. The defaults were chosen on half of the KorQuAD 1.0 development articles.

    Args:
        k1: how slowly a repeated term saturates.
        b: how far a long body counts less, 0 to 1.
        title_weight: what a term in the title counts; 0 leaves titles out of the index.
        title_b: as ``b``, for titles.
        kind_weights: what a question's token of each kind counts.
        entity_boost: added weight, in parts, of a question's tokens tagged ``boost_tags``; 0 is plain BM25.
        boost_tags: Sejong tags of names, foreign words and numbers.
        method: the form of idf, out of :data:`METHODS`.

    Raises:
        OptionError: a value out of range.
    """

    k1: float = 0.5
    b: float = 0.75
    title_weight: float = 2.0
    title_b: float = 0.75
    kind_weights: Mapping[str, float] = field(default_factory=_default_weights)
    entity_boost: float = 0.5
    boost_tags: tuple[str, ...] = ("NNP", "SL", "SN")
    method: str = "lucene"

    def __post_init__(self) -> None:
        object.__setattr__(self, "boost_tags", tuple(self.boost_tags))
        object.__setattr__(self, "kind_weights", {**_default_weights(), **self.kind_weights})
        for name in ("k1", "title_weight", "entity_boost"):
            _within(name, getattr(self, name), 0.0, float("inf"))
        for name in ("b", "title_b"):
            _within(name, getattr(self, name), 0.0, 1.0)
        for kind, weight in self.kind_weights.items():
            _one_of("kind of token", kind, KINDS)
            _within(f"kind_weights['{kind}']", weight, 0.0, float("inf"))
        check_tags("boost_tags", self.boost_tags, empty=True)
        _one_of("method", self.method, METHODS)

    def check_kinds(self, kinds: Collection[str]) -> None:
        """Refuses weights, other than the default, of kinds of token that are not made.

        Raises:
            OptionError: there is such a weight.
        """
        usual = _default_weights()
        idle = [k for k, weight in self.kind_weights.items() if k not in kinds and weight != usual[k]]
        if idle:
            raise OptionError(
                "a weight does nothing: the analyser makes no tokens of its kind.",
                value=", ".join(f"{kind} {self.kind_weights[kind]:g}" for kind in idle),
                allowed="weights of " + ", ".join(kinds),
                cure="Leave the weight out, or add the kind: AnalysisConfig(kinds=...).",
            )

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> LexicalOptions:
        """The options that gave :meth:`to_dict`.

        Raises:
            OptionError: a key that is no option.
        """
        names = tuple(item.name for item in fields(cls))
        for key in values:
            _one_of("option of lexical search", key, names)
        return cls(**dict(values))


class Bm25:
    """Scores of all passages for weighted terms.

    Args:
        postings: the inverted lists. kind_of: number of the kind of token a term is of.
        options: the formula's parameters.
    """

    def __init__(self, postings: Postings, options: LexicalOptions) -> None:
        self.postings, self.options = postings, options
        self._pointers = np.asarray(postings.pointers)
        self._rows = np.asarray(postings.rows)
        self._body = np.asarray(postings.body)
        self._title = np.asarray(postings.title)
        self._body_norm = _norms(np.asarray(postings.lengths[0]), options.b)  # (kinds, passages)
        self._title_norm = _norms(np.asarray(postings.lengths[1]), options.title_b)
        self._idf = _idf(np.diff(self._pointers), postings.passages, options.method)  # (terms,)

    def scores(self, terms: Mapping[str, float], kind_of: Mapping[str, int]) -> NDArray[np.float64]:
        """(passages,) the score of every passage.

        Args:
            terms: weight in the question of each term. kind_of: row of ``lengths`` of each term's kind.
        """
        known = [
            (number, kind_of[term], weight)
            for term, weight in terms.items()
            if (number := self.find(term)) >= 0
        ]
        if not known:
            return np.zeros(self.postings.passages)
        numbers, kinds, weights = (np.array(column) for column in zip(*known, strict=True))
        starts = self._pointers[numbers]
        counts = self._pointers[numbers + 1] - starts
        # Positions of all postings of all terms, one term after another.
        places = np.arange(counts.sum()) + np.repeat(starts - np.cumsum(counts) + counts, counts)
        rows = self._rows[places]
        gain = self.saturation(places, rows, np.repeat(kinds, counts))
        gain *= np.repeat(weights * self._idf[numbers], counts)
        total = np.bincount(rows, weights=gain, minlength=self.postings.passages)
        return total.astype(np.float64, copy=False)

    def saturation(
        self, places: NDArray[np.int64], rows: NDArray[np.int32], kinds: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """(n,) the saturated frequency at each posting."""
        options = self.options
        frequency = self._body[places] / self._body_norm[kinds, rows]
        titled = np.flatnonzero(self._title[places]) if options.title_weight else ()
        if len(titled):
            title = self._title[places[titled]] / self._title_norm[kinds[titled], rows[titled]]
            frequency[titled] += options.title_weight * title
        gain: NDArray[np.float64] = frequency / (options.k1 + frequency)
        return gain if options.method == "lucene" else gain * (options.k1 + 1)

    def find(self, term: str) -> int:
        """The number of a term, -1 where no passage holds it."""
        return self.postings.vocabulary.find(term)

    def posting(self, number: int, row: int) -> int:
        """Where the posting of a term for a passage stands, -1 where the passage lacks the term."""
        start, end = self._pointers[number], self._pointers[number + 1]
        place = int(start + np.searchsorted(self._rows[start:end], row))
        return place if place < end and self._rows[place] == row else -1

    def idf(self, number: int) -> float:
        return float(self._idf[number])

    def counts(self, place: int) -> tuple[int, int]:
        """How often the term stands in body and title at a posting."""
        return int(self._body[place]), int(self._title[place])


def _norms(lengths: NDArray[np.int32], b: float) -> NDArray[np.float64]:
    """(kinds, passages) length normalisation; 1 everywhere for a kind that never occurs."""
    mean = lengths.mean(axis=1, keepdims=True) if lengths.shape[1] else np.ones((len(lengths), 1))
    return 1.0 - b + b * lengths / np.where(mean > 0, mean, 1.0)


def _idf(held: NDArray[np.int64], passages: int, method: str) -> NDArray[np.float64]:
    n = held.astype(np.float64)
    if method == "atire":
        return np.log(passages / n)
    odds = (passages - n + 0.5) / (n + 0.5)
    if method == "lucene":
        return np.log1p(odds)
    idf = np.log(odds)
    return np.where(idf < 0, _FLOOR * (idf.mean() if len(idf) else 0.0), idf)


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise OptionError(
            f"'{name}' is out of range.",
            value=value,
            allowed=f"{low:g} to {high:g}" if high < float("inf") else f"{low:g} or more",
            cure="Leave it out to take the default.",
        )


def _one_of(what: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise OptionError(
            f"there is no such {what}.",
            value=value,
            allowed=", ".join(allowed),
            cure="Take one of the allowed names.",
        )
