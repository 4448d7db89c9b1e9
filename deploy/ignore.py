"""``.dockerignore``: derived as a list of what may pass, and read the way an engine reads it.

Reference: https://docs.docker.com/build/concepts/context/#dockerignore-files; each rule holds for a path and
all below it, and the last rule that fits decides.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath

from deploy.manifest import Manifest

FILE = ".dockerignore"
MADE = (
    "**/__pycache__",
    "**/*.py[cod]",
    "**/*.egg-info",
    "**/.*_cache",
    "**/.DS_Store",
    "**/.env*",
    "**/*.pem",
)
"""What is made beside sources, or must not travel, wherever it lies."""


def dockerignore(manifest: Manifest) -> str:
    """The text of ``.dockerignore``: nothing but what the builds of the manifest name."""
    allowed = dict.fromkeys(
        path.removesuffix("/") for build in manifest.building.values() for path in build.reads
    )
    return (
        "# Nothing goes into a build but what deploy/services.yaml names; derived: python -m deploy derive\n"
        "*\n" + "".join(f"!{path}\n" for path in allowed) + "".join(f"{pattern}\n" for pattern in MADE)
    )


class Ignored:
    """The rules of a ``.dockerignore``.

    Example:
        >>> rules = Ignored("*\\n!src\\n**/*.pyc\\n")
        >>> [path for path in ("a.py", "src/a.py", "src/b/c.pyc") if path not in rules]
        ['src/a.py']
    """

    def __init__(self, text: str) -> None:
        lines = [line.strip() for line in text.splitlines() if not line.startswith("#")]
        rules = [(line.lstrip("!").strip().strip("/"), not line.startswith("!")) for line in lines if line]
        self._rules = [(_compiled(pattern), keeps_out) for pattern, keeps_out in rules]
        self._passing = [pattern for pattern, keeps_out in rules if not keeps_out]

    def __contains__(self, path: str) -> bool:
        """Whether a path, with ``/`` and from the root, is kept out."""
        whole = PurePosixPath(path)
        ways = [str(whole), *(str(parent) for parent in whole.parents if str(parent) != ".")]
        out = False
        for pattern, keeps_out in self._rules:
            if keeps_out != out and any(pattern.fullmatch(way) for way in ways):
                out = keeps_out
        return out

    def all_below(self, folder: str) -> bool:
        """Whether a folder is kept out with everything in it, so that nobody need look."""
        below = f"{folder}/"
        may = any(pattern.startswith((below, "*")) or "**" in pattern for pattern in self._passing)
        return folder in self and not may


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of Go's ``filepath.Match`` with ``**``, as a regular expression."""
    out, at = "", 0
    while at < len(pattern):
        if pattern.startswith("**/", at):
            out, at = out + "(?:.*/)?", at + 3
        elif pattern.startswith("**", at):
            out, at = out + ".*", at + 2
        elif pattern[at] == "*":
            out, at = out + "[^/]*", at + 1
        elif pattern[at] == "?":
            out, at = out + "[^/]", at + 1
        elif pattern[at] == "[" and (end := pattern.find("]", at + 1)) > 0:
            out, at = out + pattern[at : end + 1], end + 1
        else:
            out, at = out + re.escape(pattern[at]), at + 1
    return re.compile(out)


def context_files(root: Path, ignored: Ignored) -> Iterator[str]:
    """The files that a build of this folder gets to see, by their paths from the root, in order.

    A link is a file of its own: an engine copies it as a link, also where it leads out of the folder.
    """
    for folder, folders, files in os.walk(root):
        here = Path(folder).relative_to(root).as_posix()
        above = "" if here == "." else f"{here}/"
        folders[:] = sorted(name for name in folders if not ignored.all_below(above + name))
        links = [name for name in folders if Path(folder, name).is_symlink()]
        for name in sorted([*files, *links]):
            if above + name not in ignored:
                yield above + name
