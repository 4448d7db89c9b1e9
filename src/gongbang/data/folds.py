"""Tables of folds: which record is held out when, made once, stored, and reused by every run.

What is drawn are parts, never rows: an augmented copy goes with its original, and records of one text go
together, whatever the kind; the grouped kinds keep whole groups together as well. scikit-learn deals the
parts out. It is given them in the order of a draw by hash, so that neither the order of the file nor a global
random state counts. What it does not do is done here: folds of multi-label records (``stratify``), labels of
very many parts, for which its StratifiedGroupKFold takes minutes, and borders in time that do not cut through
the records of one moment.
"""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from gongbang.data.fingerprint import records_hash
from gongbang.data.fold_table import BEFORE, FoldTable
from gongbang.data.records import Record
from gongbang.data.splits import draw_place, tied_parts
from gongbang.data.stratify import iterative_stratification
from gongbang.errors import MissingExtraError, OptionError, SplitError

Kind = Literal["plain", "stratified", "grouped", "stratified_grouped", "time"]
KINDS: tuple[str, ...] = get_args(Kind)

_LOG = logging.getLogger(__name__)
# Of fewer parts, which may be large, StratifiedGroupKFold makes the more even folds (it weighs every part
# against all folds); of more, iterative stratification is as even and ten times as fast.
_MANY_PARTS = 5_000


def make_folds(
    records: Sequence[Record],
    *,
    kind: Kind,
    k: int,
    repeats: int = 1,
    seed: int,
    label: str = "label",
    time: str | None = None,
) -> FoldTable:
    """Assign every record to a fold.

    ==================== ======================================================== ==================
    kind                 what a fold holds                                        after
    ==================== ======================================================== ==================
    plain                a k-th of the records                                    KFold
    stratified           and the same share of each label                         StratifiedKFold
    grouped              whole groups                                             GroupKFold
    stratified_grouped   whole groups, labels as even as these allow              StratifiedGroupKFold
    time                 the records of a stretch of time; only earlier ones are  TimeSeriesSplit
                         trained on
    ==================== ======================================================== ==================

    Args:
        records: with ids that are unique.
        kind: see above. "plain" and "stratified" draw records of one group apart;
            :func:`~gongbang.data.fold_checks.check_folds` refuses such a table where groups are shared.
        k: number of folds, 2 or more.
        repeats: tables drawn anew; 1 for "time", where nothing is drawn.
        seed: another seed gives other folds.
        label: the label that is spread evenly; a list of labels is spread by iterative stratification.
        time: the label or field that orders the records ("time" only): numbers, or texts that sort by time,
            such as ISO dates. A part counts by its latest record.

    Raises:
        OptionError: an option outside its values.
        SplitError: fewer parts than folds, an id twice, a record without the label or the time.
        MissingExtraError: scikit-learn is not installed.

    Example:
        >>> records = [Record(str(n), {"text": f"글 {n}"}, group=f"g{n // 2}") for n in range(8)]
        >>> table = make_folds(records, kind="grouped", k=2, seed=0)
        >>> sorted(map(len, (table.held_out_ids(0), table.held_out_ids(1))))
        [4, 4]
    """
    _check_options(records, kind, k, repeats, time)
    assignments = []
    for repeat in range(repeats):
        if kind == "time":
            folds, parts = _in_time(records, k, str(time))
        else:
            folds, parts = _drawn(records, kind, k, f"{seed}/{repeat}", label)
        if set(range(k)) - set(folds.tolist()):
            raise SplitError(
                "a fold would be empty.",
                value=f"{parts} parts of {len(records)} records for {k} folds",
                allowed="folds that all hold records",
                cure="Take fewer folds, or bring more groups, labels or moments.",
            )
        assignments.append({record.id: int(folds[index]) for index, record in enumerate(records)})
    return FoldTable(kind, k, repeats, seed, label, time, records_hash(records), tuple(assignments))


