"""Entities of a relation masked, exchanged with each other, or replaced by another of their type.

Records have the spans ``subject`` and ``object`` and, where their types are known, the labels
``subject_type`` and ``object_type``; the relation is the label ``label``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from gongbang.augment.nouns import exchange, particle_end
from gongbang.augment.words import places_in, rewrite, touches
from gongbang.data.records import Record, Span
from gongbang.errors import OptionError
from gongbang.text.edits import Replacement
from gongbang.text.morphemes import Analyser, shared_analyser

ROLES = ("subject", "object")

SYMMETRIC = (
    "no_relation",
    "org:alternate_names",
    "per:alternate_names",
    "per:other_family",
    "per:colleagues",
    "per:siblings",
    "per:spouse",
)
"""KLUE-RE relations that hold in both directions."""

INVERSE = MappingProxyType(
    {
        "org:members": "org:member_of",
        "org:member_of": "org:members",
        "per:children": "per:parents",
        "per:parents": "per:children",
    }
)
"""Relations that become each other with subject and object exchanged."""

ONE_WAY = MappingProxyType({"org:top_members/employees": "per:employee_of"})
"""Whoever heads an organisation is employed by it; whom it employs need not head it."""

KLUE_SWAPS: Mapping[str, str] = MappingProxyType({**{name: name for name in SYMMETRIC}, **INVERSE, **ONE_WAY})
"""The relation after subject and object have been exchanged; one that is absent cannot be exchanged."""

SPELLINGS: Mapping[str, str] = MappingProxyType({"org:members_of": "org:members"})
"""Other names of KLUE's relations in use."""

_SUBJECT_TYPES = {"per:": "PER", "org:": "ORG"}  # what KLUE's names say of the type of their subject


class Swaps(dict[str, str]):
    """The relation after subject and object have been exchanged, among the relations that a set knows.

    Example:
        >>> rows = [Record(name, {}, labels={"label": name}) for name in ("org:member_of", "org:members_of")]
        >>> Swaps.from_records(rows)
        {'org:member_of': 'org:members_of', 'org:members_of': 'org:member_of'}
    """

    @classmethod
    def from_records(cls, records: Sequence[Record]) -> Swaps:
        """KLUE's, in the spelling of the records' labels; give it training rows only.

        A relation that no record has is left out: a model that was not shown it has no place for it.
        """
        seen = sorted({str(record.labels["label"]) for record in records if "label" in record.labels})
        spelled = {SPELLINGS.get(name, name): name for name in seen}
        spelled |= {name: name for name in seen if name in KLUE_SWAPS}
        return cls(
            (name, spelled[after])
            for name in seen
            if (after := KLUE_SWAPS.get(SPELLINGS.get(name, name))) in spelled
        )


@dataclass(frozen=True, slots=True)
class EntityPool:
    """Names of entities by type.

    Example:
        >>> text, names = "한국은행은 서울에 있다", (Span(0, 4, "한국은행", "text"),)
        >>> record = Record("1", {"text": text}, {"subject": names}, {"subject_type": "ORG"})
        >>> EntityPool.from_records([record]).names["ORG"]
        ('한국은행',)
    """

    names: Mapping[str, tuple[str, ...]]

    @classmethod
    def from_records(cls, records: Sequence[Record]) -> EntityPool:
        """Collect the names of subjects and objects whose type is labelled; give it training rows only."""
        found: dict[str, set[str]] = {}
        for record in records:
            for role in ROLES:
                kind = record.labels.get(f"{role}_type")
                if isinstance(kind, str):
                    found.setdefault(kind, set()).update(s.text for s in record.spans.get(role, ()) if s.text)
        return cls({kind: tuple(sorted(names)) for kind, names in sorted(found.items())})


def mask_entity(
    record: Record, rng: np.random.Generator, *, role: str | None = None, mask: str = "[{type}]"
) -> Record | None:
    """Put a mask with its type in the place of the subject or the object.

    Args:
        record: with spans ``subject`` and ``object``.
        rng: of the draw between the two, one for each row.
        role: ``subject`` or ``object``; drawn evenly when None.
        mask: ``{type}`` stands for the labelled type of the entity.

    Returns:
        None where the entity has no span, overlaps another span, or lacks the type that the mask shows.

    Raises:
        OptionError: the role is unknown, or the mask is blank.

    Example:
        >>> spans = {"subject": (Span(0, 2, "세종", "text"),), "object": (Span(4, 6, "한글", "text"),)}
        >>> record = Record("1", {"text": "세종이 한글을"}, spans, {"subject_type": "PER"})
        >>> mask_entity(record, np.random.default_rng(0), role="subject").fields["text"]
        '[PER]이 한글을'
    """
    _check_role(role)
    if not mask.strip():
        raise OptionError("the mask is blank.", value=mask, allowed="a text", cure="Pass mask='[{type}]'.")
    role = role or str(rng.choice(ROLES))
    kind = record.labels.get(f"{role}_type")
    spans = _alone(record, role)
    if spans is None or ("{type}" in mask and not isinstance(kind, str)):
        return None
    shown = mask.replace("{type}", str(kind))
    return _with_text(record, role, {span: [(span.start, span.end, shown)] for span in spans})


