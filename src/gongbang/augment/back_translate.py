"""Back-translation: a text through another language and back, with its spans found again.

Sennrich, Haddow and Birch 2016 ("Improving Neural Machine Translation Models with Monolingual Data") made
parallel text that way, Yu et al. 2018 (QANet, section 3) questions and contexts. Each span travels in a pair
of rare brackets of its own, chosen so that the text does not hold it already; a row whose brackets do not
come back, once each and in order, is a failure with a reason and never a guess.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from gongbang.augment.origins import plain_text
from gongbang.augment.provider_cache import CachedProvider, stored_provider
from gongbang.augment.providers import Failed, Outcome, Provided, ProviderFailure, Translator, made_of
from gongbang.data.records import Record, Span
from gongbang.data.splits import TEXT_FIELDS
from gongbang.errors import OptionError
from gongbang.text.edits import Edited

BRACKETS = ("⟦⟧", "⟪⟫", "⦅⦆", "⁅⁆", "⦗⦘", "⟬⟭", "⦃⦄", "⧼⧽")
"""Pairs that hardly any text holds, the ones that fonts and tokenizers know best first."""

METHOD = "back-translation"

_Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A text whose spans stand in brackets: ``pairs`` has the brackets of each place of the bare text."""

    text: str
    pairs: Mapping[_Place, str]


def wrap(text: str, places: Sequence[_Place]) -> Wrapped | ProviderFailure:
    """Put each distinct place of a text into brackets that the text does not hold.

    Places may lie next to each other, or one within the other; those that cross cannot be told apart by a
    translator and are a failure, as are more places than there are pairs left.

    Example:
        >>> wrap("수도는 서울이다.", [(4, 6)]).text
        '수도는 ⟦서울⟧이다.'
    """
    distinct = sorted(set(places), key=lambda place: (place[0], -place[1]))
    free = [pair for pair in BRACKETS if pair[0] not in text and pair[1] not in text]
    if len(distinct) > len(free):
        return ProviderFailure(f"{len(distinct)} spans, and {len(free)} pairs of brackets to tell them apart")
    for number, (start, end) in enumerate(distinct):
        if start == end:
            return ProviderFailure("an empty span cannot be found again")
        if any(start < other_start < end < other_end for other_start, other_end in distinct[number:]):
            return ProviderFailure("spans that cross cannot be told apart")
    pairs = dict(zip(distinct, free, strict=False))
    # At one place what ends is closed before what starts is opened, the inner one before the outer one.
    closing = [(end, 0, -start, pair[1]) for (start, end), pair in pairs.items()]
    opening = [(start, 1, -end, pair[0]) for (start, end), pair in pairs.items()]
    marks: dict[int, str] = {}
    for at, _, _, bracket in sorted(closing + opening):
        marks[at] = marks.get(at, "") + bracket
    return Wrapped(Edited.replace(text, [(at, at, mark) for at, mark in sorted(marks.items())]).text, pairs)


def unwrap(
    text: str, pairs: Mapping[_Place, str], held: str = ""
) -> tuple[str, dict[_Place, _Place]] | ProviderFailure:
    """Take the brackets away: the bare text, and where each place stands in it.

    Blanks right inside the brackets, which translators like to add, belong to no span. Brackets that were
    not sent are a failure, but for those of ``held``, the bare text that was sent.

    Example:
        >>> unwrap("⟦ 서울 ⟧이 수도다.", {(4, 6): "⟦⟧"})
        ('서울이 수도다.', {(4, 6): (0, 2)})
    """
    inside: dict[_Place, _Place] = {}
    for place, pair in pairs.items():
        left, right = pair[0], pair[1]
        counts = text.count(left), text.count(right)
        if counts != (1, 1):
            return ProviderFailure(f"the brackets {left}{right} came back {counts[0]} and {counts[1]} times")
        inside[place] = (text.index(left) + 1, text.index(right))
        if inside[place][0] > inside[place][1]:
            return ProviderFailure(f"the brackets {left}{right} came back in the wrong order")
    sent = set("".join(pairs.values()))
    if (set("".join(BRACKETS)) - sent - set(held)) & set(text):
        return ProviderFailure("brackets came back that were not sent")
    cut = {at for at, char in enumerate(text) if char in sent}
    rims: dict[_Place, _Place] = {}
    for place, (start, end) in inside.items():
        words = [at for at in range(start, end) if at not in cut and not text[at].isspace()]
        if not words:
            return ProviderFailure("a span came back empty")
        rims[place] = (words[0], words[-1] + 1)
    for place, (start, end) in inside.items():
        cut |= _added_blanks(text, (start, end), rims[place])
    bare = Edited.replace(text, [(at, at + 1, "") for at in sorted(cut)])
    return bare.text, {place: bare.to_edited(start, end) for place, (start, end) in rims.items()}


