"""The proofs that an artifact's parts are the ones it was made of, and belong together."""

from __future__ import annotations

import json
from pathlib import Path

from gongbang.artifacts.hashing import config_hash, file_hash, short
from gongbang.artifacts.manifest import Manifest, Part
from gongbang.artifacts.shared import SHARED, place_of
from gongbang.artifacts.store import MANIFEST, artifacts_in, known_artifacts
from gongbang.errors import ArtifactError

_AGAIN = "Copy the artifact again from where it came, or export it again."


def check_parts(path: Path, manifest: Manifest, verify: bool = True) -> None:
    """Every part present and of the right size; with ``verify``, of the right hash.

    Raises:
        ArtifactError: names the first part that fails, and whose it is where that can be told.
    """
    for name, part in manifest.files.items():
        _check_presence(path, name, part)
    for name, part in manifest.files.items():
        _check_content(path, name, part, verify)
    _check_tokenizer(path, manifest)
    if verify:
        _check_pipeline(path, manifest)


def _check_presence(path: Path, name: str, part: Part) -> None:
    if not place_of(path, name, part).is_file():
        raise ArtifactError(
            f"the artifact '{path.name}' is incomplete: {name} is missing.",
            value=str(path / name),
            allowed=f"{name} of {part.bytes:,} bytes, sha256 {short(part.sha256)}",
            cure=f"{_AGAIN} Where a folder '{SHARED}' stands beside it there, copy that too.",
        )


def _check_content(path: Path, name: str, part: Part, verify: bool) -> None:
    file = place_of(path, name, part)
    size = file.stat().st_size
    if size == part.bytes and (not verify or file_hash(file) == part.sha256):
        return
    digest = file_hash(file)
    value = f"{file}: {size:,} bytes, sha256 {short(digest)}"
    allowed = f"{part.bytes:,} bytes, sha256 {short(part.sha256)}"
    owner = _owner(path, digest)
    if owner:
        raise ArtifactError(
            f"mixed parts: {name} in '{path.name}' is {owner[1]} of the artifact '{owner[0]}'.",
            value=value,
            allowed=allowed,
            cure=f"Put the artifact's own {name} back; parts of two artifacts never work together.",
        )
    if name == "pipeline.json":
        raise ArtifactError(
            f"the pipeline's configuration of '{path.name}' was edited after the weights were trained.",
            value=value,
            allowed=allowed,
            cure="Restore pipeline.json; to change an option, train or export again with it.",
        )
    if name == "tokenizer.json" and _is_json(file):
        raise ArtifactError(
            f"mixed parts: {name} in '{path.name}' is another tokenizer than the weights were trained with.",
            value=value,
            allowed=allowed,
            cure="Put the artifact's own tokenizer back, or export the artifact again.",
        )
    what = "was cut short" if size < part.bytes else "is corrupted"
    raise ArtifactError(f"{name} in '{path.name}' {what}.", value=value, allowed=allowed, cure=_AGAIN)


def _owner(path: Path, digest: str) -> tuple[str, str] | None:
    """The artifact and part that a hash belongs to, among the neighbours and those known by name."""
    for folder in [*artifacts_in(path.resolve().parent), *known_artifacts().values()]:
        if folder.resolve() == path.resolve():
            continue
        try:
            files = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
            for name, part in files.items():
                if part["sha256"] == digest:
                    return folder.name, name
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue  # a broken neighbour is not this artifact's fault
    return None


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError):
        return False
    return True


def _check_tokenizer(path: Path, manifest: Manifest) -> None:
    # Reached when someone replaced the tokenizer and its entry in the manifest: the files agree with
    # their hashes, yet the weights know another vocabulary.
    part = manifest.files.get("tokenizer.json")
    if part is None or part.sha256 == manifest.belongs:
        return
    owner = _owner(path, part.sha256)
    whose = f" (it is the one of '{owner[0]}')" if owner else ""
    raise ArtifactError(
        f"mixed parts: the tokenizer of '{path.name}' is not the one its weights were trained with{whose}.",
        value=f"{path / 'tokenizer.json'}: sha256 {short(part.sha256)}",
        allowed=f"sha256 {short(manifest.belongs)}",
        cure="Put the artifact's own tokenizer back, or export the artifact again.",
    )


def _check_pipeline(path: Path, manifest: Manifest) -> None:
    if "pipeline.json" not in manifest.files:
        return
    try:
        config = json.loads((path / "pipeline.json").read_text(encoding="utf-8"))
        found = config_hash(config)
    except ValueError:
        found = "not JSON"
    if found != manifest.config_hash:
        raise ArtifactError(
            f"the pipeline's configuration of '{path.name}' is not the one its weights were trained with.",
            value=f"{path / 'pipeline.json'}: configuration {short(found)}",
            allowed=f"configuration {short(manifest.config_hash)}",
            cure="Restore pipeline.json; to change an option, train or export again with it.",
        )
