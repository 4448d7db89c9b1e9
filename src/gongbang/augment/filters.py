"""Filters over made records: each says why it drops a row, and nothing is lost without a line.

A filter is asked once for all rows, in order, so that it may judge them one by one (an answer that is not
there), against each other (duplicates) or as a set (where the answers stand). Filters are asked in turn,
each about the rows that those before it kept: put the cheap ones first and the readers last.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from gongbang.artifacts.files import read_lines, write_lines
from gongbang.augment.origins import method_of
from gongbang.data.readers.place import Place
from gongbang.data.records import Record
from gongbang.data.serial import record_from_dict, record_to_dict
from gongbang.errors import OptionError

_LOG = logging.getLogger(__name__)

Value = float | str | None

FILTERS: dict[str, str] = {
    "changed": "gongbang.augment.filter_rows:Changed",
    "answer-in-context": "gongbang.augment.filter_rows:AnswerInContext",
    "no-answer-holds": "gongbang.augment.filter_rows:NoAnswerHolds",
    "answer-not-in-question": "gongbang.augment.filter_rows:AnswerNotInQuestion",
    "length-ratio": "gongbang.augment.filter_rows:LengthRatio",
    "language": "gongbang.augment.filter_rows:Language",
    "duplicates": "gongbang.augment.filter_sets:Duplicates",
    "near-duplicates": "gongbang.augment.filter_sets:NearDuplicates",
    "answer-position": "gongbang.augment.filter_sets:AnswerPosition",
    "similarity": "gongbang.augment.filter_models:Similarity",
    "search-rank": "gongbang.augment.filter_models:SearchRank",
    "round-trip": "gongbang.augment.filter_models:RoundTrip",
    "consensus": "gongbang.augment.filter_models:Consensus",
}
"""The filters by name, cheap ones first, resolved when one is asked for."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a filter says of one row: keep it or not, why not, and what was measured."""

    keep: bool
    reason: str = ""
    value: Value = None


class Filter(Protocol):
    """Judges made records; ``name`` is what the log of dropped rows calls it."""

    @property
    def name(self) -> str: ...

    def __call__(self, made: Sequence[Record], originals: Sequence[Record]) -> list[Verdict]:
        """One verdict a row, in the order of the rows."""
        ...


@dataclass(frozen=True, slots=True)
class Dropped:
    """A row that was not kept: which filter, why, and what it measured."""

    record: Record
    filter: str
    reason: str
    value: Value = None

    def to_dict(self) -> dict[str, Any]:
        return {
            "filter": self.filter,
            "reason": self.reason,
            "value": self.value,
            "method": method_of(self.record),
            "record": record_to_dict(self.record),
        }


@dataclass(frozen=True, slots=True)
class Step:
    """What one filter did: rows it was asked about, rows it dropped, and the mean of what it measured.

    The mean is over kept and dropped rows that have a number: of a consensus it is the agreement of the
    readers. None where nothing is a number.
    """

    filter: str
    seen: int
    dropped: int
    mean: float | None


