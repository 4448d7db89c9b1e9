"""Nouns that can be exchanged for others, with the particle behind them put right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from gongbang.augment.words import negates, places_in, touches
from gongbang.data.records import Record
from gongbang.text.batchim import Batchim, batchim
from gongbang.text.edits import Replacement
from gongbang.text.josa import attach_josa, josa_pair
from gongbang.text.morphemes import Analyser, Morpheme


@dataclass(frozen=True, slots=True)
class Noun:
    """A noun at ``[start, end)``, and where its particle ends."""

    form: str
    start: int
    end: int
    after: int
    """Where its first particle ends; ``end`` where there is none."""


def free_nouns(
    record: Record, field: str, analyser: Analyser, tags: frozenset[str] = frozenset({"NNG"})
) -> list[Noun]:
    """Nouns of two syllables or more that stand alone, outside the spans with their particle.

    A part of a compound, and a noun that an ending turns into a verb (운동하다) or a predicate (책이다), do
    not stand alone.
    """
    text, places = record.fields[field], places_in(record, field)
    morphemes = analyser.analyse(text)
    found = []
    for morpheme in morphemes:
        start, end = morpheme.start, morpheme.end
        if morpheme.tag not in tags or end - start < 2 or text[start:end] != morpheme.form:
            continue
        after = particle_end(morphemes, end)
        alone = not text[max(0, start - 1) : start].isalnum()
        alone = alone and (after > end or not text[end : end + 1].isalnum())
        if alone and not touches(places, start, after):
            found.append(Noun(morpheme.form, start, end, after))
    return found


def particle_end(morphemes: Sequence[Morpheme], end: int) -> int:
    """Where the particle ends that begins at ``end``; ``end`` itself where none does."""
    return next((m.end for m in morphemes if m.start == end and m.tag[0] == "J" and m.end > end), end)


def exchange(
    text: str, start: int, end: int, new: str, morphemes: Sequence[Morpheme]
) -> list[Replacement] | None:
    """Replacements that put ``new`` in the place of ``[start, end)``, with the particle in its form.

    The particle has a replacement of its own, so that a span on the word holds the new word and no more.

    Returns:
        None where the form of 이다 behind the word does not fit the new one (나무였다, 책이었다).

    Example:
        >>> from gongbang.text.morphemes import shared_analyser
        >>> exchange("봄은 온다", 0, 1, "새해", shared_analyser().analyse("봄은 온다"))
        [(0, 1, '새해'), (1, 2, '는')]
    """
    after = particle_end(morphemes, end)
    edits = [(start, end, new)]
    if after > end:
        josa = attach_josa(new, josa_pair(text[end:after]))[len(new) :]
        return [*edits, (end, after, josa)] if josa != text[end:after] else edits
    copula = any(m.start == end and m.tag == "VCP" for m in morphemes)
    old_open = batchim(text[start:end]) is Batchim.NONE
    if copula and old_open != (batchim(new) is Batchim.NONE):
        return None
    return edits


def draw_word(rng: np.random.Generator, found: Iterable[tuple[str, float]], old: str = "") -> str | None:
    """A word other than ``old``, drawn by its weight; None where no usable one has any.

    Marks, pieces of words, words that negate and anything with a blank cannot be used.

    Example:
        >>> draw_word(np.random.default_rng(0), [("안", 0.6), (".", 0.3), ("물", 0.1)], "불")
        '물'
    """
    usable = [
        (word, weight)
        for word, weight in found
        if word != old and word.isalnum() and not negates(word) and weight > 0
    ]
    if not usable:
        return None
    weights = np.array([weight for _, weight in usable], dtype=np.float64)
    return usable[int(rng.choice(len(usable), p=weights / weights.sum()))][0]
