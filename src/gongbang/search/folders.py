"""A folder whose data are replaced as a whole, and the objects that are kept in one.

The data stand in a folder of their own inside, and one small file names it. Whoever saves fills a new
folder of data and then renames that file over the old one: a reader meets the old data or the new, and
whatever interrupts a save loses neither.

    index/current.json               names the folder of the data
    index/data-x7k2m9q1/index.json   the manifest, beside the files that it lists

Nothing is deleted but what a manifest lists, so files of other people may stand beside it. A folder that
holds its manifest itself is whole too: the parts of a larger index are stored like that.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any, Self, TypeVar

from gongbang.errors import SearchIndexError

CURRENT = "current.json"
MANIFEST = "index.json"
FORMAT = "gongbang-index"

_DATA = "data-"  # what the names of folders of data begin with

T = TypeVar("T")


class Stored:
    """What can be saved as a folder, and remembers where, so that it overwrites nobody's later save."""

    _place: tuple[Path, bytes] | None = None

    def write(self, folder: Path) -> None:
        """Writes everything, the manifest last, into a folder that holds nothing else."""
        raise NotImplementedError

    def save(self, path: str | Path) -> None:
        """Writes it as a folder, replacing an older index at the same place.

        Raises:
            SearchIndexError: something that is no index stands at ``path``, it cannot be written, or it is
                where this one was opened and somebody else has saved there since.
        """
        here = Path(path).resolve()
        seen = self._place[1] if self._place is not None and self._place[0] == here else None
        place = new_folder(path, seen)
        with place as folder:
            self.write(folder)
        self._place = here, place.stamp

    @classmethod
    def _opened(cls, path: str | Path, read: Callable[[Path], Self]) -> Self:
        """What ``read`` makes of a folder of data, bound to where it was opened."""
        made, seen = read_steadily(path, read)
        made._place = Path(path).resolve(), seen
        return made


class new_folder:  # noqa: N801  (reads as a verb in a with-statement)
    """A folder to fill: ``path`` holds its data when the block ends well, and what it held before otherwise.

    Args:
        path: where. seen: the stamp of the data that are to be replaced; any when None.

    Raises:
        SearchIndexError: something that is no index stands at ``path``, it cannot be written, or its data
            are not those that were seen.
    """

    def __init__(self, path: str | Path, seen: bytes | None = None) -> None:
        self.path, self._seen = Path(path), seen
        self.stamp = b""

    def __enter__(self) -> Path:
        check_place(self.path)
        self._made = not self.path.exists()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._data = Path(tempfile.mkdtemp(prefix=_DATA, dir=self.path))
        except OSError as err:
            raise _unwritable(self.path, err) from err
        return self._data

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        try:
            if error is None:
                self._put_in_place()
            elif isinstance(error, OSError):
                raise error
        except OSError as err:
            raise _unwritable(self.path, err) from err
        finally:
            if _current(self.path) != self._data.name:
                shutil.rmtree(self._data, ignore_errors=True)
                if self._made:
                    with suppress(OSError):
                        self.path.rmdir()

    def _put_in_place(self) -> None:
        draft = self._data / CURRENT
        draft.write_text(json.dumps({"format": FORMAT, "folder": self._data.name}) + "\n", encoding="utf-8")
        self._data.chmod(0o755)  # mkdtemp's 0o700 would hide the index from other users
        with one_writer(self.path):
            if self._seen is not None and stamp_of(self.path) != self._seen:
                raise _changed(self.path)
            old = self.path / _current(self.path)
            draft.replace(self.path / CURRENT)
            self.stamp = stamp_of(self.path)
        _clear(old)


def data_folder(path: str | Path) -> Path:
    """The folder with the manifest and the data of an index: inside ``path``, or ``path`` itself.

    Raises:
        SearchIndexError: ``path`` names data that are not there.
    """
    path = Path(path)
    if not (path / CURRENT).is_file():
        return path
    name = _current(path)
    if not name or not (path / name).is_dir():
        raise damaged(path, CURRENT, "names no folder of data")
    return path / name


