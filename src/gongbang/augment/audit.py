"""The audit: fifty made rows that a person reads before anybody trains on the rest, and what was said.

Generated data are full of faults that no filter looks for. The rows are drawn evenly over the methods, so
that each has its own share of bad ones with an interval. A verdict is kept under the hash of the row's
content: it holds for a row that is made again, and for no other.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gongbang.artifacts.files import plain, write_lines, write_text
from gongbang.augment.filters import Dropped
from gongbang.augment.origins import METHOD, by_id, method_of, origin_of
from gongbang.data.records import Record
from gongbang.data.serial import record_to_dict
from gongbang.errors import DataError, OptionError
from gongbang.metrics.scores import Score
from gongbang.metrics.small_samples import wilson_interval

VERDICTS = ("good", "bad", "unsure")
FORMAT = "gongbang-audit"
_CONTENT = ("fields", "spans", "labels")  # ids and lineage change when rows are made again


@dataclass(frozen=True, slots=True)
class AuditRow:
    """A made row to be read: ``key`` is the hash of its content; the original is None where it is lost."""

    key: str
    method: str
    made: Record
    original: Record | None


@dataclass(frozen=True, slots=True)
class AuditVerdict:
    """What a person said of a row: "good", "bad" or "unsure", and a note."""

    key: str
    verdict: str
    note: str = ""
    method: str = ""
    id: str = ""


Verdicts = Mapping[str, AuditVerdict]
"""Verdicts by the key of their row."""


@dataclass(frozen=True, slots=True)
class Audited:
    """Rows without those judged bad, and what the verdicts say of each method.

    ``bad`` has the share of bad rows among those judged good or bad, by method, with Wilson's interval;
    ``unsure`` counts the others; ``unmatched`` counts verdicts on rows that are not among these.
    """

    kept: list[Record]
    dropped: list[Dropped]
    bad: Mapping[str, Score]
    unsure: Mapping[str, int] = field(default_factory=dict)
    unmatched: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Counts and shares, for a run record and for ``--json``."""
        return {
            "kept": len(self.kept),
            "dropped": len(self.dropped),
            "bad": {method: share.to_dict() for method, share in self.bad.items()},
            "unsure": dict(self.unsure),
            "unmatched": self.unmatched,
        }


