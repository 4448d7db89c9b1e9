"""The wrong responses that the right one is told from: drawn with a seed, or its neighbours by words.

No drawn candidate equals the right response, nor any other response that the pool has to an equal context:
those would be right too. What is equal is told by letters and digits alone.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, zip_longest

import numpy as np

from gongbang.data.dialogue import same_key
from gongbang.data.records import Passage, Record
from gongbang.errors import DataError, OptionError

CANDIDATES = 20
"""The right response and 19 wrong ones, as a rule."""
_DEPTH = 4  # neighbours looked at for each one wanted: some are the right response, or stand there twice


def candidates_of(record: Record) -> tuple[str, ...]:
    """A record's candidates: its right response first, where it is known, then the wrong ones it lists.

    Example:
        >>> candidates_of(Record("1", {"context": "?", "response": "네"}, labels={"candidates": ["아니요"]}))
        ('네', '아니요')
    """
    right = record.fields.get("response", "")
    return (*((right,) if right.strip() else ()), *record.labels.get("candidates", ()))


def with_candidates(
    records: Sequence[Record],
    count: int = CANDIDATES,
    *,
    hard: bool = False,
    seed: int = 0,
    pool: Sequence[Record] | None = None,
) -> list[Record]:
    """The records, each with wrong candidates; those that list their own are left as they are.

    A draw depends on the record's texts, the seed and the pool's texts, and so neither on the order of the
    records nor on their ids. Records are drawn, not distinct texts: a response that many give is often a
    wrong one too, so nothing is gained by knowing which are frequent.

    Args:
        records: what is going to be ranked.
        count: candidates of each record, the right one among them; fewer where the pool has no more.
        hard: take the nearest by BM25 instead: by turns the responses most like the right one, and those
            to the contexts most like this one. What words cannot find is drawn.
        seed: another seed draws others.
        pool: whose responses are drawn; the records' own when None.

    Raises:
        OptionError: ``count`` is less than 2.

    Example:
        >>> made = [Record(str(n), {"context": f"질문 {n}", "response": f"대답 {n}"}) for n in range(9)]
        >>> [len(record.labels["candidates"]) for record in with_candidates(made, 4)][:2]
        [3, 3]
    """
    if count < 2:
        raise OptionError(
            "there must be candidates to tell apart.",
            value=count,
            allowed="2 or more",
            cure="Pass candidates=20.",
        )
    wanting = [record for record in records if "candidates" not in record.labels]
    if not wanting:
        return list(records)
    drawn = ResponsePool(records if pool is None else pool)
    near = drawn.neighbours(wanting, _DEPTH * count) if hard else [[]] * len(wanting)
    found = iter(
        record.with_labels(candidates=drawn.choose(record, count - 1, seed, first))
        for record, first in zip(wanting, near, strict=True)
    )
    return [record if "candidates" in record.labels else next(found) for record in records]


def check_pool(records: Sequence[Record], count: int) -> None:
    """Refuse a pool out of which a record cannot be given as many candidates as it is measured with.

    Args:
        records: with their candidates.
        count: candidates of each, the right one among them.

    Raises:
        DataError: one has fewer.
    """
    fewest = min(records, key=lambda record: len(candidates_of(record)))
    if len(candidates_of(fewest)) < count:
        raise DataError(
            "the file holds too few other responses to draw candidates from.",
            value=f"{len(candidates_of(fewest))} candidates of record '{fewest.id}'",
            allowed=f"{count} candidates a record, or a smaller number of them",
            cure=f"Pass --candidates {max(2, len(candidates_of(fewest)))}, or a larger file.",
        )


class ResponsePool:
    """Responses to draw from, in an order of their own.

    Args:
        records: those without a response are passed over.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        pairs = sorted(
            (record.fields["response"], record.fields.get("context", ""))
            for record in records
            if record.fields.get("response", "").strip()
        )
        self._texts = [response for response, _ in pairs]
        self._keys = [same_key(response) for response in self._texts]
        self._right: dict[str, set[str]] = defaultdict(set)
        """Key of a context to the keys of all its responses."""
        self._answered: dict[str, list[str]] = defaultdict(list)
        """Context to its responses."""
        for (response, context), key in zip(pairs, self._keys, strict=True):
            self._right[same_key(context)].add(key)
            self._answered[context].append(response)

    def choose(self, record: Record, count: int, seed: int, first: Iterable[str] = ()) -> list[str]:
        """Up to ``count`` wrong responses to a record, those of ``first`` before what is drawn."""
        context, response = record.fields.get("context", ""), record.fields.get("response", "")
        taken = {same_key(response), *self._right.get(same_key(context), ())}
        chosen: list[str] = []
        for text in chain(first, self._drawn(f"{seed}\0{context}\0{response}", count)):
            if len(chosen) == count:
                break
            key = same_key(text)
            if key not in taken:
                taken.add(key)
                chosen.append(text)
        return chosen

    def _drawn(self, name: str, count: int) -> Iterator[str]:
        """All responses in a random order that follows from the name, some of them before more than once."""
        if not self._texts:
            return
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
        rng = np.random.default_rng(int.from_bytes(digest[:8], "big"))
        for place in rng.integers(len(self._texts), size=2 * count):
            yield self._texts[place]
        for place in rng.permutation(len(self._texts)):
            yield self._texts[place]

    def neighbours(self, records: Sequence[Record], k: int) -> list[list[str]]:
        """For each record the nearest ``k`` responses at most, by turns like its response and its context."""
        like_response = _nearest(self._texts, [record.fields.get("response", "") for record in records], k)
        found = []
        for responses, others in zip(like_response, self.answers_nearby(records, k), strict=True):
            mixed = chain.from_iterable(zip_longest(responses, others))
            found.append([text for text in mixed if text is not None][:k])
        return found

    def answers_nearby(self, records: Sequence[Record], k: int) -> list[list[str]]:
        """For each record the responses to the ``k`` contexts most like its own, the nearest one's first."""
        nearest = _nearest(list(self._answered), [record.fields.get("context", "") for record in records], k)
        return [[text for context in contexts for text in self._answered[context]] for contexts in nearest]


def _nearest(texts: Iterable[str], questions: Sequence[str], k: int) -> list[list[str]]:
    """The ``k`` distinct texts that share the rarest words with each question, best first."""
    from gongbang.search.lexical import LexicalIndex

    index = LexicalIndex()
    distinct = sorted(set(texts))
    index.build([Passage(str(number), text) for number, text in enumerate(distinct)])
    return [[hit.passage.text for hit in hits] for hits in index.search(questions, k)]