def load_or_make(
    path: str | Path,
    records: Sequence[Record],
    *,
    kind: Kind,
    k: int,
    repeats: int = 1,
    seed: int,
    label: str = "label",
    time: str | None = None,
) -> FoldTable:
    """The table at ``path``, made and written where there is none; options as in :func:`make_folds`.

    Raises:
        SplitError: the stored table is of other data, or was made with other options.
        DataError: the file is no table.
    """
    path = Path(path)
    if not path.is_file():
        table = make_folds(records, kind=kind, k=k, repeats=repeats, seed=seed, label=label, time=time)
        table.save(path)
        return table
    table = FoldTable.load(path)
    table.check(records)
    asked = {"kind": kind, "k": k, "repeats": repeats, "seed": seed, "label": label, "time": time}
    differing = [
        f"{name}={getattr(table, name)!r}" for name, value in asked.items() if getattr(table, name) != value
    ]
    if differing:
        raise SplitError(
            "the stored table of folds was made with other options.",
            value=f"{path}: {', '.join(differing)}",
            allowed=", ".join(f"{name}={value!r}" for name, value in asked.items()),
            cure="Ask for what is stored, or name another file; runs that share a table can be put together.",
        )
    return table


def _drawn(
    records: Sequence[Record], kind: str, k: int, seed: str, label: str
) -> tuple[NDArray[np.int64], int]:
    """(records,) folds of one draw, and the number of parts that were dealt out."""
    tied = tied_parts(records, "group" if "grouped" in kind else None, need=k)
    tied.sort(key=lambda part: draw_place(seed, part, records))
    parts = [sorted(part, key=lambda index: records[index].id) for part in tied]
    if not kind.startswith("stratified"):
        return _dealt(parts, k, None), len(parts)
    values = [_labels_of(record, label) for record in records]
    single = not any(isinstance(value, frozenset) for value in values)
    if single and (len(parts) == len(records) or len(parts) <= _MANY_PARTS):
        return _dealt(parts, k, values), len(parts)
    sets = [value if isinstance(value, frozenset) else frozenset([value]) for value in values]
    names = {name: column for column, name in enumerate(sorted(frozenset[str]().union(*sets)))}
    counts = np.zeros((len(parts), len(names)), dtype=np.int64)  # (parts, labels)
    for row, part in enumerate(parts):
        for index in part:
            for name in sets[index]:
                counts[row, names[name]] += 1
    return _spread(iterative_stratification(counts, [len(part) for part in parts], k), parts), len(parts)


def _dealt(parts: Sequence[Sequence[int]], k: int, labels: Sequence[Any] | None) -> NDArray[np.int64]:
    """(records,) folds by scikit-learn, which sees the records part by part in the order of the draw."""
    splitters = _sklearn()
    order = [index for part in parts for index in part]
    unit = np.array([number for number, part in enumerate(parts) for _ in part])
    single = len(order) == len(parts)
    y = None if labels is None else np.array([labels[index] for index in order])
    if labels is None:
        splitter = splitters.KFold(k) if single else splitters.GroupKFold(k)
    else:
        splitter = splitters.StratifiedKFold(k) if single else splitters.StratifiedGroupKFold(k)
    folds = np.empty(len(order), dtype=np.int64)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            for fold, (_, held_out) in enumerate(splitter.split(order, y, None if single else unit)):
                folds[np.asarray(order)[held_out]] = fold
        except ValueError as err:
            raise SplitError(
                f"the labels cannot be spread over the folds: {err}",
                value=f"k={k}, {len(parts)} parts",
                allowed="a label with k records or more",
                cure="Take fewer folds, or merge rare labels.",
            ) from err
    for warning in heard:
        _LOG.warning("%s", warning.message)
    return folds


