"""A library on disk: built, changed, opened, and refused when something is wrong with it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from gongbang.apps.library import Library, needs_encoder
from gongbang.data.records import Document, Passage
from gongbang.errors import OptionError, SearchIndexError
from gongbang.search import store
from gongbang.search.analysis import AnalysisConfig, SearchAnalyser
from gongbang.search.folders import data_folder
from gongbang.search.lexical import LexicalIndex
from gongbang.search.store import file_hash
from tests.apps.toys import ToyEncoder

A = Document("a", "공방은 아홉 시에 연다.", "공방", "a.txt", locations=((0, "첫머리"),))
B = Document("b", "밭에는 감자를 심었다. " * 80, "밭", "b.txt", locations=((0, "p. 1"), (900, "p. 2")))
C = Document("c", "우물은 마당에 있다.", "집", "c.txt")


def library(*documents: Document) -> Library:
    made = Library(max_chars=300)
    made.add(list(documents))
    return made


def test_adding_and_deleting_leave_what_a_fresh_build_gives() -> None:
    changed = library(A, B)
    changed.add([C])
    changed.delete(["b"])
    fresh = library(A, C)
    assert list(changed.documents) == list(fresh.documents)
    question = "우물은 어디에 있는가? 공방은 언제 여는가?"
    one, other = changed.search(question, 5), fresh.search(question, 5)
    assert [(hit.passage.id, pytest.approx(hit.score)) for hit in one] == [
        (h.passage.id, h.score) for h in other
    ]


def test_a_document_knows_its_pages() -> None:
    made = library(A, B)
    assert made.location("b", 0) == "p. 1" and made.location("b", 900) == "p. 2"
    assert made.location("nowhere", 3) == ""
    assert len(made.documents["b"].passages) > 1 and made.documents["b"].characters == len(B.text)


def test_a_document_that_is_there_adds_nothing() -> None:
    made = library(A)
    for again in (A, replace(A, source="copy/a.txt")):
        with pytest.raises(SearchIndexError, match=r"holds this document already\."):
            made.add([C, again])
        assert list(made.documents) == ["a"] and len(made.index) == 1


def test_another_file_of_the_same_name_gets_an_id_that_is_free() -> None:
    made = library(A)
    others = [replace(A, text=f"{n}번 방은 비어 있다.", source=f"{n}/a.txt") for n in range(3)]
    assert made.add([others[0], C]) == ["a (2)", "c"]
    assert made.add(others[1:]) == ["a (3)", "a (4)"]
    assert made.search("2번 방", 1)[0].document == "a (4)"
    assert made.documents["a"].text_hash == library(A).documents["a"].text_hash
    with pytest.raises(SearchIndexError, match="already"):
        made.add([others[1]])


def test_a_document_that_has_changed_is_told() -> None:
    made = library(A)
    with pytest.raises(SearchIndexError, match="with another text") as error:
        made.add([replace(A, text="공방은 열 시에 연다.")])
    assert "gongbang index delete --index DIR --document a." in error.value.cure
    assert made.search("공방", 1)[0].passage.text == A.text


def test_two_writers_cannot_lose_each_others_documents(tmp_path: Path) -> None:
    library(A).save(tmp_path / "x")
    one, other = Library.open(tmp_path / "x"), Library.open(tmp_path / "x")
    one.add([B])
    one.save(tmp_path / "x")
    other.add([C])
    with pytest.raises(SearchIndexError, match="has changed since"):
        other.save(tmp_path / "x")
    assert list(Library.open(tmp_path / "x").documents) == ["a", "b"]


@pytest.mark.parametrize("encoder", [None, ToyEncoder()])
def test_opening_hashes_every_file_once(
    tmp_path: Path, encoder: ToyEncoder | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Library(encoder)
    made.add([A, C])
    made.save(tmp_path / "x")
    hashed: list[Path] = []
    monkeypatch.setattr(store, "file_hash", lambda path: hashed.append(path) or file_hash(path))
    Library.open(tmp_path / "x", encoder)
    files = [path for path in data_folder(tmp_path / "x").rglob("*") if path.is_file()]
    assert len(hashed) == len(set(hashed)) == len(files) - 1  # all but the manifest that lists them


@pytest.mark.parametrize("question", ["\udcb5\udcce", "공방\ud83d"])
def test_a_question_that_is_no_text_is_refused(question: str) -> None:
    made = library(A)
    for asked in (lambda: made.search(question, 1), lambda: made.explain(question, "a")):
        with pytest.raises(OptionError, match="not in UTF-8") as error:
            asked()
        assert str(error.value).encode("utf-8")


def test_an_unknown_id_deletes_nothing() -> None:
    made = library(A, C)
    with pytest.raises(SearchIndexError, match="no document") as error:
        made.delete(["a", "cc"])
    assert "'c'" in error.value.cure
    assert len(made) == 2


def test_a_library_may_be_emptied_and_filled_again(tmp_path: Path) -> None:
    made = library(A)
    made.delete(["a"])
    assert made.search("공방", 3) == []
    made.save(tmp_path / "x")
    opened = Library.open(tmp_path / "x")
    opened.add([C])
    assert opened.search("우물", 1)[0].document == "c"


def test_saving_and_opening_keeps_everything(tmp_path: Path) -> None:
    made = Library(ToyEncoder(), max_chars=300, overlap_sentences=0)
    made.add([A, B])
    made.save(tmp_path / "x")
    opened = Library.open(tmp_path / "x", ToyEncoder())
    assert opened.documents == made.documents
    assert (opened.max_chars, opened.overlap_sentences, opened.kind) == (300, 0, "hybrid")
    assert needs_encoder(tmp_path / "x")
    opened.add([C])
    opened.save(tmp_path / "x")
    assert list(Library.open(tmp_path / "x", ToyEncoder()).documents) == ["a", "b", "c"]


def test_an_index_built_from_passages_can_be_asked(tmp_path: Path) -> None:
    index = LexicalIndex()
    index.build(
        [
            Passage("d#0", "첫째 글", "제목", "d", 0, "d.txt"),
            Passage("d#1", "둘째 글", "제목", "d", 6, "d.txt"),
        ]
    )
    index.save(tmp_path / "bare")
    opened = Library.open(tmp_path / "bare")
    assert opened.documents["d"].passages == ("d#0", "d#1") and opened.documents["d"].characters == 10
    assert not needs_encoder(tmp_path / "bare")
    opened.delete(["d"])
    assert len(opened.index) == 0


def test_an_index_of_another_analyser_is_refused(tmp_path: Path) -> None:
    index = LexicalIndex(SearchAnalyser(AnalysisConfig(kinds=("whitespace",))))
    index.build([Passage("1", "한 글")])
    index.save(tmp_path / "x")
    with pytest.raises(SearchIndexError, match="another analyser"):
        LexicalIndex.open(tmp_path / "x", SearchAnalyser())


@pytest.mark.parametrize("name", ["documents.jsonl", "passages/passages.jsonl", "passages/index.json"])
def test_a_changed_file_is_refused(tmp_path: Path, name: str) -> None:
    library(A, C).save(tmp_path / "x")
    file = data_folder(tmp_path / "x") / name
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(bytes(data))
    with pytest.raises(SearchIndexError, match="damaged"):
        Library.open(tmp_path / "x")


def test_a_folder_that_is_no_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SearchIndexError, match="no index"):
        Library.open(tmp_path)
    (tmp_path / "note.txt").write_text("먼저 있던 것", encoding="utf-8")
    with pytest.raises(SearchIndexError, match="no index stands there"):
        library(A).save(tmp_path)
    assert (tmp_path / "note.txt").is_file()


def test_what_is_saved_is_plain_text(tmp_path: Path) -> None:
    library(A).save(tmp_path / "x")
    line = json.loads((data_folder(tmp_path / "x") / "documents.jsonl").read_text(encoding="utf-8"))
    assert line["id"] == "a" and line["locations"] == [[0, "첫머리"]]
