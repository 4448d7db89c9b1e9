"""Which of a champion's versions is served: one small file beside them, replaced as a whole.

No symbolic links: the file works on every file system, and a reader sees the old one or the new one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gongbang.artifacts.files import plain, read_json
from gongbang.errors import ArtifactError

POINTER = "champion.json"
VERSIONS = "versions"
FORMAT = 1
_SHORT = 16  # hexadecimal digits of an id in a folder's name


@dataclass(frozen=True, slots=True)
class Pointer:
    """The content of ``champion.json``.

    Attributes:
        line: the ids of the champions that led to this one, oldest first, its own last; rolling back takes
            the last one off.
        suite: the id of the suite that the champion was judged by.
        number: of the record in the history that put it there.
        withdrawn: ids that were rolled back from, which no gate lets in again by itself.

    Example:
        >>> Pointer(("aa", "bb"), "s", 2).id
        'bb'
    """

    line: tuple[str, ...]
    suite: str
    number: int
    withdrawn: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The id of the artifact that is served."""
        return self.line[-1]

    def to_dict(self) -> dict[str, Any]:
        """For the file."""
        cleaned: dict[str, Any] = plain(
            {
                "format": FORMAT,
                "id": self.id,
                "line": self.line,
                "suite": self.suite,
                "number": self.number,
                "withdrawn": self.withdrawn,
            }
        )
        return cleaned


def read_pointer(folder: Path) -> Pointer | None:
    """The pointer of a champion's folder; None where it has no champion yet.

    Raises:
        ArtifactError: it cannot be read, or says nothing.
    """
    path = folder / POINTER
    if not path.is_file():
        return None
    values = read_json(path, "the champion's pointer")
    if isinstance(values, Mapping) and values.get("format") == FORMAT:
        line, number = values.get("line"), values.get("number")
        if isinstance(line, list) and line and all(isinstance(id, str) and id.isalnum() for id in line):
            return Pointer(
                line=tuple(line),
                suite=str(values.get("suite", "")),
                number=number if isinstance(number, int) else 0,
                withdrawn=tuple(map(str, values.get("withdrawn", ()))),
            )
    raise ArtifactError(
        "the champion's pointer does not say which version is served.",
        value=str(path),
        allowed=f"format {FORMAT} with a line of ids, as a promotion writes it",
        cure="Restore it from a backup; history.jsonl beside it tells what was promoted last.",
    )


def version_folder(folder: Path, id: str) -> Path:
    """Where a version lies, by its artifact's id."""
    return folder / VERSIONS / id[:_SHORT]


def pointed(folder: Path) -> Path | None:
    """The artifact's folder that a champion's folder stands for; None where it is no champion's.

    Raises:
        ArtifactError: the pointer cannot be read.
    """
    pointer = read_pointer(folder)
    return None if pointer is None else version_folder(folder, pointer.id)