def _in_time(records: Sequence[Record], k: int, time: str) -> tuple[NDArray[np.int64], int]:
    """(records,) folds by time, ``BEFORE`` the first held-out stretch, and the number of parts."""
    parts = tied_parts(records, None, need=k + 1)
    moments = [_moment(record, time) for record in records]
    try:
        latest = [max(moments[index] for index in part) for part in parts]
        distinct = sorted(set(latest))
    except TypeError as err:
        raise SplitError(
            f"the times cannot be put in order: {err}.",
            value=sorted({type(moment).__name__ for moment in moments}),
            allowed="numbers alone, or texts alone that sort by time",
            cure="Write every time in one form, e.g. 2024-05-31.",
        ) from err
    place = {moment: number for number, moment in enumerate(distinct)}
    at = np.empty(len(records), dtype=np.int64)  # (records,) rank of the moment at which a record counts
    for moment, part in zip(latest, parts, strict=True):
        at[list(part)] = place[moment]
    order = np.argsort(at, kind="stable")
    folds = np.full(len(records), BEFORE, dtype=np.int64)
    for fold, (_, held_out) in enumerate(_sklearn().TimeSeriesSplit(k).split(order)):
        # From the first moment that lies in the stretch as a whole: a moment is not cut in two.
        first = held_out[0]
        border = at[order[first]] + int(first > 0 and at[order[first - 1]] == at[order[first]])
        folds[at >= border] = fold
    return folds, len(parts)


def _spread(folds: NDArray[np.int64], parts: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    spread = np.empty(sum(map(len, parts)), dtype=np.int64)
    for fold, part in zip(folds, parts, strict=True):
        spread[list(part)] = fold
    return spread


def _labels_of(record: Record, label: str) -> str | frozenset[str]:
    """A record's label by name, or the set of its labels."""
    if label not in record.labels:
        raise SplitError(
            f"record '{record.id}' has no label '{label}' to spread evenly.",
            value=sorted(record.labels),
            allowed="a label that every record has",
            cure="Name it with label=..., e.g. label='labels' where each record has a list of them.",
        )
    value = record.labels[label]
    if isinstance(value, (list, tuple, set, frozenset)):
        return frozenset(map(str, value))
    return str(value)


def _moment(record: Record, time: str) -> Any:
    found = record.labels.get(time, record.fields.get(time))
    number = isinstance(found, (int, float)) and not isinstance(found, bool) and math.isfinite(found)
    if not (number or (isinstance(found, str) and found)):
        raise SplitError(
            f"record '{record.id}' has no '{time}' to be ordered by.",
            value=found if found is not None else sorted({*record.labels, *record.fields}),
            allowed="a label or field with a number or a text that sorts by time",
            cure="Name it with time=..., or leave out the records that have none.",
        )
    return found


def _check_options(records: Sequence[Record], kind: str, k: int, repeats: int, time: str | None) -> None:
    if kind not in KINDS:
        raise OptionError(
            "there is no such kind of folds.", value=kind, allowed=", ".join(KINDS), cure="Pass one of these."
        )
    if k < 2:
        raise OptionError("folds are two or more.", value=k, allowed="2 or more", cure="Pass k=5.")
    if repeats < 1 or (kind == "time" and repeats > 1):
        raise OptionError(
            "folds cannot be repeated so often.",
            value=repeats,
            allowed="1 or more; 1 for folds in time, which are not drawn",
            cure="Pass repeats=1.",
        )
    if (kind == "time") != (time is not None):
        raise OptionError(
            "'time' names what orders the records of folds in time, and of no others.",
            value=f"kind={kind!r}, time={time!r}",
            allowed="kind='time' together with time=...",
            cure="Pass both or neither.",
        )
    seen: set[str] = set()
    for record in records:
        if record.id in seen:
            raise SplitError(
                "two records have one id, so that a table could not tell them apart.",
                value=record.id,
                allowed="ids that are unique within the data",
                cure="Put the file's name before the ids when several files are joined.",
            )
        seen.add(record.id)


def _sklearn() -> Any:
    try:
        from sklearn import model_selection
    except ImportError as err:
        raise MissingExtraError("scikit-learn", extra="train", purpose="making folds") from err
    return model_selection
