"""Splits that do not leak: what belongs together stays on one side.

Records belong together when they share a group, when one was made from the other (lineage), or when they
hold the same text. The groups are closed over these ties before anything is drawn, so a split made here
passes :func:`find_leaks` by construction. Drawing is by hash: adding records moves few of the others, and
no global random state is used.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from gongbang.data.records import Record
from gongbang.errors import OptionError, SplitError

TEXT_FIELDS = ("context", "text", "question")
"""The field that stands for a record's text is the first of these that it has."""

_NOT_WORDS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Split:
    """Records to train on, and records to judge by; the order of the source is kept in both."""

    train: list[Record]
    test: list[Record]


@dataclass(frozen=True, slots=True)
class Leak:
    """One tie across a split: ``kind`` is "id", "group", "lineage" or "text", ``value`` what is shared."""

    kind: str
    train: str
    test: str
    value: str


def normalise_for_comparison(text: str) -> str:
    """Letters and digits alone, NFKC, lower case: what two copies share whatever their quotes and blanks.

    Example:
        >>> normalise_for_comparison("“공방”은  (대장간)") == normalise_for_comparison('"공방"은 (대장간)')
        True
    """
    return _NOT_WORDS.sub("", unicodedata.normalize("NFKC", text).lower())


def group_name(group: str) -> str:
    """A group's name as it is compared: page names write "_" for a blank, and some files are not in NFC.

    Example:
        >>> group_name("쇼와 천황 ") == group_name("쇼와_천황")
        True
    """
    return unicodedata.normalize("NFC", group).strip().replace(" ", "_")


def grouped_by(record: Record, name: str) -> Record:
    """The record in the group of all whose field ``name`` has the same letters and digits.

    A reader ties together whatever tells one row of another; some of these ties are no leak for a task. Where
    nothing is named the record stays in the group that it has.

    Raises:
        SplitError: the record has no such text.

    Example:
        >>> grouped_by(Record("1", {"context": "배고파!"}, group="7"), "context").group
        '배고파'
    """
    if not name:
        return record
    text = record.fields.get(name, "").strip()
    if not text:
        raise SplitError(
            "a record cannot be grouped by a text that it does not have.",
            value=f"'{name}' of record '{record.id}'",
            allowed=", ".join(record.fields),
            cure="Name a field that every record has, or leave data.split.group_by out.",
        )
    return replace(record, group=normalise_for_comparison(text) or text)


def text_of(record: Record) -> str:
    """The field that stands for a record's text; empty when it has none of :data:`TEXT_FIELDS`."""
    return next((record.fields[name] for name in TEXT_FIELDS if record.fields.get(name)), "")


def group_split(
    records: Sequence[Record], test_fraction: float = 0.1, seed: int = 0, key: str = "group"
) -> Split:
    """Split by whole groups.

    Args:
        records: at least two groups of them.
        test_fraction: share of records wanted in the test part, in (0, 1); whole groups are taken
            in the order of a draw, those that would overshoot passed over.
        seed: another seed draws other groups.
        key: "group", or the name of a label or field that must not be split.

    Raises:
        OptionError: a fraction outside (0, 1).
        SplitError: fewer than two groups, or a record without the key.

    Example:
        >>> records = [Record(str(n), {"text": f"글 {n}"}, group=f"g{n // 2}") for n in range(20)]
        >>> split = group_split(records, 0.2)
        >>> len(split.test), {r.group for r in split.test} & {r.group for r in split.train}
        (4, set())
    """
    if not 0 < test_fraction < 1:
        raise OptionError(
            "the test part must be a share of the whole.",
            value=test_fraction,
            allowed="a number between 0 and 1, both excluded",
            cure="Pass test_fraction=0.1.",
        )
    parts = tied_parts(records, key, need=2)
    drawn = sorted(parts, key=lambda part: draw_place(seed, part, records))
    return _split(records, _fill(drawn, round(test_fraction * len(records), 6)))


def _fill(drawn: Sequence[Sequence[int]], wanted: float) -> set[int]:
    """Members of the parts that make up a share, in the order of the draw; at least one part.

    A part that would overshoot is passed over for smaller ones. The smallest of those is taken at last
    where the share is met better with it than without.
    """
    taken: set[int] = set()
    passed: list[Sequence[int]] = []
    for part in drawn:
        if len(taken) + len(part) <= wanted:
            taken.update(part)
        else:
            passed.append(part)
    least = min(passed, key=len)  # there is one: a share is less than the whole
    better = not taken or len(taken) + len(least) - wanted < wanted - len(taken)
    if better and len(passed) > 1:  # something must be left to train on
        taken.update(least)
    return taken


