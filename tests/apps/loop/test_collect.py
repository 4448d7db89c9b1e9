"""Versions of data sets: the same decisions give the same bytes, and what a suite holds out stays out."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from gongbang.apps.loop.collect import collect
from gongbang.apps.loop.judged import Decided, Judged
from gongbang.artifacts.datasets import Datasets, find_version
from gongbang.artifacts.suite import freeze_suite
from gongbang.data.reading import read_records
from gongbang.data.records import Record
from gongbang.data.splits import tied_parts
from gongbang.errors import ArtifactError

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def marked(feedback, right="no", *, origin="game", group=None, decision=None, task="boolq", context=None):
    """A decision about a question to a document of its own, or of the group."""
    document = group or f"문서 {feedback}"
    texts = {
        "question": f"{feedback}번 물음에 그러한가?",
        "context": context or f"{document}에는 {document}의 일만 적혀 있다.",
    }
    judged = Judged(
        origin,
        task,
        texts,
        "yes",
        good=False,
        correction=right,
        group=document,
        reference=f"r{feedback}",
        artifact="boolq-ko",
        artifact_id="ab" * 32,
        client="play",
    )
    number = decision or feedback
    return Decided(feedback, number, "correct", right, "min", NOON + timedelta(minutes=number), judged)


def files_of(version):
    return {path.name: path.read_bytes() for path in version.path.iterdir()}


def test_a_version_says_what_it_rests_on(tmp_path):
    version = collect([marked(1), marked(2, origin="ask")], tmp_path, task="boolq")
    manifest = version.manifest
    assert (version.number, manifest["records"], manifest["parent"]) == (1, 2, "")
    assert manifest["origins"] == {"ask": 1, "game": 1}
    assert manifest["rows"][0] == {
        "record": "feedback-1",
        "feedback": 1,
        "decision": 1,
        "action": "correct",
        "reviewer": "min",
        "at": "2026-11-02T12:01:00+00:00",
        "origin": "game",
        "lineage": "game:r1#1",
        "client": "play",
        "artifact": "boolq-ko",
        "artifact_id": "ab" * 32,
    }
    records = read_records(version.records, format="jsonl").strict()
    assert [record.id for record in records] == ["feedback-1", "feedback-2"]
    assert records[0].lineage == ("game:r1#1",) and records[0].labels["label"] == "no"


def test_the_same_decisions_give_the_same_bytes_in_whatever_order(tmp_path):
    rows = [marked(1), marked(2, origin="chat"), marked(3, "yes")]
    one = collect(rows, tmp_path / "a", task="boolq")
    other = collect(rows[::-1], tmp_path / "b", task="boolq")
    assert files_of(one) == files_of(other) and one.path.name == other.path.name
    again = collect(rows, tmp_path / "a", task="boolq")
    assert again.path == one.path and len(Datasets(tmp_path / "a" / "boolq").versions()) == 1


def test_versions_form_a_chain(tmp_path):
    first = collect([marked(1)], tmp_path, task="boolq")
    second = collect([marked(1), marked(2)], tmp_path, task="boolq")
    assert (second.number, second.manifest["parent"]) == (2, first.id)
    third = collect([marked(1), marked(2, "yes", decision=5)], tmp_path, task="boolq")  # a change of mind
    assert (third.number, third.manifest["parent"]) == (3, second.id)
    assert find_version(tmp_path / "boolq").id == third.id
    assert find_version(first.path).id == first.id
    (first.path / "records.jsonl").write_text("", encoding="utf-8")
    with pytest.raises(ArtifactError, match="changed after it was built"):
        find_version(tmp_path / "boolq")


def test_a_missing_link_is_told(tmp_path):
    first = collect([marked(1)], tmp_path, task="boolq")
    collect([marked(1), marked(2)], tmp_path, task="boolq")
    first.path.rename(tmp_path / "elsewhere")
    with pytest.raises(ArtifactError, match="do not follow each other"):
        find_version(tmp_path / "boolq")


def test_an_edited_manifest_is_refused(tmp_path):
    version = collect([marked(1)], tmp_path, task="boolq")
    path = version.path / "manifest.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    values["origins"] = {"ask": 1}
    path.write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(ArtifactError, match="changed after it was built"):
        find_version(version.path)


def test_a_folder_without_versions_says_how_to_make_one(tmp_path):
    with pytest.raises(ArtifactError, match="holds no version") as caught:
        find_version(tmp_path)
    assert "gongbang review export" in caught.value.cure


def test_what_a_suite_holds_out_never_enters(tmp_path):
    held = [
        Record(
            "s1", {"question": "그런가?", "context": "고래에 대한 글"}, labels={"label": "yes"}, group="고래"
        ),
        Record(
            "s2",
            {"question": "그런가?", "context": "소나무는 늘푸른 나무다."},
            labels={"label": "yes"},
            group="x",
        ),
    ]
    suite = freeze_suite(tmp_path / "suite", held, task="boolq")
    rows = [marked(1), marked(2, group="고래"), marked(3, context="“소나무”는 늘푸른 나무다")]
    version = collect(rows, tmp_path / "data", task="boolq", suites=[suite])
    assert [row["feedback"] for row in version.manifest["rows"]] == [1]
    out = {row["feedback"]: row["why"] for row in version.manifest["left_out"]}
    assert out == {
        2: "held out by the suite 'suite': the group of the suite's record 's1'",
        3: "held out by the suite 'suite': the text of the suite's record 's2'",
    }
    assert "고래" not in version.records.read_text(encoding="utf-8")


def test_of_two_decisions_about_the_same_words_the_last_counts(tmp_path):
    """Two players mark the same question to the same document, and are judged differently."""
    first, second = marked(1, "no", decision=9), marked(2, "yes", decision=4)
    texts = first.judged.texts
    second = Decided(2, 4, "correct", "yes", "min", NOON, Judged("game", "boolq", texts, "no", good=False))
    version = collect([first, second], tmp_path, task="boolq")
    (record,) = read_records(version.records).strict()
    assert (record.id, record.labels["label"]) == ("feedback-1", "no")
    assert version.manifest["left_out"] == [
        {"feedback": 2, "decision": 4, "why": "decided anew in feedback 1"}
    ]


def test_rows_of_one_document_or_talk_stay_together(tmp_path):
    rows = [marked(n, group=group) for n, group in enumerate(["고래", "매화", "고래", "매화", "한지"], 1)]
    records = read_records(collect(rows, tmp_path, task="boolq").records).strict()
    assert sorted(map(len, tied_parts(records))) == [1, 2, 2]


def test_each_task_has_its_own_data(tmp_path):
    rows = [marked(1), marked(2, "문서", task="reader")]
    assert collect(rows, tmp_path, task="boolq").manifest["records"] == 1
    assert collect(rows, tmp_path, task="reader").manifest["records"] == 1
    assert {path.name for path in tmp_path.iterdir()} == {"boolq", "reader"}
