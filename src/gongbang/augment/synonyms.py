"""Synonym replacement (EDA): nouns exchanged for similar ones, the particle behind them put right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from gongbang.augment.nouns import draw_word, exchange, free_nouns
from gongbang.augment.words import amount, check_count, check_share, main_field, rewrite
from gongbang.data.records import Record
from gongbang.text.edits import Replacement
from gongbang.text.morphemes import Analyser, shared_analyser


class Synonyms(Protocol):
    """Knows words that may stand in the place of a noun."""

    def similar(self, noun: str, k: int) -> Sequence[tuple[str, float]]:
        """At most ``k`` other nouns and how similar each is, above 0, the most similar first."""
        ...


def replace_nouns(
    record: Record,
    rng: np.random.Generator,
    *,
    synonyms: Synonyms,
    field: str | None = None,
    share: float = 0.1,
    k: int = 5,
    analyser: Analyser | None = None,
) -> Record | None:
    """Replace a share of the common nouns outside the spans, one at least (Wei & Zou 2019, section 2).

    Which of the ``k`` most similar nouns comes in is drawn by similarity, but none that the text has already.
    None where no noun has one.

    Args:
        record: any record.
        rng: of the draws.
        synonyms: e.g. a :class:`gongbang.augment.thesaurus.Thesaurus`.
        field: the field to edit; by default the first of text, context and question.
        share: of the nouns that stand alone.
        k: similar nouns to draw from.
        analyser: finds nouns; the shared one by default.

    Raises:
        OptionError: an option cannot be used.

    Example:
        >>> class Two:
        ...     def similar(self, noun, k):
        ...         return {"연극": [("영화", 0.9)]}.get(noun, [])
        >>> record = Record("1", {"text": "그 연극은 길다"})
        >>> replace_nouns(record, np.random.default_rng(0), synonyms=Two()).fields["text"]
        '그 영화는 길다'
    """
    check_share("share", share)
    check_count("k", k)
    name = main_field(record, field)
    if name is None:
        return None
    analyser = analyser or shared_analyser()
    text = record.fields[name]
    nouns = free_nouns(record, name, analyser)
    edits: list[list[Replacement]] = []
    for place in rng.permutation(len(nouns)).tolist():
        if len(edits) == amount(len(nouns), share):
            break
        noun = nouns[place]
        found = [(word, weight) for word, weight in synonyms.similar(noun.form, k) if word not in text]
        new = draw_word(rng, found, noun.form)
        made = new and exchange(text, noun.start, noun.end, new, analyser.analyse(text))
        if made:
            edits.append(made)
    return rewrite(record, {name: [edit for made in sorted(edits) for edit in made]}) if edits else None
