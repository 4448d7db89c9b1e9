"""Parts that artifacts have alike, kept once beside them: found, checked, and put together for an engine."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from gongbang.artifacts.format import Artifact, open_artifact, save_artifact
from gongbang.artifacts.shared import SHARED, share
from gongbang.artifacts.store import artifacts_in
from gongbang.errors import ArtifactError

WORDS = bytes(range(256)) * 400


def made(folder: Path, name: str, words: bytes = WORDS) -> Artifact:
    files: dict[str, Path | bytes] = {"embedding.bin": words, "weights.bin": name.encode() * 40_000}
    return save_artifact(folder / name, task="reader", config={"stride": 128}, files=files)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("one", "two"):
        made(tmp_path, name)
    made(tmp_path, "other", WORDS[::-1])
    return tmp_path


def test_what_is_alike_stands_once_and_everything_still_opens(folder: Path):
    ids = {name: open_artifact(folder / name).id for name in ("one", "two", "other")}
    assert share(folder) == len(WORDS)
    assert len(list((folder / SHARED).iterdir())) == 1
    assert not (folder / "one/embedding.bin").exists() and (folder / "other/embedding.bin").exists()
    for name, id in ids.items():
        artifact = open_artifact(folder / name)
        assert artifact.id == id
        assert artifact.file("embedding.bin").read_bytes() == (WORDS[::-1] if name == "other" else WORDS)
    assert [path.name for path in artifacts_in(folder)] == ["one", "other", "two"]
    assert share(folder) == 0


def test_a_newcomer_shares_what_is_there_already(folder: Path):
    share(folder)
    made(folder, "three")
    assert share(folder) == len(WORDS)
    assert open_artifact(folder / "three").file("embedding.bin").parent.name == SHARED


def test_an_engine_gets_a_folder_with_every_file(folder: Path):
    share(folder)
    artifact = open_artifact(folder / "one")
    whole = artifact.whole()
    assert whole != artifact.path and whole == artifact.whole()
    assert {path.name for path in whole.iterdir()} == {*artifact.manifest.files, "artifact.json", "CARD.md"}
    assert open_artifact(whole).id == artifact.id
    other = open_artifact(folder / "other")
    assert other.whole() == other.path


def test_files_are_copied_where_they_cannot_be_linked(folder: Path, monkeypatch: pytest.MonkeyPatch):
    def refused(source: object, target: object) -> None:
        raise OSError(18, "another file system")

    monkeypatch.setattr(os, "link", refused)
    share(folder)
    assert (open_artifact(folder / "two").whole() / "embedding.bin").read_bytes() == WORDS


def test_a_shared_part_that_was_changed_or_lost_is_refused(folder: Path):
    share(folder)
    part = next((folder / SHARED).iterdir())
    part.write_bytes(WORDS[:-1] + b"!")
    with pytest.raises(ArtifactError, match=r"embedding\.bin in 'one' is corrupted"):
        open_artifact(folder / "one")
    shutil.rmtree(folder / SHARED)
    with pytest.raises(ArtifactError, match=r"incomplete: embedding\.bin is missing"):
        open_artifact(folder / "one")


def test_a_part_of_the_artifacts_own_comes_first(folder: Path):
    share(folder)
    (folder / "one/embedding.bin").write_bytes(WORDS[:-1])
    with pytest.raises(ArtifactError, match="was cut short"):
        open_artifact(folder / "one")