def _added_blanks(text: str, inside: _Place, words: _Place) -> set[int]:
    """Blanks at the rims of a span that go with its brackets; the others only move out of the span.

    A blank is one too many where another stands outside the bracket. Behind the span it is one too many
    also where there is one before it: "⟦ 서울 ⟧이" is "서울이".
    """
    (start, end), (first, last) = inside, words
    doubled = start < 2 or text[start - 2].isspace()
    closed = end + 1 >= len(text) or text[end + 1].isspace()
    before = set(range(start, first)) if doubled else set()
    return before | (set(range(last, end)) if closed or first > start else set())


def back_translate(
    records: Sequence[Record],
    provider: Translator,
    pivot: str,
    *,
    source: str = "ko",
    field: str | None = None,
    least_ratio: float = 0.6,
    most_ratio: float = 1.6,
) -> Provided:
    """Each record with one of its fields translated to ``pivot`` and back.

    Args:
        records: with any spans; those in the field are found again, and hold what stands there then.
        provider: translates both ways; wrap it in a :class:`gongbang.augment.provider_cache.CachedProvider`.
        pivot: the language in between. source: the records' own.
        field: which one; of each record the first of context, text and question when None.
        least_ratio: characters that come back over those that were sent; fewer are a failure.
        most_ratio: the same, from above.

    Returns:
        made records in order, and a reason for each of the others: the provider failed, brackets were
        lost, the text came back as it was, or at another length.

    Raises:
        OptionError: the pivot is the source, or the ratios leave no room.

    Example:
        >>> class Mirror:
        ...     name, version, options = "mirror", "1", {}
        ...     def translate(self, texts, source, target):
        ...         return [" ".join(reversed(text.split())) if target == "ko" else text for text in texts]
        >>> record = Record("1", {"context": "수도는 서울 입니다"}, {"answers": (Span(4, 6, "서울"),)})
        >>> made = back_translate([record], Mirror(), "en").made[0]
        >>> made.fields["context"], made.answers[0].start, made.lineage
        ('입니다 서울 수도는', 4, ('1',))
    """
    _check(pivot, source, least_ratio, most_ratio)
    failed: dict[int, str] = {}
    sent: dict[int, tuple[str, Wrapped]] = {}
    for n, record in enumerate(records):
        name = field or next((name for name in TEXT_FIELDS if record.fields.get(name, "").strip()), "")
        if not record.fields.get(name, "").strip():
            failed[n] = f"there is no text in the field '{name}'" if name else "there is no text"
            continue
        wrapped = wrap(record.fields[name], _places(record, name))
        if isinstance(wrapped, ProviderFailure):
            failed[n] = wrapped.reason
        else:
            sent[n] = (name, wrapped)
    there = _leg(provider, {n: wrapped.text for n, (_, wrapped) in sent.items()}, source, pivot, failed)
    for n in list(there):  # a span lost on the way out need not be paid for on the way back
        arrived = unwrap(there[n], sent[n][1].pairs, records[n].fields[sent[n][0]])
        if isinstance(arrived, ProviderFailure):
            failed[n] = f"in '{pivot}' {arrived.reason}"
            del there[n]
    back = _leg(provider, there, pivot, source, failed)
    made = []
    for n, text in back.items():
        name, wrapped = sent[n]
        new = _made(records[n], name, wrapped, text, pivot)
        if isinstance(new, ProviderFailure):
            failed[n] = new.reason
            continue
        ratio = len(new.fields[name]) / len(records[n].fields[name].strip())
        if least_ratio <= ratio <= most_ratio:
            made.append(new)
        else:
            failed[n] = f"the text came back at {ratio:.2f} of its length"
    return Provided(made, [Failed(records[n], failed[n]) for n in sorted(failed)])


