from __future__ import annotations

import json

import pytest

from gongbang.data.readers import squad as squad_reader
from gongbang.data.reading import documents_of, read_records
from gongbang.data.sources import document_id
from gongbang.errors import DataError, SpanError
from tests.data.builders import CONTEXT, qas, squad, write_json


def test_a_question_becomes_a_record(tmp_path):
    record = read_records(write_json(tmp_path / "mine.json", squad(title="옛_대장간"))).strict()[0]
    assert record.id == "q1"
    assert dict(record.fields) == {
        "question": "대장장이는 누구인가?",
        "context": CONTEXT,
        "title": "옛 대장간",
    }
    assert [(s.start, s.end, s.text, s.field) for s in record.answers] == [(25, 28, "김쇠돌", "context")]
    assert record.group == "옛_대장간"
    assert record.labels["document"] == document_id(CONTEXT)
    assert (record.source, record.licence) == ("mine.json", "unknown")


@pytest.mark.parametrize(
    ("name", "version", "id", "source", "licence"),
    [
        ("a.json", "KorQuAD_v1.0_train", "1", "KorQuAD 1.0", "CC BY-ND 2.0 KR"),
        ("a.json", "", "korean--5252295675424886259-0", "TyDi QA GoldP", "Apache-2.0"),
        ("xquad.hi.json", "1.1", "56beb4343aeaaa14008c925b", "XQuAD", "CC BY-SA 4.0"),
        ("a.json", "klue-mrc-v1.1_dev", "1", "KLUE-MRC", "CC BY-SA 4.0"),
    ],
)
def test_known_sets_carry_their_licence(tmp_path, name, version, id, source, licence):
    value = squad(id=id) | {"version": version}
    record = read_records(write_json(tmp_path / name, value)).items[0]
    assert (record.source, record.licence) == (source, licence)


def test_a_span_off_by_one_is_kept_out_with_its_place_and_the_right_offset(tmp_path):
    value = squad(start=26)
    qas(value).append({"id": "q2", "question": "어디?", "answers": [{"text": "마을", "answer_start": 5}]})
    path = write_json(tmp_path / "off.json", value, indent=1)
    loaded = read_records(path)
    assert [record.id for record in loaded] == ["q2"]
    (problem,) = loaded.problems
    assert isinstance(problem, SpanError)
    assert problem.line == next(
        n for n, row in enumerate(path.read_text("utf-8").split("\n"), 1) if '"q1"' in row
    )
    assert problem.field == "data[0].paragraphs[0].qas[0].answers"
    assert "25" in problem.cure and "-1" in problem.cure
    assert problem.what.startswith(f"{path}:{problem.line}: ") and problem.what.count("field") == 1
    with pytest.raises(SpanError):
        loaded.strict()


def test_no_answer_keeps_its_plausible_answers_apart(tmp_path):
    value = squad()
    qas(value)[0] |= {"is_impossible": True, "answers": []}
    qas(value)[0]["plausible_answers"] = [{"text": "대장간", "answer_start": 0}]
    record = read_records(write_json(tmp_path / "a.json", value)).strict()[0]
    assert record.spans["answers"] == ()
    assert record.spans["plausible_answers"][0].text == "대장간"
    assert record.labels["is_impossible"] is True


def test_an_empty_answer_list_must_say_why(tmp_path):
    value = squad()
    qas(value).append({"id": "q2", "question": "왜?", "answers": []})
    (problem,) = read_records(write_json(tmp_path / "a.json", value)).problems
    assert "is_impossible" in problem.cure


def test_klue_mrc_guid_and_labels(tmp_path):
    value = squad()
    row = qas(value)[0]
    row["guid"] = row.pop("id").replace("q1", "klue-mrc-v1_train_00001")
    row["question_type"] = 2
    value["data"][0] |= {"news_category": "종합", "source": "hankyung"}
    record = read_records(write_json(tmp_path / "a.json", value), "klue-mrc").strict()[0]
    assert record.id == "klue-mrc-v1_train_00001"
    assert record.labels["question_type"] == 2
    assert record.labels["source"] == "hankyung"
    assert record.licence == "CC BY-SA 4.0"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda row: row.pop("question"), "qas[0]"),
        (lambda row: row.update(question=7), "qas[0].question"),
        (lambda row: row.update(question="  "), "qas[0].question"),
        (lambda row: row.update(answers="김쇠돌"), "qas[0].answers"),
        (lambda row: row.update(answers=["김쇠돌"]), "qas[0].answers[0]"),
        (lambda row: row["answers"][0].pop("answer_start"), "qas[0].answers[0].answer_start"),
        (lambda row: row["answers"][0].update(answer_start="x"), "qas[0].answers[0].answer_start"),
        (lambda row: row.pop("id"), "qas[0]"),
    ],
)
def test_every_fault_of_a_row_is_located_and_the_rest_is_kept(tmp_path, change, field):
    value = squad()
    qas(value).append({"id": "q2", "question": "어디?", "answers": [{"text": "마을", "answer_start": 5}]})
    change(qas(value)[0])
    loaded = read_records(write_json(tmp_path / "a.json", value))
    assert [record.id for record in loaded] == ["q2"]
    (problem,) = loaded.problems
    assert problem.field == f"data[0].paragraphs[0].{field}"
    assert len(problem.lines()) == 4 and all(problem.lines())