def swap_entities(
    record: Record, rng: np.random.Generator, *, relations: Mapping[str, str] = KLUE_SWAPS
) -> Record | None:
    """Exchange subject and object, with their types and the label that then holds; the text stays.

    Args:
        record: with spans ``subject`` and ``object`` and a label.
        rng: not drawn from: there is one way to exchange two.
        relations: the label after the exchange for each label that has one; no others are exchanged. A recipe
            gives a mapping; by default it is KLUE's, in the spelling of the training records' labels.

    Returns:
        None where the label has no other side, a span is missing, or the new subject is of a type that the
        new label excludes (``per:`` wants PER, ``org:`` wants ORG, where types are labelled).

    Raises:
        OptionError: ``relations`` is no mapping from labels to labels.

    Example:
        >>> spans = {"subject": (Span(0, 2, "세종", "text"),), "object": (Span(4, 6, "문종", "text"),)}
        >>> record = Record("1", {"text": "세종과 문종"}, spans, {"label": "per:children"})
        >>> made = swap_entities(record, np.random.default_rng(0))
        >>> made.labels["label"], made.spans["subject"][0].text
        ('per:parents', '문종')
    """
    _check_relations(relations)
    label = record.labels.get("label")
    subject, object = record.spans.get("subject"), record.spans.get("object")
    if not subject or not object or not isinstance(label, str) or label not in relations:
        return None
    labels = {**record.labels, "label": relations[label]}
    types = {role: record.labels[f"{role}_type"] for role in ROLES if f"{role}_type" in record.labels}
    if types:
        for role, other in zip(ROLES, reversed(ROLES), strict=True):
            labels.pop(f"{role}_type", None)
            if other in types:
                labels[f"{role}_type"] = types[other]
    wanted = _SUBJECT_TYPES.get(relations[label][:4])
    if wanted is not None and labels.get("subject_type", wanted) != wanted:
        return None
    return replace(record, spans={**record.spans, "subject": object, "object": subject}, labels=labels)


def replace_entity(
    record: Record,
    rng: np.random.Generator,
    *,
    pool: EntityPool,
    role: str | None = None,
    analyser: Analyser | None = None,
) -> Record | None:
    """Replace the subject or the object by another name of its type, its particle put right.

    Args:
        record: with spans ``subject`` and ``object`` and labelled types.
        rng: of the draws.
        pool: names by type, from training rows.
        role: ``subject`` or ``object``; drawn evenly when None.
        analyser: finds particles; the shared one by default.

    Returns:
        None where the entity has no span or type, overlaps another span, is named a second time in the text
        (which would then speak of two), or the pool has no other name that the text does not hold.

    Raises:
        OptionError: the role is unknown.

    Example:
        >>> spans = {"subject": (Span(0, 2, "세종", "text"),), "object": (Span(4, 6, "한글", "text"),)}
        >>> record = Record("1", {"text": "세종은 한글을"}, spans, {"subject_type": "PER"})
        >>> pool = EntityPool({"PER": ("세종", "정조")})
        >>> replace_entity(record, np.random.default_rng(0), pool=pool, role="subject").fields["text"]
        '정조는 한글을'
    """
    _check_role(role)
    role = role or str(rng.choice(ROLES))
    spans = _alone(record, role)
    if spans is None or len({(span.field, span.text) for span in spans}) != 1:
        return None
    field, name = spans[0].field, spans[0].text
    text = record.fields[field]
    others = pool.names.get(str(record.labels.get(f"{role}_type")), ())
    others = tuple(other for other in others if other not in text)
    if not others or text.count(name) != len(spans):
        return None
    new = str(others[int(rng.integers(len(others)))])
    morphemes = (analyser or shared_analyser()).analyse(text)
    places = places_in(record, field)
    edits: dict[Span, list[Replacement]] = {}
    for span in spans:
        made = exchange(text, span.start, span.end, new, morphemes)
        if made is None or touches(places, span.end, particle_end(morphemes, span.end)):
            return None
        edits[span] = made
    return _with_text(record, role, edits)


def _alone(record: Record, role: str) -> tuple[Span, ...] | None:
    """The spans of a role, in order; None where there is none, one is empty or another span overlaps it."""
    spans = tuple(sorted(record.spans.get(role, ()), key=lambda span: (span.field, span.start)))
    if not spans or len(set(spans)) < len(spans):
        return None
    for span in spans:
        others = places_in(record, span.field)
        others.remove((span.start, span.end))
        empty = any(span.start <= start == end <= span.end for start, end in others)
        if span.start == span.end or empty or touches(others, span.start, span.end):
            return None
    return spans


def _with_text(record: Record, role: str, edits: Mapping[Span, Sequence[Replacement]]) -> Record:
    by_field: dict[str, list[Replacement]] = {}
    for span, replacements in edits.items():
        by_field.setdefault(span.field, []).extend(replacements)
    return rewrite(record, by_field, changing={role})


def _check_relations(relations: object) -> None:
    names = [*relations, *relations.values()] if isinstance(relations, Mapping) else [None]
    if not all(isinstance(name, str) and name for name in names):
        raise OptionError(
            "the relations after an exchange are no mapping from labels to labels.",
            value=relations,
            allowed="for each label that can be exchanged the one that holds then",
            cure="Write relations: {per:children: per:parents, per:parents: per:children}.",
        )


def _check_role(role: str | None) -> None:
    if role is not None and role not in ROLES:
        raise OptionError("unknown role.", value=role, allowed=", ".join(ROLES), cure="Pass role='subject'.")
