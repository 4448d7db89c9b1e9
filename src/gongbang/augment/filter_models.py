"""Filters that ask a model: an index or readers whether a question can be answered, by what was meant, and an
encoder whether a copy still says what its original says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from gongbang.augment.filters import Verdict
from gongbang.augment.origins import TEXTS, by_id, check_share, named_texts, origin_of
from gongbang.data.near_duplicates import jaccard
from gongbang.data.records import Passage, Record
from gongbang.errors import OptionError
from gongbang.metrics.span import SPAN_METRICS, normalise_answer
from gongbang.search.base import Encoder, Hit
from gongbang.search.contexts import document_of, passages_of
from gongbang.search.lexical import LexicalIndex
from gongbang.tasks.base import Prediction

_KEEP = Verdict(True)
_BATCH = 256  # records a reader is given at once; it holds all their windows in memory


class Reader(Protocol):
    """What answers questions over contexts, e.g. a :class:`gongbang.runtime.predictor.Predictor`."""

    def predict(self, records: Sequence[Record]) -> list[Prediction]: ...


class Searcher(Protocol):
    """What finds passages, e.g. a :class:`gongbang.search.lexical.LexicalIndex`."""

    def __len__(self) -> int: ...
    def search(self, questions: Sequence[str], k: int = 10) -> list[list[Hit]]: ...


@dataclass(frozen=True, slots=True)
class SearchRank:
    """Drops questions that do not find their own document among the first ``most`` passages.

    Args:
        most: the last rank that is good enough.
        index: over the passages that compete, with ids or documents as :func:`passages_of` gives them; when
            None, a BM25 index over the contexts of the originals is built.

    Raises:
        OptionError: ``most`` below 1.
    """

    name: ClassVar[str] = "search-rank"
    most: int = 10
    index: Searcher | None = None

    def __post_init__(self) -> None:
        if self.most < 1:
            raise OptionError("ranks begin at 1.", value=self.most, allowed="1 or more", cure="Pass most=10.")

    def __call__(self, made: Sequence[Record], originals: Sequence[Record]) -> list[Verdict]:
        asking = [n for n, record in enumerate(made) if record.fields.get("question", "").strip()]
        verdicts = [_KEEP] * len(made)
        if not asking:
            return verdicts
        index = self.index if self.index is not None else _index(originals)
        known = by_id(originals)
        hits = index.search([made[n].fields["question"] for n in asking], self.most)
        for n, found in zip(asking, hits, strict=True):
            verdicts[n] = self._judge(made[n], [known[id] for id in made[n].lineage if id in known], found)
        return verdicts

    def _judge(self, record: Record, ancestors: Sequence[Record], hits: Sequence[Hit]) -> Verdict:
        own = {document_of(one) for one in (record, *_home(record, ancestors)) if _context(one).strip()}
        for rank, hit in enumerate(hits, start=1):
            # Without the label `document` a context is its own document, whatever id it was indexed by.
            if hit.document in own or hit.passage.text in own:
                return Verdict(True, value=float(rank))
        return Verdict(False, f"its own document is not among the first {self.most}")


def _home(record: Record, ancestors: Sequence[Record]) -> list[Record]:
    """The original whose context the record's is: a question's own source may be another of its lineage,
    and would find itself."""
    context = _context(record)
    return sorted(ancestors, key=lambda one: jaccard(_context(one), context))[-1:]


def _context(record: Record) -> str:
    return record.fields.get("context", "")


def _index(originals: Sequence[Record]) -> LexicalIndex:
    passages = passages_of(originals)
    if not passages:
        raise OptionError(
            "there is nothing to search for the documents of made questions.",
            value=f"{len(originals)} originals without a context",
            allowed="originals with contexts, or an index",
            cure="Pass index=..., over the passages that the questions were made of.",
        )
    index = LexicalIndex()
    index.build(passages)
    return index


@dataclass(frozen=True, slots=True)
class Similarity:
    """Drops copies that mean something else than their original, and those that say the very same.

    What is measured is the cosine of the embeddings of a field and of the original's, of the fields that were
    changed the lowest. A copy that changes no text (its label or its spans alone) is kept. Of a long text an
    encoder sees the beginning only.

    Args:
        least: the cosine below which a copy is too far. most: the one above which it is too near.
        fields: those looked at; empty for question, context, text and pair.
        encoder: embeds texts; the bundled one when None.

    Raises:
        OptionError: bounds that leave no room.
        ArtifactError: the bundled encoder is asked for and not installed.
    """

    name: ClassVar[str] = "similarity"
    least: float = 0.75
    most: float = 0.98
    fields: tuple[str, ...] = ()
    encoder: Encoder | None = None

    def __post_init__(self) -> None:
        if not -1 <= self.least < self.most <= 1:
            raise OptionError(
                "the bounds of the similarity leave no room.",
                value=f"{self.least} to {self.most}",
                allowed="-1 <= least < most <= 1",
                cure="Pass least=0.75, most=0.98.",
            )

    def __call__(self, made: Sequence[Record], originals: Sequence[Record]) -> list[Verdict]:
        known = by_id(originals)
        pairs = [self._changed(record, origin_of(record, known)) for record in made]
        texts = sorted({text for changed in pairs if changed for pair in changed.values() for text in pair})
        vectors = dict(zip(texts, self._embedded(texts), strict=True))
        return [self._judge(changed, vectors) for changed in pairs]

    def _changed(self, record: Record, original: Record | None) -> dict[str, tuple[str, str]] | None:
        """Text and original's text by field, of the fields that differ; None without an original."""
        if original is None:
            return None
        before, after = (named_texts(one, self.fields or TEXTS) for one in (original, record))
        return {
            name: (before[name], text)
            for name, text in after.items()
            if name in before and text != before[name]
        }

    def _embedded(self, texts: Sequence[str]) -> NDArray[np.float32]:
        from gongbang.augment.encoder_words import bundled_encoder

        if not texts:
            return np.zeros((0, 0), dtype=np.float32)
        encoder = self.encoder if self.encoder is not None else bundled_encoder()
        return encoder.encode_passages([Passage(str(n), text) for n, text in enumerate(texts)])

    def _judge(
        self, changed: dict[str, tuple[str, str]] | None, vectors: dict[str, NDArray[np.float32]]
    ) -> Verdict:
        if changed is None:
            return Verdict(False, "its original is not at hand, so that no meaning can be compared")
        if not changed:
            return _KEEP
        cosines = {name: float(vectors[old] @ vectors[new]) for name, (old, new) in changed.items()}
        name, cosine = min(cosines.items(), key=lambda pair: pair[1])
        if cosine < self.least:
            return Verdict(False, f"the {name} is too far from its original's", cosine)
        if cosine > self.most:
            return Verdict(False, f"the {name} is too near to its original's", cosine)
        return Verdict(True, value=cosine)


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """Drops rows whose answer a reader does not give back (Alberti et al. 2019, "Synthetic QA Corpora
    Generation with Roundtrip Consistency").

    The reader sees question and context alone, and must not have been trained on what is judged here.

    Args:
        reader: answers questions.
        metric: one of :data:`gongbang.metrics.span.SPAN_METRICS`, over all answers of the row.
        least: the score that is enough, in [0, 1].

    Raises:
        OptionError: an unknown metric, or a score out of range.
    """

    name: ClassVar[str] = "round-trip"
    reader: Reader
    metric: str = "f1"
    least: float = 0.7

    def __post_init__(self) -> None:
        _check_metric(self.metric)
        check_share("least", self.least)

    def __call__(self, made: Sequence[Record], originals: Sequence[Record]) -> list[Verdict]:
        verdicts = [_KEEP] * len(made)
        asking = _asking(made)
        for n, text in zip(asking, _read(self.reader, [made[n] for n in asking]), strict=True):
            score = _score(self.metric, text, made[n])
            said = f"the reader answers {text!r}" if text else "the reader gives no answer"
            verdicts[n] = Verdict(True, value=score) if score >= self.least else Verdict(False, said, score)
        return verdicts


