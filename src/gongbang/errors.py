"""Every error a user can meet.

Each one says four things, a line each: what happened, the offending value, what is allowed, and the
cure. The command line prints those four lines and exits with ``exit_code``; ``--json`` prints
:meth:`GongbangError.to_dict`. Anything that is not a :class:`GongbangError` is a fault of ours.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

_SHOWN = 300  # characters of an offending value that are worth showing


def printable(text: str) -> str:
    r"""A line of text with its control characters written out, so that no file can steer a terminal.

    Example:
        >>> printable("a\x1b[31m")
        'a\\x1b[31m'
    """
    return re.sub(r"[\x00-\x1f\x7f-\x9f]", lambda found: f"\\x{ord(found[0]):02x}", text)


def _as_it_was(kind: type[GongbangError], args: tuple[Any, ...], state: dict[str, Any]) -> GongbangError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


class GongbangError(Exception):
    """Base of every error a user can meet.

    Args:
        what: what happened, as one sentence.
        value: the offending value.
        allowed: what would have been accepted.
        cure: what to do now.

    Example:
        >>> str(GongbangError("k is too small.", value=0, allowed="1 or more", cure="Pass top_k=5."))
        'k is too small.\\nvalue: 0\\nallowed: 1 or more\\ncure: Pass top_k=5.'
    """

    exit_code = 2
    """The command line's exit status: 2, the user can mend it."""

    def __init__(self, what: str, *, value: object, allowed: str, cure: str) -> None:
        self.what = what
        self.value = value
        self.allowed = allowed
        self.cure = cure
        super().__init__("\n".join(self.lines()))

    def __reduce__(self) -> tuple[Any, ...]:
        """As it is, so that the error of another process arrives whole: pickle drops arguments with names."""
        return _as_it_was, (type(self), self.args, self.__dict__)

    def lines(self) -> list[str]:
        """The four lines, in the order in which they are printed."""
        value = self.value if isinstance(self.value, str) else repr(self.value)
        value = " ".join(value.split())
        if len(value) > _SHOWN:
            value = value[: _SHOWN - 1] + "…"
        lines = [self.what, f"value: {value}", f"allowed: {self.allowed}", f"cure: {self.cure}"]
        return [printable(line) for line in lines]

    def to_dict(self) -> dict[str, Any]:
        """The error for ``--json`` and for HTTP bodies."""
        return {
            "error": type(self).__name__,
            "what": self.what,
            "value": self.value if isinstance(self.value, (str, int, float, bool)) else repr(self.value),
            "allowed": self.allowed,
            "cure": self.cure,
        }


class DataError(GongbangError):
    """A file, a row or a field that cannot be used, with its place.

    ``path``, ``line`` (1-based) and ``field`` are put before ``what``, so that the first line of the
    message leads to the place: ``train.json:17: field 'answers': …``.
    """

    def __init__(
        self,
        what: str,
        *,
        value: object,
        allowed: str,
        cure: str,
        path: str | Path | None = None,
        line: int | None = None,
        field: str | None = None,
    ) -> None:
        self.path = None if path is None else str(path)
        self.line = line
        self.field = field
        super().__init__(self._place() + what, value=value, allowed=allowed, cure=cure)

    def _place(self) -> str:
        place = ""
        if self.path is not None:
            place += f"{self.path}:{self.line}: " if self.line is not None else f"{self.path}: "
        elif self.line is not None:
            place += f"line {self.line}: "
        if self.field is not None:
            place += f"field '{self.field}': "
        return place

    def to_dict(self) -> dict[str, Any]:
        return super().to_dict() | {"path": self.path, "line": self.line, "field": self.field}


class SpanError(DataError):
    """A span whose characters are not the text it claims to be."""


class OptionError(GongbangError):
    """An argument or option outside its allowed values."""


class RecipeError(GongbangError):
    """A recipe with an unknown key or a value that cannot be used."""


class ExpectationError(GongbangError):
    """A run whose scores are below what its recipe expects."""


class SplitError(GongbangError):
    """A split that would leak, or cannot be made."""


class EnsembleError(GongbangError):
    """Members that cannot be put together, or predictions that nothing may be fitted on."""


class SearchIndexError(GongbangError):
    """An index that is corrupted, or was made with another analyser or encoder."""


class ArtifactError(GongbangError):
    """An artifact that is missing, corrupted, or mixed from parts that do not belong together."""


class StoreError(GongbangError):
    """A database of answers that cannot be used as it is, or refuses what it is asked to keep."""


class StoreAwayError(StoreError):
    """A database that cannot be reached, or is held by another; it may be there again at the next call."""


class StoreMissingError(StoreError):
    """A row that is not, or no longer, in the database."""


class StoreConflictError(StoreError):
    """A row that has changed since it was read; ``current`` is its version now."""

    def __init__(self, what: str, *, current: int, value: object, allowed: str, cure: str) -> None:
        self.current = current
        super().__init__(what, value=value, allowed=allowed, cure=cure)

    def to_dict(self) -> dict[str, Any]:
        return super().to_dict() | {"current": self.current}


class ModelMissingError(ArtifactError):
    """An artifact that a server does not hold."""


class BusyError(GongbangError):
    """A queue that is full; ``retry_s`` is the number of seconds after which there may be room."""

    def __init__(self, what: str, *, retry_s: int, value: object, allowed: str, cure: str) -> None:
        self.retry_s = retry_s
        super().__init__(what, value=value, allowed=allowed, cure=cure)


class LateError(GongbangError):
    """Work that was not done by its deadline."""


class JobStateError(GongbangError):
    """A job that is in a state in which this cannot be done with it."""


class GameStateError(GongbangError):
    """A game that is in a state in which this cannot be played."""


class QueueAwayError(GongbangError):
    """A message broker that cannot be reached; it may be there again at the next call."""


class PreflightError(GongbangError):
    """A proof that failed before training; ``check`` is the name of the proof."""

    def __init__(self, what: str, *, check: str, value: object, allowed: str, cure: str) -> None:
        self.check = check
        super().__init__(f"preflight '{check}': {what}", value=value, allowed=allowed, cure=cure)

    def to_dict(self) -> dict[str, Any]:
        return super().to_dict() | {"check": self.check}


class MissingExtraError(GongbangError):
    """An optional dependency that is not installed.

    Example:
        >>> print(MissingExtraError("pyarrow", extra="train", purpose="reading Parquet").cure)
        pip install "gongbang[train]"
    """

    def __init__(self, package: str, *, extra: str, purpose: str) -> None:
        self.package = package
        self.extra = extra
        super().__init__(
            f"{purpose} needs the package '{package}', which is not installed.",
            value=package,
            allowed=f"an environment with the extra '{extra}'",
            cure=f'pip install "gongbang[{extra}]"',
        )
