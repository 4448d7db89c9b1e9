"""Small files that must never be half written: atomic JSON and text, append-only JSON lines."""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from gongbang.errors import ArtifactError


def plain(value: Any) -> Any:
    """The value as plain JSON: mappings, lists, strings, finite numbers, booleans and None.

    NumPy scalars and arrays are unpacked; NaN and infinities, which JSON does not know, become None.

    Example:
        >>> plain({"loss": float("nan"), "ids": (1, 2)})
        {'loss': None, 'ids': [1, 2]}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(inner) for inner in (sorted(value) if isinstance(value, (set, frozenset)) else value)]
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if hasattr(value, "tolist"):  # NumPy scalars and arrays
        return plain(value.tolist())
    return str(value)


def write_text(path: Path, text: str) -> None:
    """Write a text file as a whole or not at all (temporary file, then rename)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)  # mkstemp makes files that only their owner can read
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_json(path: Path, value: Any) -> None:
    """Write a value as indented JSON, atomically."""
    write_text(path, json.dumps(plain(value), ensure_ascii=False, indent=2, allow_nan=False) + "\n")


def read_json(path: Path, what: str) -> Any:
    """Read a JSON file; ``what`` names it in the message ("the manifest").

    Raises:
        ArtifactError: the file is missing, or is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as err:
        raise ArtifactError(
            f"{what} is missing.",
            value=str(path),
            allowed=f"a folder that holds {path.name}",
            cure="Check the path, or make it again.",
        ) from err
    except (json.JSONDecodeError, UnicodeDecodeError, OSError) as err:
        raise ArtifactError(
            f"{what} cannot be read: {err}.",
            value=str(path),
            allowed="a UTF-8 JSON file",
            cure="Copy it again from where it came, or make it again; it was cut short or edited.",
        ) from err


def append_line(path: Path, value: Any) -> None:
    """Append one JSON line with a single write, after closing a line that a killed process left open."""
    line = json.dumps(plain(value), ensure_ascii=False, allow_nan=False) + "\n"
    with path.open("ab+") as file:
        if file.tell() > 0:
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                line = "\n" + line
        file.write(line.encode("utf-8"))


def write_lines(path: Path, values: Iterable[Any]) -> None:
    """Write JSON lines, atomically."""
    write_text(
        path, "".join(json.dumps(plain(v), ensure_ascii=False, allow_nan=False) + "\n" for v in values)
    )


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSON lines file; lines that a killed process left half written are passed over."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        for line in file:
            try:
                value = json.loads(line)
            except (json.JSONDecodeError, UnicodeDecodeError):
                continue
            if isinstance(value, dict):
                yield value