@dataclass(frozen=True, slots=True)
class Consensus:
    """Drops rows on which fewer than ``agree`` of several readers give the row's answer.

    What is measured is the share of readers that agree, so that its mean is the agreement rate of the
    generated answers with the readers.

    Args:
        readers: two or more, none trained on what is judged here.
        agree: how many must give the answer; None for more than half.
        metric: as in :class:`RoundTrip`.
        least: the score from which a reader agrees, in [0, 1].

    Raises:
        OptionError: fewer than two readers, or more that must agree than there are.
    """

    name: ClassVar[str] = "consensus"
    readers: Sequence[Reader]
    agree: int | None = None
    metric: str = "exact_match"
    least: float = 1.0

    def __post_init__(self) -> None:
        _check_metric(self.metric)
        check_share("least", self.least)
        if len(self.readers) < 2 or not 1 <= self.needed <= len(self.readers):
            raise OptionError(
                "these readers cannot come to a consensus.",
                value=f"{self.needed} of {len(self.readers)}",
                allowed="two readers or more, of whom 1 to all must agree",
                cure="Pass readers=[a, b, c], agree=2.",
            )

    @property
    def needed(self) -> int:
        """How many readers must agree."""
        return len(self.readers) // 2 + 1 if self.agree is None else self.agree

    def __call__(self, made: Sequence[Record], originals: Sequence[Record]) -> list[Verdict]:
        verdicts = [_KEEP] * len(made)
        asking = _asking(made)
        rows = [made[n] for n in asking]
        said = [_read(reader, rows) for reader in self.readers]  # (readers, rows)
        for row, n in enumerate(asking):
            verdicts[n] = self._judge(made[n], [texts[row] for texts in said])
        return verdicts

    def _judge(self, record: Record, texts: Sequence[str]) -> Verdict:
        count = sum(_score(self.metric, text, record) >= self.least for text in texts)
        share = count / len(texts)
        if count >= self.needed:
            return Verdict(True, value=share)
        most, times = Counter(map(normalise_answer, texts)).most_common(1)[0]
        others = f"{times} say {most!r}" if most else f"{times} give no answer"
        return Verdict(False, f"{count} of {len(texts)} readers agree; {others}", share)


