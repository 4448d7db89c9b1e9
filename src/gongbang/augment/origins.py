"""What a made record was made from, by which method, and what makes two records the same."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gongbang.data.records import Record
from gongbang.errors import OptionError

METHOD = "augmented"
"""The label that names the method a record was made by."""

TEXTS = ("question", "context", "text", "pair")
"""The fields that a filter looks at where none are named, those of them that a record has."""

TARGETS = ("label", "labels", "grades")
"""The labels that are learnt from; others only come along."""

Originals = Mapping[str, Record]


def by_id(originals: Iterable[Record]) -> dict[str, Record]:
    """Originals by their id; of several with one id the first."""
    found: dict[str, Record] = {}
    for record in originals:
        found.setdefault(record.id, record)
    return found


def origin_of(record: Record, originals: Originals) -> Record | None:
    """The nearest original in a record's lineage; None where none of them is at hand.

    Example:
        >>> originals = by_id([Record("a", {"text": "가"}), Record("b", {"text": "나"})])
        >>> origin_of(Record("c", {"text": "다"}, lineage=("a", "b")), originals).id
        'b'
    """
    return next((originals[id] for id in reversed(record.lineage) if id in originals), None)


def method_of(record: Record) -> str:
    """The method's name; "unnamed" of a made record that does not say.

    Example:
        >>> method_of(Record("1", {}, labels={"augmented": "cloze"}))
        'cloze'
    """
    name = record.labels.get(METHOD)
    return name if isinstance(name, str) and name else "unnamed"


def plain_text(text: str) -> str:
    """A text as it is compared: NFKC, lower case, single blanks. Punctuation counts, it may be all that a
    method adds.

    Example:
        >>> plain_text("  Ｗｅ  go")
        'we go'
    """
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())


def texts_of(record: Record) -> dict[str, str]:
    """Every field that holds words, as it is compared."""
    plain = {name: plain_text(text) for name, text in record.fields.items()}
    return {name: text for name, text in sorted(plain.items()) if text}


def target_of(record: Record) -> dict[str, Any]:
    """What is learnt from a record: its :data:`TARGETS`, and the texts of its spans by role."""
    target: dict[str, Any] = {name: record.labels[name] for name in TARGETS if name in record.labels}
    spans = {role: sorted(plain_text(span.text) for span in found) for role, found in record.spans.items()}
    return target | {f"span {role}": texts for role, texts in sorted(spans.items())}


def named_texts(record: Record, fields: Sequence[str]) -> dict[str, str]:
    """The named fields that a record has."""
    return {name: record.fields[name] for name in fields if name in record.fields}


def check_share(name: str, value: float, *, least: float = 0.0, most: float = 1.0) -> None:
    """Refuse a share out of its range.

    Raises:
        OptionError: naming the option.
    """
    if not least <= value <= most:
        raise OptionError(
            f"{name} is out of range.",
            value=value,
            allowed=f"{least:g} to {most:g}",
            cure=f"Pass {name} as a share, not as percent.",
        )
