"""The frozen suite: records that a champion and its challenger are judged on, and the rules they keep.

A folder with ``suite.json`` (what it is, its rules, the hashes of its files) and ``records.jsonl``. Its id is
the hash of all of that: a suite that was changed in any way is refused, and a better one has another id.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gongbang.artifacts.files import plain, read_json, write_json
from gongbang.artifacts.hashing import config_hash, file_hash, short
from gongbang.artifacts.manifest import Part, check_name
from gongbang.artifacts.suite_rules import WHOLE, SuiteRules
from gongbang.data.reading import read_records
from gongbang.data.records import Record
from gongbang.data.writing import write_jsonl
from gongbang.errors import ArtifactError, DataError, GongbangError, OptionError

SUITE = "suite.json"
RECORDS = "records.jsonl"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Suite:
    """A suite as it was frozen.

    Attributes:
        path: its folder.
        task: the task that its records are for.
        files: hash and size of each file.
        slices: what records are set side by side by: ``label:NAME``, ``field:NAME`` or ``source``.
        rules: see :class:`SuiteRules`.
        metric: what decides; the task's primary metric where empty.
        slice_metric: what slices are measured by; ``metric`` where empty.
    """

    path: Path
    name: str
    task: str
    files: Mapping[str, Part]
    slices: tuple[str, ...] = ()
    rules: SuiteRules = field(default_factory=SuiteRules)
    metric: str = ""
    slice_metric: str = ""

    @property
    def id(self) -> str:
        """Hash of everything but where it lies."""
        return config_hash(self._body())

    def _body(self) -> dict[str, Any]:
        body: dict[str, Any] = plain(
            {
                "format": FORMAT,
                "name": self.name,
                "task": self.task,
                "files": {name: {"sha256": p.sha256, "bytes": p.bytes} for name, p in self.files.items()},
                "slices": self.slices,
                "rules": self.rules.to_dict(),
                "metric": self.metric,
                "slice_metric": self.slice_metric,
            }
        )
        return body

    def to_dict(self) -> dict[str, Any]:
        """For ``suite.json``."""
        return {"id": self.id, **self._body()}

    def records(self) -> list[Record]:
        """The records, in the order of the files, which are hashed first.

        Raises:
            ArtifactError: a file is missing or was changed.
            DataError: a record cannot be used.
        """
        self.check()
        return [record for name in self.files for record in read_records(self.path / name).strict()]

    def check(self) -> None:
        """Hash the files.

        Raises:
            ArtifactError: one is missing or was changed.
        """
        for name, part in self.files.items():
            found = file_hash(self.path / name) if (self.path / name).is_file() else "missing"
            if found != part.sha256:
                raise ArtifactError(
                    f"the suite '{self.name}' was changed after it was frozen.",
                    value=f"{self.path / name}: {short(found)}",
                    allowed=f"sha256 {short(part.sha256)}",
                    cure="Restore the file; for other records freeze another suite.",
                )


def freeze_suite(
    folder: str | Path,
    records: Sequence[Record],
    *,
    task: str,
    name: str = "",
    slices: Sequence[str] = (),
    rules: SuiteRules | None = None,
    metric: str = "",
    slice_metric: str = "",
) -> Suite:
    """Write a suite, as a whole or not at all.

    Args:
        folder: a new folder; its last part is the name unless ``name`` is given.
        records: original ones with what they are judged by, each under an id of its own.

    Raises:
        ArtifactError: something stands there.
        DataError: no records, an id that is there twice, or a record that was made and not found.
        OptionError: a slice that no record has, or a floor of no slice.

    Example:
        >>> import tempfile
        >>> rows = [Record(str(n), {"text": f"글 {n}"}, labels={"label": "ab"[n % 2]}) for n in range(4)]
        >>> with tempfile.TemporaryDirectory() as place:
        ...     suite = freeze_suite(Path(place, "s"), rows, task="classify", slices=["label:label"])
        ...     same = open_suite(suite.path).id == suite.id
        >>> same
        True
    """
    folder, rules = Path(folder), rules or SuiteRules()
    _check_records(records)
    _check_slices(records, slices, rules)
    if folder.exists():
        raise ArtifactError(
            "something already stands where the suite would be written.",
            value=str(folder),
            allowed="a new folder: a frozen suite is never changed",
            cure="Name another folder.",
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    try:
        path = scratch / RECORDS
        write_jsonl(records, path)
        part = Part(file_hash(path), path.stat().st_size)
        made = Suite(scratch, name or folder.name, task, {RECORDS: part}, tuple(slices), rules)
        made = replace(made, metric=metric, slice_metric=slice_metric)
        write_json(scratch / SUITE, made.to_dict())
        scratch.chmod(0o755)
        scratch.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return open_suite(folder)


def open_suite(folder: str | Path) -> Suite:
    """A suite, its own hash and its files' hashes checked.

    Raises:
        ArtifactError: there is none, or it was changed after it was frozen.
    """
    folder = Path(folder)
    path = folder if folder.name == SUITE else folder / SUITE
    values = read_json(path, "the suite")
    suite = _built(values, path)
    if suite.id != values.get("id"):
        raise ArtifactError(
            "the suite was edited after it was frozen: its own hash does not fit.",
            value=f"{path}: id {short(str(values.get('id')))}, content {short(suite.id)}",
            allowed="suite.json as it was frozen",
            cure="Restore it; for other rules freeze another suite.",
        )
    suite.check()
    return suite


def slices_of(record: Record, slices: Sequence[str]) -> Iterator[str]:
    """The slices that a record falls into, as ``label:NAME=VALUE``; a list of labels into several.

    Example:
        >>> list(slices_of(Record("1", {"title": "고래"}, labels={"label": "no"}), ["label:label"]))
        ['label:label=no']
    """
    for dimension in slices:
        kind, _, name = dimension.partition(":")
        value = {"label": record.labels, "field": record.fields}.get(kind, {}).get(name)
        if kind == "source":
            value = record.source
        for one in value if isinstance(value, list) else [value]:
            if one is not None:
                yield f"{dimension}={one}"


def _built(values: Any, path: Path) -> Suite:
    try:
        if values["format"] != FORMAT:
            raise ValueError(f"format {values['format']}, not {FORMAT}")
        return Suite(
            path=path.parent,
            name=str(values["name"]),
            task=str(values["task"]),
            files={
                check_name(name): Part(str(part["sha256"]), int(part["bytes"]))
                for name, part in values["files"].items()
            },
            slices=tuple(map(str, values["slices"])),
            rules=SuiteRules.from_dict(values["rules"]),
            metric=str(values["metric"]),
            slice_metric=str(values["slice_metric"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as err:
        raise _unreadable(path, f"{type(err).__name__} {err}") from err
    except GongbangError as err:
        raise _unreadable(path, err.what) from err


def _unreadable(path: Path, why: str) -> ArtifactError:
    return ArtifactError(
        f"the suite lacks a value or holds a wrong one: {why}",
        value=str(path),
        allowed="suite.json as it was frozen",
        cure="Restore it, or freeze the suite again.",
    )


def _check_records(records: Sequence[Record]) -> None:
    seen: set[str] = set()
    for record in records:
        if record.id in seen or record.lineage or record.labels.get("augmented"):
            raise DataError(
                "a suite holds original records, each once.",
                value=f"record '{record.id}'" + (f", made from {record.lineage}" if record.lineage else ""),
                allowed="records with ids of their own that were found, not made",
                cure="Leave made records and repeated ids out.",
            )
        seen.add(record.id)
    if not records:
        raise DataError(
            "there is nothing to judge by.",
            value="no records",
            allowed="one record or more",
            cure="Name a file with labelled records.",
        )


def _check_slices(records: Sequence[Record], slices: Sequence[str], rules: SuiteRules) -> None:
    known = {WHOLE, *(key for record in records for key in slices_of(record, slices))}
    for dimension in slices:
        if not any(key.startswith(f"{dimension}=") for key in known):
            raise OptionError(
                "no record has what a slice is made by.",
                value=dimension,
                allowed="label:NAME, field:NAME or source, which records have",
                cure="Name a label or a field of the records.",
            )
    for key in rules.floors:
        if key not in known:
            raise OptionError(
                "a floor is of no slice.",
                value=key,
                allowed=", ".join(sorted(known)[:20]),
                cure="Name one of the slices, or all for the whole suite.",
            )
