"""Reading keywords and their table: those that come along, and files with faults, told by their place."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from gongbang.apps.twenty_questions import read_keywords, read_table
from gongbang.artifacts.store import bundled
from gongbang.errors import DataError, GongbangError

GOOD = """\
category: 동물
keywords:
  - name: 고래
    aliases: [whale]
    document: >-
      고래는 바다에
      산다.
  - name: 코끼리
    document: 코끼리는 땅에 산다.
"""
ATTRIBUTES = "id,question\nsea,바다에 사나요?\nland,땅에 사나요?\n"
TABLE = "keyword,sea,land\n고래,1,0\n코끼리,0,?\n"


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text, encoding="utf-8")
    return folder


def test_those_that_come_along_are_enough_and_well_written():
    keywords = read_keywords()
    assert len(keywords.items) >= 30 and len(keywords.categories) >= 5
    for item in keywords.items:
        assert 250 <= len(item.document) <= 500, item.name
        assert item.aliases and item.document.startswith(item.name), item.name
        assert "\n" not in item.document and "  " not in item.document, item.name
        assert re.search(r"[.]$", item.document), item.name
        assert keywords.named(f"정답은 {item.name}입니다") is item


def test_asking_the_samples_does_not_read_them():
    """The samples are documents to ask; a keyword among them would change what is found."""
    from gongbang.data.documents import read_documents

    assert not any("keywords" in document.id for document in read_documents(bundled("samples")).items)


def test_the_table_that_comes_along_tells_each_pair_apart_three_times():
    """So that one wrong answer leaves two that are right."""
    keywords = read_keywords()
    table = read_table(keywords)
    assert table.keywords == tuple(item.name for item in keywords.items) and len(table.attributes) >= 40
    known = table.values >= 0
    for at in range(len(table.keywords)):
        differ = (table.values[:at] != table.values[at]) & known[:at] & known[at]
        assert at == 0 or differ.sum(axis=1).min() >= 3, table.keywords[at]
    spread = [(np.unique(column[column >= 0]).size) for column in table.values.T]
    assert min(spread) == 2  # no question that all answer alike
    for one in table.attributes:  # nor one that names a keyword
        assert not keywords.names_any(one.question), one.id


def test_a_folder_of_ones_own(tmp_path: Path):
    write(tmp_path, animals_yaml=GOOD, attributes_csv=ATTRIBUTES, table_csv=TABLE)
    keywords = read_keywords(tmp_path)
    assert [item.name for item in keywords.items] == ["고래", "코끼리"]
    assert keywords.get("고래").document == "고래는 바다에 산다."
    assert read_table(keywords, tmp_path).values.tolist() == [[1, 0], [0, -1]]


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ("category: 동물\nkeywords: []\n", "a.yaml:2: field 'keywords'", "list of keywords"),
        ("category: 동물\n", "a.yaml:1: field 'keywords'", "missing"),
        (GOOD.replace("category: 동물\n", ""), "a.yaml:1: field 'category'", "missing"),
        (GOOD.replace("document: 코", "dokument: 코"), "a.yaml:9: ", "no such key"),
        (GOOD.replace("    document: 코끼리는 땅에 산다.\n", ""), "a.yaml:8: field 'document'", "missing"),
        (GOOD.replace("name: 코끼리", "name: ''"), "a.yaml:8: field 'name'", "text is needed"),
        (GOOD.replace("[whale]", "whale"), "a.yaml:4: field 'aliases'", "list is needed"),
        (GOOD.replace("[whale]", "[]\n    aliases: [x]"), "a.yaml:5: ", "twice"),
        (GOOD.replace("whale", "코 끼리"), "a.yaml:8: field 'name'", "another keyword"),
        (GOOD.replace("name: 코끼리", "name: 개"), "a.yaml:8: field 'name'", "too short"),
        (GOOD.replace("name: 코끼리", "name: 정답"), "a.yaml:8: field 'name'", "game says"),
        (GOOD.replace("name: 코끼리", "name: 동물"), "a.yaml:8: field 'name'", "category"),
        (GOOD.replace("name: 코끼리", "name: [x"), "a.yaml:", "no YAML"),
        ("- 고래\n", "a.yaml:1: ", "keys with values"),
        ("# nothing\n", "a.yaml: ", "holds nothing"),
        ("category: [1]\nkeywords: [x]\n", "a.yaml:1: field 'category'", "text is needed"),
        ("category: 동물\nkeywords: [x]\n", "a.yaml:2: ", "keys with values"),
        ("category: \x01\n", "a.yaml", "no YAML"),
        (
            'category: 동물\nkeywords:\n  - name: 고래\n    document: "\\ud800 ㅁ"\n',
            "a.yaml:4",
            "half a character",
        ),
    ],
)
def test_a_fault_is_told_by_its_place(tmp_path: Path, text: str, place: str, what: str):
    write(tmp_path, a_yaml=text)
    with pytest.raises(DataError) as caught:
        read_keywords(tmp_path)
    first = str(caught.value).split("\n")[0]
    assert first.startswith(str(tmp_path / place)) and what in first


@pytest.mark.parametrize(
    ("name", "text", "place", "what"),
    [
        ("attributes", "id,text\nsea,바다?\n", "attributes.csv:1", "columns"),
        ("attributes", "id,question\n", "attributes.csv", "no attribute"),
        ("attributes", "id,question\nsea,가?\nsea,나?\n", "attributes.csv:3: field 'id'", "line 2"),
        (
            "attributes",
            "id,question\nsea,가?\nland,\n",
            "attributes.csv:3: field 'question'",
            "cannot be used",
        ),
        ("attributes", ATTRIBUTES + "sky,나나요?\n", "table.csv:1: field 'sky'", "missing"),
        ("table", TABLE.replace("sea", "see"), "table.csv:1: field 'see'", "no question"),
        ("table", TABLE.replace("코끼리", "코기리"), "table.csv:3: field 'keyword'", "no such keyword"),
        ("table", TABLE + "고래,1,0\n", "table.csv:4: field 'keyword'", "line 2"),
        ("table", TABLE.replace("코끼리,0,?\n", ""), "table.csv: field 'keyword'", "no row"),
        ("table", TABLE.replace("0,?", "0,x"), "table.csv:3: field 'land'", "neither yes nor no"),
        ("table", TABLE.replace("0,?", "0,"), "table.csv:3: field 'land'", "neither yes nor no"),
        ("table", TABLE.replace("0,?", "0"), "table.csv:3", "more or fewer"),
        (
            "table",
            TABLE.replace("0,?", "1,?"),
            "table.csv:3: field 'keyword'",
            "tells it from '고래' (line 2)",
        ),
    ],
)
def test_a_fault_of_the_table_is_told_by_its_place(
    tmp_path: Path, name: str, text: str, place: str, what: str
):
    write(tmp_path, a_yaml=GOOD, attributes_csv=ATTRIBUTES, table_csv=TABLE)
    write(tmp_path, **{f"{name}_csv": text})
    with pytest.raises(DataError) as caught:
        read_table(read_keywords(tmp_path), tmp_path)
    first = str(caught.value).split("\n")[0]
    assert first.startswith(str(tmp_path / place)) and what in first


def test_what_is_not_there_is_told(tmp_path: Path):
    for folder in (tmp_path / "none", tmp_path):
        with pytest.raises(GongbangError, match="keywords"):
            read_keywords(folder)
    write(tmp_path, a_yaml=GOOD)
    with pytest.raises(DataError, match=r"attributes\.csv"):
        read_table(read_keywords(tmp_path), tmp_path)
    (tmp_path / "b.yaml").write_bytes("category: 동물".encode("cp949"))
    with pytest.raises(DataError, match="UTF-8"):
        read_keywords(tmp_path)