def content_hash(record: Record) -> str:
    """The SHA-256 of fields, spans and labels; not of the id, the lineage or the method's name.

    Example:
        >>> a = Record("a", {"text": "가"}, lineage=("1",), labels={"augmented": "swap"})
        >>> content_hash(a) == content_hash(Record("b", {"text": "가"}, lineage=("2",)))
        True
    """
    whole = record_to_dict(record)
    content = {name: whole[name] for name in _CONTENT}
    content["labels"] = {name: value for name, value in content["labels"].items() if name != METHOD}
    text = json.dumps(plain(content), ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def draw_rows(
    made: Sequence[Record], originals: Sequence[Record], *, n: int = 50, seed: int = 17
) -> list[AuditRow]:
    """Rows to be read, as even over the methods as they last, in an order that mixes them.

    The draw hangs on seed and content alone: rows that are made again are drawn again, in whatever order
    they stand. Rows of equal content are one row.

    Args:
        made: records with a lineage. originals: what they were made from.
        n: how many; all where there are fewer. seed: of the draw.

    Raises:
        OptionError: ``n`` below 1.

    Example:
        >>> made = [Record(str(i), {"text": f"글 {i}"}, labels={"augmented": "ab"[i > 7]}, lineage=("o",))
        ...         for i in range(10)]
        >>> sorted(row.method for row in draw_rows(made, [], n=5))
        ['a', 'a', 'a', 'b', 'b']
    """
    if n < 1:
        raise OptionError("an audit reads rows.", value=n, allowed="1 or more", cure="Pass n=50.")
    known = by_id(originals)
    rows: dict[str, AuditRow] = {}
    for record in made:
        key = content_hash(record)
        rows.setdefault(key, AuditRow(key, method_of(record), record, origin_of(record, known)))
    strata: dict[str, list[AuditRow]] = defaultdict(list)
    for row in sorted(rows.values(), key=lambda row: _place(row, seed)):
        strata[row.method].append(row)
    taken = [row for method, count in _quotas(strata, n).items() for row in strata[method][:count]]
    return sorted(taken, key=lambda row: _place(row, seed))


def _place(row: AuditRow, seed: int) -> str:
    return hashlib.sha256(f"{seed}\x00{row.key}".encode()).hexdigest()


def _quotas(strata: Mapping[str, Sequence[AuditRow]], n: int) -> dict[str, int]:
    """How many of each method: one in turn until ``n`` are given out or nothing is left."""
    quotas = dict.fromkeys(sorted(strata), 0)
    left = min(n, sum(map(len, strata.values())))
    while left:
        for method in quotas:
            if left and quotas[method] < len(strata[method]):
                quotas[method] += 1
                left -= 1
    return quotas


def write_audit(
    made: Sequence[Record],
    originals: Sequence[Record],
    path: str | Path,
    *,
    n: int = 50,
    seed: int = 17,
    title: str = "",
    verdicts: Verdicts | None = None,
) -> list[AuditRow]:
    """Write the audit sheet as one HTML page that needs no network; gives the rows that are on it.

    Args:
        made, originals, n, seed: as in :func:`draw_rows`.
        path: the page.
        title: above it; the name of the data.
        verdicts: what was said before; rows already judged show it.
    """
    from gongbang.augment.audit_html import audit_html

    rows = draw_rows(made, originals, n=n, seed=seed)
    page = audit_html(rows, title=title, seed=seed, total=len(made), verdicts=verdicts or {})
    # A half of a surrogate pair, which JSON files may hold, cannot be written; the page shows a mark for it.
    write_text(Path(path), page.encode("utf-8", "replace").decode("utf-8"))
    return rows


def verdicts_path(made: str | Path) -> Path:
    """Where the verdicts on a file of made records are kept: beside it.

    Example:
        >>> verdicts_path("data/made.jsonl").as_posix()
        'data/made.verdicts.jsonl'
    """
    return Path(made).with_suffix(".verdicts.jsonl")


def read_verdicts(path: str | Path) -> dict[str, AuditVerdict]:
    """Verdicts out of a page's download, or out of the file beside the made data; later ones win.

    Raises:
        DataError: the file is missing or is neither, or a verdict is not one of :data:`VERDICTS`.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as err:
        raise _unreadable(path, None, str(err)) from err
    rows = _rows(text, path)
    return {verdict.key: verdict for line, row in rows for verdict in [_verdict(row, path, line)]}


def _rows(text: str, path: str | Path) -> list[tuple[int | None, Any]]:
    """The verdicts of either form, with their line where they have one each."""
    try:
        whole = json.loads(text)
    except json.JSONDecodeError:
        whole = None
    if isinstance(whole, dict) and "verdicts" in whole:
        if whole.get("format") != FORMAT or not isinstance(whole["verdicts"], list):
            raise _unreadable(path, None, f"format {whole.get('format')!r}")
        return [(None, row) for row in whole["verdicts"]]
    rows: list[tuple[int | None, Any]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                rows.append((number, json.loads(line)))
            except json.JSONDecodeError as err:
                raise _unreadable(path, number, line) from err
    return rows


def _verdict(row: Any, path: str | Path, line: int | None) -> AuditVerdict:
    if not isinstance(row, dict) or not isinstance(row.get("key"), str) or row.get("verdict") not in VERDICTS:
        raise _unreadable(path, line, row)
    said = {name: str(row.get(name) or "") for name in ("note", "method", "id")}
    return AuditVerdict(row["key"], row["verdict"], **said)


def _unreadable(path: str | Path, line: int | None, value: object) -> DataError:
    return DataError(
        "these are no verdicts of an audit.",
        value=value,
        allowed=f"what the sheet saves, or lines of key and verdict ({', '.join(VERDICTS)})",
        cure="Save the verdicts again from the sheet.",
        path=path,
        line=line,
    )


def save_verdicts(verdicts: Verdicts | Iterable[AuditVerdict], path: str | Path) -> dict[str, AuditVerdict]:
    """Add verdicts to a file, one JSON object a line, whole or not at all; gives all that it then holds.

    Those it held stay, but for rows that were judged again.

    Raises:
        DataError: what lies there are no verdicts; it is left as it is.
    """
    path = Path(path)
    new = verdicts.values() if isinstance(verdicts, Mapping) else verdicts
    held = read_verdicts(path) if path.exists() else {}
    held |= {verdict.key: verdict for verdict in new}
    write_lines(path, [asdict(verdict) for verdict in held.values()])
    return held


def apply_verdicts(records: Sequence[Record], verdicts: Verdicts) -> Audited:
    """Take out the rows judged bad, and count what was said of each method.

    Records without a lineage are originals: they pass, whatever was said.

    Example:
        >>> made = [Record(n, {"text": n}, labels={"augmented": "swap"}, lineage=("o",)) for n in "abc"]
        >>> said = [AuditVerdict(content_hash(made[0]), "bad", "no sense"),
        ...         AuditVerdict(content_hash(made[1]), "good")]
        >>> found = apply_verdicts(made, {verdict.key: verdict for verdict in said})
        >>> [record.id for record in found.kept], found.dropped[0].reason, found.bad["swap"].value
        (['b', 'c'], 'judged bad: no sense', 0.5)
    """
    kept: list[Record] = []
    dropped: list[Dropped] = []
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    met: set[str] = set()
    for record in records:
        key = content_hash(record) if record.lineage else ""
        said = verdicts.get(key)
        if said is not None and key not in met:  # copies of one content are one judgement
            met.add(key)
            counts[method_of(record)][said.verdict] += 1
        if said is not None and said.verdict == "bad":
            dropped.append(Dropped(record, "audit", f"judged bad: {said.note}".removesuffix(": ")))
        else:
            kept.append(record)
    judged = {method: count["good"] + count["bad"] for method, count in sorted(counts.items())}
    return Audited(
        kept,
        dropped,
        {method: wilson_interval(counts[method]["bad"], n) for method, n in judged.items() if n},
        {method: count["unsure"] for method, count in sorted(counts.items()) if count["unsure"]},
        len(set(verdicts) - met),
    )
