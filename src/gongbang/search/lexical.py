"""Lexical search: BM25F over morphemes, bigrams, words and pairs."""

from __future__ import annotations

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gongbang.data.records import Passage
from gongbang.search.analysis import KINDS, AnalysisConfig, SearchAnalyser, Token
from gongbang.search.base import Explanation, Hit, TokenScore, check_k, check_new_ids, check_signature, top_k
from gongbang.search.bm25 import Bm25, LexicalOptions
from gongbang.search.effects import OptionEffect, effects
from gongbang.search.folders import Stored
from gongbang.search.passages import PassageList
from gongbang.search.postings import Counts, Postings
from gongbang.search.store import read_index, write_parts

_LOG = logging.getLogger(__name__)
_BATCH = 512  # passages analysed at once
_SAMPLE = 64  # passages on which the options of the analyser are tried

_CODES = {
    kind: str(number) for number, kind in enumerate(KINDS)
}  # a term is the code of its kind and its text


class LexicalIndex(Stored):
    """Passages found by the words of the question.

    Args:
        analyser: makes the tokens; the Korean default when None.
        options: turns tokens into scores.

    Raises:
        OptionError: a kind of token has a weight that the analyser does not make.

    Example:
        >>> index = LexicalIndex()
        >>> index.build([Passage("1", "서울은 한국의 수도이다."), Passage("2", "부산은 항구이다.")])
        >>> [hit.passage.id for hit in index.search(["항구는 어디인가?"], k=1)[0]]
        ['2']
    """

    name = "lexical"

    def __init__(self, analyser: SearchAnalyser | None = None, options: LexicalOptions | None = None) -> None:
        self.analyser = analyser or SearchAnalyser()
        self.options = options or LexicalOptions()
        self.options.check_kinds(self.analyser.config.kinds)
        self.effects: tuple[OptionEffect, ...] = ()
        """What each option of the analyser changed in the last build, see :mod:`gongbang.search.effects`."""
        self._kinds = {kind: row for row, kind in enumerate(self.analyser.config.kinds)}
        self._passages = PassageList()
        self._postings = Postings.of([], len(self._kinds))
        self._bm25: Bm25 | None = None

    @property
    def signature(self) -> str:
        """A hash of the analyser and the options."""
        parts = {"analyser": self.analyser.signature, "options": self.options.to_dict()}
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False, sort_keys=True).encode()).hexdigest()

    def __len__(self) -> int:
        return len(self._passages)

    @property
    def passages(self) -> PassageList:
        """The passages by position."""
        return self._passages

    def passage(self, position: int) -> Passage:
        return self._passages[position]

    def position(self, passage_id: str) -> int:
        return self._passages.position(passage_id)

    def build(self, passages: Sequence[Passage]) -> None:
        """Indexes these passages, forgetting any before them.

        Options of the analyser that change no token are kept in :attr:`effects`, and logged as a warning
        where they are not the default.

        Raises:
            SearchIndexError: two passages have one id.
        """
        check_new_ids(passages, {})
        self._postings = self._count(passages)
        self._passages = PassageList(passages)
        self._bm25 = None
        step = max(1, len(passages) // _SAMPLE)
        sample = [passage.text for passage in passages[::step]]
        boosted = self.options.boost_tags if self.options.entity_boost else ()
        self.effects = effects(self.analyser, sample, boosted) if sample else ()
        for effect in self.effects:
            if effect.silent and effect.chosen:
                _LOG.warning("%s=%s changes no token of these passages", effect.option, effect.value)

    def add(self, passages: Sequence[Passage]) -> None:
        """Adds passages; the scores are then those of a fresh build.

        Raises:
            SearchIndexError: an id is taken.
        """
        longer = self._passages.with_added(passages)
        self._postings = self._postings.with_added(self._count(passages))
        self._passages, self._bm25 = longer, None

    def delete(self, ids: Sequence[str]) -> None:
        """Deletes passages; the scores are then those of a fresh build.

        Raises:
            SearchIndexError: no passage has one of the ids; then nothing is deleted.
        """
        gone = [self._passages.position(passage_id) for passage_id in dict.fromkeys(ids)]
        self._postings = self._postings.without(gone)
        self._passages, self._bm25 = self._passages.without(gone), None

    def search(self, questions: Sequence[str], k: int = 10) -> list[list[Hit]]:
        """The best ``k`` passages of each question that share a token with it, best first.

        Raises:
            OptionError: ``k`` is less than 1.
        """
        check_k(k)
        results = []
        for weights in self._queries(questions):
            scores = self._scorer().scores(weights, self._kind_of(weights))
            best = [int(i) for i in top_k(scores, k) if scores[i] > 0]
            results.append([self._hit(i, float(scores[i])) for i in best])
        return results

    def scores(self, questions: Sequence[str]) -> NDArray[np.float64]:
        """(questions, passages) every passage's score."""
        rows = [
            self._scorer().scores(weights, self._kind_of(weights)) for weights in self._queries(questions)
        ]
        return np.stack(rows) if rows else np.zeros((0, len(self)))

    def explain(self, question: str, passage_id: str) -> Explanation:
        """The tokens of the question that the passage holds, the strongest first, and what each added.

        Raises:
            SearchIndexError: no passage has this id.
        """
        row = self._passages.position(passage_id)
        (weights,) = self._queries([question])
        tokens = [self._token_score(term, weight, row) for term, weight in weights.items()]
        held = sorted(
            (token for token in tokens if token is not None), key=lambda t: (-t.contribution, t.token)
        )
        score = sum(token.contribution for token in held)
        parts = {"lexical": score}
        return Explanation(question, passage_id, score, parts, parts, tuple(held))

    def write(self, folder: Path) -> None:
        """Writes the index into a folder that holds nothing else."""
        manifest = {
            "signature": self.signature,
            "analyser_signature": self.analyser.signature,
            "analyser": self.analyser.config.to_dict(),
            "options": self.options.to_dict(),
            "passages": len(self),
        }
        write_parts(folder, self.name, manifest, self._postings.arrays(), self._passages)

    @classmethod
    def open(
        cls, path: str | Path, analyser: SearchAnalyser | None = None, *, verify: bool = True
    ) -> LexicalIndex:
        """Opens a saved index, memory-mapped.

        Args:
            path: the folder. analyser: the one it was made with; made from the manifest when None.
            verify: compare the hash of every file.

        Raises:
            SearchIndexError: no index, a damaged one, or one made with another analyser.
        """
        return cls._opened(path, lambda folder: cls._read(folder, analyser, verify))

    @classmethod
    def _read(cls, folder: Path, analyser: SearchAnalyser | None, verify: bool) -> LexicalIndex:
        stored = read_index(folder, cls.name, verify=verify)
        analyser = analyser or SearchAnalyser(AnalysisConfig.from_dict(stored.manifest["analyser"]))
        check_signature(
            "analyser", stored=stored.manifest["analyser_signature"], given=analyser.signature, path=folder
        )
        index = cls(analyser, LexicalOptions.from_dict(stored.manifest["options"]))
        index._postings = Postings.from_arrays(stored.arrays)
        index._passages = stored.passages
        return index

    def _hit(self, position: int, score: float) -> Hit:
        return Hit(self._passages[position], score, {"lexical": score})

    def _scorer(self) -> Bm25:
        if self._bm25 is None:
            self._bm25 = Bm25(self._postings, self.options)
        return self._bm25

    def _kind_of(self, terms: dict[str, float]) -> dict[str, int]:
        return {term: self._kinds[KINDS[int(term[0])]] for term in terms}

    def _queries(self, questions: Sequence[str]) -> Iterator[dict[str, float]]:
        """The weight of each term of each question, depending on nothing but the question."""
        for tokens in self.analyser.many(questions):
            weights: dict[str, float] = {}
            for token in tokens:
                weight = self.options.kind_weights[token.kind]
                if token.tag in self.options.boost_tags:
                    weight *= 1.0 + self.options.entity_boost
                if weight:
                    term = _term(token)
                    weights[term] = weights.get(term, 0.0) + weight
            yield weights

    def _count(self, passages: Sequence[Passage]) -> Postings:
        titled = self.options.title_weight > 0
        titles = list(dict.fromkeys(p.title for p in passages if p.title)) if titled else []
        of_title = dict(zip(titles, self.analyser.many(titles), strict=True))
        counted = []
        for start in range(0, len(passages), _BATCH):
            batch = passages[start : start + _BATCH]
            for passage, tokens in zip(batch, self.analyser.many([p.text for p in batch]), strict=True):
                counted.append(self._counts(tokens, of_title.get(passage.title, [])))
        return Postings.of(counted, len(self._kinds))

    def _counts(self, body: Sequence[Token], title: Sequence[Token]) -> Counts:
        lengths = np.zeros((2, len(self._kinds)), dtype=np.int32)
        for field, tokens in enumerate((body, title)):
            for kind, count in Counter(token.kind for token in tokens).items():
                lengths[field, self._kinds[kind]] = count
        return Counts(Counter(map(_term, body)), Counter(map(_term, title)), lengths)

    def _token_score(self, term: str, weight: float, row: int) -> TokenScore | None:
        scorer = self._scorer()
        number = scorer.find(term)
        place = scorer.posting(number, row) if number >= 0 else -1
        if place < 0:
            return None
        kind = KINDS[int(term[0])]
        at = (np.array([place]), np.array([row], dtype=np.int32), np.array([self._kinds[kind]]))
        saturation = float(scorer.saturation(*at)[0])
        body, title = scorer.counts(place)
        idf = scorer.idf(number)
        return TokenScore(term[1:], kind, weight, idf, saturation, body, title, weight * idf * saturation)

    def report(self) -> dict[str, Any]:
        """What was built: passages, terms, postings, and the effect of each option."""
        return {
            "passages": len(self),
            "terms": len(self._postings.vocabulary),
            "postings": len(self._postings.rows),
            "effects": [effect.to_dict() for effect in self.effects],
        }


def _term(token: Token) -> str:
    return _CODES[token.kind] + token.text