def _asking(made: Sequence[Record]) -> list[int]:
    """Rows that a reader can judge: a question, a context, and a statement of what answers it."""
    return [
        n for n, r in enumerate(made) if "answers" in r.spans and {"question", "context"} <= r.fields.keys()
    ]


def _read(reader: Reader, records: Sequence[Record]) -> list[str]:
    """A reader's answers, one a record. It is given no spans, no labels and no names that could tell."""
    texts: list[str] = []
    for start in range(0, len(records), _BATCH):
        blind = [Record(str(n), dict(r.fields)) for n, r in enumerate(records[start : start + _BATCH])]
        said = {prediction.id: prediction.text for prediction in reader.predict(blind)}
        if said.keys() != {record.id for record in blind}:
            raise OptionError(
                "a reader does not give one prediction a record.",
                value=f"{len(said)} predictions on {len(blind)} records",
                allowed="one prediction a record, with the record's id",
                cure="Pass a predictor of the task 'reader'.",
            )
        texts += [said[record.id] for record in blind]
    return texts


def _score(metric: str, text: str, record: Record) -> float:
    return SPAN_METRICS[metric](text, [span.text for span in record.answers])


def _check_metric(metric: str) -> None:
    if metric not in SPAN_METRICS:
        raise OptionError(
            "unknown metric of answers.",
            value=metric,
            allowed=", ".join(SPAN_METRICS),
            cure="Pass metric='f1' or 'exact_match'.",
        )
