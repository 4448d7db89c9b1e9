"""Relations: two conventions of the second offset, and errors that tell them apart."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from gongbang.data.reading import read_records
from gongbang.data.records import Span
from gongbang.errors import DataError, SpanError
from tests.data.builders import write_json

SENTENCE = "장 씨는 옹기마을의 촌장이다."


def own(**changes):
    row = {
        "domain": "village",
        "sentence": SENTENCE,
        "subject": {"word": "장 씨", "start": 0, "end": 3, "type": "PER"},
        "object": {"word": "촌장", "start": 11, "end": 13, "type": "POH"},
        "label": "per:title",
    }
    return row | changes


def klue(**changes):
    row = {
        "guid": "klue-re-v1_dev_00001",
        "sentence": SENTENCE,
        "subject_entity": {"word": "장 씨", "start_idx": 0, "end_idx": 2, "type": "PER"},
        "object_entity": {"word": "촌장", "start_idx": 11, "end_idx": 12, "type": "POH"},
        "label": "per:title",
        "source": "wikipedia",
    }
    return row | changes


def lines(path, *rows):
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return path


def test_both_frames_give_the_same_spans(tmp_path):
    one = read_records(lines(tmp_path / "a.jsonl", own(), own(label="no_relation"))).strict()
    other = read_records(write_json(tmp_path / "b.json", [klue()], indent=1)).strict()
    for record in (one[0], other[0]):
        assert record.spans == {
            "subject": (Span(0, 3, "장 씨", "text"),),
            "object": (Span(11, 13, "촌장", "text"),),
        }
        assert record.fields == {"text": SENTENCE} and record.labels["label"] == "per:title"
        assert (record.labels["subject_type"], record.labels["object_type"]) == ("PER", "POH")
    assert one[0].group == one[1].group != one[0].id
    assert one[0].labels["domain"] == "village" and one[0].licence == "unknown"
    assert (other[0].id, other[0].source) == ("klue-re-v1_dev_00001", "KLUE-RE")


def test_klue_rows_may_stand_one_a_line_or_under_data(tmp_path):
    rows = [klue(), klue(guid="klue-re-v1_dev_00002")]
    for path in (lines(tmp_path / "a.jsonl", *rows), write_json(tmp_path / "b.json", {"data": rows})):
        assert len(read_records(path).strict()) == 2


def test_an_end_counted_the_other_way_is_named(tmp_path):
    inclusive = own(subject={"word": "장 씨", "start": 0, "end": 2, "type": "PER"})
    (problem,) = read_records(lines(tmp_path / "a.jsonl", own(), inclusive)).problems
    assert isinstance(problem, SpanError) and (problem.line, problem.field) == (2, "subject")
    assert problem.cure == "Write end 3: this end was counted the other way."
    exclusive = klue(object_entity={"word": "촌장", "start_idx": 11, "end_idx": 13, "type": "POH"})
    path = write_json(tmp_path / "b.json", [klue(), exclusive | {"guid": "klue-re-v1_dev_00002"}], indent=1)
    (problem,) = read_records(path).problems
    assert problem.cure == "Write end_idx 12: this end was counted the other way."
    text = path.read_text(encoding="utf-8").split("\n")
    assert problem.field == "[1].object_entity" and problem.line is not None
    assert (
        "klue-re-v1_dev_00002" in "\n".join(text[problem.line - 1 :])
        and "00001" not in text[problem.line - 1]
    )


def test_a_shifted_word_is_told_where_it_stands(tmp_path):
    shifted = own(object={"word": "촌장", "start": 9, "end": 11, "type": "POH"})
    absent = own(object={"word": "이장", "start": 11, "end": 13, "type": "POH"})
    first, second = read_records(lines(tmp_path / "a.jsonl", own(), shifted, absent)).problems
    assert first.cure == "The word stands at 11: write start 11, end 13." and first.line == 2
    assert "not in the sentence" in second.cure and second.line == 3


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"subject": "장 씨"}, "subject"),
        ({"object": {"word": "촌장", "start": 11, "end": 13}}, "object"),
        ({"object": {"word": "촌장", "start": "가", "end": 13, "type": "POH"}}, "object.start"),
        ({"sentence": ""}, "sentence"),
        ({"label": None}, "label"),
    ],
)
def test_other_bad_rows_are_located(tmp_path, changes, field):
    (problem,) = read_records(lines(tmp_path / "a.jsonl", own(), own(**changes), own())).problems
    assert (problem.line, problem.field) == (2, field)


def test_a_named_format_needs_a_list(tmp_path):
    with pytest.raises(DataError, match="no list of rows"):
        read_records(write_json(tmp_path / "a.json", {"data": {}}, indent=1), format="klue-re")


@pytest.mark.shared
def test_the_public_relations_are_read_whole(shared_data):
    records = read_records(shared_data / "relation/re_ko_law_war.jsonl").strict()
    assert len(records) == 2429 and len({r.labels["label"] for r in records}) == 18
    assert Counter(r.labels["domain"] for r in records) == {"war": 1472, "law": 957}
    assert {r.licence for r in records} == {"CC BY-SA 3.0"}
