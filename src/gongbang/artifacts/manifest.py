"""What an artifact says of itself: its parts and their hashes, its pipeline, where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from gongbang.artifacts.files import plain
from gongbang.artifacts.hashing import config_hash
from gongbang.errors import ArtifactError

FORMAT = 1
"""The version of the artifact format that this release writes, and the newest that it reads."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file of an artifact: its SHA-256 and its size in bytes."""

    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Training:
    """A data set that the weights were trained on, with its licence.

    Example:
        >>> Training("KorQuAD 1.0", "CC BY-ND 2.0 KR").licence
        'CC BY-ND 2.0 KR'
    """

    name: str
    licence: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The content of ``artifact.json``.

    Args:
        task: the task's name, as in the table of tasks.
        config_hash: hash of the pipeline's configuration, which stands in ``pipeline.json``.
        files: the parts by relative name.
        belongs: SHA-256 of the tokenizer that the weights were trained with; empty for a task without one.
        labels: label names by id, in the order of the model's outputs.
        inputs, outputs: names of the model's inputs and outputs.
        licence: of the artifact itself.
        trained_on: the data sets behind the weights.
        metrics: scores as measured when it was made (``Scores.to_dict()`` by name).
        run: id of the run that made it.
        details: anything else worth keeping (quantisation, opset, ...).
    """

    name: str
    task: str
    config_hash: str
    files: Mapping[str, Part]
    belongs: str = ""
    labels: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    licence: str = "unknown"
    trained_on: tuple[Training, ...] = ()
    metrics: Mapping[str, Any] = field(default_factory=dict)
    run: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def id(self) -> str:
        """Hash of all the above: two artifacts of one id are the same, byte for byte."""
        return config_hash(self._body())

    @property
    def bytes(self) -> int:
        """Size of all the parts together."""
        return sum(part.bytes for part in self.files.values())

    def _body(self) -> dict[str, Any]:
        body = {name: getattr(self, name) for name in self.__dataclass_fields__}
        body["files"] = {name: {"sha256": p.sha256, "bytes": p.bytes} for name, p in self.files.items()}
        body["trained_on"] = [{"name": t.name, "licence": t.licence, "url": t.url} for t in self.trained_on]
        cleaned: dict[str, Any] = plain(body)
        return cleaned

    def to_dict(self) -> dict[str, Any]:
        """For ``artifact.json``; ``id`` guards every other value in it."""
        return {"format": self.format, "id": self.id, **self._body()}

    @staticmethod
    def from_dict(values: Any, path: str = "artifact.json") -> Manifest:
        """The manifest, its version and its own hash checked.

        Raises:
            ArtifactError: it was written by a newer release, lacks a value, or was edited.
        """
        _check_version(values, path)
        manifest = _build(values, path)
        if manifest.id != values.get("id"):
            raise ArtifactError(
                "the manifest was edited after the artifact was made: its own hash does not fit.",
                value=f"{path}: id {values.get('id')!r}, content {manifest.id!r}",
                allowed="the manifest as it was written",
                cure="Restore artifact.json from where the artifact came, or export it again.",
            )
        return manifest


def _check_version(values: Any, path: str) -> None:
    version = values.get("format") if isinstance(values, dict) else None
    if not isinstance(version, int) or version < 1:
        raise ArtifactError(
            "the manifest does not say which format it is.",
            value=f"{path}: format {version!r}",
            allowed=f"format 1 to {FORMAT}",
            cure="Restore artifact.json from where the artifact came, or export it again.",
        )
    if version > FORMAT:
        raise ArtifactError(
            "the artifact was written by a newer release of gongbang.",
            value=f"{path}: format {version}",
            allowed=f"format 1 to {FORMAT}",
            cure="Upgrade: pip install -U gongbang",
        )


def _build(values: Mapping[str, Any], path: str) -> Manifest:
    try:
        known = {name: values[name] for name in Manifest.__dataclass_fields__ if name in values}
        known["files"] = {
            check_name(name): Part(str(part["sha256"]), int(part["bytes"]))
            for name, part in values["files"].items()
        }
        known["trained_on"] = tuple(Training(**item) for item in values.get("trained_on", ()))
        for name in ("labels", "inputs", "outputs"):
            known[name] = tuple(values.get(name, ()))
        return Manifest(**known)
    except (KeyError, TypeError, ValueError, AttributeError) as err:
        raise ArtifactError(
            f"the manifest lacks a value or holds a wrong one: {type(err).__name__} {err}.",
            value=path,
            allowed="the manifest as it was written",
            cure="Restore artifact.json from where the artifact came, or export it again.",
        ) from err


def check_name(name: str) -> str:
    """A part's name, refused where it would lead out of the artifact's folder.

    Raises:
        ArtifactError: the name is absolute, or climbs with ``..``.
    """
    path = PurePosixPath(name)
    if not name or "\\" in name or ":" in name or path.is_absolute() or ".." in path.parts:
        raise ArtifactError(
            "a part's name leads out of the artifact's folder.",
            value=name,
            allowed="relative names with forward slashes, such as model.onnx",
            cure="Do not use this artifact unless you know who made it; export it again.",
        )
    return name
