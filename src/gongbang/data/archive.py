"""Zip files from anywhere: broken ones and bombs are refused before they fill the memory."""

from __future__ import annotations

import zipfile
from pathlib import Path

from gongbang.data.textfile import read_bytes
from gongbang.errors import DataError

_RATIO = 200  # XML of office files packs up to about 50:1; bombs 1000:1
_SMALL = 1 << 20  # bytes below which a high ratio is harmless
_MEMBERS = 20_000


def open_zip(path: Path) -> zipfile.ZipFile:
    """Open a zip file, not reading its members yet.

    Raises:
        DataError: missing, empty, not a zip file, or with an absurd number of members.
    """
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError:
        read_bytes(path)  # raises the error for a missing file
        raise
    except (zipfile.BadZipFile, OSError) as err:
        read_bytes(path)  # an empty file has its own message
        raise DataError(
            "the file is not a whole zip archive, which this format is inside.",
            value=str(err),
            allowed="an undamaged file",
            cure="Copy or download it again; an encrypted document must be saved without its password.",
            path=path,
        ) from err
    if len(archive.namelist()) > _MEMBERS:
        archive.close()
        raise _too_much(path, f"{len(archive.namelist())} members", f"at most {_MEMBERS} members")
    return archive


def read_member(archive: zipfile.ZipFile, name: str, path: Path, *, limit: int = 256 << 20) -> bytes:
    """The bytes of one member, at most ``limit``.

    Raises:
        DataError: the member is absent, damaged, encrypted, too large, or packed like a zip bomb.
    """
    try:
        info = archive.getinfo(name)
    except KeyError as err:
        raise DataError(
            f"the part '{name}' is missing.",
            value=", ".join(archive.namelist()[:8]),
            allowed=f"an archive that holds '{name}'",
            cure="Open the document in its own program and save it again.",
            path=path,
        ) from err
    if info.file_size > limit:
        raise _too_much(path, f"{name}: {info.file_size} bytes", f"at most {limit} bytes a part")
    if info.file_size > _SMALL and info.file_size > _RATIO * max(1, info.compress_size):
        raise _too_much(
            path, f"{name}: {info.compress_size} bytes unpack to {info.file_size}", f"ratio of {_RATIO}"
        )
    try:
        with archive.open(info) as member:
            data = member.read(limit + 1)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError, ValueError) as err:
        raise _damaged(path, name, err) from err
    except Exception as err:  # zlib.error has no common base with the others
        if type(err).__module__ in {"zlib", "lzma"}:
            raise _damaged(path, name, err) from err
        raise
    return data


def _damaged(path: Path, name: str, err: Exception) -> DataError:
    return DataError(
        f"the part '{name}' is damaged or encrypted.",
        value=str(err),
        allowed="an undamaged file without a password",
        cure="Copy or download it again; save it without its password.",
        path=path,
    )


def _too_much(path: Path, value: str, allowed: str) -> DataError:
    return DataError(
        "the archive is larger than any sound document.",
        value=value,
        allowed=allowed,
        cure="If you trust the file, unpack it yourself and give the parts.",
        path=path,
    )
