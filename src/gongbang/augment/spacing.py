"""Spacing noise: blanks lost and blanks put in, as people type them."""

from __future__ import annotations

import re

import numpy as np

from gongbang.augment.words import amount, check_share, main_field, places_in, rewrite, touches
from gongbang.data.records import Record
from gongbang.text.edits import Replacement

_BLANK = re.compile(r"(?<=\S) +(?=\S)")
_INSIDE = re.compile("(?<=[가-힣])(?=[가-힣])")


def vary_spacing(
    record: Record,
    rng: np.random.Generator,
    *,
    field: str | None = None,
    share: float = 0.1,
    lost: float = 0.7,
) -> Record | None:
    """Take out blanks between words, or put one between two syllables of a word; never inside a span.

    Args:
        record: any record.
        rng: of the draws.
        field: the field to edit; by default the first of text, context and question.
        share: changes per blank of the text, one at least.
        lost: probability that a change takes a blank out; the others put one in.

    Returns:
        None where there is no place for a change.

    Raises:
        OptionError: a share cannot be used.

    Example:
        >>> record = Record("1", {"text": "봄 이"})
        >>> vary_spacing(record, np.random.default_rng(0), lost=1).fields["text"]
        '봄이'
    """
    check_share("share", share)
    check_share("lost", lost)
    name = main_field(record, field)
    if name is None:
        return None
    text, places = record.fields[name], places_in(record, name)
    blanks = [found.span() for found in _BLANK.finditer(text) if not touches(places, *found.span())]
    inside = [found.start() for found in _INSIDE.finditer(text) if not touches(places, *found.span())]
    changes = amount(max(1, len(blanks)), share)
    out = min(int(rng.binomial(changes, lost)), len(blanks))
    put = min(changes - out, len(inside))
    if out + put == 0:
        out = min(1, len(blanks))  # a word that has nothing but blanks, or nothing but syllables, beside it
        put = min(1 - out, len(inside))
    edits: list[Replacement] = [
        (*blanks[place], "") for place in rng.choice(len(blanks), out, replace=False).tolist() if blanks
    ]
    edits += [(at, at, " ") for at in (rng.choice(inside, put, replace=False).tolist() if put else ())]
    return rewrite(record, {name: sorted(edits)}) if edits else None
