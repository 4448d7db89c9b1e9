"""Which files jobs may touch: those in folders that whoever runs the server has named.

A payload comes from a client, so a path in it is looked for in these folders alone, with links followed
first; what jobs write they write below the folder of results, under names that they make themselves.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from gongbang.errors import DataError

_NAME = re.compile(r"[\w][\w.-]{0,63}")


class Folders:
    """The folders that jobs may read.

    Args:
        readable: such folders; none by default.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "a.txt").write_text("가", encoding="utf-8")
        ...     Folders([Path(folder)]).find("a.txt", "payload.data").name
        'a.txt'
    """

    def __init__(self, readable: Sequence[Path] = ()) -> None:
        self.readable = tuple(folder.resolve() for folder in readable)

    def find(self, path: str, field: str) -> Path:
        """The file or folder of a path, relative to one of the folders or within it.

        Args:
            field: of the payload, for the error.

        Raises:
            DataError: it is not there, or not in any of the folders.
        """
        for folder in self.readable:
            try:
                found = (folder / path).resolve(strict=True)
            except (OSError, ValueError, RuntimeError):  # absent, too long, a NUL, a loop of links
                continue
            if found == folder or folder in found.parents:
                return found
        raise DataError(
            "there is no such file in the folders that jobs may read.",
            value=path,
            allowed=f"a path in one of the {len(self.readable)} folders that the server was started with"
            if self.readable
            else "no path at all: the server was started without --folder",
            cure="Put the file into such a folder and name it relative to that.",
            field=field,
        )

    def shorten(self, text: str) -> str:
        """A text that may be shown: the folders' own places are left out of it."""
        for folder in self.readable:
            text = text.replace(f"{folder}/", "").replace(str(folder), folder.name)
        return text


def checked_name(name: str, field: str) -> str:
    """A name under which a job may write something.

    Raises:
        DataError: it could lead elsewhere.

    Example:
        >>> checked_name("안내-2026", "payload.name")
        '안내-2026'
    """
    if _NAME.fullmatch(name):
        return name
    raise DataError(
        "this cannot be the name of what a job writes.",
        value=name,
        allowed="up to 64 letters, digits, '-', '_' and '.', a letter or digit first",
        cure=f"Change '{field}'.",
        field=field,
    )
