"""Title variants: the title put before the text, or taken away, so that no reader depends on either."""

from __future__ import annotations

import numpy as np

from gongbang.augment.words import check_choice, places_in, rewrite, touches
from gongbang.data.records import Record
from gongbang.text.edits import Replacement

HOW = ("any", "prefix", "drop")


def vary_title(
    record: Record,
    rng: np.random.Generator,
    *,
    how: str = "any",
    field: str = "context",
    separator: str = ". ",
) -> Record | None:
    """Put the title before the context, or drop it from where it stands.

    ``prefix`` puts title and separator before the context, unless it begins with the title. ``drop`` empties
    the field ``title``, and cuts title and separator from the head of the context where they stand there and
    hold no span. ``any`` draws one of the two that can be done.

    Args:
        record: with the fields ``title`` and ``context``.
        rng: of the draw.
        how: ``any``, ``prefix`` or ``drop``.
        field: the field that is read with the title.
        separator: between title and text.

    Returns:
        None where a field is missing, nothing would change, or an answer stands in the title: at the head of
        each such context it would teach the reader a place instead of a reason.

    Raises:
        OptionError: ``how`` is unknown.

    Example:
        >>> record = Record("1", {"title": "단오", "context": "여름 명절이다.", "question": "무엇인가?"})
        >>> vary_title(record, np.random.default_rng(0), how="prefix").fields["context"]
        '단오. 여름 명절이다.'
    """
    check_choice("how", how, HOW)
    title, text = record.fields.get("title", ""), record.fields.get(field, "")
    if not title.strip() or not text.strip():
        return None
    if any(span.text and span.text in title for span in record.answers):
        return None
    if places_in(record, "title"):
        return None
    ways = [way for way in HOW[1:] if how in ("any", way) and (way == "drop" or not text.startswith(title))]
    if not ways:
        return None
    if ways[int(rng.integers(len(ways)))] == "prefix":
        return rewrite(record, {field: [(0, 0, title + separator)]})
    edits: dict[str, list[Replacement]] = {"title": [(0, len(title), "")]}
    head = len(title + separator)
    cut = text.startswith(title + separator) and bool(text[head:].strip())
    if cut and not touches(places_in(record, field), 0, head):
        edits[field] = [(0, head, "")]
    return rewrite(record, edits)
