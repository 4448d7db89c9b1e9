"""Copies of records by one method, so many per original, each with its lineage.

Every draw for a copy is seeded by the run's seed, the method, and the id and number of the copy. A record's
copies are therefore the same whatever stands beside it, a higher ratio adds copies and changes none, and a
number that counts epochs gives fresh copies on the fly.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gongbang.augment.table import NOTHING, Augmenter, augmenter
from gongbang.data.records import Record
from gongbang.errors import DataError, OptionError

TRIES = 4
"""Draws for one copy before it is given up: a method that makes little of a record repeats itself."""

UNCHANGED = "the copy is the original"
REPEATED = "every draw repeats another copy of the record"


@dataclass(frozen=True, slots=True)
class Missed:
    """A copy that was wanted and not made: of which record, its number, and why."""

    id: str
    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Augmented:
    """What :func:`augment` made, and what it did not.

    Args:
        method: its name in the table.
        ratio: copies wanted per original.
        seed: of the draws.
        originals: records given.
        records: the copies, in the order of their originals.
        missed: wanted and not made.
    """

    method: str
    ratio: float
    seed: int
    originals: int
    records: tuple[Record, ...]
    missed: tuple[Missed, ...]

    @property
    def wanted(self) -> int:
        """Copies that were to be made."""
        return len(self.records) + len(self.missed)

    @property
    def reasons(self) -> dict[str, int]:
        """How many copies were missed for each reason, the most frequent first."""
        return dict(Counter(missed.reason for missed in self.missed).most_common())

    def to_dict(self) -> dict[str, Any]:
        """Counts and reasons, for a run record."""
        return {
            "method": self.method,
            "ratio": self.ratio,
            "seed": self.seed,
            "originals": self.originals,
            "wanted": self.wanted,
            "made": len(self.records),
            "missed": self.reasons,
        }


def augment(
    records: Sequence[Record], method: str, *, ratio: float = 1.0, seed: int = 17, **options: Any
) -> Augmented:
    """Make ``ratio`` copies of each record; of a fraction, each record has its own even chance.

    With ratio 0.25 a quarter of the records is drawn, each by a number that only its id and the seed decide
    (so that the share is met on average, and those drawn at 0.25 are among those drawn at 0.5). A copy has
    the id ``{id}~{method}-{number}``, the group, source and licence of its original, the original at the end
    of its lineage, and the label ``augmented`` with the method's name.

    Args:
        records: originals, with ids that differ; copies may be copied again.
        method: a key of :data:`gongbang.augment.table.AUGMENTERS`.
        ratio: copies per original, 0 or more.
        seed: of all draws.
        options: keyword options of the method. What a method learns from data (a thesaurus, a pool of names)
            is learnt from ``records`` where it is not passed, so pass training rows only.

    Returns:
        The copies, and each copy that could not be made with the reason.

    Raises:
        OptionError: the method, one of its options or the ratio cannot be used.
        DataError: two records share an id, so that their copies could not be told apart.

    Example:
        >>> made = augment([Record("7", {"text": "봄이 오면 산에 들에 꽃이 핀다"})], "eda-swap", ratio=2)
        >>> [record.id for record in made.records], made.records[0].lineage
        (['7~eda-swap-0', '7~eda-swap-1'], ('7',))
    """
    _check(records, ratio)
    make = augmenter(method, records, **options)
    made: list[Record] = []
    missed: list[Missed] = []
    for record in records:
        seen = [record]
        for number in range(_wanted(record.id, method, ratio, seed)):
            copy = _copy(method, make, number, seed, seen)
            if isinstance(copy, str):
                missed.append(Missed(record.id, number, copy))
            else:
                seen.append(copy)
                made.append(copy)
    return Augmented(method, ratio, seed, len(records), tuple(made), tuple(missed))


def copy_of(record: Record, method: str, number: int = 0, *, seed: int = 17, **options: Any) -> Record | None:
    """One copy of one record, for augmentation on the fly: take the epoch as ``number``.

    It differs from the original, and may be the same as a copy with another number. What a method learns
    from data has to be among the options.

    Raises:
        OptionError: the method or one of its options cannot be used.

    Example:
        >>> copy_of(Record("7", {"text": "꽃이 핀다"}), "eda-swap", 3).fields["text"]
        '핀다 꽃이'
    """
    copy = _copy(method, augmenter(method, **options), number, seed, [record])
    return None if isinstance(copy, str) else copy


class FreshCopies:
    """Copies on the fly: other ones for each epoch, of other records.

    In an epoch each record is drawn with the chance ``ratio``; its copy has the epoch for its number. Both
    depend on the seed, the record and the epoch alone, so that an epoch can be had again.

    Args:
        records: what a method learns from, where what it learns is not among the options: training rows.
        method: a key of :data:`gongbang.augment.table.AUGMENTERS`.
        ratio: the chance of a record, at most 1.
        seed: of all draws.
        options: keyword options of the method.

    Raises:
        OptionError: the method, one of its options or the ratio cannot be used.

    Example:
        >>> rows = [Record(str(n), {"text": f"봄이 오면 산에 꽃이 핀다 {n}"}) for n in range(4)]
        >>> fresh = FreshCopies(rows, "eda-swap", ratio=0.5)
        >>> [[record.lineage[0] for record in fresh.of(rows, epoch).records] for epoch in (0, 1)]
        [['0', '2', '3'], ['0', '1', '2', '3']]
    """

    def __init__(
        self, records: Sequence[Record], method: str, *, ratio: float = 1.0, seed: int = 17, **options: Any
    ) -> None:
        _check(records, ratio)
        if ratio > 1:
            raise OptionError(
                "a record can be replaced by one copy only.",
                value=ratio,
                allowed="a chance of at most 1",
                cure="Pass ratio=1, or store the copies with augment().",
            )
        self.method, self.ratio, self.seed = method, ratio, seed
        self._make = augmenter(method, records, **options)

    def of(self, records: Sequence[Record], epoch: int) -> Augmented:
        """The epoch's copies of the records that are drawn in it."""
        made: list[Record] = []
        missed: list[Missed] = []
        for record in records:
            entropy = entropy_of(self.seed, self.method, record.id, "chance", epoch)
            if np.random.default_rng(entropy).random() >= self.ratio:
                continue
            copy = _copy(self.method, self._make, epoch, self.seed, [record])
            if isinstance(copy, str):
                missed.append(Missed(record.id, epoch, copy))
            else:
                made.append(copy)
        return Augmented(self.method, self.ratio, self.seed, len(records), tuple(made), tuple(missed))


