"""Which relations two types of entities can have at all: a table, learned or written down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray

from gongbang.data.records import Record
from gongbang.errors import OptionError
from gongbang.tasks.labels import label_of

ANY = "*"
"""Stands for every type in a rule."""

_KLUE_SUBJECTS = {"org": "ORG", "per": "PER"}
_KLUE_OBJECTS = {
    "DAT": "org:dissolved org:founded per:date_of_birth per:date_of_death",
    "NOH": "org:number_of_employees/members",
    "PER": "org:top_members/employees per:parents per:children per:siblings per:spouse per:other_family"
    " per:colleagues",
}


class TypeTable:
    """Rules that say which labels a pair of types can have.

    A label with rules is possible for the pairs that its rules name and for no other; one without rules is
    possible for every pair. A pair for which no label would be left, and a record that lacks a type, are not
    constrained.

    Args:
        labels: (L,) in the model's order.
        rules: each ``"label | subject type | object type"``; a type may be ``*``.

    Raises:
        OptionError: a rule of another form, or of a label that is none of ``labels``.

    Example:
        >>> table = TypeTable(("no_relation", "per:title"), ["per:title | PER | *"])
        >>> table.possible("PER", "POH").tolist(), table.possible("ORG", "POH").tolist()
        ([True, True], [True, False])
    """

    def __init__(self, labels: Sequence[str], rules: Iterable[str]) -> None:
        self.labels = tuple(labels)
        self._pairs: dict[str, set[tuple[str, str]]] = {}
        for rule in rules:
            label, subject, object_ = _parts(rule, self.labels)
            self._pairs.setdefault(label, set()).add((subject, object_))

    def possible(self, subject: str, object: str) -> NDArray[np.bool_]:
        """(L,) whether each label is possible for this pair of types."""
        free = np.ones(len(self.labels), dtype=np.bool_)
        if not subject or not object or not self._pairs:
            return free
        found = np.array([self._fits(label, subject, object) for label in self.labels], dtype=np.bool_)
        return found if found.any() else free

    def _fits(self, label: str, subject: str, object: str) -> bool:
        pairs = self._pairs.get(label)
        return pairs is None or any(
            first in (ANY, subject) and second in (ANY, object) for first, second in pairs
        )


def _parts(rule: str, labels: Sequence[str]) -> tuple[str, str, str]:
    parts = [part.strip() for part in rule.rsplit("|", 2)]
    if len(parts) != 3 or not all(parts):
        raise OptionError(
            "a rule of types has another form.",
            value=rule,
            allowed="label | subject type | object type",
            cure="Write e.g. 'per:title | PER | POH'; '*' stands for every type.",
        )
    label, subject, object_ = parts
    if label not in labels:
        near = get_close_matches(label, labels, n=1)
        raise OptionError(
            "a rule of types names a label that the task does not know.",
            value=rule,
            allowed=", ".join(labels[:40]),
            cure=f"Did you mean '{near[0]}'?" if near else "Remove the rule, or add the label.",
        )
    return label, subject, object_


def types_of(record: Record) -> tuple[str, str]:
    """The types of a record's subject and object; "" for one that is not said.

    Example:
        >>> types_of(Record("1", {"text": "가"}, labels={"subject_type": "PER"}))
        ('PER', '')
    """
    first, second = (label_of(record, f"{role}_type") or "" for role in ("subject", "object"))
    return first, second


def learned_pairs(
    records: Iterable[Record], *, free: Collection[str] = ("no_relation",), least: int = 1, key: str = "label"
) -> tuple[str, ...]:
    """The rules that labelled records keep: each label with the pairs of types it was seen with, sorted.

    Args:
        records: of the training part alone; a pair that only the test part has must stay unknown.
        free: labels that get no rules and so stay possible for every pair.
        least: times that a label must be seen with a pair; 2 drops single slips of annotators.

    Example:
        >>> labels = {"label": "per:title", "subject_type": "PER", "object_type": "POH"}
        >>> learned_pairs([Record("1", {"text": "가"}, labels=labels)])
        ('per:title | PER | POH',)
    """
    seen: Counter[tuple[str, str, str]] = Counter()
    for record in records:
        label, (subject, object_) = label_of(record, key), types_of(record)
        if label is not None and label not in free and subject and object_:
            seen[label, subject, object_] += 1
    return tuple(sorted(" | ".join(entry) for entry, count in seen.items() if count >= least))


def klue_pairs(labels: Sequence[str]) -> tuple[str, ...]:
    """The rules that KLUE-RE's definitions of its relations give (Park et al. 2021, section 3.5).

    The prefix binds the subject (``org:`` an ORG, ``per:`` a PER); the object is bound where the definition
    says what it is: a date, a number of members, a person. Other objects, and other labels, stay free.

    Example:
        >>> klue_pairs(("no_relation", "per:date_of_birth", "per:title"))
        ('per:date_of_birth | PER | DAT', 'per:title | PER | *')
    """
    objects = {label: kind for kind, names in _KLUE_OBJECTS.items() for label in names.split()}
    return tuple(
        f"{label} | {_KLUE_SUBJECTS[prefix]} | {objects.get(label, ANY)}"
        for label in labels
        if (prefix := label.partition(":")[0]) in _KLUE_SUBJECTS and ":" in label
    )
