"""Replacement and insertion of words by a masked language model, or by what stands in for one.

A masked model comes from elsewhere; offline the bundled encoder replaces words in its stead
(:mod:`gongbang.augment.encoder_words`), and counted modifiers are inserted
(:mod:`gongbang.augment.modifiers`). Kumar et al. 2020, "Data Augmentation using Pre-trained Transformer
Models", section 3.2, without their conditioning on the label.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from gongbang.augment.nouns import Noun, draw_word, exchange, free_nouns
from gongbang.augment.words import (
    amount,
    check_count,
    check_share,
    eojeols,
    main_field,
    places_in,
    rewrite,
    touches,
)
from gongbang.data.records import Record
from gongbang.text.edits import Replacement
from gongbang.text.morphemes import Analyser, shared_analyser


@runtime_checkable
class MaskedModel(Protocol):
    """Says which words may stand in a blank."""

    @property
    def mask(self) -> str:
        """How the blank is written, e.g. ``[MASK]``."""
        ...

    def fill(self, text: str, k: int) -> Sequence[tuple[str, float]]:
        """At most ``k`` words for the one mask of ``text`` with their probabilities, the likeliest first."""
        ...


@runtime_checkable
class InPlaceModel(Protocol):
    """Says which words may stand in the place of another; for models that cannot read a blank."""

    def instead(self, text: str, start: int, end: int, k: int) -> Sequence[tuple[str, float]]:
        """At most ``k`` words for ``text[start:end]`` with weights above 0, the best first."""
        ...


def replace_masked(
    record: Record,
    rng: np.random.Generator,
    *,
    model: MaskedModel | InPlaceModel,
    field: str | None = None,
    share: float = 0.1,
    k: int = 10,
    analyser: Analyser | None = None,
) -> Record | None:
    """Replace a share of the common nouns outside the spans, one at least, by what the model puts there.

    The word is drawn by its probability among the ``k`` likeliest; the noun itself, marks and pieces are
    passed over, and the particle is put right. None where nothing can be replaced, or where the text
    already holds the mask, so that the model could not know which blank is meant.

    Args:
        record: any record.
        rng: of the draws.
        model: fills the blanks, one at a time, or replaces words as they stand.
        field: the field to edit; by default the first of text, context and question.
        share: of the nouns that stand alone.
        k: words to draw from.
        analyser: finds nouns; the shared one by default.

    Raises:
        OptionError: an option cannot be used.

    Example:
        >>> class Bookish:
        ...     mask = "[MASK]"
        ...     def fill(self, text, k):
        ...         return [("소설", 0.7), (".", 0.3)]
        >>> record = Record("1", {"text": "그 영화는 길다"})
        >>> made = replace_masked(record, np.random.default_rng(0), model=Bookish())
        >>> made.fields["text"]
        '그 소설은 길다'
    """
    check_share("share", share)
    check_count("k", k)
    name = main_field(record, field)
    if name is None or (isinstance(model, MaskedModel) and model.mask in record.fields[name]):
        return None
    analyser = analyser or shared_analyser()
    text = record.fields[name]
    nouns = free_nouns(record, name, analyser)
    edits: list[list[Replacement]] = []
    for place in rng.permutation(len(nouns)).tolist():
        if len(edits) == amount(len(nouns), share):
            break
        noun = nouns[place]
        new = draw_word(rng, _words(model, text, noun, k), noun.form)
        made = new and exchange(text, noun.start, noun.end, new, analyser.analyse(text))
        if made:
            edits.append(made)
    return rewrite(record, {name: [edit for made in sorted(edits) for edit in made]}) if edits else None


def _words(model: MaskedModel | InPlaceModel, text: str, noun: Noun, k: int) -> Sequence[tuple[str, float]]:
    if isinstance(model, InPlaceModel):
        return model.instead(text, noun.start, noun.end, k)
    return model.fill(text[: noun.start] + model.mask + text[noun.end :], k)


def insert_masked(
    record: Record,
    rng: np.random.Generator,
    *,
    model: MaskedModel,
    field: str | None = None,
    share: float = 0.1,
    k: int = 10,
) -> Record | None:
    """Insert a word of the model before a share of the words, one at least, never inside a span.

    Places are tried in an order by chance, each once. None where the model has no word for any, or the text
    already holds the mask.

    Args:
        record: any record.
        rng: of the draws.
        model: fills the blanks, one at a time, e.g. a :class:`gongbang.augment.modifiers.Modifiers`.
        field: the field to edit; by default the first of text, context and question.
        share: of the words.
        k: words to draw from.

    Raises:
        OptionError: an option cannot be used.
    """
    check_share("share", share)
    check_count("k", k)
    name = main_field(record, field)
    if name is None or model.mask in record.fields[name]:
        return None
    text, places = record.fields[name], places_in(record, name)
    offsets = [word.start for word in eojeols(text) if not touches(places, word.start, word.start)]
    edits: list[Replacement] = []
    for at in rng.permutation(offsets).tolist():
        if len(edits) == amount(len(offsets), share):
            break
        new = draw_word(rng, model.fill(f"{text[:at]}{model.mask} {text[at:]}", k))
        if new is not None:
            edits.append((at, at, f"{new} "))
    return rewrite(record, {name: sorted(edits)}) if edits else None