def group_folds(records: Sequence[Record], k: int = 5, seed: int = 0, key: str = "group") -> list[Split]:
    """``k`` splits whose test parts are disjoint, cover everything, and are of nearly the same size.

    Raises:
        OptionError: ``k`` below 2.
        SplitError: fewer than ``k`` groups, or a record without the key.

    Example:
        >>> records = [Record(str(n), {"text": f"글 {n}"}) for n in range(6)]
        >>> [len(fold.test) for fold in group_folds(records, 3)]
        [2, 2, 2]
    """
    if k < 2:
        raise OptionError("folds are two or more.", value=k, allowed="2 or more", cure="Pass k=5.")
    parts = tied_parts(records, key, need=k)
    folds: list[set[int]] = [set() for _ in range(k)]
    for part in sorted(parts, key=lambda part: (-len(part), draw_place(seed, part, records))):
        min(folds, key=len).update(part)
    return [_split(records, fold) for fold in folds]


def find_leaks(train: Iterable[Record], test: Iterable[Record]) -> list[Leak]:
    """Ties between two sets: the same id, group, lineage, or text once blanks and quotes are put aside.

    All are listed, one for each pair of kind and test record. Groups are compared by :func:`group_name`.
    """
    known: dict[str, dict[str, str]] = defaultdict(dict)
    for record in train:
        for kind, value in _ties(record):
            known[kind].setdefault(value, record.id)
    leaks = []
    for record in test:
        seen = set()
        for kind, value in _ties(record):
            if value in known[kind] and kind not in seen:
                seen.add(kind)
                leaks.append(Leak(kind, known[kind][value], record.id, value))
    return leaks


def refuse_leaks(train: Iterable[Record], test: Iterable[Record]) -> None:
    """Stop when two sets are tied.

    Raises:
        SplitError: with the number of leaks of each kind and the first of them as examples.
    """
    leaks = find_leaks(train, test)
    if not leaks:
        return
    counts: dict[str, int] = defaultdict(int)
    for leak in leaks:
        counts[leak.kind] += 1
    examples = [f"{leak.kind} {leak.value[:40]!r}: {leak.train} | {leak.test}" for leak in leaks[:3]]
    raise SplitError(
        "the split leaks: " + ", ".join(f"{n} by {kind}" for kind, n in counts.items()) + ".",
        value="; ".join(examples),
        allowed="no id, group, lineage or text on both sides",
        cure="Split with group_split, or drop the test records named here.",
    )


def _ties(record: Record) -> Iterable[tuple[str, str]]:
    yield "id", record.id
    yield "group", group_name(record.group)
    for origin in {record.id, *record.lineage}:
        yield "lineage", origin
    text = normalise_for_comparison(text_of(record))
    if text:
        yield "text", text


def tied_parts(records: Sequence[Record], key: str | None = "group", *, need: int = 1) -> list[list[int]]:
    """Indices of records that belong together, each part and all parts in the order of the source.

    Args:
        records: what is going to be split.
        key: "group", or a label or field that must not be split; with None records of one group are not
            tied, while copies of a record and copies of a text still are.
        need: how many parts the caller must have.

    Raises:
        SplitError: fewer parts than ``need``, or a record without the key.

    Example:
        >>> tied_parts([Record("a", {}), Record("b", {}), Record("c", {}, lineage=("a",))])
        [[0, 2], [1]]
    """
    parent = list(range(len(records)))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    first: dict[tuple[str, str], int] = {}
    group_of = None if key is None else _key_of(key)
    for index, record in enumerate(records):
        ties = [tie for tie in _ties(record) if group_of or tie[0] != "group"]
        for tie in [("key", group_of(record)), *ties] if group_of else ties:
            other = root(first.setdefault(tie, index))
            parent[root(index)] = other
    parts: dict[int, list[int]] = defaultdict(list)
    for index in range(len(records)):
        parts[root(index)].append(index)
    if len(parts) < need:
        raise SplitError(
            "there are too few groups to split.",
            value=f"{len(parts)} groups of {len(records)} records, e.g. {[r.group for r in records[:3]]}",
            allowed=f"{need} groups or more, not tied by lineage or by the same text",
            cure="Bring more documents; records of one document must not be on both sides.",
        )
    return list(parts.values())


def _key_of(key: str) -> Callable[[Record], str]:
    def value(record: Record) -> str:
        if key == "group":
            return record.group
        found = record.labels.get(key, record.fields.get(key))
        if found is None:
            raise SplitError(
                f"record '{record.id}' has no '{key}' to split by.",
                value=sorted({*record.labels, *record.fields}),
                allowed="group, or a label or field that every record has",
                cure="Pass key='group'.",
            )
        return str(found)

    return value


def draw_place(seed: int | str, part: Sequence[int], records: Sequence[Record]) -> str:
    """A group's place in the draw: by its least member, so that the order of the file does not count."""
    name = min(f"{records[index].group}\x00{records[index].id}" for index in part)
    return hashlib.sha256(f"{seed}\x00{name}".encode("utf-8", "surrogatepass")).hexdigest()


def _split(records: Sequence[Record], test: set[int]) -> Split:
    return Split(
        [record for index, record in enumerate(records) if index not in test],
        [record for index, record in enumerate(records) if index in test],
    )
