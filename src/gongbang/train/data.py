"""A recipe's data: read, split by group, and given its lineage."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from gongbang.data.near_duplicates import near_duplicates_across
from gongbang.data.reading import read_records
from gongbang.data.records import Record
from gongbang.data.splits import find_leaks, group_name, grouped_by, normalise_for_comparison, text_of
from gongbang.errors import DataError, SplitError
from gongbang.train.recipe_data import DataSettings, SourceSettings, SplitSettings

_LOG = logging.getLogger(__name__)
_NEARLY = 0.9  # similarity from which a training text counts as one that is held out


@dataclass(slots=True)
class Splits:
    """Records by what they may be used for; no group stands in two of them."""

    train: list[Record] = field(default_factory=list)
    development: list[Record] = field(default_factory=list)
    test: list[Record] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    problems: list[DataError] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    """Ids of records that were left out because data that is held out from them has their text or group."""
    always: set[str] = field(default_factory=set)
    """Ids of training records whose source is there for training alone: no fold holds them out."""

    def part(self, name: str) -> list[Record]:
        """The records of ``train``, ``development`` or ``test``."""
        records: list[Record] = getattr(self, name)
        return records


def part_of(group: str, split: SplitSettings) -> str:
    """Which part a group falls into: a hash of its name and the seed decides, so new data moves none.

    The name is hashed as it is compared (:func:`~gongbang.data.splits.group_name`), so that one article
    has one part whichever source it comes from.

    Example:
        >>> from gongbang.train.recipe_data import SplitSettings
        >>> part_of("서울", SplitSettings(development=0, test=0))
        'train'
    """
    digest = hashlib.sha256(f"{split.seed}:{group_name(group)}".encode()).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    if place < split.test:
        return "test"
    return "development" if place < split.test + split.development else "train"


def load_splits(data: DataSettings, *, seed: int) -> Splits:
    """Read every source of a recipe and put its records where they belong.

    Raises:
        DataError: a source cannot be read at all.
        SplitError: nothing is left to train on, or made rows were meant for evaluation.
    """
    splits = Splits()
    only_trained: list[int] = []
    for source in data.sources:
        loaded = read_records(source.path, format=source.format, mapping=source.mapping or None)
        splits.files.append(Path(source.path))
        splits.problems += loaded.problems
        for found in _share(_labelled(_made(loaded.items, source, seed), source), source, seed):
            record = grouped_by(found, data.split.group_by)
            part = _part(record, source, data.split)
            splits.part(part).append(record)
            if part == "train" and source.role == "train":
                only_trained.append(len(splits.train) - 1)
    _unique_ids(splits)
    splits.always = {splits.train[place].id for place in only_trained}
    _drop_tied(splits)
    if not splits.train:
        raise SplitError(
            "the split leaves nothing to train on.",
            value=f"{len(splits.development)} development and {len(splits.test)} test records",
            allowed="at least one training record",
            cure="Lower data.split.development and data.split.test, or add a source.",
        )
    _LOG.info(
        "%d training, %d development, %d test records; %d rows could not be used",
        len(splits.train),
        len(splits.development),
        len(splits.test),
        len(splits.problems),
    )
    return splits


def _drop_tied(splits: Splits) -> None:
    """Take out of training what is held out under another name, and out of development what test data holds.

    A source that is used whole for training may repeat a passage of one that is split, and short texts such
    as "good" are written by many: hashing groups cannot see that, and the test score would be of a text that
    was trained on.
    """
    splits.development = _untied(splits.development, splits.test, "development", splits.dropped)
    held = [*splits.development, *splits.test]
    splits.train = _untied(splits.train, held, "training", splits.dropped)
    splits.dropped.sort()


def _untied(records: list[Record], held: Sequence[Record], part: str, dropped: list[str]) -> list[Record]:
    """The records that no held-out one is tied to; the ids of the others are added to ``dropped``."""
    tied = {leak.test: (f"the {leak.kind}", leak.train) for leak in find_leaks(held, records)}
    for id, tie in _nearly_tied(held, records).items():
        tied.setdefault(id, tie)
    if not tied:
        return records
    dropped += tied
    first, (kind, other) = next(iter(tied.items()))
    _LOG.warning(
        "%d %s records stand in held-out data and are left out, e.g. '%s' has %s of '%s'",
        len(tied),
        part,
        first,
        kind,
        other,
    )
    return [record for record in records if record.id not in tied]


def _nearly_tied(held: Sequence[Record], train: Sequence[Record]) -> dict[str, tuple[str, str]]:
    """Training records whose text is nearly that of a held-out one: id to what is shared and with which."""
    texts = {record.id: normalise_for_comparison(text_of(record)) for record in train}
    near = {texts[id]: other for other, id, _ in near_duplicates_across(held, train, _NEARLY)}
    return {id: ("nearly the text", near[text]) for id, text in texts.items() if text in near}


def _part(record: Record, source: SourceSettings, split: SplitSettings) -> str:
    part = part_of(record.group, split) if source.role == "split" else source.role
    if not (source.augmented or record.lineage):
        return part
    if source.role in ("development", "test"):
        raise SplitError(
            "made rows must not be evaluated on.",
            value=f"{source.path}: record '{record.id}' made from {record.lineage or 'unknown'}",
            allowed="original records",
            cure="Set role: train for this source, or evaluate on the originals.",
        )
    return "train"


def _made(records: Sequence[Record], source: SourceSettings, seed: int) -> Sequence[Record]:
    """What the recipe makes of a source's records before anything else is done with them.

    Raises:
        DataError: nothing could be made of any.
    """
    if source.make == "none":
        return records
    from gongbang.augment.claims import claims

    found = claims(records, seed=seed)
    if not found:
        raise DataError(
            "no yes/no question could be made of this source.",
            value=f"{len(records)} records",
            allowed="questions such as '… 누구인가?' with labelled answers in their passages",
            cure="Leave 'make' of this source out, or name a set for reading comprehension.",
            path=source.path,
        )
    _LOG.info("%d yes/no questions made of %d records of %s", len(found), len(records), source.path)
    return found


def _labelled(records: Sequence[Record], source: SourceSettings) -> list[Record]:
    """The records with what the recipe says of their source: names, labels, licence, that they are made."""
    if source.rename or source.relabel:
        records = [_renamed(record, source) for record in records]
    if source.licence is not None:
        records = [replace(record, licence=source.licence) for record in records]
    return [record.with_labels(augmented=True) for record in records] if source.augmented else list(records)


def _renamed(record: Record, source: SourceSettings) -> Record:
    """The record with its texts and its label under the names that the recipe gives them.

    Raises:
        DataError: a text that the recipe names is not there, or a label is not among those it names.
    """
    lacking = [name for name in source.rename if name not in record.fields]
    label = str(record.labels.get("label", ""))
    if lacking or (source.relabel and label not in source.relabel):
        key, value = ("rename", ", ".join(lacking)) if lacking else ("relabel", label)
        raise DataError(
            f"record '{record.id}' has nothing that data.sources' '{key}' names.",
            value=value or "no label",
            allowed=", ".join(record.fields) if lacking else ", ".join(source.relabel),
            cure=f"Mend '{key}' of this source in the recipe.",
            path=source.path,
        )
    fields = {source.rename.get(name, name): text for name, text in record.fields.items()}
    labels = {**record.labels, "label": source.relabel[label]} if source.relabel else record.labels
    spans = {
        role: tuple(replace(span, field=source.rename.get(span.field, span.field)) for span in spans)
        for role, spans in record.spans.items()
    }
    return replace(record, fields=fields, labels=labels, spans=spans)


def _share(records: list[Record], source: SourceSettings, seed: int) -> list[Record]:
    if source.share == 1.0:
        return records
    rng = np.random.default_rng(seed)
    kept = rng.random(len(records)) < source.share
    return [record for record, keep in zip(records, kept, strict=True) if keep]


def _unique_ids(splits: Splits) -> None:
    """Two sources may number their rows alike; their records must still be told apart."""
    seen: dict[str, int] = {}
    for name in ("train", "development", "test"):
        records = splits.part(name)
        for place, record in enumerate(records):
            count = seen.get(record.id, 0)
            seen[record.id] = count + 1
            if count:
                records[place] = replace(record, id=f"{record.id}#{count}", group=record.group)
