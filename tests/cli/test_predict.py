"""``gongbang predict`` gives what ``gongbang.load(...).predict`` gives."""

from __future__ import annotations

import json

import pytest

import gongbang
from gongbang.artifacts.predictions import prediction_from_dict
from gongbang.data.reading import read_records

pytestmark = pytest.mark.slow


def test_the_same_answers_as_from_python(call, made, reader, tmp_path):
    out = tmp_path / "answers.jsonl"
    called = call("predict", reader, "--data", made / "made.json", "--out", out, "--json")
    assert called.code == 0 and called.data["n"] == 180 and called.data["out"] == str(out)
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    expected = gongbang.load(reader).predict(read_records(made / "made.json").items)
    assert [prediction_from_dict(row) for row in rows] == expected
    assert rows[0]["candidates"][0]["text"] and len(rows[0]["candidates"]) > 1


def test_lines_on_stdout_without_a_file(call, made, reader):
    lines = call("predict", reader, "--data", made / "made.json").out.splitlines()
    assert len(lines) == 180 and json.loads(lines[0])["id"] == "0-0"
    called = call("predict", reader, "--data", made / "made.json", "--json")
    assert [row["id"] for row in called.data["predictions"]] == [json.loads(line)["id"] for line in lines]


def test_a_bad_row_loses_only_itself(call, reader, tmp_path):
    rows = [
        {"id": id_, "question": "어디인가?", "context": "강릉 공방이다.", "answers": [answer]}
        for id_, answer in (
            ("a", {"text": "강릉", "answer_start": 0}),
            ("b", {"text": "부산", "answer_start": 0}),
        )
    ]
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    called = call("predict", reader, "--data", file, "--json")
    assert called.code == 0 and called.data["n"] == 1 and called.data["problems"]["n"] == 1
    assert "rows.jsonl:2" in called.err


def test_what_cannot_be_used_is_told_in_four_lines(call, made, reader, tmp_path):
    for words, told in (
        (("no-such-artifact", "--data", made / "made.json"), "no artifact"),
        ((reader, "--data", tmp_path / "absent.json"), "absent.json"),
        ((reader, "--data", made / "made.json", "--out", tmp_path / "no" / "a.jsonl"), "cannot be written"),
        ((reader, "--data", made / "made.json", "--out", tmp_path), "cannot be written"),
        ((reader, "--data", made / "made.json", "--map", "question"), "PART=COLUMN"),
    ):
        called = call("predict", *words)
        assert called.code == 2 and len(called.lines) == 4 and told in called.err, called
