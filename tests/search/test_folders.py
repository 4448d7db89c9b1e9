"""A folder's data are replaced as a whole, and nothing is lost: not the old, not what is not ours."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongbang.errors import SearchIndexError
from gongbang.search.folders import (
    CURRENT,
    FORMAT,
    MANIFEST,
    Stored,
    check_place,
    data_folder,
    new_folder,
    read_steadily,
)
from gongbang.search.store import read_manifest, write_manifest


class Note(Stored):
    """The smallest thing that can be kept: one text."""

    def __init__(self, text: str) -> None:
        self.text = text

    def write(self, folder: Path) -> None:
        (folder / "deep").mkdir(parents=True)
        (folder / "deep" / "note.txt").write_text(self.text, encoding="utf-8")
        write_manifest(folder, "note", {})

    @classmethod
    def open(cls, path: str | Path) -> Self:
        return cls._opened(path, cls._read)

    @classmethod
    def _read(cls, folder: Path) -> Self:
        read_manifest(folder, "note")
        return cls((folder / "deep" / "note.txt").read_text(encoding="utf-8"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    Note("old").save(tmp_path / "index")
    return tmp_path / "index"


def entries(folder: Path) -> list[str]:
    return sorted(str(entry.relative_to(folder)) for entry in folder.rglob("*"))


def test_a_save_replaces_the_data_and_leaves_nothing_of_the_old(path: Path) -> None:
    count = len(entries(path))
    Note("new").save(path)
    assert Note.open(path).text == "new"
    assert len(entries(path)) == count and [p.name for p in path.parent.iterdir()] == ["index"]


@pytest.mark.parametrize("name", [MANIFEST, CURRENT])
def test_a_folder_of_something_else_is_not_touched(tmp_path: Path, name: str) -> None:
    site = tmp_path / "site"
    (site / "sub").mkdir(parents=True)
    (site / name).write_text(json.dumps({"name": "my site", "folder": "sub"}), encoding="utf-8")
    (site / "sub" / "photo.jpg").write_bytes(b"photo")
    before = entries(tmp_path)
    with pytest.raises(SearchIndexError, match="no index stands there"):
        Note("new").save(site)
    assert entries(tmp_path) == before


@pytest.mark.parametrize("at", ["README.txt", "data", "data/note.txt"])
def test_files_of_others_beside_an_index_stay(path: Path, at: str) -> None:
    place = data_folder(path) / at.partition("/")[2] if at.startswith("data/") else path / at
    place.write_text("mine", encoding="utf-8")
    Note("new").save(path)
    assert place.read_text(encoding="utf-8") == "mine" and Note.open(path).text == "new"


def test_a_manifest_cannot_reach_out_of_its_folder(path: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious.txt"
    precious.write_text("mine", encoding="utf-8")
    manifest = data_folder(path) / MANIFEST
    names = {"../../precious.txt": {}, str(precious): {}}
    manifest.write_text(json.dumps({"format": FORMAT, "files": names}), encoding="utf-8")
    Note("new").save(path)
    assert precious.is_file() and Note.open(path).text == "new"
    (path / CURRENT).write_text(json.dumps({"format": FORMAT, "folder": "data-/../.."}), encoding="utf-8")
    with pytest.raises(SearchIndexError, match="damaged"):
        data_folder(path)


def test_a_folder_that_holds_its_manifest_itself_can_be_read_and_replaced(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    Note("plain").write(tmp_path / "plain")
    (tmp_path / "plain" / "README.txt").write_text("mine", encoding="utf-8")
    assert Note.open(tmp_path / "plain").text == "plain"
    Note("new").save(tmp_path / "plain")
    assert Note.open(tmp_path / "plain").text == "new"
    assert {p.name for p in (tmp_path / "plain").iterdir()} >= {"README.txt", CURRENT}
    assert not (tmp_path / "plain" / "deep").exists()


@pytest.mark.parametrize(
    "fault", [KeyboardInterrupt(), OSError(28, "No space left on device"), RuntimeError()]
)
@pytest.mark.parametrize("step", ["write", "chmod", "replace"])
def test_whatever_interrupts_a_save_the_old_index_stays(
    path: Path, fault: BaseException, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise fault

    before = entries(path)
    with monkeypatch.context() as patch:
        patch.setattr(Note if step == "write" else Path, step, fail)
        with pytest.raises((type(fault), SearchIndexError)):
            Note("new").save(path)
    assert entries(path) == before and Note.open(path).text == "old"


def test_an_interruption_right_after_the_change_keeps_the_new_index(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = Path.replace

    def replace_and_fail(self: Path, target: Path) -> None:
        replace(self, target)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", replace_and_fail)
        with pytest.raises(KeyboardInterrupt):
            Note("new").save(path)
    assert Note.open(path).text == "new"


def test_a_first_save_that_fails_leaves_nothing_or_what_may_be_replaced(tmp_path: Path) -> None:
    with pytest.raises(SearchIndexError, match="cannot be written"), new_folder(tmp_path / "x"):
        raise OSError("disk full")
    assert not (tmp_path / "x").exists()
    (tmp_path / "x" / "data-killed").mkdir(parents=True)  # a process that was killed could not clean up
    Note("new").save(tmp_path / "x")
    assert Note.open(tmp_path / "x").text == "new"


def test_two_who_opened_one_index_cannot_lose_each_others_work(path: Path) -> None:
    one, other = Note.open(path), Note.open(path)
    one.text = "one"
    one.save(path)
    one.text = "one again"
    one.save(path)  # its own save is not somebody else's
    before = entries(path)
    with pytest.raises(SearchIndexError, match="has changed since it was opened") as error:
        other.save(path)
    assert "open the index again" in error.value.cure
    assert entries(path) == before and Note.open(path).text == "one again"
    other.save(path.parent / "elsewhere")
    Note("built anew").save(path)  # was opened nowhere: replaces, as it is asked to
    assert Note.open(path).text == "built anew"


def test_a_reader_who_meets_a_save_reads_again(path: Path) -> None:
    read: list[str] = []

    def slowly(folder: Path) -> str:
        text = Note._read(folder).text
        if not read:
            Note("new").save(path)
        read.append(text)
        if len(read) == 1:
            read_manifest(folder)  # the old data are gone by now
        return text

    assert read_steadily(path, slowly)[0] == "new" and read == ["old", "new"]


def test_a_reader_does_not_mix_two_saves(path: Path) -> None:
    seen: list[str] = []

    def twice(folder: Path) -> tuple[str, str]:
        first = Note._read(data_folder(path)).text
        if not seen:
            Note("new").save(path)
        seen.append(first)
        return first, Note._read(data_folder(path)).text

    assert read_steadily(path, twice)[0] == ("new", "new")


def test_the_folder_one_stands_in_can_be_saved_to(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path)
    note = Note.open(".")
    note.text = "from inside"
    note.save(".")
    assert Path.cwd() == path and Note.open(path).text == Note.open(".").text == "from inside"


@pytest.mark.skipif(os.name == "nt", reason="links need rights")
def test_a_link_to_an_index_stays_a_link(path: Path) -> None:
    link = path.parent / "link"
    link.symlink_to(path)
    note = Note.open(link)
    note.text = "new"
    note.save(link)
    assert link.is_symlink() and Note.open(path).text == "new"
    note.text = "by its own name"
    note.save(path)  # the same place
    assert Note.open(link).text == "by its own name"


def test_a_place_is_refused_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    for place in (tmp_path / "file", tmp_path / "file" / "index", tmp_path):
        with pytest.raises(SearchIndexError):
            check_place(place)
    check_place(tmp_path / "new" / "deep")
    assert not (tmp_path / "new").exists()


def test_current_data_that_are_gone_are_damage(path: Path) -> None:
    data_folder(path).rename(path.parent / "elsewhere")
    with pytest.raises(SearchIndexError, match="damaged"):
        Note.open(path)


Action = Callable[[dict[str, Any]], None]


@settings(max_examples=30, deadline=None)
@given(actors=st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=12))
def test_no_save_is_lost_in_any_order(
    actors: list[tuple[int, bool]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Of three who open and append, whatever was saved without an error is in the end there."""
    path = tmp_path_factory.mktemp("any") / "index"
    Note("").save(path)
    held, saved = [Note.open(path) for _ in range(3)], ""
    for number, (actor, fresh) in enumerate(actors):
        if fresh:
            held[actor] = Note.open(path)
            continue
        held[actor].text += str(number % 10)
        try:
            held[actor].save(path)
        except SearchIndexError:
            held[actor] = Note.open(path)
        else:
            saved += str(number % 10)
    assert Note.open(path).text == saved
