"""A stored index is whole or refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from gongbang.data.records import Passage
from gongbang.errors import SearchIndexError
from gongbang.search.folders import MANIFEST
from gongbang.search.passages import PassageList
from gongbang.search.store import read_index, read_manifest, write_parts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    passages = PassageList([Passage("1", "봄\n여름", "제목", "문서", 3, "파일"), Passage("2", "가을")])
    write_parts(tmp_path / "index", "toy", {"signature": "s"}, {"numbers": np.arange(5)}, passages)
    return tmp_path / "index"


def test_round_trip(folder: Path) -> None:
    stored = read_index(folder, "toy")
    assert stored.manifest["signature"] == "s"
    assert isinstance(stored.arrays["numbers"], np.memmap)
    assert stored.arrays["numbers"].tolist() == [0, 1, 2, 3, 4]
    assert list(stored.passages) == [
        Passage("1", "봄\n여름", "제목", "문서", 3, "파일"),
        Passage("2", "가을"),
    ]
    assert stored.passages.position("2") == 1
    assert stored.passages == read_index(folder, "toy").passages
    assert stored.passages == PassageList(stored.passages)
    assert stored.passages != PassageList([])


def test_every_damage_is_refused(folder: Path) -> None:
    for name in ("numbers.npy", "passages.jsonl", "passage_offsets.npy"):
        file = folder / name
        whole = file.read_bytes()
        for damaged in (whole[:-3], whole[:-1] + bytes([whole[-1] ^ 1])):  # cut short, one bit turned
            file.write_bytes(damaged)
            with pytest.raises(SearchIndexError, match="damaged") as caught:
                read_index(folder, "toy")
            assert name in caught.value.lines()[1]
        file.unlink()
        with pytest.raises(SearchIndexError, match="missing"):
            read_index(folder, "toy")
        file.write_bytes(whole)
    read_index(folder, "toy")


def test_a_bad_manifest_is_refused(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    for text in (
        "{",
        "[]",
        json.dumps(manifest | {"version": 99}),
        json.dumps(manifest | {"format": "x"}),
        json.dumps(manifest | {"signature": "t"}),
    ):
        (folder / MANIFEST).write_text(text, encoding="utf-8")
        with pytest.raises(SearchIndexError):
            read_manifest(folder)
    (folder / MANIFEST).unlink()
    with pytest.raises(SearchIndexError, match="no index"):
        read_manifest(folder)


def test_a_plain_file_or_nothing_is_no_index(folder: Path) -> None:
    for path in (folder / MANIFEST, folder.parent / "nowhere"):
        with pytest.raises(SearchIndexError, match="there is no index"):
            read_manifest(path)


def test_another_kind_is_refused(folder: Path) -> None:
    with pytest.raises(SearchIndexError, match="another kind"):
        read_index(folder, "lexical")


def test_half_a_surrogate_pair_survives(tmp_path: Path) -> None:
    passages = PassageList([Passage("1", "봄\ud83d")])
    write_parts(tmp_path / "index", "toy", {}, {}, passages)
    assert list(read_index(tmp_path / "index", "toy").passages) == list(passages)
