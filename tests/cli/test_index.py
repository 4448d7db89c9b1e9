"""``gongbang index`` over its whole life."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Call

TEXTS = {
    "공방.txt": "공방은 아홉 시에 연다.",
    "밭.txt": "밭에는 감자를 심었다.",
    "우물.txt": "우물은 마당에 있다.",
}


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    for name, text in TEXTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def index(call: Call, docs: Path, tmp_path: Path) -> Path:
    path = tmp_path / "index"
    assert call("index", "build", "--docs", docs, "--out", path, "--no-dense").code == 0
    return path


def test_build_says_what_was_built(call: Call, docs: Path, tmp_path: Path) -> None:
    called = call("index", "build", "--docs", docs, "--out", tmp_path / "x", "--no-dense", "--json")
    assert called.code == 0
    built = called.data
    assert (built["kind"], built["documents"], built["passages"]) == ("lexical", 3, 3)
    assert built["lexical"]["effects"] and len(built["signature"]) == 64 and built["warnings"] == []
    text = call("index", "build", "--docs", docs, "--out", tmp_path / "x", "--no-dense").out
    assert "3 documents, 3 passages, lexical search" in text


def test_search_finds_and_prints(call: Call, index: Path) -> None:
    found = call("index", "search", "--index", index, "--query", "감자는 어디에?", "--k", 2, "--json").data
    assert found["hits"][0]["document"] == "밭.txt"
    assert found["hits"][0]["text"] == TEXTS["밭.txt"]
    shown = call("index", "search", "--index", index, "--query", "감자는 어디에?")
    assert "밭.txt" in shown.out.splitlines()[1]
    assert "nothing found" in call("index", "search", "--index", index, "--query", "xyzzy").out


def test_explain_adds_up(call: Call, index: Path) -> None:
    words = ["index", "explain", "--index", index, "--query", "감자는 어디에?", "--passage", "밭.txt"]
    explained = call(*words, "--json").data
    assert sum(token["contribution"] for token in explained["tokens"]) == pytest.approx(explained["score"])
    assert "감자" in {token["token"] for token in explained["tokens"]}
    assert "감자" in call(*words).out
    other = call("index", "explain", "--index", index, "--query", "xyzzy", "--passage", "밭.txt")
    assert "no token of the question" in other.out


def test_add_and_delete(call: Call, index: Path, docs: Path, tmp_path: Path) -> None:
    new = tmp_path / "다리.md"
    new.write_text("# 다리\n\n다리는 돌로 놓았다.", encoding="utf-8")
    assert call("index", "add", "--index", index, "--docs", new, "--json").data["added"] == ["다리.md"]
    again = call("index", "add", "--index", index, "--docs", new)
    assert again.code == 2 and "already" in again.err
    called = call("index", "delete", "--index", index, "--document", "다리.md", "우물.txt", "--json")
    assert called.data["documents"] == 2 and called.data["deleted"] == ["다리.md", "우물.txt"]
    missing = call("index", "delete", "--index", index, "--document", "다리.md", "--json")
    assert missing.code == 2 and missing.data["error"] == "SearchIndexError"


def test_a_dense_index_needs_its_own_encoder(
    call: Call, docs: Path, encoder: Path, reader: Path, tmp_path: Path
) -> None:
    path = tmp_path / "x"
    built = call("index", "build", "--docs", docs, "--out", path, "--encoder", encoder, "--json")
    assert built.data["kind"] == "hybrid"
    search = ["index", "search", "--index", path, "--query", "감자", "--json"]
    assert set(call(*search, "--encoder", encoder).data["hits"][0]["parts"]) == {"lexical", "dense"}
    assert call(*search, "--encoder", reader).code == 2
    assert "needs its encoder" in call(*search, "--no-dense").data["what"]


def test_an_index_made_with_another_analyser_is_refused(call: Call, docs: Path, tmp_path: Path) -> None:
    from gongbang.data.records import Passage
    from gongbang.search.lexical import LexicalIndex
    from gongbang.search.store import write_manifest

    path = tmp_path / "old"
    made = LexicalIndex()
    made.build([Passage("1", "공방은 아홉 시에 연다.")])
    made.save(path)
    manifest = json.loads((path / "index.json").read_text(encoding="utf-8"))
    manifest["analyser_signature"] = "0" * 64  # as another version of Kiwi would have left it
    (path / "index.json").unlink()
    keep = {k: v for k, v in manifest.items() if k not in ("format", "version", "kind", "files", "sha256")}
    write_manifest(path, "lexical", keep)
    called = call("index", "search", "--index", path, "--query", "공방")
    assert called.code == 2 and "another analyser" in called.lines[0] and len(called.lines) == 4


@pytest.mark.parametrize("damage", ["truncate", "remove"])
def test_a_damaged_index_is_refused(call: Call, index: Path, damage: str) -> None:
    file = next(index.rglob("passages.jsonl"))
    if damage == "truncate":
        file.write_bytes(file.read_bytes()[:-3])
    else:
        file.unlink()
    called = call("index", "search", "--index", index, "--query", "공방")
    assert called.code == 2 and "damaged" in called.lines[0] and len(called.lines) == 4


def test_nothing_of_another_kind_is_overwritten(call: Call, docs: Path) -> None:
    called = call("index", "build", "--docs", docs, "--out", docs, "--no-dense")
    assert called.code == 2 and (docs / "공방.txt").is_file()


def test_options_of_build_are_checked(call: Call, docs: Path, tmp_path: Path) -> None:
    called = call("index", "build", "--docs", docs, "--out", tmp_path / "x", "--no-dense", "--max-chars", 3)
    assert called.code == 2 and not (tmp_path / "x").exists()
