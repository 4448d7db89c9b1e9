"""Words of a record's text, the places that spans hold, and the one way to rewrite a text under its spans.

Every augmenter of this floor asks here what it may touch and makes its change through :func:`rewrite`, so
that no span is left behind by an edit.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from gongbang.data.records import Record, Span
from gongbang.errors import OptionError
from gongbang.text.edits import Edited, Replacement

MAIN_FIELDS = ("text", "context", "question")
"""Where the text of a record stands; the first that it has is the one a method rewrites unless told."""

_EOJEOL = re.compile(r"\S+")
_CORE = re.compile(r"\w(?:.*\w)?", re.DOTALL)
# Losing, moving or exchanging one of these turns a label over: 재미있다, 안 재미있다.
_NEGATION = re.compile(
    r"^(?:안|못|not|no|never)$|않|없|아니|아닌|아닐|못하|못했|못한|말[고아]|n't", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Word:
    """An eojeol ``[start, end)``, and in it ``[first, last)`` without the marks at its ends.

    An eojeol of nothing but marks has an empty core at its start.
    """

    start: int
    end: int
    first: int
    last: int


def eojeols(text: str) -> list[Word]:
    """The words of a text as blanks part them.

    Example:
        >>> eojeols('"봄"이 온다!')
        [Word(start=0, end=4, first=1, last=4), Word(start=5, end=8, first=5, last=7)]
    """
    found = []
    for match in _EOJEOL.finditer(text):
        core = _CORE.search(match.group())
        first, last = core.span() if core else (0, 0)
        found.append(Word(match.start(), match.end(), match.start() + first, match.start() + last))
    return found


def places_in(record: Record, field: str) -> list[tuple[int, int]]:
    """Where the record's spans lie in a field, whatever their role."""
    return [(s.start, s.end) for spans in record.spans.values() for s in spans if s.field == field]


def touches(places: Iterable[tuple[int, int]], start: int, end: int) -> bool:
    """Whether characters ``[start, end)`` are in one of the places; what only borders on them is not.

    Example:
        >>> touches([(2, 4)], 0, 2), touches([(2, 4)], 3, 9), touches([(2, 4)], 2, 2), touches([(2, 4)], 3, 3)
        (False, True, False, True)
    """
    return any(begin < end and start < stop for begin, stop in places)


def free_words(record: Record, field: str) -> tuple[list[Word], list[int]]:
    """All words of a field, and the numbers of those that may be moved, exchanged or deleted.

    Free is a word that has a core, does not negate (its label would turn over), and has no character in a
    span, nor have the blanks around it: a span that begins with a blank is held by that word as well.
    """
    text, places = record.fields[field], places_in(record, field)
    words = eojeols(text)
    free = []
    for number, word in enumerate(words):
        before = words[number - 1].end if number else 0
        after = words[number + 1].start if number + 1 < len(words) else len(text)
        core = text[word.first : word.last]
        if core and not _NEGATION.search(core) and not touches(places, before, after):
            free.append(number)
    return words, free


def negates(word: str) -> bool:
    """Whether a word turns what is said into its contrary.

    Example:
        >>> negates("안"), negates("않았다"), negates("안경")
        (True, True, False)
    """
    return bool(_NEGATION.search(word))


def main_field(record: Record, field: str | None) -> str | None:
    """The field to rewrite: the one named, else the first of :data:`MAIN_FIELDS`; None where it is blank."""
    names: Sequence[str] = (field,) if field is not None else MAIN_FIELDS
    name = next((name for name in names if name in record.fields), None)
    return name if name is not None and record.fields[name].strip() else None


def rewrite(
    record: Record, edits: Mapping[str, Iterable[Replacement]], *, changing: Collection[str] = ()
) -> Record:
    """The record with its fields edited and every span moved along.

    Args:
        record: stays as it is.
        edits: replacements by field, in rising order.
        changing: roles whose spans may hold another text afterwards; all others must keep theirs.

    Raises:
        SpanError: replacements overlap, or change the text under a span that is to stay.

    Example:
        >>> record = Record("1", {"text": "봄이 온다"}, {"subject": (Span(0, 1, "봄", "text"),)})
        >>> made = rewrite(record, {"text": [(0, 0, "새 ")]})
        >>> made.fields["text"], made.spans["subject"][0].start
        ('새 봄이 온다', 2)
    """
    edited = {field: Edited.replace(record.fields[field], edits[field]) for field in edits}
    spans = {
        role: tuple(_moved(span, edited.get(span.field), role in changing) for span in spans)
        for role, spans in record.spans.items()
    }
    fields = {**record.fields, **{field: edit.text for field, edit in edited.items()}}
    return replace(record, fields=fields, spans=spans)


def _moved(span: Span, edit: Edited | None, changes: bool) -> Span:
    if edit is None:
        return span
    start, end = edit.to_edited(span.start, span.end)
    # A span that must keep its text keeps the words it claims: the record refuses it if they are not there.
    return replace(span, start=start, end=end, text=edit.text[start:end] if changes else span.text)


def amount(count: int, share: float) -> int:
    """How many of ``count`` words a share is: rounded, but one at least where there are words.

    Example:
        >>> amount(20, 0.1), amount(3, 0.1), amount(0, 0.1)
        (2, 1, 0)
    """
    return min(count, max(1, round(count * share)))


def check_share(name: str, value: object, *, most: float = 1.0) -> None:
    """Refuse a share outside (0, ``most``].

    Raises:
        OptionError: it is no number, or out of range.
    """
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not 0 < float(value) <= most:  # type: ignore[arg-type]
        raise OptionError(
            f"'{name}' is not a share.",
            value=value,
            allowed=f"more than 0, at most {most:g}",
            cure=f"Pass {name}=0.1.",
        )


def check_count(name: str, value: object, least: int = 1) -> None:
    """Refuse a number below ``least``, or what is no whole number.

    Raises:
        OptionError: it is.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise OptionError(
            f"'{name}' is not a number that can be used.",
            value=value,
            allowed=f"a whole number, {least} or more",
            cure=f"Pass {name}={least}.",
        )


def check_choice(name: str, value: object, allowed: Sequence[str]) -> None:
    """Refuse a value that is not one of ``allowed``.

    Raises:
        OptionError: it is not.
    """
    if value not in allowed:
        raise OptionError(
            f"'{name}' is none of the known ones.",
            value=value,
            allowed=", ".join(allowed),
            cure=f"Pass {name}='{allowed[0]}'.",
        )
