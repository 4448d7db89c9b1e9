"""Versions of a data set that grows: each a folder of records with a manifest, each naming the one before.

``datasets/NAME/0002-1a2b3c4d5e/`` holds ``records.jsonl`` and ``manifest.json``: hashes, counts, where the
records came from, the decisions that they rest on, and the version before. Nothing in it tells the time of
the build, so the same decisions give the same bytes. A recipe takes ``records.jsonl`` as a source.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gongbang.artifacts.files import plain, read_json, write_json
from gongbang.artifacts.hashing import config_hash, file_hash, short
from gongbang.artifacts.lock import RunLock
from gongbang.data.records import Record
from gongbang.data.writing import write_jsonl
from gongbang.errors import ArtifactError

RECORDS = "records.jsonl"
MANIFEST = "manifest.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class DatasetVersion:
    """One version: its folder and its manifest."""

    path: Path
    manifest: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Hash of the manifest, and through it of the records and of every version before."""
        return str(self.manifest["id"])

    @property
    def number(self) -> int:
        """1 for the first."""
        return int(self.manifest["number"])

    @property
    def task(self) -> str:
        """The task that its records are for."""
        return str(self.manifest["task"])

    @property
    def records(self) -> Path:
        """The file that a recipe names."""
        return self.path / RECORDS


class Datasets:
    """The versions of one data set.

    Args:
        folder: ``datasets/NAME``; made with the first version.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def versions(self) -> list[DatasetVersion]:
        """All of them, oldest first, their hashes and their chain checked.

        Raises:
            ArtifactError: one was changed, or a link of the chain is missing.
        """
        found = [open_version(path.parent) for path in sorted(self.folder.glob(f"[0-9]*/{MANIFEST}"))]
        for number, version in enumerate(found, 1):
            before = found[number - 2] if number > 1 else None
            parent = "" if before is None else before.id
            if (version.number, version.manifest["parent"]) != (number, parent):
                raise ArtifactError(
                    "the versions of the data set do not follow each other.",
                    value=f"{version.path.name} after {'none' if before is None else before.path.name}",
                    allowed=f"version {number} whose parent is {short(parent) or 'none'}",
                    cure="Restore the version that is missing, or begin another data set.",
                )
        return found

    def latest(self) -> DatasetVersion | None:
        """The newest version; None where there is none.

        Raises:
            ArtifactError: see :meth:`versions`.
        """
        return next(reversed(self.versions()), None)

    def add(
        self,
        records: Sequence[Record],
        *,
        task: str,
        rows: Sequence[Mapping[str, Any]] = (),
        left_out: Sequence[Mapping[str, Any]] = (),
    ) -> DatasetVersion:
        """The version that holds these records: the newest where that one does, else one more.

        Args:
            records: all of the version's, not what is new alone.
            task: that they are for.
            rows: what each record rests on; ``origin`` of each is counted.
            left_out: what did not become a record, and why.

        Raises:
            ArtifactError: another process is building, or a version was changed.
            DataError: a record holds what JSON cannot.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with RunLock(self.folder / ".lock", "data set"):
            before = self.latest()
            scratch = Path(tempfile.mkdtemp(dir=self.folder, prefix=".new-"))
            try:
                path = scratch / RECORDS
                write_jsonl(records, path)
                body: dict[str, Any] = {
                    "format": FORMAT,
                    "name": self.folder.resolve().name,
                    "task": task,
                    "files": {RECORDS: {"sha256": file_hash(path), "bytes": path.stat().st_size}},
                    "records": len(records),
                    "groups": len({record.group for record in records}),
                    "origins": dict(sorted(Counter(str(row.get("origin", "")) for row in rows).items())),
                    "rows": rows,
                    "left_out": left_out,
                }
                return self._placed(scratch, plain(body), before)
            finally:
                shutil.rmtree(scratch, ignore_errors=True)

    def _placed(
        self, scratch: Path, body: Mapping[str, Any], before: DatasetVersion | None
    ) -> DatasetVersion:
        """The version before where it says the same, else the one in ``scratch`` put behind it."""
        if before is not None and all(before.manifest[key] == value for key, value in body.items()):
            return before
        number, parent = (1, "") if before is None else (before.number + 1, before.id)
        whole = {**body, "number": number, "parent": parent}
        id = config_hash(whole)
        write_json(scratch / MANIFEST, {"id": id, **whole})
        scratch.chmod(0o755)
        place = self.folder / f"{number:04d}-{short(id)}"
        scratch.rename(place)
        return open_version(place)


def open_version(folder: str | Path) -> DatasetVersion:
    """A version, its manifest's hash and its records' checked.

    Raises:
        ArtifactError: there is none, or it was changed after it was built.
    """
    folder = Path(folder)
    values = read_json(folder / MANIFEST, "the data set's manifest")
    body = {key: value for key, value in values.items() if key != "id"} if isinstance(values, dict) else {}
    if body.get("format") != FORMAT or config_hash(body) != values.get("id"):
        raise _changed(folder / MANIFEST)
    if not (folder / RECORDS).is_file() or file_hash(folder / RECORDS) != body["files"][RECORDS]["sha256"]:
        raise _changed(folder / RECORDS)
    return DatasetVersion(folder, values)


def find_version(folder: str | Path) -> DatasetVersion:
    """The version of a folder: that version itself, or the newest of a data set.

    Raises:
        ArtifactError: there is none.
    """
    if (Path(folder) / MANIFEST).is_file():
        return open_version(folder)
    found = Datasets(folder).latest()
    if found is None:
        raise ArtifactError(
            "the folder holds no version of a data set.",
            value=str(folder),
            allowed="datasets/NAME, or a version in it",
            cure="Build one: gongbang review export --database URL --datasets DIR.",
        )
    return found


def _changed(path: Path) -> ArtifactError:
    return ArtifactError(
        "a version of the data set was changed after it was built.",
        value=str(path),
        allowed="the file as it was written",
        cure="Restore it from where it came; corrections are decisions, and make a new version.",
    )
