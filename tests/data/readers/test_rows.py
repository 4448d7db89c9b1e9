from __future__ import annotations

import json

import pytest

from gongbang.data.reading import read_records
from gongbang.errors import DataError, OptionError, SpanError
from tests.data.builders import CONTEXT

NAMES = {"question": "q", "context": "passage", "answer": "a", "answer_start": "s"}
ROW = {"q": "누구?", "passage": CONTEXT, "a": "김쇠돌", "s": 25, "level": "easy"}


def write_lines(path, *rows):
    path.write_text(
        "".join((r if isinstance(r, str) else json.dumps(r, ensure_ascii=False)) + "\n" for r in rows),
        "utf-8",
    )
    return path


def test_a_mapping_names_the_columns_and_the_rest_passes_through(tmp_path):
    record = read_records(write_lines(tmp_path / "a.jsonl", ROW), mapping=NAMES).strict()[0]
    assert record.fields["question"] == "누구?"
    assert record.answers[0].text == "김쇠돌"
    assert record.labels["level"] == "easy" and "passage" not in record.labels
    assert record.id == "a.jsonl#1"
    assert record.group == record.labels["document"]


def test_dots_reach_into_nested_objects(tmp_path):
    row = {
        "meta": {"title": "대장간", "no": 7},
        "q": "누구?",
        "doc": {"text": CONTEXT},
        "ans": {"text": ["김쇠돌"]},
    }
    names = {
        "id": "meta.no",
        "title": "meta.title",
        "question": "q",
        "context": "doc.text",
        "answer": "ans.text.0",
    }
    record = read_records(write_lines(tmp_path / "a.jsonl", row), mapping=names).strict()[0]
    assert (record.id, record.group, record.answers[0].start) == ("7", "대장간", 25)


def test_a_broken_line_is_located_and_the_others_are_kept(tmp_path):
    path = write_lines(tmp_path / "a.jsonl", ROW, '{"q": "끊긴', ROW | {"s": 24}, ROW)
    loaded = read_records(path, mapping=NAMES)
    assert [record.id for record in loaded] == ["a.jsonl#1", "a.jsonl#4"]
    assert [problem.line for problem in loaded.problems] == [2, 3]
    assert "broken JSON" in loaded.problems[0].what
    assert isinstance(loaded.problems[1], SpanError) and "+1" in loaded.problems[1].cure


def test_an_answer_without_an_offset_stands_at_every_place_it_occurs(tmp_path):
    row = {"question": "어디?", "context": "서울에서 서울까지", "answer": "서울"}
    record = read_records(write_lines(tmp_path / "a.jsonl", row)).strict()[0]
    assert [span.start for span in record.answers] == [0, 5]
    assert record.labels["answer_places"] == 2


def test_an_answer_that_is_not_in_the_context_is_a_problem(tmp_path):
    rows = [
        {"question": "?", "context": "가", "answer": "나"},
        {"question": "?", "context": "가", "answer": "가"},
    ]
    loaded = read_records(write_lines(tmp_path / "a.jsonl", *rows))
    assert len(loaded) == 1 and loaded.problems[0].line == 1


def test_the_hubs_shape_of_answers(tmp_path):
    row = {
        "id": "1",
        "question": "누구?",
        "context": CONTEXT,
        "answers": {"text": ["김쇠돌"], "answer_start": [25]},
    }
    none = {"id": "2", "question": "왜?", "context": CONTEXT, "answers": {"text": [], "answer_start": []}}
    first, second = read_records(write_lines(tmp_path / "a.jsonl", row, none)).strict()
    assert first.answers[0].start == 25
    assert second.spans["answers"] == ()


def test_csv_cells_may_hold_line_ends_and_lines_are_counted_right(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        'q,passage,a,s\n"누구?","첫 줄\n둘째 줄, 김쇠돌","김쇠돌",10\n'
        '"어디?","마을","마을",1\n너무,많은,칸,1,2\n"나?","마을","마을",0\n',
        encoding="utf-8-sig",
    )
    loaded = read_records(path, mapping=NAMES)
    assert [r.fields["question"] for r in loaded] == ["누구?", "나?"]
    assert loaded.items[0].fields["context"] == "첫 줄\n둘째 줄, 김쇠돌"
    assert [problem.line for problem in loaded.problems] == [4, 5]


def test_tsv_is_recognised_without_a_name(tmp_path):
    path = tmp_path / "table.txt"
    path.write_text("질문\t본문\t정답\n누구?\t" + CONTEXT + "\t김쇠돌\n", encoding="utf-8")
    assert read_records(path).strict()[0].answers[0].start == 25


def test_a_json_list_goes_the_way_of_rows(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps([ROW, ROW | {"s": 1}]), encoding="utf-8")
    loaded = read_records(path, mapping=NAMES)
    assert len(loaded) == 1 and loaded.problems[0].field.startswith("[1]")


def test_unknown_columns_ask_for_a_mapping(tmp_path):
    with pytest.raises(DataError, match="no column with a known name") as caught:
        read_records(write_lines(tmp_path / "a.jsonl", {"x": "1", "y": "2"}))
    assert "mapping=" in caught.value.cure and "x, y" in caught.value.lines()[1]


def test_a_wrong_mapping_fails_instead_of_giving_nothing(tmp_path):
    with pytest.raises(DataError, match="column 'nope' is missing"):
        read_records(write_lines(tmp_path / "a.jsonl", ROW), mapping={"question": "nope"})


def test_options_that_would_change_nothing_are_refused(tmp_path):
    path = write_lines(tmp_path / "a.jsonl", ROW)
    with pytest.raises(OptionError):
        read_records(path, "squad", mapping=NAMES)
    with pytest.raises(OptionError):
        read_records(path, "sqad")
    with pytest.raises(OptionError):
        read_records(path, mapping={"answer": "a"})


def test_parquet_with_a_mapping(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "a.parquet"
    parquet.write_table(pyarrow.Table.from_pylist([ROW, ROW | {"s": 5}]), path)
    loaded = read_records(path, mapping=NAMES)
    assert loaded.items[0].answers[0].text == "김쇠돌"
    assert loaded.problems[0].line == 2
    path.write_bytes(b"PAR1 no")
    with pytest.raises(DataError, match="not Parquet"):
        read_records(path)
