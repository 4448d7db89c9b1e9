"""Lexical and dense search together, with an optional second look at the best."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gongbang.data.records import Passage
from gongbang.errors import SearchIndexError
from gongbang.search.analysis import AnalysisConfig, SearchAnalyser
from gongbang.search.base import Encoder, Explanation, Hit, check_k, check_new_ids, check_signature, top_k
from gongbang.search.dense import DenseIndex
from gongbang.search.folders import Stored
from gongbang.search.fusion import Fused, Fusion
from gongbang.search.lexical import LexicalIndex
from gongbang.search.rerank import Rerank
from gongbang.search.store import read_manifest, write_manifest
from gongbang.text.languages import Language, language_named

_BATCH = 64  # questions scored at once: bounds (questions, passages) arrays


class HybridIndex(Stored):
    """Fuses a lexical and a dense index over the same passages.

    Args:
        lexical: finds by words. dense: finds by meaning.
        fusion: how the two are joined.
        rerank: a second look at the best; none when None. It is not stored with the index: what it reranks
            with is given by whoever opens the index.

    Raises:
        SearchIndexError: the two hold different passages.
    """

    name = "hybrid"

    def __init__(
        self,
        lexical: LexicalIndex,
        dense: DenseIndex,
        fusion: Fusion | None = None,
        rerank: Rerank | None = None,
    ) -> None:
        self.lexical, self.dense = lexical, dense
        self.fusion = fusion or Fusion()
        self.rerank = rerank
        self._check_same()

    @property
    def signature(self) -> str:
        """A hash of both parts and the fusion."""
        parts = [self.lexical.signature, self.dense.signature, self.fusion.to_dict()]
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False, sort_keys=True).encode()).hexdigest()

    def __len__(self) -> int:
        return len(self.lexical)

    def passage(self, position: int) -> Passage:
        return self.lexical.passage(position)

    def position(self, passage_id: str) -> int:
        return self.lexical.position(passage_id)

    def build(self, passages: Sequence[Passage]) -> None:
        """Builds both parts.

        Raises:
            SearchIndexError: two passages have one id, or the encoder gives something else than unit vectors.
        """
        check_new_ids(passages, {})
        self.dense.build(passages)  # first, since it can still fail
        self.lexical.build(passages)

    def add(self, passages: Sequence[Passage]) -> None:
        """Adds passages to both parts.

        Raises:
            SearchIndexError: an id is taken, or the encoder gives something else than unit vectors.
        """
        self.dense.add(passages)
        self.lexical.add(passages)

    def delete(self, ids: Sequence[str]) -> None:
        """Deletes passages from both parts.

        Raises:
            SearchIndexError: no passage has one of the ids; then nothing is deleted.
        """
        self.dense.delete(ids)
        self.lexical.delete(ids)

    def search(self, questions: Sequence[str], k: int = 10) -> list[list[Hit]]:
        """The best ``k`` passages of each question, best first.

        ``parts`` of a hit holds the raw scores ``lexical`` and ``dense``, and after reranking ``first``
        (the fused score) and ``rerank``.

        Raises:
            OptionError: ``k`` is less than 1.
        """
        wanted = max(check_k(k), self.rerank.top if self.rerank else 0)
        results = []
        for question, raw, fused in self._fused(questions):
            best = top_k(fused.scores, wanted)
            hits = [self._hit(int(fused.positions[i]), float(fused.scores[i]), raw) for i in best]
            results.append((self.rerank.apply(question, hits) if self.rerank else hits)[:k])
        return results

    def explain(self, question: str, passage_id: str) -> Explanation:
        """What each part gave to the fused score (before reranking), and the tokens of the lexical part.

        Where the passage is no candidate of either part its score is 0.

        Raises:
            SearchIndexError: no passage has this id.
        """
        row = self.position(passage_id)
        lexical = self.lexical.explain(question, passage_id)
        _, raw, fused = next(self._fused([question]))
        place = np.flatnonzero(fused.positions == row)
        parts = {name: float(part[place[0]]) if len(place) else 0.0 for name, part in fused.parts.items()}
        own = {name: float(scores[row]) for name, scores in raw.items()}
        return replace(lexical, score=sum(parts.values()), parts=parts, raw=own)

    def write(self, folder: Path) -> None:
        """Writes both parts and the fusion into a folder that holds nothing else."""
        manifest = {"signature": self.signature, "fusion": self.fusion.to_dict(), "passages": len(self)}
        self.lexical.write(folder / "lexical")
        self.dense.write(folder / "dense")
        write_manifest(folder, self.name, manifest)

    @classmethod
    def open(
        cls,
        path: str | Path,
        encoder: Encoder,
        analyser: SearchAnalyser | None = None,
        rerank: Rerank | None = None,
        *,
        verify: bool = True,
    ) -> HybridIndex:
        """Opens a saved index, memory-mapped.

        Args:
            path: the folder. encoder: the one it was made with.
            analyser: the one it was made with; made from the manifest when None.
            rerank: a second look at the best. verify: compare the hash of every file.

        Raises:
            SearchIndexError: no index, a damaged one, one made with another analyser or encoder, or parts
                that do not belong together.
        """
        return cls._opened(path, lambda folder: cls._read(folder, encoder, analyser, rerank, verify))

    @classmethod
    def _read(
        cls,
        folder: Path,
        encoder: Encoder,
        analyser: SearchAnalyser | None,
        rerank: Rerank | None,
        verify: bool,
    ) -> HybridIndex:
        manifest = read_manifest(folder, cls.name, verify=verify)
        lexical = LexicalIndex.open(folder / "lexical", analyser, verify=False)  # hashed with the whole above
        dense = DenseIndex.open(folder / "dense", encoder, verify=False)
        index = cls(lexical, dense, Fusion.from_dict(manifest["fusion"]), rerank)
        check_signature("set of parts", stored=manifest["signature"], given=index.signature, path=folder)
        return index

    def _fused(self, questions: Sequence[str]) -> Iterator[tuple[str, dict[str, NDArray[np.float64]], Fused]]:
        """Of each question: itself, the raw scores of each part, and the fused ones."""
        for start in range(0, len(questions), _BATCH):
            batch = questions[start : start + _BATCH]
            rows = zip(batch, self.lexical.scores(batch), self.dense.scores(batch), strict=True)
            for question, lexical, dense in rows:
                raw = {"lexical": lexical, "dense": dense}
                yield question, raw, self.fusion.fuse(raw)

    def _hit(self, position: int, score: float, raw: dict[str, NDArray[np.float64]]) -> Hit:
        return Hit(self.passage(position), score, {name: float(part[position]) for name, part in raw.items()})

    def _check_same(self) -> None:
        one, other = self.lexical, self.dense
        if one.passages != other.passages:
            raise SearchIndexError(
                "the lexical and the dense index hold different passages.",
                value=f"{len(one)} and {len(other)} passages",
                allowed="the same passages in the same order",
                cure="Build both through one HybridIndex.",
            )


def default_index(encoder: Encoder | None, language: Language | None = None) -> LexicalIndex | HybridIndex:
    """An empty index with the default settings: words and meaning, or words alone without an encoder.

    Args:
        encoder: gives the vectors.
        language: whose ``tokens`` the words are cut into; Korean when None.

    Example:
        >>> default_index(None).name
        'lexical'
    """
    kinds = (language or language_named("ko")).tokens
    lexical = LexicalIndex(SearchAnalyser(AnalysisConfig(kinds=kinds)))
    return lexical if encoder is None else HybridIndex(lexical, DenseIndex(encoder))
