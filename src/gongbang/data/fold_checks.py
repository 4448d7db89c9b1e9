"""Folds that do not leak: the proof over a table, and what may be trained on while a fold is held out."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from gongbang.data.fold_table import FoldTable
from gongbang.data.near_duplicates import near_duplicates
from gongbang.data.records import Record
from gongbang.data.splits import find_leaks, group_name, text_of
from gongbang.errors import SplitError

_LOG = logging.getLogger(__name__)


def check_folds(table: FoldTable, records: Sequence[Record], near: float | None = 0.9) -> None:
    """Refuse folds that leak.

    Args:
        table: made of these very records.
        records: in any order.
        near: similarity from which two texts count as near-duplicates, in [0.5, 1]; None does not look for
            them.

    Raises:
        SplitError: the table is of other data; or a group, a lineage, a text or a near-duplicate stands on
            both sides of a fold, with counts and examples.

    Example:
        >>> from gongbang.data.folds import make_folds
        >>> records = [Record(str(n), {"text": f"글 {n}"}, group=f"g{n // 2}") for n in range(8)]
        >>> check_folds(make_folds(records, kind="grouped", k=2, seed=0), records)
    """
    table.check(records)
    pairs = [] if near is None else near_duplicates([text_of(record) for record in records], near)
    counts: Counter[str] = Counter()
    examples: list[str] = []
    for repeat in range(table.repeats):
        found: set[tuple[str, str, str]] = set()
        for fold in range(table.k):
            train, held_out = (
                [record for record in records if record.id in ids]
                for ids in (set(table.train_ids(fold, repeat)), set(table.held_out_ids(fold, repeat)))
            )
            found |= {(leak.kind, leak.train, leak.test) for leak in find_leaks(train, held_out)}
        for pair in pairs:
            first, second = records[pair.first].id, records[pair.second].id
            if table.fold_of(first, repeat) != table.fold_of(second, repeat):
                found.add(("near-duplicate", first, second))
        counts.update(kind for kind, _, _ in found)
        examples += [f"{kind}: {a} | {b}" for kind, a, b in sorted(found)[:3]]
    if counts:
        raise SplitError(
            "the folds leak: " + ", ".join(f"{n} by {kind}" for kind, n in sorted(counts.items())) + ".",
            value="; ".join(examples[:3]),
            allowed="no group, lineage, text or near-duplicate both trained on and held out",
            cure="Use kind='grouped' or 'stratified_grouped'; for near-duplicates set "
            "folds.near_duplicates=together in the recipe (merge_near_duplicates in Python).",
        )


def merge_near_duplicates(records: Sequence[Record], near: float = 0.9) -> list[Record]:
    """The records, groups joined whose texts are near-duplicates, for the grouped kinds of folds.

    A joined group has the first name, in the order of the alphabet, of those that it is made of; records
    whose group is not joined with another are given back as they are.

    Args:
        records: in any order.
        near: similarity from which two texts count as near-duplicates, in [0.5, 1].

    Raises:
        OptionError: ``near`` out of range.

    Example:
        >>> a = Record("a", {"text": "가게는 아침 아홉 시에 연다"})
        >>> b = Record("b", {"text": "가게는 아침 아홉 시에 연다!"})
        >>> [record.group for record in merge_near_duplicates([b, a])]
        ['a', 'a']
    """
    groups = [group_name(record.group) for record in records]
    parent = {group: group for group in groups}

    def root(group: str) -> str:
        while parent[group] != group:
            parent[group] = parent[parent[group]]
            group = parent[group]
        return group

    for pair in near_duplicates([text_of(record) for record in records], near):
        first, second = sorted((root(groups[pair.first]), root(groups[pair.second])))
        parent[second] = first
    return [
        record if root(group) == group else replace(record, group=root(group))
        for record, group in zip(records, groups, strict=True)
    ]


def training_records(
    table: FoldTable, fold: int, records: Sequence[Record], made: Sequence[Record] = (), *, repeat: int = 0
) -> list[Record]:
    """What may be trained on while a fold is held out: originals outside it, and what was made of them alone.

    A made row is left out when any of its origins, through however many steps, is not trained on, or when it
    shares its group or its text with a record that is not.

    Args:
        table: made of ``records``.
        fold: the one that is held out.
        records: the originals, in any order.
        made: augmented rows; ``lineage`` names what each was made from.

    Returns:
        originals in their order, then made rows in theirs.

    Raises:
        SplitError: the table is of other data, or a made row has no origin that the table knows.

    Example:
        >>> from gongbang.data.folds import make_folds
        >>> records = [Record(str(n), {"text": f"글 {n}"}) for n in range(4)]
        >>> made = [Record(f"{n}-copy", {"text": f"글, {n}번"}, lineage=(str(n),)) for n in range(4)]
        >>> table = make_folds(records, kind="plain", k=2, seed=0)
        >>> rows = training_records(table, 0, records, made)
        >>> {row.id.removesuffix("-copy") for row in rows} == set(table.train_ids(0)), len(rows)
        (True, 4)
    """
    table.check(records)
    trained = set(table.train_ids(fold, repeat))
    kept = [record for record in records if record.id in trained]
    if not made:
        return kept
    away = [record for record in records if record.id not in trained]
    origins = _origins(made, set(table.ids))
    candidates = [row for row in made if origins[row.id] <= trained]
    tied = {leak.test for leak in find_leaks(away, candidates)}
    allowed = [row for row in candidates if row.id not in tied]
    _LOG.info("fold %d: %d of %d made rows may be trained on", fold, len(allowed), len(made))
    return [*kept, *allowed]


def _origins(made: Sequence[Record], known: set[str]) -> dict[str, set[str]]:
    """The originals each made row comes from, through the made rows in between."""
    rows = {row.id: row for row in made}
    origins: dict[str, set[str]] = {}
    for row in made:
        reached: set[str] = set()
        waiting = list(row.lineage)
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                waiting += rows[name].lineage if name in rows and name not in known else ()
        origins[row.id] = reached & known
        if not origins[row.id]:
            raise SplitError(
                f"record '{row.id}' was made from nothing that the folds know.",
                value=list(row.lineage),
                allowed="a lineage that leads to a record of the table",
                cure="Augment the records that the folds were made of, or make new folds with it among them.",
            )
    return origins
