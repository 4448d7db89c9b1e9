"""An index as files: arrays to be memory-mapped, passages, and a manifest with the hash of each file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gongbang.errors import SearchIndexError
from gongbang.search.folders import FORMAT, MANIFEST, damaged, data_folder
from gongbang.search.passages import PassageList

VERSION = 1

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class StoredIndex:
    """An opened folder: its manifest, its arrays (read-only, memory-mapped) and its passages."""

    path: Path
    manifest: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]]
    passages: PassageList


def write_parts(
    folder: Path,
    kind: str,
    manifest: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]],
    passages: PassageList | None,
) -> None:
    """Writes arrays, passages and, over them all, the manifest into a folder that holds nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", np.asarray(array), allow_pickle=False)
    if passages is not None:
        block, offsets = passages.to_arrays()
        (folder / "passages.jsonl").write_bytes(block.tobytes())
        np.save(folder / "passage_offsets.npy", offsets, allow_pickle=False)
    write_manifest(folder, kind, manifest)


def write_manifest(folder: Path, kind: str, manifest: Mapping[str, Any]) -> None:
    """Writes the manifest over everything that is in the folder by now."""
    files = {
        str(file.relative_to(folder).as_posix()): {"bytes": file.stat().st_size, "sha256": file_hash(file)}
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }
    whole = {"format": FORMAT, "version": VERSION, "kind": kind, **manifest, "files": files}
    text = json.dumps(whole | {"sha256": _hash_of(whole)}, ensure_ascii=False, indent=1, sort_keys=True)
    (folder / MANIFEST).write_text(text, encoding="utf-8")


def read_manifest(path: str | Path, kind: str | None = None, *, verify: bool = True) -> dict[str, Any]:
    """The manifest of an index folder, its files checked.

    Args:
        path: the folder. kind: the kind of index it must hold; any when None.
        verify: compare the hash of every file, not only its size.

    Raises:
        SearchIndexError: no index there, one of another kind or format, or a file missing or changed.
    """
    folder = data_folder(path)
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as err:
        raise _no_index(folder) from err
    except (OSError, ValueError) as err:
        raise damaged(folder, MANIFEST, f"unreadable: {err}") from err
    if (
        not isinstance(manifest, dict)
        or manifest.get("format") != FORMAT
        or manifest.get("version") != VERSION
    ):
        raise SearchIndexError(
            f"{folder}: the index has another format.",
            value=f"{manifest.get('format')} {manifest.get('version')}"
            if isinstance(manifest, dict)
            else "no object",
            allowed=f"{FORMAT} {VERSION}",
            cure="Build the index anew with this version: gongbang index build.",
        )
    if kind is not None and manifest.get("kind") != kind:
        raise SearchIndexError(
            f"{folder}: this is another kind of index.",
            value=str(manifest.get("kind")),
            allowed=kind,
            cure="Open it as the kind it is.",
        )
    if manifest.get("sha256") != _hash_of({k: v for k, v in manifest.items() if k != "sha256"}):
        raise damaged(folder, MANIFEST, "edited by hand, or cut short")
    for name, facts in manifest["files"].items():
        _check_file(folder, name, facts, verify)
    return manifest


def read_index(path: str | Path, kind: str, *, verify: bool = True) -> StoredIndex:
    """Opens an index folder without reading its arrays into memory.

    Raises:
        SearchIndexError: as :func:`read_manifest`, or an array that is not one.
    """
    folder = data_folder(path)
    manifest = read_manifest(folder, kind, verify=verify)
    arrays = {name[:-4]: _load(folder, name) for name in manifest["files"] if name.endswith(".npy")}
    offsets = arrays.pop("passage_offsets")
    text = folder / "passages.jsonl"
    block = np.memmap(text, dtype=np.uint8, mode="r") if text.stat().st_size else np.empty(0, np.uint8)
    return StoredIndex(folder, manifest, arrays, PassageList.from_arrays(block, offsets))


def _hash_of(manifest: Mapping[str, Any]) -> str:
    text = json.dumps(manifest, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def file_hash(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _load(folder: Path, name: str) -> NDArray[Any]:
    try:
        return np.load(folder / name, mmap_mode="r", allow_pickle=False)  # type: ignore[no-any-return]
    except ValueError:  # an empty array cannot be mapped
        try:
            return np.load(folder / name, allow_pickle=False)  # type: ignore[no-any-return]
        except (OSError, ValueError) as err:
            raise damaged(folder, name, f"not an array: {err}") from err


def _check_file(folder: Path, name: str, facts: Mapping[str, Any], verify: bool) -> None:
    file = folder / name
    if not file.is_file():
        raise damaged(folder, name, "missing")
    size = file.stat().st_size
    if size != facts["bytes"]:
        raise damaged(folder, name, f"{size} bytes instead of {facts['bytes']}")
    if verify and file_hash(file) != facts["sha256"]:
        raise damaged(folder, name, "its contents have changed")


def _no_index(folder: Path) -> SearchIndexError:
    return SearchIndexError(
        f"{folder}: there is no index.",
        value=str(folder),
        allowed=f"a folder with {MANIFEST}",
        cure="Build one first: gongbang index build.",
    )
