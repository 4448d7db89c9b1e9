"""Near-duplicates: texts that share most of their character 5-grams.

MinHash signatures in bands (Broder 1997; Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets",
section 3.4) find the candidates, their exact Jaccard similarity decides. With 20 bands of 4 rows a pair at
similarity 0.8 is missed once in 30,000 times, at 0.7 once in 240.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from gongbang.data.records import Record
from gongbang.data.splits import normalise_for_comparison, text_of
from gongbang.errors import OptionError

NGRAM = 5
_BANDS, _ROWS = 20, 4
_CHUNK = 2_000_000  # shingles hashed at a time
_CROWD = 64  # in a larger bucket each text is compared with this many neighbours

_Shingles = NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class NearDuplicate:
    """Two texts by their index, and the Jaccard similarity of their 5-gram sets, in [0, 1]."""

    first: int
    second: int
    similarity: float


def near_duplicates(texts: Sequence[str], threshold: float = 0.7) -> list[NearDuplicate]:
    """Pairs of texts whose similarity reaches the threshold, most similar first.

    Quotes, blanks, case and width do not count. Of several equal texts each is paired with the first one
    only, so that a thousand copies give 999 pairs. Blank texts have no duplicates.

    Args:
        texts: any number; 20,000 of 500 characters take seconds.
        threshold: in [0.5, 1]; below it the bands would miss too many.

    Raises:
        OptionError: a threshold out of range.

    Example:
        >>> found = near_duplicates(["가게는 아침 아홉 시에 연다", "가게는 아침 아홉 시에 연다!", "다른 글"])
        >>> [(pair.first, pair.second, pair.similarity) for pair in found]
        [(0, 1, 1.0)]
    """
    if not 0.5 <= threshold <= 1:
        raise OptionError(
            "the similarity threshold is out of range.",
            value=threshold,
            allowed="0.5 to 1",
            cure="Pass 0.7, or 0.9 for nearly equal texts.",
        )
    words = [normalise_for_comparison(text) for text in texts]
    first: dict[str, int] = {}
    equal = [
        NearDuplicate(first[word], index, 1.0)
        for index, word in enumerate(words)
        if word and first.setdefault(word, index) != index
    ]
    distinct = list(first.values()) if "" not in first else [n for word, n in first.items() if word]
    sets = [_shingles(words[index]) for index in distinct]
    similar = [
        NearDuplicate(distinct[a], distinct[b], similarity)
        for a, b in _candidates(_signatures(sets))
        if (similarity := _jaccard(sets[a], sets[b], threshold)) >= threshold
    ]
    return sorted(equal + similar, key=lambda pair: (-pair.similarity, pair.first, pair.second))


def near_duplicates_across(
    train: Sequence[Record], test: Sequence[Record], threshold: float = 0.7
) -> list[tuple[str, str, float]]:
    """Near-duplicate texts on both sides of a split, as (train id, test id, similarity), highest first.

    Each distinct text is compared once, under the id of its first record.

    Example:
        >>> a = Record("a", {"context": "대장간은 마을 어귀에 있고 아침에 연다"})
        >>> b = Record("b", {"context": "대장간은 마을 어귀에 있고, 아침에 연다."})
        >>> near_duplicates_across([a], [b])
        [('a', 'b', 1.0)]
    """
    left = list({text_of(record): record.id for record in reversed(train)}.items())[::-1]
    right = list({text_of(record): record.id for record in reversed(test)}.items())[::-1]
    border, names = len(left), [id for _, id in [*left, *right]]
    pairs = near_duplicates([text for text, _ in [*left, *right]], threshold)
    return [
        (names[pair.first], names[pair.second], pair.similarity)
        for pair in pairs
        if pair.first < border <= pair.second
    ]


def jaccard(first: str, second: str) -> float:
    """The similarity of two texts: shared 5-grams over all 5-grams, in [0, 1].

    Example:
        >>> jaccard("abcdef", "abcdeg")
        0.3333333333333333
    """
    sets = [_shingles(normalise_for_comparison(text)) for text in (first, second)]
    return _jaccard(sets[0], sets[1], 0.0)


def _shingles(text: str) -> _Shingles:
    """The distinct hashes of a text's 5-grams, rising; of a shorter text the hash of the whole."""
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    width = min(NGRAM, len(points))
    if width == 0:
        return np.zeros(0, np.uint32)
    hashes = np.zeros(len(points) - width + 1, np.uint64)
    for place in range(width):
        hashes = hashes * np.uint64(1_000_003) + points[place : place + len(hashes)]
    hashes = (hashes ^ (hashes >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    return np.unique((hashes >> np.uint64(32)).astype(np.uint32))


def _signatures(sets: Sequence[_Shingles]) -> NDArray[np.uint32]:
    """MinHash signatures, (texts, bands * rows); a fixed generator, so that every run is the same."""
    generator = np.random.default_rng(20_160_521)
    factors = generator.integers(1, 2**32, _BANDS * _ROWS, dtype=np.uint32) | np.uint32(1)
    offsets = generator.integers(0, 2**32, _BANDS * _ROWS, dtype=np.uint32)
    signatures = np.zeros((len(sets), _BANDS * _ROWS), np.uint32)
    for start, end in _chunks(sets):
        flat = np.concatenate(sets[start:end])  # (shingles,)
        borders = np.cumsum([0, *(len(s) for s in sets[start : end - 1])])
        for column, (factor, offset) in enumerate(zip(factors, offsets, strict=True)):
            signatures[start:end, column] = np.minimum.reduceat(flat * factor + offset, borders)
    return signatures


def _chunks(sets: Sequence[_Shingles]) -> Iterator[tuple[int, int]]:
    start, size = 0, 0
    for index, shingles in enumerate(sets):
        if size and size + len(shingles) > _CHUNK:
            yield start, index
            start, size = index, 0
        size += len(shingles)
    if start < len(sets):
        yield start, len(sets)


def _candidates(signatures: NDArray[np.uint32]) -> list[tuple[int, int]]:
    """Pairs of rows that agree in a whole band."""
    pairs: set[tuple[int, int]] = set()
    for band in range(_BANDS):
        buckets: dict[bytes, list[int]] = defaultdict(list)
        part = np.ascontiguousarray(signatures[:, band * _ROWS : (band + 1) * _ROWS])
        for row, key in enumerate(part):
            buckets[key.tobytes()].append(row)
        for rows in buckets.values():
            if len(rows) <= _CROWD:
                pairs.update(combinations(rows, 2))
            else:
                pairs.update((a, b) for n, a in enumerate(rows) for b in rows[n + 1 : n + 1 + _CROWD])
    return sorted(pairs)


def _jaccard(first: _Shingles, second: _Shingles, least: float) -> float:
    small, large = sorted((len(first), len(second)))
    if large == 0 or small < least * large:  # sizes alone rule it out
        return 0.0
    shared = len(np.intersect1d(first, second, assume_unique=True))
    return shared / (small + large - shared)
