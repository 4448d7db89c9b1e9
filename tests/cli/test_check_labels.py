"""``gongbang check`` of labelled data."""

from __future__ import annotations

import pytest

from gongbang.artifacts.check_stamp import checked_recently
from gongbang.artifacts.predictions import write_predictions
from gongbang.tasks.base import Candidate, Prediction
from tests.data.test_record_suspects import reviews


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GONGBANG_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def data(tmp_path):
    records, _ = reviews(120, 6)
    rows = [f"{r.id}\t{r.fields['text']}\t{int(r.labels['label'] == 'positive')}" for r in records]
    path = tmp_path / "ratings.tsv"
    path.write_text("\n".join(["id\tdocument\tlabel", *rows]) + "\n", encoding="utf-8")
    return path


def test_a_labelled_file_is_checked_and_stamped(call, data, tmp_path):
    page = tmp_path / "report.html"
    assert checked_recently([data], "classify") is None
    called = call("check", data, "--task", "classify", "--out", page)
    assert called.code == 0 and "positive" in called.out and "doubtful" in called.out
    assert "answerable" not in called.out
    html = page.read_text(encoding="utf-8")
    assert "Label suspects" in html and "<svg" in html
    stamp = checked_recently([data], "classify")
    assert stamp is not None and stamp.ok and stamp.report == str(page) and "suspects" in stamp.codes
    assert checked_recently([data], "reader") is None


def test_faults_are_stamped_as_faults(call, data):
    with data.open("a", encoding="utf-8") as file:
        file.write("x\t\t1\n")
    assert call("check", data, "--task", "classify", "--json").code == 2
    stamp = checked_recently([data], "classify")
    assert stamp is not None and not stamp.ok and stamp.levels["fault"] == 1


def test_a_runs_predictions_doubt_labels(call, data, tmp_path):
    names = ("negative", "positive")
    rows = [line.split("\t") for line in data.read_text(encoding="utf-8").splitlines()[1:]]
    predictions = []
    for at, (id, _, label) in enumerate(rows):
        said = names[int(label)] if at else names[1 - int(label)]
        other = names[1 - names.index(said)]
        candidates = (Candidate(said, 0, 0, 2.0, 0.9), Candidate(other, 0, 0, 0.0, 0.1))
        predictions.append(Prediction(id, said, 0.9, candidates))
    write_predictions(tmp_path, predictions)
    words = ("check", data, "--task", "classify", "--oof", tmp_path, "--json")
    suspects = call(*words).data["suspects"]
    assert (suspects["how"], suspects["found"]) == ("run", 1)
    assert suspects["examples"][0]["id"] == rows[0][0]
    called = call("check", data, "--task", "classify", "--oof", tmp_path / "absent")
    assert called.code == 2 and "no predictions" in called.err and len(called.lines) == 4


def test_leaks_between_parts_are_found_for_labels_too(call, data, tmp_path):
    lines = data.read_text(encoding="utf-8").splitlines()
    part = tmp_path / "part.tsv"
    part.write_text("\n".join([lines[0], *lines[5:8]]), encoding="utf-8")
    called = call("check", data, "--task", "classify", "--against", part, "--json")
    assert called.code == 2 and called.data["leaks"]["by_kind"]["text"] == 3


def test_the_wrong_task_is_told_which_fits(call, data):
    called = call("check", data)
    assert called.code == 2 and "--task classify" in called.err and len(called.lines) == 4


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "task", "records"),
    [
        ("kobest/SentiNeg/train.tsv", "classify", 3649),
        ("kobest/BoolQ/dev.tsv", "boolq", 700),
        ("relation/re_ko_law_war.jsonl", "relation", 2429),
    ],
)
def test_public_sets_are_sound(call, shared_data, name, task, records, tmp_path):
    called = call("check", shared_data / name, "--task", task, "--out", tmp_path / "a.html", "--json")
    assert called.code == 0 and called.data["counts"]["records"] == records
    assert checked_recently([shared_data / name], task) is not None