def test_a_repeated_id_keeps_the_first(tmp_path):
    value = squad()
    qas(value).append({"id": "q1", "question": "어디?", "answers": [{"text": "마을", "answer_start": 5}]})
    loaded = read_records(write_json(tmp_path / "a.json", value))
    assert [record.fields["question"] for record in loaded] == ["대장장이는 누구인가?"]
    assert "twice" in loaded.problems[0].what


def test_broken_json_names_line_and_column(tmp_path):
    path = tmp_path / "broken.json"
    path.write_text('{"version": "1.1",\n "data": [\n  {"title" "빠진 쌍점"}]}', encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_records(path)
    assert caught.value.line == 3
    assert "column 12" in caught.value.what


def test_a_truncated_file_is_broken_json(tmp_path):
    path = tmp_path / "cut.json"
    path.write_text(json.dumps(squad())[:90], encoding="utf-8")
    with pytest.raises(DataError, match="broken JSON"):
        read_records(path)


def test_one_document_id_for_one_context(tmp_path):
    value = squad()
    paragraphs = value["data"][0]["paragraphs"]
    again = json.loads(json.dumps(paragraphs[0]))
    again["qas"][0]["id"] = "q2"
    other = json.loads(json.dumps(paragraphs[0]))
    other["context"] += " 끝."
    other["qas"][0]["id"] = "q3"
    paragraphs += [again, other]
    records = read_records(write_json(tmp_path / "a.json", value)).strict()
    assert records[0].labels["document"] == records[1].labels["document"] != records[2].labels["document"]
    assert [d.id for d in documents_of(records)] == [
        records[0].labels["document"],
        records[2].labels["document"],
    ]


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "records", "documents"),
    [
        ("korquad1/KorQuAD_v1.0_dev_112.json", 4640, 782),
        ("tydiqa-ko/korean_tydiqa_train.json", 1625, 1269),
        ("xquad/xquad.en.json", 1190, 240),
        ("xquad/xquad.hi.json", 1190, 240),
    ],
)
def test_public_sets_are_read_whole(shared_data, name, records, documents):
    loaded = read_records(shared_data / "qa" / name)
    assert (len(loaded), loaded.problems, len(documents_of(loaded))) == (records, [], documents)
    for record in loaded:
        context = record.fields["context"]
        assert record.answers and all(context[s.start : s.end] == s.text for s in record.answers)


@pytest.mark.shared
def test_tydi_keeps_its_stray_markup_and_xquad_its_translations_together(shared_data):
    tydi = read_records(shared_data / "qa/tydiqa-ko/korean_tydiqa_train.json").items
    assert any("</b>" in record.fields["context"] for record in tydi)
    english = read_records(shared_data / "qa/xquad/xquad.en.json").items
    chinese = read_records(shared_data / "qa/xquad/xquad.zh.json").items
    assert {r.id: r.group for r in english} == {r.id: r.group for r in chinese}


def test_half_a_character_is_kept_out(tmp_path):
    value = squad()
    qas(value).append(
        {"id": "q2", "question": "무슨 그림 \ud83d?", "answers": [{"text": "마을", "answer_start": 5}]}
    )
    path = tmp_path / "a.json"
    path.write_text(json.dumps(value), encoding="utf-8")
    loaded = read_records(path)
    assert [record.id for record in loaded] == ["q1"]
    assert "half a character" in loaded.problems[0].what


def test_every_fault_is_placed_by_its_own_line_not_by_an_equal_id(tmp_path):
    context = f"{CONTEXT} 3"
    value = squad(context)
    qas(value)[0]["answers"] = [{"text": "3", "answer_start": context.index("3")}]
    qas(value).append({"id": "3", "question": "어디?", "answers": [{"text": "마을", "answer_start": 6}]})
    value["data"].append({"title": "빈 글", "paragraphs": "없음"})
    path = write_json(tmp_path / "a.json", value, indent=1)
    rows = path.read_text("utf-8").split("\n")
    first, second = read_records(path).problems
    assert '"id": "3"' in rows[first.line - 1] and '"빈 글"' in rows[second.line - 1]


def test_placing_many_faults_reads_the_file_once(tmp_path, monkeypatch):
    value = squad()
    qas(value)[:] = [{**qas(value)[0], "id": f"q{n}", "answers": []} for n in range(50)]
    calls = []
    found = squad_reader.object_lines
    monkeypatch.setattr(squad_reader, "object_lines", lambda text: calls.append(1) or found(text))
    with pytest.raises(DataError, match="50 rows"):
        read_records(write_json(tmp_path / "a.json", value))
    assert len(calls) == 1


@pytest.mark.parametrize(("mark", "none"), [("false", False), ("true", True), (0, False), (True, True)])
def test_a_mark_in_words_counts_as_it_reads(tmp_path, mark, none):
    value = squad()
    qas(value)[0]["is_impossible"] = mark
    record = read_records(write_json(tmp_path / "a.json", value)).strict()[0]
    assert (record.answers == ()) is none


@pytest.mark.shared
def test_a_folder_of_translations_is_read_whole(shared_data):
    loaded = read_records(shared_data / "qa" / "xquad")
    assert (len(loaded), loaded.problems) == (4 * 1190, [])
    assert len({record.id for record in loaded}) == 4 * 1190
