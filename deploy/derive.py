"""The files that follow from the manifest: written by ``derive``, compared by ``derive --check``."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deploy import compose, containerfile, ignore, locks, workflow
from deploy.images import Image, load_images
from deploy.manifest import BUILD, ROOT, Manifest, load_manifest
from gongbang.artifacts.files import write_text
from gongbang.errors import DataError

_MAKERS: dict[str, Callable[[Manifest, dict[str, Image], Path], str]] = {
    BUILD: lambda manifest, images, root: locks.build_lock(manifest, root),
    ignore.FILE: lambda manifest, images, root: ignore.dockerignore(manifest),
    containerfile.FILE: lambda manifest, images, root: containerfile.containerfile(manifest, images),
    compose.FILE: lambda manifest, images, root: compose.compose(manifest, images),
    workflow.FILE: lambda manifest, images, root: workflow.workflow(manifest),
}
FILES = tuple(_MAKERS)
"""What is derived beside the builds' locks, by its path from the root."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A file that is not what the manifest says."""

    path: str
    diff: str


def derived(root: Path = ROOT) -> dict[str, str]:
    """The texts that follow from a checkout's manifest, by path.

    Raises:
        DataError: the manifest, the lock of images or a lock of packages cannot be used.
    """
    manifest, images = load_manifest(root), load_images(root)
    told = {build.lock: locks.lock(build, root) for build in manifest.building.values()}
    return told | {path: make(manifest, images, root) for path, make in _MAKERS.items()}


def differences(root: Path = ROOT) -> list[Difference]:
    """The derived files that are missing or were changed by hand.

    Raises:
        DataError: see :func:`derived`.
    """
    found = []
    for path, wanted in derived(root).items():
        file = root / path
        there = file.read_text(encoding="utf-8") if file.is_file() else ""
        if there != wanted:
            lines = difflib.unified_diff(
                there.splitlines(keepends=True), wanted.splitlines(keepends=True), path, f"{path} as derived"
            )
            found.append(Difference(path, "".join(lines)))
    return found


def need_current(root: Path = ROOT) -> None:
    """Refuse to go on with files that are not what the manifest says.

    Raises:
        DataError: one of them is missing or was changed.
    """
    for difference in differences(root):
        raise DataError(
            "the file is not what the manifest says.",
            value=_first_change(difference.diff),
            allowed="what `python -m deploy derive` writes",
            cure="Change deploy/services.yaml, then derive: python -m deploy derive",
            path=difference.path,
        )


def _first_change(diff: str) -> str:
    lines = diff.splitlines()[2:]
    return next((line for line in lines if line.startswith(("-", "+"))), "missing")


def write(root: Path = ROOT) -> list[str]:
    """Write the derived files that differ; gives their paths.

    Raises:
        DataError: see :func:`derived`.
    """
    changed = []
    for path, text in derived(root).items():
        file = root / path
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            write_text(file, text)
            changed.append(path)
    return changed
