"""A thesaurus of nouns learnt from the records themselves, for places without a masked model.

Nouns are similar when they stand between the same words and each is among the nearest of the other. Positive
pointwise mutual information with smoothed contexts is cut down to its strongest directions, with the singular
values under a root, and compared by cosine (Levy, Goldberg & Dagan 2015, "Improving Distributional Similarity
with Lessons Learned from Word Embeddings", sections 2 and 3). Words to the left and to the right are told
apart and the window is narrow, since wide ones find words of the same topic instead of the same place.

It finds related words, not only synonyms: 여름 is near 겨울. Where records carry labels, nouns that lean
towards different ones are kept apart (최고 and 최악 in reviews). Read what it makes before training on it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gongbang.augment.words import MAIN_FIELDS, check_count
from gongbang.data.records import Record
from gongbang.text.morphemes import CONTENT_TAGS, Analyser, Morpheme, shared_analyser

_SMOOTHING = 0.75  # exponent on context counts: rare contexts would else count for too much
_LABEL_PRIOR = 5.0  # occurrences' worth of the corpus' label shares added to each noun's own
_DIRECTIONS = 100
_BOUNDARIES = frozenset({"SF"})

Counts = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Thesaurus:
    """Nouns and their neighbours.

    Args:
        nouns: (n,) forms, the most frequent first.
        vectors: (n, directions) rows of length 1, or 0 where a noun has no telling context.
        leanings: (n, labels) shares of the labels among the records that hold a noun; no columns where the
            records carried fewer than two labels.
        least: cosine below which nouns are not called similar.
        most_tilt: total variation between two nouns' leanings above which they are kept apart.

    Example:
        >>> texts = [f"{who} {what} 마신다" for who in ("아이가", "어른이") for what in ("우유를", "주스를")]
        >>> learnt = Thesaurus.from_records([Record(t, {"text": t}) for t in texts], min_count=2)
        >>> [noun for noun, _ in learnt.similar("우유", 1)]
        ['주스']
    """

    nouns: tuple[str, ...]
    vectors: Counts
    leanings: Counts
    least: float = 0.35
    most_tilt: float = 0.15

    @classmethod
    def from_records(
        cls,
        records: Sequence[Record],
        *,
        min_count: int = 10,
        window: int = 1,
        most_nouns: int = 4000,
        most_contexts: int = 2000,
        analyser: Analyser | None = None,
    ) -> Thesaurus:
        """Learn from the main texts of records (each text once), with their label where it is one name.

        Args:
            records: training rows.
            min_count: occurrences below which a noun is not known.
            window: words of meaning to either side, in the same sentence, that count as contexts.
            most_nouns: the most frequent common nouns kept.
            most_contexts: the most frequent contexts kept; the table has ``most_nouns`` times
                ``most_contexts`` entries of four bytes.
            analyser: finds nouns; the shared one by default.

        Raises:
            OptionError: a count is too small.
        """
        counts = {"min_count": min_count, "window": window}
        for name, value in {**counts, "most_nouns": most_nouns, "most_contexts": most_contexts}.items():
            check_count(name, value)
        texts = main_texts(records)
        analyses = (analyser or shared_analyser()).analyse_many(list(texts))
        sentences = [(label, s) for label, ms in zip(texts.values(), analyses, strict=True) for s in _cut(ms)]
        seen = Counter(m.form for _, sentence in sentences for m in sentence if _is_noun(m))
        nouns = tuple(form for form, count in seen.most_common(most_nouns) if count >= min_count)
        around = Counter(
            context
            for _, sentence in sentences
            for place in range(len(sentence))
            for context in _around(sentence, place, window)
        )
        contexts = {form: column for column, (form, _) in enumerate(around.most_common(most_contexts))}
        labels = {label: place for place, label in enumerate(sorted({a for a, _ in sentences if a}))}
        rows = {form: row for row, form in enumerate(nouns)}
        together = np.zeros((len(nouns), len(contexts)), dtype=np.float32)
        leaning = np.zeros((len(nouns), len(labels)), dtype=np.float32)
        for label, sentence in sentences:
            for place, morpheme in enumerate(sentence):
                row = rows.get(morpheme.form) if _is_noun(morpheme) else None
                if row is None:
                    continue
                if label:
                    leaning[row, labels[label]] += 1
                for context in _around(sentence, place, window):
                    column = contexts.get(context)
                    if column is not None:
                        together[row, column] += 1
        return cls(nouns, _unit(_reduced(_ppmi(together))), _leanings(leaning))

    def similar(self, noun: str, k: int) -> list[tuple[str, float]]:
        """At most ``k`` nouns most similar to one, with their cosine; empty for a noun that is not known."""
        if noun not in self.nouns:
            return []
        row = self.nouns.index(noun)
        return [
            (self.nouns[near], score) for near, score in self._nearest(row, k) if self._mutual(near, row, k)
        ]

    def _mutual(self, near: int, row: int, k: int) -> bool:
        return any(place == row for place, _ in self._nearest(near, k))

    def _nearest(self, row: int, k: int) -> list[tuple[int, float]]:
        scores = self.vectors @ self.vectors[row]  # (nouns,)
        tilt = np.abs(self.leanings - self.leanings[row]).sum(axis=1) / 2
        scores[(tilt > self.most_tilt) | (scores < self.least)] = 0
        scores[row] = 0
        order = np.argsort(-scores, kind="stable")[:k]
        return [(int(place), float(scores[place])) for place in order if scores[place] > 0]


def main_texts(records: Sequence[Record]) -> dict[str, str]:
    """Each main text once, with the label of the first record that has it; "" where it has none."""
    texts: dict[str, str] = {}
    for record in records:
        label = record.labels.get("label")
        for field in MAIN_FIELDS:
            text = record.fields.get(field, "")
            if text.strip():
                texts.setdefault(text, label if isinstance(label, str) else "")
    return texts


def _cut(morphemes: Sequence[Morpheme]) -> Iterator[list[Morpheme]]:
    """The words of meaning of each sentence; one that has a single word has no context."""
    sentence: list[Morpheme] = []
    for morpheme in morphemes:
        if morpheme.tag in CONTENT_TAGS:
            sentence.append(morpheme)
        elif morpheme.tag in _BOUNDARIES:
            yield sentence
            sentence = []
    yield sentence


def _around(sentence: Sequence[Morpheme], place: int, window: int) -> Iterator[str]:
    """The words beside one, each with its distance: what fills the same place has them at the same side."""
    for distance in range(-window, window + 1):
        if distance and 0 <= place + distance < len(sentence):
            yield f"{distance:+d} {sentence[place + distance].form}"


def _is_noun(morpheme: Morpheme) -> bool:
    return morpheme.tag == "NNG" and len(morpheme.form) > 1


def _ppmi(together: Counts) -> Counts:
    """Positive pointwise mutual information of (nouns, contexts) counts."""
    total = together.sum()
    if not total:
        return together
    rows = together.sum(axis=1, keepdims=True) / total
    columns = together.sum(axis=0, keepdims=True) ** _SMOOTHING
    columns /= columns.sum()
    expected = rows * columns * total
    ratio = np.divide(together, expected, out=np.ones_like(together), where=(together > 0) & (expected > 0))
    positive: Counts = np.maximum(np.log(ratio), 0).astype(np.float32)
    return positive


def _reduced(rows: Counts) -> Counts:
    """(nouns, contexts) to (nouns, directions): left singular vectors by the root of their values.

    By the eigenvectors of the smaller square: a full decomposition would take minutes and gigabytes.
    """
    if not rows.size:
        return rows
    values, vectors = np.linalg.eigh((rows.T @ rows).astype(np.float64))  # rising
    values, vectors = values[::-1][:_DIRECTIONS], vectors[:, ::-1][:, :_DIRECTIONS]
    kept = values > 1e-6 * max(values[0], 1e-12)
    reduced: Counts = (rows @ (vectors[:, kept] * values[kept] ** -0.25)).astype(np.float32)
    return reduced


def _unit(rows: Counts) -> Counts:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Counts = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    return unit


def _leanings(counts: Counts) -> Counts:
    """Shares of labels by noun, drawn towards those of all nouns; (nouns, 0) with fewer than two labels."""
    if counts.shape[1] < 2 or not counts.sum():
        return np.zeros((len(counts), 0), dtype=np.float32)
    prior = _LABEL_PRIOR * counts.sum(axis=0) / counts.sum()
    raised = counts + prior
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), dtype=np.float32)
