"""Parts that several artifacts of one folder have alike, kept once.

Artifacts made from one backbone carry the same word embeddings and the same tokenizer. In a folder of
artifacts such a part may stand once, under its SHA-256 in ``parts/``, instead of in each artifact's own
folder. A part in the artifact's folder comes first; either is checked against the manifest's hash before it
is used, so that it makes no difference where it lies.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import defaultdict
from functools import cache
from pathlib import Path

from gongbang.artifacts.files import read_json
from gongbang.artifacts.manifest import Manifest, Part
from gongbang.artifacts.store import MANIFEST

SHARED = "parts"
"""The folder of shared parts, beside the artifacts that share them."""


def place_of(folder: Path, name: str, part: Part) -> Path:
    """Where a part of the artifact in ``folder`` lies: there, or among the shared ones beside it.

    A part that is in neither place is looked for in its own folder.
    """
    own = folder / name
    if own.is_file():
        return own
    shared = folder.resolve().parent / SHARED / part.sha256
    return shared if shared.is_file() else own


def whole(folder: Path, manifest: Manifest) -> Path:
    """A folder with all of an artifact: its own, or one that is put together until the process ends.

    Engines open a model's weights beside the model and nowhere else. Files are linked where the file system
    can, and copied where it cannot.
    """
    if all((folder / name).is_file() for name in manifest.files):
        return folder
    real = folder.resolve()
    return Path(_gathered(real, manifest.id).name) / real.name


def share(folder: Path, least: int = 65_536) -> int:
    """Keep once what two or more artifacts right below a folder have alike; gives the bytes that are saved.

    Args:
        folder: of artifacts.
        least: bytes of a part below which it stays where it is.
    """
    holders: dict[str, list[Path]] = defaultdict(list)
    for manifest in sorted(folder.glob(f"*/{MANIFEST}")):
        for name, part in Manifest.from_dict(read_json(manifest, "the manifest")).files.items():
            if part.bytes >= least and (manifest.parent / name).is_file():
                holders[part.sha256].append(manifest.parent / name)
    saved = 0
    for digest, files in holders.items():
        target = folder / SHARED / digest
        if len(files) < 2 and not target.is_file():
            continue
        target.parent.mkdir(exist_ok=True)
        for file in files:
            saved += file.stat().st_size if target.is_file() else 0
            file.replace(target)
    return saved


@cache
def _gathered(folder: Path, identity: str) -> tempfile.TemporaryDirectory[str]:
    """The artifact's files beside each other in a folder that goes when the process ends."""
    manifest = Manifest.from_dict(read_json(folder / MANIFEST, "the manifest"))
    made = tempfile.TemporaryDirectory(prefix="gongbang-")
    target = Path(made.name) / folder.name
    shutil.copytree(folder, target, copy_function=_put)
    for name, part in manifest.files.items():
        if not (target / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            _put(place_of(folder, name, part), target / name)
    return made


def _put(source: str | Path, target: str | Path) -> str:
    """The file at another place: a second name of it, or a copy on another file system."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
    return str(target)
