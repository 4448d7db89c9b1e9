from __future__ import annotations

import json
import zipfile

import pytest

from gongbang.data.reading import documents_of, read_records
from gongbang.errors import DataError, OptionError, SpanError
from tests.data.builders import CONTEXT, qas, squad, write_json
from tests.data.readers.test_korquad2 import korquad2

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


ANSWERED = {"question": "누구?", "context": CONTEXT, "answers": [{"text": "김쇠돌", "answer_start": 25}]}


def test_any_row_may_be_the_first_that_has_an_answer(tmp_path):
    none = {"question": "왜?", "context": CONTEXT, "is_impossible": True}
    for rows in ([none, ANSWERED], [ANSWERED, none]):
        records = read_records(write_lines(tmp_path / "a.jsonl", *rows)).strict()
        assert sorted(len(record.answers) for record in records) == [0, 1]
        assert all("answers" in record.spans for record in records)


def test_a_row_without_an_answer_in_a_set_with_answers_must_say_so(tmp_path):
    silent = {"question": "왜?", "context": CONTEXT}
    for row in (
        silent,
        silent | {"answers": []},
        silent | {"answers": None},
        silent | {"is_impossible": "no"},
    ):
        loaded = read_records(write_lines(tmp_path / "a.jsonl", row, ANSWERED))
        assert len(loaded) == 1 and loaded.problems[0].line == 1
        assert "is_impossible" in loaded.problems[0].cure
    alone = read_records(write_lines(tmp_path / "b.jsonl", silent)).strict()[0]
    assert "answers" not in alone.spans  # a set without labels is not a set without answers


def test_a_mapped_column_that_no_row_has_is_an_error(tmp_path):
    path = write_lines(tmp_path / "a.jsonl", ROW, ROW)
    for part in ("id", "group", "title", "labels.level", "is_impossible"):
        with pytest.raises(DataError, match="column 'levle' is missing") as caught:
            read_records(path, mapping=NAMES | {part: "levle"})
        assert "Did you mean 'level'?" in caught.value.cure
    sparse = write_lines(tmp_path / "b.jsonl", ROW, ROW | {"doc": "d"})
    assert [r.group for r in read_records(sparse, mapping=NAMES | {"group": "doc"})][1] == "d"
    nested = write_lines(tmp_path / "c.jsonl", {"q": "?", "m": {"doc": 3, "tags": []}})
    assert read_records(nested, mapping={"question": "q", "group": "m.doc", "licence": "m.tags.0"}).strict()
    with pytest.raises(DataError, match=r"column 'm\.dco' is missing"):
        read_records(nested, mapping={"question": "q", "group": "m.dco"})


def test_a_line_that_is_no_object_costs_that_line(tmp_path):
    loaded = read_records(write_lines(tmp_path / "a.jsonl", "[]", ANSWERED, "3"))
    assert len(loaded) == 1 and [problem.line for problem in loaded.problems] == [1, 3]


def test_a_repeated_id_is_located(tmp_path):
    path = write_lines(tmp_path / "a.jsonl", ANSWERED | {"id": "1"}, ANSWERED | {"id": "1"})
    (problem,) = read_records(path).problems
    assert problem.what.startswith(f"{path}:2: field 'id': ")


def test_groups_may_be_zero_and_null_is_none(tmp_path):
    names = {"question": "question", "context": "context", "group": "g"}
    rows = [{"question": "?", "context": text, "g": group} for text, group in (("가", 0), ("나", None))]
    records = read_records(write_lines(tmp_path / "a.jsonl", *rows), mapping=names).strict()
    assert [record.group for record in records] == ["0", records[1].labels["document"]]
    null = {"group": None, "source": None, "licence": None, "lineage": None}
    own = [{"id": id, "fields": {"text": id}, **null} for id in ("1", "2")]
    records = read_records(write_lines(tmp_path / "own.jsonl", *own)).strict()
    assert [(r.group, r.source, r.licence) for r in records] == [("1", "", "unknown"), ("2", "", "unknown")]


def test_the_label_document_is_the_contexts_own(tmp_path):
    rows = [{"q": "?", "c": text, "document": "D"} for text in ("가", "나")]
    path = write_lines(tmp_path / "a.jsonl", *rows)
    assert len(documents_of(read_records(path, mapping={"question": "q", "context": "c"}))) == 2
    with pytest.raises(OptionError, match="made from the context"):
        read_records(path, mapping={"question": "q", "context": "c", "labels.document": "document"})


def test_a_mapping_where_the_format_is_recognised_is_refused(tmp_path):
    for name, value in (("a.json", squad()), ("b.json", korquad2("1,200"))):
        with pytest.raises(OptionError, match="changes nothing"):
            read_records(write_json(tmp_path / name, value), mapping=NAMES)
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        archive.writestr("00.json", json.dumps(korquad2("1,200")))
    with pytest.raises(OptionError, match="changes nothing"):
        read_records(tmp_path / "c.zip", mapping=NAMES)


def test_files_of_a_folder_may_number_alike(tmp_path):
    for name in ("xquad.en.json", "xquad.zh.json", "xquad.vi.json"):
        write_json(tmp_path / name, squad(id="q1"))
    assert [record.id for record in read_records(tmp_path).strict()] == ["q1", "q1#1", "q1#2"]
    twice = squad()
    qas(twice).append(qas(twice)[0])
    write_json(tmp_path / "xquad.zz.json", twice, indent=1)
    (problem,) = read_records(tmp_path).problems
    assert problem.path == str(tmp_path / "xquad.zz.json") and problem.line is not None


def test_damaged_parquet_keeps_the_rows_before(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "a.parquet"
    rows = [{"question": f"{n}?", "context": f"본문 {n * 7919}"} for n in range(3000)]
    parquet.write_table(pyarrow.Table.from_pylist(rows), path, compression="snappy", row_group_size=1024)
    start = parquet.ParquetFile(path).metadata.row_group(1).column(0).data_page_offset
    data = bytearray(path.read_bytes())
    data[start : start + 4000] = b"\xff" * 4000
    path.write_bytes(data)
    loaded = read_records(path)
    assert len(loaded) == 1024 and "damaged" in loaded.problems[0].what
    with pytest.raises(DataError, match="column 'contxet' is missing"):
        read_records(path, mapping={"question": "question", "context": "contxet"})


def test_own_records_that_another_program_wrote_as_structs(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    span = {"start": 0, "end": 1, "text": "가", "field": "text"}
    rows = [
        {"id": "1", "fields": {"text": "가"}, "spans": {"answers": [span]}, "labels": {"a": 1}},
        {"id": "2", "fields": {"text": "나", "title": "다"}, "spans": {}, "labels": {}},
    ]
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "a.parquet")
    first, second = read_records(tmp_path / "a.parquet").strict()
    assert dict(first.fields) == {"text": "가"} and first.answers[0].text == "가" and first.labels == {"a": 1}
    assert dict(second.fields) == {"text": "나", "title": "다"}
    broken = [{"id": "1", "fields": "{", "spans": "", "labels": ""}]
    parquet.write_table(pyarrow.Table.from_pylist(broken), tmp_path / "b.parquet")
    with pytest.raises(DataError, match="broken JSON"):
        read_records(tmp_path / "b.parquet")
