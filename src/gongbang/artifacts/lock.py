"""A lock that dies with its process, so that a killed writer is told from one at work."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from gongbang.errors import ArtifactError


class RunLock:
    """An advisory lock on a file of the run's folder, held until :meth:`release` or the process's end.

    Whatever else has one writer at a time takes it too, ``what`` saying what is being written.

    The kernel drops it when the process ends in any way, kill -9 included. Where the platform has no
    ``flock`` (Windows), every lock is granted, and a killed run keeps the status "running".
    """

    def __init__(self, path: Path, what: str = "run") -> None:
        self.path, self.what = path, what
        self._file: IO[bytes] | None = None

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            ArtifactError: another process (or another open run) holds it.
        """
        if self._file is not None:
            return
        file = self.path.open("ab")
        if not _try_lock(file):
            file.close()
            raise ArtifactError(
                f"the {self.what} is being written by another process.",
                value=str(self.path.parent),
                allowed="one writer at a time",
                cure="Wait until it ends"
                + (", or start a new run." if self.what == "run" else ", then try again."),
            )
        self._file = file

    def release(self) -> None:
        """Give the lock back; nothing happens when it is not held."""
        if self._file is not None:
            self._file.close()
            self._file = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._file is not None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def is_free(self) -> bool:
        """Whether nobody holds the lock, this object included."""
        if self.held or not _has_flock():
            return False
        if not self.path.exists():
            return True
        with self.path.open("ab") as file:
            return _try_lock(file)


def _has_flock() -> bool:
    return importlib.util.find_spec("fcntl") is not None


def _try_lock(file: IO[bytes]) -> bool:
    if not _has_flock():
        return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
