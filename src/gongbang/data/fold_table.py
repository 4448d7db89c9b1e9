"""The table of folds itself: frozen, hashed, tied to its data, and read back as it was written."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gongbang.data.fingerprint import records_hash
from gongbang.data.records import Record
from gongbang.data.writing import atomic
from gongbang.errors import DataError, OptionError, SplitError

BEFORE = -1
"""The fold of records that lie before the first held-out stretch of time: trained on, never held out."""


@dataclass(frozen=True, slots=True)
class FoldTable:
    """Which fold every record is in.

    Attributes:
        kind, k, repeats, seed, label, time: how it was made, see :func:`~gongbang.data.folds.make_folds`.
        data: :func:`~gongbang.data.fingerprint.records_hash` of the records it was made of.
        assignments: one mapping a repeat, from a record's id to its fold, 0 to ``k - 1`` (or ``BEFORE``).

    Example:
        >>> table = FoldTable("plain", 2, 1, 0, "label", None, "abc", ({"a": 0, "b": 1},))
        >>> table.train_ids(0), table.held_out_ids(0)
        (('b',), ('a',))
    """

    kind: str
    k: int
    repeats: int
    seed: int
    label: str
    time: str | None
    data: str
    assignments: tuple[Mapping[str, int], ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all records, in the order in which the table was made."""
        return tuple(self.assignments[0])

    @property
    def hash(self) -> str:
        """The SHA-256 of the table, whatever the order of its ids."""
        text = json.dumps(self._content(), ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def fold_of(self, id: str, repeat: int = 0) -> int:
        """The fold in which a record is held out.

        Raises:
            SplitError: the table does not know the record.
        """
        assignment = self.assignments[self._repeat(repeat)]
        if id not in assignment:
            raise SplitError(
                "the table of folds does not know this record.",
                value=id,
                allowed=f"one of the {len(assignment)} ids it was made of",
                cure="Make the folds of all records, or leave this one out.",
            )
        return assignment[id]

    def held_out_ids(self, fold: int, repeat: int = 0) -> tuple[str, ...]:
        """The ids that a fold holds out.

        Raises:
            OptionError: no such fold or repeat.
        """
        self._fold(fold)
        return tuple(id for id, own in self.assignments[self._repeat(repeat)].items() if own == fold)

    def train_ids(self, fold: int, repeat: int = 0) -> tuple[str, ...]:
        """The ids that are trained on while a fold is held out; of folds in time only the earlier ones.

        Raises:
            OptionError: no such fold or repeat.
        """
        self._fold(fold)
        assignment = self.assignments[self._repeat(repeat)]
        if self.kind == "time":
            return tuple(id for id, own in assignment.items() if own < fold)
        return tuple(id for id, own in assignment.items() if own != fold)

    def check(self, records: Sequence[Record]) -> None:
        """Refuse data that the table was not made of; their order does not count.

        Raises:
            SplitError: ids are missing, new or doubled, or a record's content changed.
        """
        known, counts = set(self.assignments[0]), Counter(record.id for record in records)
        missing, extra = sorted(known - counts.keys()), sorted(counts.keys() - known)
        doubled = sorted(id for id, count in counts.items() if count > 1)
        said = [
            f"{len(ids)} {name} (e.g. {', '.join(ids[:3])})"
            for name, ids in (("missing", missing), ("new", extra), ("doubled", doubled))
            if ids
        ]
        if not said and records_hash(records) == self.data:
            return
        raise SplitError(
            "the table of folds was made of other data.",
            value="; ".join(said) or "the same ids, but contents that have changed since",
            allowed=f"the {len(known)} records it was made of, in any order",
            cure="Make the folds anew and train every member on them, or bring the old data back. Augmented "
            "copies are added with fold_checks.training_records, not here.",
        )

    def save(self, path: str | Path) -> None:
        """Write the table as JSON, as a whole or not at all."""
        content = {**self._content(), "hash": self.hash}
        with atomic(Path(path)) as part:
            part.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> FoldTable:
        """The table that :meth:`save` wrote.

        Raises:
            DataError: the file is missing, is no table, or was changed.
        """
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
            stated = content.pop("hash")
            table = cls(**{**content, "assignments": tuple(content["assignments"])})
            intact = table.hash == stated
        except FileNotFoundError as err:
            raise _unreadable(path, "there is no such file", err) from err
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as err:
            raise _unreadable(path, f"it is no table of folds ({type(err).__name__})", err) from err
        if not intact:
            raise _unreadable(path, "it was changed after it was written", stated)
        return table

    def _content(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "k": self.k,
            "repeats": self.repeats,
            "seed": self.seed,
            "label": self.label,
            "time": self.time,
            "data": self.data,
            "assignments": [dict(assignment) for assignment in self.assignments],
        }

    def _fold(self, fold: int) -> int:
        return _counted("fold", fold, self.k)

    def _repeat(self, repeat: int) -> int:
        return _counted("repeat", repeat, self.repeats)


def _counted(name: str, number: int, of: int) -> int:
    if not 0 <= number < of:
        raise OptionError(
            f"there is no such {name}.", value=number, allowed=f"0 to {of - 1}", cure="Count from 0."
        )
    return number


def _unreadable(path: str | Path, why: str, value: object) -> DataError:
    return DataError(
        f"the table of folds cannot be used: {why}.",
        value=str(value),
        allowed="a JSON file that FoldTable.save wrote",
        cure="Bring the file back, or make the folds anew and train every member on them.",
        path=path,
    )