@dataclass(frozen=True, slots=True)
class Filtered:
    """Made records that passed, in their order, and all that did not."""

    kept: list[Record]
    dropped: list[Dropped]
    steps: tuple[Step, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Rows that each filter dropped, in the order of the filters; 0 where it dropped none."""
        counts: Counter[str] = Counter()
        for step in self.steps:
            counts[step.filter] += step.dropped
        return dict(counts)

    def to_dict(self) -> dict[str, Any]:
        """Counts for a run record and for ``--json``: by filter, and what became of each method's rows."""
        methods: dict[str, dict[str, int]] = {}
        for record in self.kept:
            of_method = methods.setdefault(method_of(record), {})
            of_method["kept"] = of_method.get("kept", 0) + 1
        for row in self.dropped:
            of_method = methods.setdefault(method_of(row.record), {})
            of_method[row.filter] = of_method.get(row.filter, 0) + 1
        steps = [
            {"filter": step.filter, "seen": step.seen, "dropped": step.dropped, "mean": step.mean}
            for step in self.steps
        ]
        return {"kept": len(self.kept), "dropped": len(self.dropped), "filters": steps, "methods": methods}


def make_filter(name: str, **options: Any) -> Filter:
    """A filter of :data:`FILTERS` with its options.

    Raises:
        OptionError: no filter has this name, or it has no such option, or a value is out of range.

    Example:
        >>> make_filter("length-ratio", least=0.5).name
        'length-ratio'
    """
    if name not in FILTERS:
        raise _unknown("filter", name, FILTERS)
    module, _, attribute = FILTERS[name].partition(":")
    kind = getattr(import_module(module), attribute)
    known = kind.__dataclass_fields__
    for option in options:
        if option not in known:
            raise _unknown(f"option of the filter '{name}'", option, known)
    try:
        made: Filter = kind(**options)
    except TypeError as err:  # an option without a default was left out
        raise OptionError(
            f"the filter '{name}' lacks an option.",
            value=", ".join(options) or "no options",
            allowed=", ".join(known),
            cure=f"{err}.".replace("__init__() ", ""),
        ) from err
    return made


def _unknown(what: str, name: str, known: Mapping[str, Any]) -> OptionError:
    near = get_close_matches(name, known, n=1)
    return OptionError(
        f"unknown {what}.",
        value=name,
        allowed=", ".join(known) or "none",
        cure=f"Did you mean '{near[0]}'?" if near else "Name one of these.",
    )


def apply_filters(made: Sequence[Record], originals: Sequence[Record], filters: Sequence[Filter]) -> Filtered:
    """Ask each filter in turn about the rows that are left.

    Args:
        made: records with a lineage.
        originals: what they were made from, and what they shall be trained beside.
        filters: in the order in which they are asked.

    Raises:
        OptionError: a row without a lineage, or a filter that does not give one verdict a row.

    Example:
        >>> originals = [Record("a", {"text": "가게는 아침에 연다"})]
        >>> made = [Record("a-1", {"text": text}, lineage=("a",)) for text in ("아침에 가게는 연다", " ")]
        >>> found = apply_filters(made, originals, [make_filter("changed")])
        >>> [record.fields["text"] for record in found.kept], found.dropped[0].reason
        (['아침에 가게는 연다'], 'the text is empty')
    """
    for record in made:
        if not record.lineage:
            raise OptionError(
                "a record among the made ones says nothing of what it was made from.",
                value=record.id,
                allowed="records with a lineage",
                cure="Pass originals as originals, and give made records the lineage of their original.",
            )
    kept, dropped, steps = list(made), [], []
    for judge in filters:
        verdicts = judge(kept, originals)
        if len(verdicts) != len(kept):
            raise OptionError(
                f"the filter '{judge.name}' does not give one verdict a row.",
                value=f"{len(verdicts)} verdicts on {len(kept)} rows",
                allowed="one a row, in the order of the rows",
                cure="Return a Verdict for rows that the filter has nothing to say about as well.",
            )
        pairs = list(zip(kept, verdicts, strict=True))
        gone = [Dropped(r, judge.name, v.reason, v.value) for r, v in pairs if not v.keep]
        steps.append(Step(judge.name, len(pairs), len(gone), _mean(verdicts)))
        _LOG.info("filter %s dropped %d of %d rows", judge.name, len(gone), len(pairs))
        dropped += gone
        kept = [record for record, verdict in pairs if verdict.keep]
    return Filtered(kept, dropped, tuple(steps))


def _mean(verdicts: Sequence[Verdict]) -> float | None:
    numbers = [float(v.value) for v in verdicts if isinstance(v.value, (int, float))]
    return sum(numbers) / len(numbers) if numbers else None


def save_dropped(dropped: Iterable[Dropped], path: str | Path) -> None:
    """Write the dropped rows with their reasons, one JSON object a line, whole or not at all."""
    write_lines(Path(path), (row.to_dict() for row in dropped))


def read_dropped(path: str | Path) -> list[Dropped]:
    """The rows that :func:`save_dropped` wrote.

    Raises:
        DataError: a line is not such a row.
    """
    return [
        Dropped(
            record_from_dict(row.get("record", {}), Place(path=str(path), line=number)),
            str(row.get("filter", "")),
            str(row.get("reason", "")),
            row.get("value"),
        )
        for number, row in enumerate(read_lines(Path(path)), start=1)
    ]
