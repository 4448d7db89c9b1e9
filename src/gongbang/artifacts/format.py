"""The artifact: what is served, as a folder whose every part is checked before it is used.

``artifact.json`` (the manifest), ``pipeline.json`` (what prepare and decode do), ``tokenizer.json``,
``model.onnx`` and any further parts, and ``CARD.md``. The card is prose for people: it alone carries no
hash, so that a better sentence does not make the weights unusable. Of parts that several artifacts have alike
one copy may stand beside them (:mod:`gongbang.artifacts.shared`).
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gongbang.artifacts.checks import check_parts
from gongbang.artifacts.files import plain, read_json, write_json, write_text
from gongbang.artifacts.hashing import config_hash, file_hash, short
from gongbang.artifacts.manifest import Manifest, Part, Training, check_name
from gongbang.artifacts.shared import place_of, whole
from gongbang.artifacts.store import MANIFEST, find_artifact
from gongbang.errors import ArtifactError

PIPELINE = "pipeline.json"
TOKENIZER = "tokenizer.json"
CARD = "CARD.md"


@dataclass(frozen=True, slots=True)
class Artifact:
    """An opened artifact: its folder and its manifest."""

    path: Path
    manifest: Manifest

    @property
    def id(self) -> str:
        """Content hash: the same id means the same artifact."""
        return self.manifest.id

    @property
    def config(self) -> dict[str, Any]:
        """The pipeline's configuration, from ``pipeline.json``."""
        config: dict[str, Any] = read_json(self.file(PIPELINE), "the pipeline's configuration")
        return config

    def file(self, name: str) -> Path:
        """The path of a part.

        Raises:
            ArtifactError: the artifact has no part of that name.
        """
        if name not in self.manifest.files:
            raise ArtifactError(
                f"the artifact '{self.manifest.name}' has no such part.",
                value=name,
                allowed=", ".join(sorted(self.manifest.files)),
                cure="Use an artifact of the right task, or export it again with that part.",
            )
        return place_of(self.path, name, self.manifest.files[name])

    def whole(self) -> Path:
        """A folder in which all parts stand beside each other (:func:`gongbang.artifacts.shared.whole`)."""
        return whole(self.path, self.manifest)

    def require_task(self, task: str) -> Artifact:
        """This artifact, if it is one of this task.

        Raises:
            ArtifactError: it is for another task.
        """
        if self.manifest.task != task:
            raise ArtifactError(
                f"the artifact '{self.manifest.name}' is for another task.",
                value=self.manifest.task,
                allowed=task,
                cure=f"Name an artifact made for the task '{task}'.",
            )
        return self


def open_artifact(name_or_path: str | Path, verify: bool = True) -> Artifact:
    """Open an artifact by path or name, every part checked.

    Args:
        name_or_path: its folder, or a name that :func:`~gongbang.artifacts.store.find_artifact` knows.
        verify: also read every part and compare its SHA-256 (about 1 GB a second, once a process);
            without it only presence and size are checked.

    Raises:
        ArtifactError: it is missing, incomplete, corrupted, mixed from parts of two artifacts, edited by
            hand, or of a newer format.

    Example:
        >>> import tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> made = save_artifact(Path(folder.name) / "toy", task="reader", config={"stride": 128},
        ...                      files={"model.onnx": b"weights"})
        >>> open_artifact(made.path).config
        {'stride': 128}
        >>> folder.cleanup()
    """
    path = find_artifact(name_or_path)
    manifest = Manifest.from_dict(read_json(path / MANIFEST, "the manifest"), str(path / MANIFEST))
    check_parts(path, manifest, verify)
    return Artifact(path, manifest)


