"""Stamps of checks: they belong to a file's bytes and a task, and grow old."""

from __future__ import annotations

import json
import time

import pytest

from gongbang.artifacts.check_stamp import checked_recently, stamp_check
from gongbang.data.checks import check_records
from gongbang.data.records import Record


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("GONGBANG_CACHE", str(folder))
    return folder


def report(*labels: str):
    records = [Record(str(n), {"text": f"글 {n}"}, labels={"label": label}) for n, label in enumerate(labels)]
    return check_records(records, task="classify")


def file(path, text="가"):
    path.write_text(text, encoding="utf-8")
    return path


def test_a_checked_file_has_a_stamp_until_it_changes(tmp_path):
    path = file(tmp_path / "a.tsv")
    assert checked_recently([path], "classify") is None
    (stamp,) = stamp_check([path], report("x", "y"), "report.html")
    found = checked_recently([path], "classify")
    assert found == stamp and found.ok and found.report == "report.html"
    assert found.levels["note"] == sum(code in {"majority", "licence"} for code in found.codes)
    assert checked_recently([path], "boolq") is None
    renamed = path.rename(tmp_path / "b.tsv")
    assert checked_recently([renamed], "classify") == stamp
    file(renamed, "나")
    assert checked_recently([renamed], "classify") is None


def test_every_file_must_have_been_checked_and_a_fault_comes_first(tmp_path):
    one, two = file(tmp_path / "1.tsv", "하나"), file(tmp_path / "2.tsv", "둘")
    stamp_check([one], report("x", "x"))
    assert checked_recently([one, two], "classify") is None
    stamp_check([two], report("x", "y"))
    found = checked_recently([two, one], "classify")
    assert found is not None and not found.ok and found.codes[0] == "one_label"
    assert checked_recently([], "classify") is None


def test_a_folder_stands_for_its_files(tmp_path):
    folder = tmp_path / "parts"
    folder.mkdir()
    one, two = file(folder / "1.tsv", "하나"), file(folder / "2.tsv", "둘")
    stamp_check([folder], report("x", "y"))
    assert checked_recently([folder], "classify") and checked_recently([two, one], "classify")
    file(folder / "3.tsv", "셋")
    assert checked_recently([folder], "classify") is None


def test_an_old_a_broken_and_a_foreign_stamp_do_not_count(tmp_path, cache):
    path = file(tmp_path / "a.tsv")
    stamp_check([path], report("x", "y"))
    (kept,) = (cache / "checks").iterdir()
    row = json.loads(kept.read_text(encoding="utf-8"))
    for text in (
        json.dumps(row | {"time": time.time() - 31 * 86_400}),
        json.dumps(row | {"sha256": "0" * 64}),
        json.dumps({"task": "classify"}),
        "[]",
        "{",
    ):
        kept.write_text(text, encoding="utf-8")
        assert checked_recently([path], "classify") is None
    kept.write_text(json.dumps(row | {"time": time.time() - 29 * 86_400}), encoding="utf-8")
    assert checked_recently([path], "classify") is not None
    assert checked_recently([path], "classify", max_days=1) is None


def test_a_file_that_is_gone_and_a_cache_that_cannot_be_written(tmp_path, monkeypatch):
    assert checked_recently([tmp_path / "absent.tsv"], "classify") is None
    path = file(tmp_path / "a.tsv")
    monkeypatch.setenv("GONGBANG_CACHE", str(path / "below a file"))
    (stamp,) = stamp_check([path], report("x", "y"))
    assert stamp.ok and checked_recently([path], "classify") is None