def read_steadily(path: str | Path, read: Callable[[Path], T]) -> tuple[T, bytes]:
    """What ``read`` makes of the data at ``path``, and their stamp; again where they were replaced meanwhile.

    Raises:
        SearchIndexError: as ``read`` does.
    """
    while True:
        before = stamp_of(path)
        try:
            made = read(data_folder(path))
        except (SearchIndexError, OSError):
            if stamp_of(path) == before:
                raise
        else:
            if stamp_of(path) == before:
                return made, before


def stamp_of(path: str | Path) -> bytes:
    """What tells the data at ``path`` from any others; empty where there are none."""
    for name in (CURRENT, MANIFEST):
        with suppress(OSError):
            return (Path(path) / name).read_bytes()
    return b""


def check_place(path: str | Path) -> None:
    """Refuses a place at which no index could be saved, before any work is done for it.

    Raises:
        SearchIndexError: something that is no index stands there, or it cannot be written.
    """
    path = Path(path)
    if path.exists() and not (path.is_dir() and _may_be_replaced(path)):
        raise SearchIndexError(
            f"{path}: something that is no index stands there.",
            value=str(path),
            allowed="a new path, an empty folder, or an older index to replace",
            cure="Choose another path for the index.",
        )
    standing = next(place for place in (path, *path.absolute().parents) if place.exists())
    if not standing.is_dir() or not os.access(standing, os.W_OK | os.X_OK):
        raise _unwritable(path, f"{standing} is no folder that this user may write")


def damaged(folder: Path, name: str, how: str) -> SearchIndexError:
    """The error for an index of which a file is not as it was written."""
    return SearchIndexError(
        f"{folder}: the index is damaged.",
        value=f"{name}: {how}",
        allowed="every file as the manifest lists it",
        cure="Copy the whole folder again, or build the index anew: gongbang index build.",
    )


def _may_be_replaced(path: Path) -> bool:
    """Whether a folder holds an index, or nothing but what an interrupted save has left."""
    if _current(path) or _object(path / MANIFEST).get("format") == FORMAT:
        return True
    return all(entry.name.startswith(_DATA) for entry in path.iterdir())


def _current(path: Path) -> str:
    """The name of the folder of data in ``path``; empty where no file of ours names one."""
    held = _object(path / CURRENT)
    name = str(held.get("folder", ""))
    ours = held.get("format") == FORMAT and name.startswith(_DATA) and Path(name).name == name
    return name if ours else ""


def _object(file: Path) -> Mapping[str, Any]:
    """A JSON object of a file; empty where there is none."""
    try:
        held = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return held if isinstance(held, dict) else {}


def _clear(folder: Path) -> None:
    """Deletes what the folder's manifest lists, and the folders that are empty then."""
    manifest = _object(folder / MANIFEST)
    if manifest.get("format") != FORMAT:
        return
    names = [PurePosixPath(name) for name in (*manifest.get("files", ()), MANIFEST)]
    inside = [name for name in names if not name.is_absolute() and ".." not in name.parts]
    for name in inside:
        with suppress(OSError):
            (folder / name).unlink()
    emptied = {parent for name in inside for parent in name.parents}
    for parent in sorted(emptied, key=lambda name: -len(name.parts)):
        with suppress(OSError):
            (folder / parent).rmdir()


@contextmanager
def one_writer(path: Path) -> Iterator[None]:
    """Waits until nobody else holds the file or folder ``path``; without ``flock`` (Windows) nobody waits."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network file systems lock no folder
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _changed(path: Path) -> SearchIndexError:
    return SearchIndexError(
        f"{path}: the index has changed since it was opened.",
        value="another program has saved or removed it",
        allowed="an index that is as it was when it was opened",
        cure="Nothing was overwritten: open the index again and repeat the change.",
    )


def _unwritable(path: Path, err: OSError | str) -> SearchIndexError:
    return SearchIndexError(
        f"{path}: the index cannot be written.",
        value=str(err),
        allowed="a folder that can be written, with room left",
        cure="Choose another path, or free some space.",
    )
