"""Labels through a mapping of columns: always text, one or several."""

from __future__ import annotations

import json

import pytest

from gongbang.data.reading import read_records
from gongbang.errors import DataError


def jsonl(path, *rows):
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return path


def test_a_label_is_text_whatever_the_file_writes(tmp_path):
    rows = [
        {"text": f"글 {n}", "label": label} for n, label in enumerate(("강", 1, 2.0, 2.5, True, None, ""))
    ]
    records = read_records(jsonl(tmp_path / "a.jsonl", *rows)).strict()
    assert [r.labels.get("label") for r in records] == ["강", "1", "2", "2.5", "true", None, None]


def test_a_question_with_its_passage_is_answered_with_yes_or_no(tmp_path):
    rows = [
        {"question": "?", "context": f"글 {n}", "label": label} for n, label in enumerate((True, "FALSE"))
    ]
    records = read_records(jsonl(tmp_path / "a.jsonl", *rows)).strict()
    assert [r.labels["label"] for r in records] == ["yes", "no"]


def test_several_labels_as_a_list_or_between_commas(tmp_path):
    rows = [{"text": "가", "labels": ["기쁨", "놀람"]}, {"text": "나", "labels": []}, {"text": "다"}]
    records = read_records(jsonl(tmp_path / "a.jsonl", *rows)).strict()
    assert [r.labels.get("labels") for r in records] == [["기쁨", "놀람"], [], None]
    table = tmp_path / "a.csv"
    table.write_text('text,labels\n가,"기쁨, 놀람,기쁨"\n나,\n', encoding="utf-8")
    assert [r.labels.get("labels") for r in read_records(table).strict()] == [["기쁨", "놀람"], None]


def test_columns_of_other_names_are_mapped(tmp_path):
    table = tmp_path / "a.tsv"
    table.write_text("앞\t뒤\t답\n가\t나\t참\n", encoding="utf-8")
    (record,) = read_records(table, mapping={"text": "앞", "pair": "뒤", "label": "답"}).strict()
    assert dict(record.fields) == {"text": "가", "pair": "나"} and record.labels == {"label": "참"}


def test_what_is_no_label_is_a_located_problem(tmp_path):
    rows = [{"text": "가", "label": "x"}, {"text": "나", "label": ["x"]}, {"text": "다", "label": {"a": 1}}]
    loaded = read_records(jsonl(tmp_path / "a.jsonl", *rows))
    assert len(loaded) == 1 and [(p.line, p.field) for p in loaded.problems] == [(2, "label"), (3, "label")]
    with pytest.raises(DataError, match="a label is needed"):
        read_records(jsonl(tmp_path / "b.jsonl", {"text": "가", "labels": [["x"]]}))


def test_in_question_answering_a_label_is_one_among_others(tmp_path):
    row = {"question": "?", "context": "가나다", "answer": "나", "label": 3}
    assert read_records(jsonl(tmp_path / "a.jsonl", row)).strict()[0].labels["label"] == 3