def translate_back(
    record: Record,
    rng: np.random.Generator,
    *,
    cache: str | None = None,
    provider: Translator | str | None = None,
    pivot: str = "en",
    source: str = "ko",
    field: str | None = None,
) -> Record | None:
    """One record with one of its fields translated to ``pivot`` and back, as :func:`back_translate` does.

    Args:
        record: with any spans; those in the field are found again.
        rng: not drawn from: there is one translation.
        cache: folder or file of the translations that are stored (:func:`stored_provider`), as a recipe
            names it; nobody is asked.
        provider: of a cache with several, the name; without a cache, what translates.
        pivot: the language in between. source: the records' own.
        field: which one; the first of context, text and question when None.

    Returns:
        None where no translation is stored, the spans were lost on the way, or the text came back as it was
        or at another length.

    Raises:
        OptionError: neither cache nor provider, or one that cannot be used.
        DataError: there is no such cache.

    Example:
        >>> class Mirror:
        ...     name, version, options = "mirror", "1", {}
        ...     def translate(self, texts, source, target):
        ...         return [" ".join(reversed(text.split())) if target == "ko" else text for text in texts]
        >>> record = Record("1", {"text": "봄이 온다"})
        >>> translate_back(record, np.random.default_rng(0), provider=Mirror()).fields["text"]
        '온다 봄이'
    """
    if cache is not None and (provider is None or isinstance(provider, str)):
        provider = _stored(cache, provider)
    if provider is None or isinstance(provider, str):
        raise OptionError(
            "there is nothing that translates.",
            value=provider,
            allowed="a cache of translations, or an object that translates",
            cure="Set options: {cache: FOLDER}, as CachedProvider filled it.",
        )
    made = back_translate([record], provider, pivot, source=source, field=field).made
    return replace(record, fields=made[0].fields, spans=made[0].spans) if made else None


@lru_cache(maxsize=8)
def _stored(cache: str, name: str | None) -> CachedProvider:
    return stored_provider(cache, name)


def _check(pivot: str, source: str, least: float, most: float) -> None:
    if pivot == source:
        raise OptionError(
            "the language in between is the records' own.",
            value=pivot,
            allowed=f"any but '{source}'",
            cure="Pass pivot='en', or the records' language as source.",
        )
    if not 0 <= least < most:
        raise OptionError(
            "the bounds of the length ratio leave no room.",
            value=f"{least} to {most}",
            allowed="0 <= least_ratio < most_ratio",
            cure="Pass least_ratio=0.6, most_ratio=1.6.",
        )


def _places(record: Record, field: str) -> list[_Place]:
    return [(s.start, s.end) for spans in record.spans.values() for s in spans if s.field == field]


def _leg(
    provider: Translator, texts: Mapping[int, str], source: str, target: str, failed: dict[int, str]
) -> dict[int, str]:
    """One direction: the texts that arrived by row; the others go into ``failed``."""
    outcomes: list[Outcome] = provider.translate(list(texts.values()), source, target) if texts else []
    arrived = {}
    for n, outcome in zip(texts, outcomes, strict=True):
        if isinstance(outcome, ProviderFailure):
            failed[n] = f"{source} to {target}: {outcome.reason}"
        elif not outcome.strip():
            failed[n] = f"{source} to {target}: the output is empty"
        else:
            arrived[n] = outcome
    return arrived


def _made(record: Record, field: str, wrapped: Wrapped, text: str, pivot: str) -> Record | ProviderFailure:
    found = unwrap(text.strip(), wrapped.pairs, record.fields[field])
    if isinstance(found, ProviderFailure):
        return found
    bare, places = found
    if plain_text(bare) == plain_text(record.fields[field]):
        return ProviderFailure("the text came back as it was")
    spans = {role: tuple(_moved(s, field, places, bare) for s in kept) for role, kept in record.spans.items()}
    return made_of(record, f"{METHOD}-{pivot}", METHOD, {**record.fields, field: bare}, spans)


def _moved(span: Span, field: str, places: Mapping[_Place, _Place], text: str) -> Span:
    if span.field != field:
        return span
    start, end = places[span.start, span.end]
    return replace(span, start=start, end=end, text=text[start:end])
