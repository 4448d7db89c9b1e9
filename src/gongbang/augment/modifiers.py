"""Adverbs and adjectives of the records themselves, for blanks where no masked language model is at hand.

What may be put before a word that stands there already, and leave a sentence, is a modifier: an adverb
before a verb or an adjective, an adjective's adnominal form before a noun. Which ones, and how often each, is
counted in the training rows, so that a blank is filled by its right neighbour alone: a masked model reads the
whole sentence and knows better. Words that negate are never offered, and of labelled rows none that leans
towards one label. Read what is made before training on it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar, Self

import numpy as np

from gongbang.augment.thesaurus import main_texts
from gongbang.augment.words import check_count, eojeols, negates
from gongbang.data.records import Record
from gongbang.text.morphemes import Analyser, Morpheme, shared_analyser

_HEADS = {"NNG": "noun", "XR": "noun", "VV": "verb", "VA": "verb", "MAG": "verb"}
"""What the first morpheme makes of a word. Names take no adjective; adverbs take an adverb, as verbs do."""
_NOUNS = ("NN", "NR", "NP", "SN", "SL", "SH", "XSN", "XPN")
"""Tags at whose end a word is not over for its meaning: what follows may be the rest of a compound."""
_MOST_TILT = 0.15  # total variation from the labels of all modifiers, beyond what chance gives


@dataclass(frozen=True, slots=True)
class Modifiers:
    """Fills a blank that stands alone before a word, from the modifiers that were counted before such words.

    Args:
        counts: how often each modifier stood before a ``noun`` and before a ``verb``.
        analyser: reads the words beside the blank; the shared one by default.

    Example:
        >>> rows = [Record(str(n), {"text": f"{n}월에 큰 나무가 다시 자랐다"}) for n in range(1, 9)]
        >>> learnt = Modifiers.from_records(rows)
        >>> learnt.fill("바람이 [MASK] 분다", 3), learnt.fill("그는 [MASK] 집을 지었다", 3)
        ([('다시', 1.0)], [('큰', 1.0)])
    """

    mask: ClassVar[str] = "[MASK]"
    counts: Mapping[str, Mapping[str, int]]
    analyser: Analyser = field(default_factory=shared_analyser)

    @classmethod
    def from_records(
        cls, records: Sequence[Record], *, min_count: int = 5, analyser: Analyser | None = None
    ) -> Self:
        """Count the modifiers in the main texts of records, each text once; give it training rows only.

        Args:
            records: their label, where it is one name, keeps out modifiers that lean towards one.
            min_count: occurrences below which a modifier is not offered.
            analyser: tells modifiers from other words; the shared one by default.

        Raises:
            OptionError: ``min_count`` is too small.
        """
        check_count("min_count", min_count)
        analyser = analyser or shared_analyser()
        texts = main_texts(records)
        labels = {label: place for place, label in enumerate(sorted(set(texts.values()) - {""}))}
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        by_label: dict[str, list[int]] = {}
        for (text, label), morphemes in zip(texts.items(), analyser.analyse_many(list(texts)), strict=True):
            for word, head in _modifiers(text, morphemes):
                counts[head][word] += 1
                seen = by_label.setdefault(word, [0] * len(labels))
                if label:
                    seen[labels[label]] += 1
        level = _level(by_label)
        kept = {
            head: {word: count for word, count in found.most_common() if count >= min_count and word in level}
            for head, found in counts.items()
        }
        return cls(kept, analyser)

    def fill(self, text: str, k: int) -> list[tuple[str, float]]:
        """At most ``k`` modifiers for the mask with their shares; none where no modifier can stand."""
        at = text.index(self.mask)
        end = at + len(self.mask)
        words = eojeols(text)
        place = next(number for number, word in enumerate(words) if word.start <= at < word.end)
        if (words[place].start, words[place].end) != (at, end) or place + 1 == len(words):
            return []
        before = text[words[place - 1].start : words[place - 1].end] if place else ""
        after = text[words[place + 1].start : words[place + 1].end]
        head = _head(self.analyser.analyse(after))
        ending = self.analyser.analyse(before)
        if head is None or (ending and ending[-1].tag.startswith(_NOUNS)):
            return []
        found = [
            (word, count) for word, count in self.counts.get(head, {}).items() if word not in {before, after}
        ][:k]
        total = sum(count for _, count in found)
        return [(word, count / total) for word, count in found]


def _modifiers(text: str, morphemes: Sequence[Morpheme]) -> Iterator[tuple[str, str]]:
    """Each modifier of a text and what it stands before."""
    words: list[list[Morpheme]] = []
    for morpheme in morphemes:
        if words and not text[words[-1][-1].end : morpheme.start].isspace():
            words[-1].append(morpheme)
        else:
            words.append([morpheme])
    for word, following in pairwise(words):
        form, head = text[word[0].start : word[-1].end], _head(following)
        if head == _modifies(word) and head is not None and not negates(form):
            yield form, head


def _modifies(word: Sequence[Morpheme]) -> str | None:
    """What a word can stand before: an adverb before a verb, an adjective's adnominal form before a noun."""
    tags = [morpheme.tag.split("-")[0] for morpheme in word]
    if tags == ["MAG"]:
        return "verb"
    if tags in (["VA", "ETM"], ["NNG", "XSA", "ETM"], ["XR", "XSA", "ETM"]):
        return "noun"
    return None


def _head(word: Sequence[Morpheme]) -> str | None:
    """What the word is to one that stands before it: a noun, a verb, or neither."""
    if not word:
        return None
    adjective = len(word) > 1 and word[1].tag.startswith(("XSA", "XSV"))
    return "verb" if adjective else _HEADS.get(word[0].tag.split("-")[0])


def _level(by_label: Mapping[str, Sequence[int]]) -> set[str]:
    """The words whose labels are those of all words together, within what as few occurrences can tell."""
    counts = np.asarray(list(by_label.values()), dtype=np.float64).reshape(len(by_label), -1)
    if counts.shape[1] < 2:
        return set(by_label)
    seen = counts.sum(axis=1, keepdims=True).clip(min=1)
    usual = counts.sum(axis=0) / counts.sum()
    tilt = np.abs(counts / seen - usual).sum(axis=1) / 2
    # The mean deviation of a share from its own probability, by the normal approximation.
    chance = np.sqrt(2 * usual * (1 - usual) / (np.pi * seen)).sum(axis=1) / 2
    return {word for word, far in zip(by_label, (tilt - chance).tolist(), strict=True) if far <= _MOST_TILT}
