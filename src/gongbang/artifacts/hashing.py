"""Content hashes: of files, of configurations, of source folders, of data.

Everything is SHA-256 in lower-case hexadecimal. A configuration is hashed by its canonical JSON, so key
order and layout do not matter, while a changed value, or ``1`` against ``1.0``, does.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from gongbang.artifacts.store import BUNDLED
from gongbang.errors import DataError, OptionError

_RACY_SECONDS = 2.0  # a file written this recently may change again under the same time stamp


def file_hash(path: str | Path) -> str:
    """The SHA-256 of a file's bytes.

    A hash is remembered for the life of the process by place, size, time stamp and inode, so that
    opening the same weights twice reads them once.

    Raises:
        DataError: the file is not there or cannot be read.

    Example:
        >>> import tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> path = Path(folder.name) / "a.txt"
        >>> _ = path.write_bytes(b"abc")
        >>> file_hash(path)[:8]
        'ba7816bf'
        >>> folder.cleanup()
    """
    path = Path(path)
    try:
        stat = path.stat()
        if time.time() - stat.st_mtime < _RACY_SECONDS:
            return _digest(path)
        return _remembered(str(path.resolve()), stat.st_size, stat.st_mtime_ns, stat.st_ino)
    except OSError as err:
        raise DataError(
            "the file cannot be read to be hashed.",
            value=f"{type(err).__name__}: {err.strerror}",
            allowed="a readable file",
            cure="Check the path and the permissions.",
            path=path,
        ) from err


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@lru_cache(maxsize=1024)
def _remembered(path: str, size: int, mtime_ns: int, inode: int) -> str:
    return _digest(Path(path))


def bytes_hash(content: bytes) -> str:
    """The SHA-256 of some bytes.

    Example:
        >>> bytes_hash(b"abc")[:8]
        'ba7816bf'
    """
    return hashlib.sha256(content).hexdigest()


def canonical_json(config: Any) -> str:
    """One and only one JSON text for a configuration: sorted keys, no spaces, no escapes.

    Raises:
        OptionError: something in it is not JSON (a set, a path, NaN, a key that is not a string).

    Example:
        >>> canonical_json({"b": [1, 2.0], "a": "가"})
        '{"a":"가","b":[1,2.0]}'
    """
    _check_keys(config, "")
    try:
        return json.dumps(config, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as err:
        raise OptionError(
            f"the configuration cannot be hashed: {err}.",
            value=repr(config),
            allowed="strings, finite numbers, booleans, None, lists and mappings with string keys",
            cure="Turn paths into strings, sets into sorted lists and arrays into lists.",
        ) from err


def _check_keys(value: Any, place: str) -> None:
    # json.dumps would turn {1: ...} and {"1": ...} into the same text without a word.
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise OptionError(
                    f"a key at '{place or '.'}' is not a string.",
                    value=key,
                    allowed="string keys",
                    cure=f'Write the key as "{key}".',
                )
            _check_keys(inner, f"{place}.{key}".strip("."))
    elif isinstance(value, (list, tuple)):
        for number, inner in enumerate(value):
            _check_keys(inner, f"{place}[{number}]")


def config_hash(config: Any) -> str:
    """The SHA-256 of a configuration's canonical JSON.

    Example:
        >>> config_hash({"a": 1, "b": 2}) == config_hash({"b": 2, "a": 1})
        True
    """
    return bytes_hash(canonical_json(config).encode("utf-8"))


def folder_hash(root: str | Path, pattern: str = "**/*.py", leave_out: Sequence[str] = ()) -> str:
    """The SHA-256 of a folder of sources: relative names and contents, in name order.

    Line ends are normalised, so that a checkout on Windows has the hash of one on Linux.

    Args:
        root: the folder.
        pattern: which files are sources.
        leave_out: names right below ``root`` that are not looked at.

    Raises:
        DataError: no file matches.
    """
    root = Path(root)
    paths = [path.relative_to(root) for path in root.glob(pattern) if path.is_file()]
    names = sorted(path.as_posix() for path in paths if path.parts[0] not in leave_out)
    if not names:
        raise DataError(
            "there is no source file to hash.",
            value=pattern,
            allowed="a folder that holds at least one matching file",
            cure="Name the folder of the sources.",
            path=root,
        )
    whole = hashlib.sha256()
    for name in names:
        content = (root / name).read_bytes().replace(b"\r\n", b"\n")
        whole.update(f"{name}\0{bytes_hash(content)}\n".encode())
    return whole.hexdigest()


def code_hash() -> str:
    """The hash of this package's own sources, as it runs now.

    What a wheel carries along (``_bundled``) is left out: the same sources have one hash in a clone and
    in a wheel.
    """
    return folder_hash(Path(__file__).resolve().parent.parent, leave_out=(BUNDLED,))


def data_hashes(paths: Iterable[str | Path]) -> list[dict[str, Any]]:
    """Each data file's name, SHA-256 and size in bytes; folders stand for the files below them.

    The name is the path as given; two data versions are compared by hash, never by name.

    Raises:
        DataError: a path is not there.
    """
    found: list[dict[str, Any]] = []
    for path in map(Path, paths):
        files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        found += [{"name": f.as_posix(), "sha256": file_hash(f), "bytes": f.stat().st_size} for f in files]
    return found


def short(digest: str, length: int = 10) -> str:
    """The first characters of a hash, for names and tables.

    Example:
        >>> short("ba7816bf8f01cfea")
        'ba7816bf8f'
    """
    return digest[:length]