def save_artifact(
    path: str | Path,
    *,
    task: str,
    config: Mapping[str, Any],
    files: Mapping[str, Path | bytes],
    belongs: str = "",
    labels: Sequence[str] = (),
    inputs: Sequence[str] = (),
    outputs: Sequence[str] = (),
    licence: str = "unknown",
    trained_on: Sequence[Training] = (),
    metrics: Mapping[str, Any] | None = None,
    run: str = "",
    details: Mapping[str, Any] | None = None,
    card: str = "",
    name: str = "",
    overwrite: bool = False,
) -> Artifact:
    """Write an artifact as a whole or not at all (a temporary folder beside it, then a rename).

    Args:
        path: the folder to make; its last part is the name unless ``name`` is given.
        config: ``Task.config()``; stored as ``pipeline.json`` and hashed.
        files: parts by relative name, as bytes or as the path of a file to copy.
        belongs: SHA-256 of the tokenizer that the weights were trained with, as the run recorded it;
            defaults to the tokenizer that is saved.
        card: text of ``CARD.md``.
        overwrite: replace an artifact that stands there.

    Raises:
        ArtifactError: something stands in the way, a part is missing, or the tokenizer is not the one
            that the weights were trained with.
    """
    path = Path(path)
    check_target(path, overwrite)
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}-"))
    try:
        parts = _write_parts(scratch, {**files, PIPELINE: _pretty(config)})
        manifest = Manifest(
            name=name or path.name,
            task=task,
            config_hash=config_hash(plain(config)),
            files=parts,
            belongs=_belongs(belongs, parts),
            labels=tuple(labels),
            inputs=tuple(inputs),
            outputs=tuple(outputs),
            licence=licence,
            trained_on=tuple(trained_on),
            metrics=dict(metrics or {}),
            run=run,
            details=dict(details or {}),
        )
        write_json(scratch / MANIFEST, manifest.to_dict())
        write_text(scratch / CARD, card or f"# {manifest.name}\n\nTask: {task}. Licence: {licence}.\n")
        scratch.chmod(0o755)  # mkdtemp makes folders that only their owner can read
        _put_in_place(scratch, path)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return open_artifact(path)


def _pretty(config: Mapping[str, Any]) -> bytes:
    import json

    return (json.dumps(plain(config), ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode("utf-8")


def check_target(path: Path, overwrite: bool) -> None:
    """Raise an :class:`ArtifactError` where an artifact could not be written, before any work is done."""
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return
    if (path / MANIFEST).is_file() and overwrite:
        return
    raise ArtifactError(
        "something already stands where the artifact would be written.",
        value=str(path),
        allowed="a new or empty folder, or an artifact with overwrite",
        cure="Choose another folder, or allow overwriting an artifact that is no longer needed.",
    )


def _write_parts(folder: Path, files: Mapping[str, Path | bytes]) -> dict[str, Part]:
    parts: dict[str, Part] = {}
    for name, content in sorted(files.items()):
        target = folder / check_name(name)
        if name in (MANIFEST, CARD):
            raise ArtifactError(
                "this name is written by the artifact itself.",
                value=name,
                allowed=f"any part but {MANIFEST} and {CARD}",
                cure="Pass the card's text as `card`; the manifest is made from the other arguments.",
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            target.write_bytes(content)
        elif content.is_file():
            shutil.copyfile(content, target)
        else:
            raise ArtifactError(
                f"the file for the part '{name}' is not there.",
                value=str(content),
                allowed="an existing file, or bytes",
                cure="Export the model before the artifact is saved.",
            )
        parts[name] = Part(file_hash(target), target.stat().st_size)
    return parts


def _belongs(claimed: str, parts: Mapping[str, Part]) -> str:
    saved = parts[TOKENIZER].sha256 if TOKENIZER in parts else ""
    if claimed and saved and claimed != saved:
        raise ArtifactError(
            "mixed parts: the tokenizer is not the one that the weights were trained with.",
            value=f"{TOKENIZER} {short(saved)}",
            allowed=f"the tokenizer {short(claimed)}",
            cure="Save the tokenizer from the same run as the weights.",
        )
    return claimed or saved


def _put_in_place(scratch: Path, path: Path) -> None:
    if not path.exists():
        scratch.rename(path)
        return
    old = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}-old-"))
    path.rename(old / path.name)
    try:
        scratch.rename(path)
    except OSError:
        (old / path.name).rename(path)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)
