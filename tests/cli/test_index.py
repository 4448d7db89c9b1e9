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
    new.write_text("# 다리\n\n다리는 나무로 놓았다.", encoding="utf-8")
    changed = call("index", "add", "--index", index, "--docs", new)
    assert changed.code == 2 and "with another text" in changed.err and "index delete" in changed.err
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
    made.write(path)
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


def test_two_files_of_one_name_stand_in_one_index(call: Call, index: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "밭.txt"
    other.parent.mkdir()
    other.write_text("밭에는 고구마도 있다.", encoding="utf-8")
    called = call("index", "add", "--index", index, "--docs", other, "--json")
    assert called.code == 0 and called.data["added"] == ["밭.txt (2)"]
    assert f"{other}: added as '밭.txt (2)'" in called.err
    found = call("index", "search", "--index", index, "--query", "고구마", "--json").data["hits"]
    assert found[0]["document"] == "밭.txt (2)" and found[0]["source"] == str(other)
    assert call("index", "delete", "--index", index, "--document", "밭.txt (2)").code == 0


def test_a_site_is_no_index(call: Call, docs: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    (site / "sub").mkdir(parents=True)
    for name in ("index.json", "notes.txt", "sub/photo.jpg"):
        (site / name).write_text('{"name": "my site"}', encoding="utf-8")
    called = call("index", "build", "--docs", docs, "--out", site, "--no-dense")
    assert called.code == 2 and "no index stands there" in called.lines[0] and len(called.lines) == 4
    assert {str(p.relative_to(site)) for p in site.rglob("*")} == {
        "index.json", "notes.txt", "sub", "sub/photo.jpg",
    }  # fmt: skip


def test_a_file_beside_an_index_stays(call: Call, index: Path, tmp_path: Path) -> None:
    (index / "README.txt").write_text("우리 색인", encoding="utf-8")
    assert call("index", "delete", "--index", index, "--document", "우물.txt").code == 0
    assert (index / "README.txt").read_text(encoding="utf-8") == "우리 색인"


def test_the_index_one_stands_in_can_be_changed(
    call: Call, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(index)
    assert call("index", "delete", "--index", ".", "--document", "우물.txt", "--json").data["documents"] == 2
    assert call("index", "search", "--index", ".", "--query", "감자", "--json").data["hits"]


def test_the_target_is_checked_before_the_work(
    call: Call, docs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gongbang.apps.library import Library

    def worked(*_: object) -> None:
        raise AssertionError("documents were indexed for nothing")

    monkeypatch.setattr(Library, "add", worked)
    (tmp_path / "file").write_text("x", encoding="utf-8")
    for out in (tmp_path / "file", tmp_path / "file" / "x", docs):
        called = call("index", "build", "--docs", docs, "--out", out, "--no-dense")
        assert called.code == 2 and len(called.lines) == 4, called


def test_an_encoder_that_would_do_nothing_is_refused(
    call: Call, docs: Path, index: Path, tmp_path: Path
) -> None:
    build = ["index", "build", "--docs", docs, "--out", tmp_path / "x", "--no-dense"]
    for words in (
        [*build, "--encoder", "anything"],
        ["index", "search", "--index", index, "--query", "감자", "--encoder", "anything"],
        ["index", "add", "--index", index, "--docs", docs, "--encoder", "anything"],
        ["index", "delete", "--index", index, "--document", "밭.txt", "--encoder", "anything"],
        ["index", "search", "--index", index, "--query", "감자", "--no-dense", "--encoder", "anything"],
        ["ask", "--index", index, "--question", "왜?", "--encoder", "anything"],
        ["ask", "--docs", docs, "--question", "왜?", "--no-dense", "--encoder", "anything"],
    ):
        called = call(*words)
        assert called.code == 2 and len(called.lines) == 4 and "by words alone" in called.lines[0], called
    assert not (tmp_path / "x").exists()


def test_a_query_that_is_no_text_is_refused(call: Call, index: Path) -> None:
    for action in (["search"], ["explain", "--passage", "밭.txt"]):
        called = call("index", *action, "--index", index, "--query", "\udcb5\udcce")
        assert called.code == 2 and "not in UTF-8" in called.lines[0] and len(called.lines) == 4