def _copy(method: str, make: Augmenter, number: int, seed: int, seen: Sequence[Record]) -> Record | str:
    """A copy unlike all those seen, or why there is none; ``seen`` begins with the original."""
    record = seen[0]
    reason = NOTHING[method]
    for attempt in range(TRIES):
        made = make(record, np.random.default_rng(entropy_of(seed, method, record.id, number, attempt)))
        if made is None:
            continue
        twin = next((place for place, other in enumerate(seen) if _same(made, other)), None)
        if twin is None:
            return replace(
                made,
                id=f"{record.id}~{method}-{number}",
                labels={**made.labels, "augmented": method},
                group=record.group,
                lineage=(*record.lineage, record.id),
                source=record.source,
                licence=record.licence,
            )
        reason = UNCHANGED if twin == 0 else REPEATED
    return reason


def _same(made: Record, other: Record) -> bool:
    return made.fields == other.fields and made.spans == other.spans


def _wanted(id: str, method: str, ratio: float, seed: int) -> int:
    chance = np.random.default_rng(entropy_of(seed, method, id, "chance")).random()
    return math.floor(ratio + chance)


def entropy_of(seed: int, *parts: object) -> list[int]:
    """128 bits of a hash: a generator's state that no other record, copy or method shares."""
    digest = hashlib.blake2b(digest_size=16)
    for part in (seed, *parts):
        text = str(part).encode("utf-8", "surrogatepass")
        digest.update(len(text).to_bytes(8, "little") + text)
    return [int(word) for word in np.frombuffer(digest.digest(), dtype="<u4")]


def _check(records: Iterable[Record], ratio: float) -> None:
    number = isinstance(ratio, (int, float)) and not isinstance(ratio, bool)
    if not number or not 0 <= ratio < math.inf:
        raise OptionError(
            "the ratio of copies to originals cannot be used.",
            value=ratio,
            allowed="0 or more copies per original",
            cure="Pass ratio=0.25.",
        )
    seen: set[str] = set()
    for record in records:
        if record.id in seen:
            raise DataError(
                "two records have the same id; their copies could not be told apart.",
                value=record.id,
                allowed="an id for each record",
                cure="Give every record its own id before augmenting.",
            )
        seen.add(record.id)
