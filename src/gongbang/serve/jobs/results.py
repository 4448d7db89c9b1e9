"""Results that are files, in a folder a job beside the database.

A file is named by its lease's token and its content's SHA-256, so that a worker that lost its job can
neither overwrite nor take away what its successor wrote, and what is read is what was written. The row in
the database says which file is the result; all else in the folder is left-over work and goes with it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from gongbang.errors import ArtifactError
from gongbang.serve.database.job_rows import ResultFile

_WORK = "work"


class Results:
    """The folder of results.

    Args:
        root: where; made when it is first written to.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as root:
        ...     results = Results(Path(root))
        ...     file = results.keep("0" * 32, 1, [b"{}\\n"], "application/jsonl")
        ...     results.path("0" * 32, file).read_bytes(), file.bytes
        (b'{}\\n', 3)
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def work(self, job: str) -> Path:
        """A folder for what a job needs until it ends, which its next attempt finds again."""
        folder = self.root / job / _WORK
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def keep(self, job: str, token: int, parts: Iterable[bytes], media: str) -> ResultFile:
        """Write a file as a whole or not at all.

        Args:
            job: its id. token: of the lease. parts: the bytes, in order. media: the media type.
        """
        folder = self.root / job
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f".{token}-{os.getpid()}"
        whole, size = hashlib.sha256(), 0
        try:
            with draft.open("wb") as file:
                for part in parts:
                    file.write(part)
                    whole.update(part)
                    size += len(part)
                file.flush()
                os.fsync(file.fileno())
            name = f"{token}-{whole.hexdigest()}"
            draft.replace(folder / name)
        finally:
            draft.unlink(missing_ok=True)
        return ResultFile(name, whole.hexdigest(), size, media)

    def path(self, job: str, file: ResultFile) -> Path:
        """Where a result is, its content checked.

        Raises:
            ArtifactError: it is gone or was changed.
        """
        path = self.root / job / file.name
        try:
            with path.open("rb") as opened:
                found = hashlib.file_digest(opened, "sha256").hexdigest()
        except OSError:
            found = ""
        if found == file.sha256:
            return path
        raise ArtifactError(
            "the result's file is gone."
            if not found
            else "the result's file was changed after it was written.",
            value=file.name,
            allowed="the folder of results as workers left it, shared by server and workers",
            cure="Name the same folder of results to the server and to every worker, then do the job again.",
        )

    def discard(self, job: str, file: ResultFile | None) -> None:
        """Take away a file that did not become the result."""
        if file is not None:
            (self.root / job / file.name).unlink(missing_ok=True)

    def tidy(self, job: str, file: ResultFile | None) -> None:
        """Take away what a job that has ended left beside its result."""
        folder = self.root / job
        if not folder.is_dir():
            return
        for entry in folder.iterdir():
            if entry.name == _WORK:
                shutil.rmtree(entry, ignore_errors=True)
            elif file is None or entry.name != file.name:
                entry.unlink(missing_ok=True)
        if file is None:
            shutil.rmtree(folder, ignore_errors=True)

    def delete(self, jobs: Iterable[str]) -> None:
        """Take away all that belongs to jobs that are no more."""
        for job in jobs:
            shutil.rmtree(self.root / job, ignore_errors=True)
