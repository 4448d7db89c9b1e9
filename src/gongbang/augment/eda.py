"""Random deletion and random swap of words (EDA), and random marks between them (AEDA).

Wei & Zou 2019, "EDA: Easy Data Augmentation Techniques for Boosting Performance on Text Classification
Tasks", section 2; Karimi et al. 2021, "AEDA: An Easier Data Augmentation Technique for Text Classification",
section 3. Words are eojeols here. Three things are done otherwise than there: no word that holds a character
of a span is touched, words that negate stay where they are (deleting 안 turns a review over), and marks at
the ends of a word stay in their place when words are exchanged.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from gongbang.augment.words import (
    Word,
    amount,
    check_share,
    eojeols,
    free_words,
    main_field,
    places_in,
    rewrite,
    touches,
)
from gongbang.data.records import Record
from gongbang.text.edits import Replacement

AEDA_MARKS = (".", ",", "!", "?", ";", ":")
_AEDA_SHARES = ((150, 0.2), (300, 0.25))  # up to so many characters, such a share of the words
_AEDA_LONG = 0.3


def deletion(
    record: Record, rng: np.random.Generator, *, field: str | None = None, share: float = 0.1
) -> Record | None:
    """Delete a share of the words, one at least; None where no word is free or it would be the only one.

    A blank that parts what remains is kept, a line end before any other.

    Args:
        record: any record.
        rng: of the draw.
        field: the field to edit; by default the first of text, context and question.
        share: of the free words.

    Raises:
        OptionError: the share cannot be used.

    Example:
        >>> made = deletion(Record("1", {"text": "봄이 온다"}), np.random.default_rng(0))
        >>> made.fields["text"] in ("봄이", "온다")
        True
    """
    check_share("share", share)
    name = main_field(record, field)
    if name is None:
        return None
    words, free = free_words(record, name)
    count = min(amount(len(free), share), len(words) - 1)
    if count < 1:
        return None
    gone = set(rng.choice(free, count, replace=False).tolist())
    return rewrite(record, {name: _without(record.fields[name], words, gone)})


def _without(text: str, words: Sequence[Word], gone: set[int]) -> list[Replacement]:
    """Replacements that delete words, each run of them with all but one of the blanks around it."""
    edits: list[Replacement] = []
    kept = [number for number in range(len(words)) if number not in gone]
    if kept[0] > 0:
        edits.append((words[0].start, words[kept[0]].start, ""))
    for left, right in pairwise(kept):
        if right == left + 1:
            continue
        gaps = [(words[n].end, words[n + 1].start) for n in range(left, right)]
        stays = next((gap for gap in gaps if "\n" in text[slice(*gap)]), gaps[0])
        edits += [(words[left].end, stays[0], ""), (stays[1], words[right].start, "")]
    if kept[-1] < len(words) - 1:
        edits.append((words[kept[-1]].end, words[-1].end, ""))
    return [edit for edit in edits if edit[0] < edit[1]]


def swap(
    record: Record, rng: np.random.Generator, *, field: str | None = None, share: float = 0.1
) -> Record | None:
    """Exchange the places of two words, for a share of the words once, at least once.

    None where fewer than two different words are free, or where the exchanges undo each other.

    Args:
        record: any record.
        rng: of the draws.
        field: the field to edit; by default the first of text, context and question.
        share: exchanges per free word.

    Raises:
        OptionError: the share cannot be used.

    Example:
        >>> swap(Record("1", {"text": "꽃이, 핀다!"}), np.random.default_rng(0)).fields["text"]
        '핀다, 꽃이!'
    """
    check_share("share", share)
    name = main_field(record, field)
    if name is None:
        return None
    text = record.fields[name]
    words, free = free_words(record, name)
    cores = [text[words[number].first : words[number].last] for number in free]
    if len(set(cores)) < 2:
        return None
    new = list(cores)
    for _ in range(amount(len(free), share)):
        left = int(rng.integers(len(new)))
        others = [place for place, core in enumerate(new) if core != new[left]]
        right = int(rng.choice(others))
        new[left], new[right] = new[right], new[left]
    places = [words[number] for number in free]
    edits = [(w.first, w.last, to) for w, was, to in zip(places, cores, new, strict=True) if was != to]
    return rewrite(record, {name: edits}) if edits else None


def insert_marks(
    record: Record, rng: np.random.Generator, *, field: str | None = None, share: float | None = None
) -> Record | None:
    """AEDA: put one of ``. , ! ? ; :`` before some of the words, never inside a span.

    How many words have a mark before them is drawn between one and ``share`` of them. By default the share
    grows with the length: 0.2 up to 150 characters, 0.25 up to 300, 0.3 beyond.

    Args:
        record: any record.
        rng: of the draws.
        field: the field to edit; by default the first of text, context and question.
        share: of the words, or None for the one of the length.

    Raises:
        OptionError: the share cannot be used.

    Example:
        >>> insert_marks(Record("1", {"text": "봄이"}), np.random.default_rng(1)).fields["text"]
        '! 봄이'
    """
    if share is not None:
        check_share("share", share)
    name = main_field(record, field)
    if name is None:
        return None
    text, places = record.fields[name], places_in(record, name)
    offsets = [word.start for word in eojeols(text) if not touches(places, word.start, word.start)]
    if not offsets:
        return None
    if share is None:
        share = next((share for length, share in _AEDA_SHARES if len(text) <= length), _AEDA_LONG)
    count = int(rng.integers(1, amount(len(offsets), share) + 1))
    chosen = sorted(rng.choice(offsets, count, replace=False).tolist())
    marks = rng.choice(AEDA_MARKS, count).tolist()
    return rewrite(record, {name: [(at, at, f"{mark} ") for at, mark in zip(chosen, marks, strict=True)]})
