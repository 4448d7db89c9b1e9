"""The evidence sheet of runs, as facts, Markdown and HTML."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gongbang.artifacts.data_facts import DATA, data_facts, read_data_facts
from gongbang.artifacts.files import write_json
from gongbang.artifacts.report import COST, collect_evidence
from gongbang.artifacts.report_sections import report_sections
from gongbang.artifacts.run import Run
from gongbang.artifacts.sheet import Bullets, Link, Section, Table, to_html, to_markdown
from gongbang.data.records import Record
from gongbang.errors import OptionError
from tests.artifacts.labelled import label_run
from tests.artifacts.test_class_notebook import Page

GOLD = ["bad", "good"] * 20
HALF = ["bad"] * 40
ALMOST = ["good", *GOLD[1:]]
RECIPE = {
    "name": "reviews",
    "description": "Whether a review\nis good.",
    "backbone": "path:/home/me/secret/e5",
}
COSTS = {
    "seconds": 90.0, "training_seconds": 60.0, "steps": 1200, "examples_per_second": 41.25,
    "peak_memory": 2**31, "peak_gpu_memory": 0, "device": "cpu", "threads": 2,
}  # fmt: skip


@pytest.fixture
def runs(tmp_path: Path) -> list[Run]:
    first = label_run(tmp_path, "first", {**RECIPE, "epochs": 1}, HALF, GOLD)
    better = label_run(tmp_path, "better", {**RECIPE, "epochs": 2}, ALMOST, GOLD, parent=first)
    null = label_run(tmp_path, "null", {**RECIPE, "epochs": 3}, GOLD, GOLD, parent=better)
    write_json(null.path / COST, COSTS)
    records = [Record("1", {"text": "가"}, source="/home/me/reviews.tsv", licence="CC0-1.0", group="a")]
    write_json(null.path / DATA, data_facts({"trained on": records * 3, "test": records}))
    return [first, better, null]


def page_of(runs: list[Run]) -> str:
    return to_markdown("sheet", report_sections(collect_evidence(runs)))


def test_each_run_is_told_against_its_parent(runs: list[Run]):
    first, better, null = (each.id for each in runs)
    found = collect_evidence(runs)
    assert [(t.run, t.against, t.changed) for t in found.tried] == [
        (first, "", ()),
        (better, first, ("epochs: 1 → 2",)),
        (null, better, ("epochs: 2 → 3",)),
    ]
    assert found.tried[1].difference is not None
    assert found.tried[1].difference.value == pytest.approx(39 / 40 - 20 / 40)
    assert [each.run for each in found.nulls] == [null]
    assert (found.run, found.backbone) == (null, "e5")


def test_a_run_without_parent_stands_against_the_one_before(tmp_path: Path):
    a = label_run(tmp_path, "a", {**RECIPE, "epochs": 1}, HALF, GOLD)
    b = label_run(tmp_path, "b", {**RECIPE, "epochs": 2}, GOLD, GOLD)
    (tried,) = collect_evidence([a, b]).tried[1:]
    assert (tried.against, tried.parent) == (a.id, False)
    assert f"{a.id} (named before it)" in page_of([a, b])


def test_the_sheet_says_all_that_is_asked_of_it(runs: list[Run]):
    text = page_of(runs)
    for title in (
        "Problem · 문제", "Metric · 지표", "Data · 데이터", "Resources · 자원", "What was tried · 시도한 것",
        "What failed and why · 실패와 원인", "Null results · 효과가 없던 것", "Evidence · 근거",
    ):  # fmt: skip
        assert f"## {title}" in text
    assert "Whether a review is good." in text
    assert "over 40 records of the test part; to its right" in text and "\\+" not in text
    assert "| metric | value | 95 % interval | n | majority |" in text
    assert "| accuracy | 1.0000 |" in text and "| 0.5000 |" in text
    assert "| trained on | 3 | 1 |" in text and "| reviews.tsv | CC0-1.0 | 4 |" in text
    assert "| cpu | 1.5 | 1.0 | 1,200 | 41.2 | 2.0 |  |" in text
    assert "which includes zero." in text and "better |" in text and "no difference shown |" in text
    assert "/home/me" not in text


def test_what_is_wrong_is_told_by_kind_and_label(tmp_path: Path):
    text = page_of([label_run(tmp_path, "a", RECIPE, HALF, GOLD)])
    assert "20 of 40 are wrong." in text
    assert "| confused | 20 | 100 % |" in text
    assert "| good | bad | 20 |" in text
    assert "| good | 20 | 0.000 | 0.000 | 0.000 |" in text
    assert "no two of the runs could be compared" in text
    assert "No run kept its cost" in text and "keeps no counts" in text


def test_a_run_that_failed_is_told_with_its_error(runs: list[Run], tmp_path: Path):
    with (
        pytest.raises(ValueError, match="loss"),
        Run.create(tmp_path / "runs", {"task": "classify", **RECIPE, "epochs": 9}, "bad", parent=runs[0]),
    ):
        raise ValueError("loss is no number")
    broken = next(run for run in Run.list(tmp_path / "runs") if run.status == "failed")
    found = collect_evidence([*runs, broken])
    assert found.run == runs[-1].id  # the last one that was scored
    assert found.tried[-1].changed[0] == "epochs: 1 → 9"
    text = page_of([*runs, broken])
    assert "ValueError: loss is no number" in text and "not scored: failed" in text


def test_runs_scored_on_other_data_are_not_compared(runs: list[Run], tmp_path: Path):
    other = label_run(tmp_path, "other", {**RECIPE, "epochs": 3}, GOLD[:20], GOLD[:20])
    (tried,) = collect_evidence([runs[-1], other]).tried[1:]
    assert tried.difference is None and "other data" in tried.refused
    assert "not compared: the runs were scored on other data" in page_of([runs[-1], other])


def test_many_differences_are_warned_of(tmp_path: Path):
    many = [label_run(tmp_path, f"r{n}", {**RECIPE, "epochs": n}, GOLD, GOLD) for n in range(6)]
    assert "about one leaves out zero by chance" in page_of(many)
    assert "about one" not in page_of(many[:5])


def test_tasks_are_not_mixed(runs: list[Run], tmp_path: Path):
    other = label_run(tmp_path, "x", {"task": "boolq"}, GOLD, GOLD)
    with pytest.raises(OptionError, match="one task"):
        collect_evidence([*runs, other])
    with pytest.raises(OptionError, match="no run"):
        collect_evidence([])


def test_the_facts_are_plain_json(runs: list[Run]):
    body = json.loads(json.dumps(collect_evidence(runs).to_dict()))
    assert body["null_results"] == [runs[-1].id]
    assert body["tried"][1]["difference"]["value"] == pytest.approx(0.475)
    assert body["scores"]["primary"] == "accuracy" and body["costs"][runs[-1].id]["steps"] == 1200


def test_records_are_counted_by_part_source_and_licence(tmp_path: Path):
    records = [Record(str(n), {"text": "가"}, group=f"g{n % 2}") for n in range(3)]
    found = data_facts({"trained on": records, "test": []})
    assert found["parts"] == {
        "trained on": {"records": 3, "groups": 2},
        "test": {"records": 0, "groups": 0},
    }
    assert found["sources"] == [{"source": "unknown", "licence": "unknown", "records": 3}]
    assert read_data_facts(tmp_path) == {}


EVIL = '<script>alert(1)</script> | *a* `b` & "c"'
BLOCKS = (EVIL, Bullets((EVIL,)), Table((EVIL,), ((EVIL,), (Link(EVIL, 'a "b".html'),))))


def test_html_is_well_formed_and_escaped():
    text = to_html(EVIL, [Section(("a", "가"), BLOCKS)])
    page = Page()
    page.feed(text)
    assert page.open == [] and "script" not in page.tags
    assert page.loaded == ['a "b".html']


def test_markdown_is_escaped_and_keeps_its_columns():
    text = to_markdown(EVIL, [Section(("a", "가"), BLOCKS)])
    assert "<script" not in text
    cells = [line for line in text.splitlines() if line.startswith("| ")]
    assert all(line.replace("\\|", "").count("|") == 2 for line in cells)
    assert to_markdown("t", [Section(("a", "가"), ("# no heading",))]).endswith("\\# no heading\n")
