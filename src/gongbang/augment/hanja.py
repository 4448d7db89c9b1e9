"""Hanja read as Hangul, which tokenizers know: a Hanja is often one unknown token."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from gongbang.augment.words import places_in, rewrite, touches
from gongbang.data.records import Record
from gongbang.text.edits import Replacement
from gongbang.text.hanja import HANJA, to_hangul

FIELDS = ("text", "pair", "question", "context", "title")
_RUN = re.compile(f"[{HANJA}]+")
_GLOSS = re.compile(rf"\s?[(（]([{HANJA} ]+)[)）]")


def read_hanja(
    record: Record, rng: np.random.Generator, *, fields: Sequence[str] = FIELDS, glosses: bool = True
) -> Record | None:
    """Replace Hanja by its Korean reading in all fields; a span over Hanja holds the reading afterwards.

    Args:
        record: any record.
        rng: not drawn from: there is one reading.
        fields: those to convert; all texts by default, so that question and context stay alike.
        glosses: drop a gloss that says what stands before it (한국(韓國) becomes 한국, not 한국(한국)),
            unless a span reaches into it.

    Returns:
        None where no Hanja has a reading.

    Example:
        >>> record = Record("1", {"text": "경복궁(景福宮)은 朝鮮의 궁궐이다"})
        >>> read_hanja(record, np.random.default_rng(0)).fields["text"]
        '경복궁은 조선의 궁궐이다'
    """
    edits = {
        field: found
        for field in fields
        if field in record.fields and (found := _edits(record, field, glosses))
    }
    return rewrite(record, edits, changing=record.spans.keys()) if edits else None


def _edits(record: Record, field: str, glosses: bool) -> list[Replacement]:
    text, places = record.fields[field], places_in(record, field)
    read = to_hangul(text)  # of the same length
    dropped = []
    for found in _GLOSS.finditer(text) if glosses else ():
        reading = read[slice(*found.span(1))].replace(" ", "")
        said = read[: found.start()].replace(" ", "").endswith(reading)
        if said and not touches(places, *found.span()):
            dropped.append(found.span())
    edits: list[Replacement] = [(start, end, "") for start, end in dropped]
    for found in _RUN.finditer(text):
        if not touches(dropped, *found.span()):
            # character by character: a span may begin within a run
            edits += [(at, at + 1, read[at]) for at in range(*found.span()) if read[at] != text[at]]
    return sorted(edits)
