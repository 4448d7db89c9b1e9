"""``gongbang report``."""

from __future__ import annotations

import pytest

from tests.artifacts.labelled import label_run

GOLD = ["bad", "good"] * 10
RECIPE = {"name": "reviews", "description": "Whether a review is good."}


@pytest.fixture
def runs(tmp_path):
    first = label_run(tmp_path, "first", {**RECIPE, "epochs": 1}, ["bad"] * 20, GOLD)
    second = label_run(tmp_path, "second", {**RECIPE, "epochs": 2}, GOLD, GOLD, parent=first)
    return tmp_path / "runs", first, second


def test_a_sheet_is_written_in_both_forms_with_links_to_the_notebooks(call, runs, tmp_path):
    root, first, _ = runs
    for name, link in ("sheet.md", f"](<../runs/{first.id}/notebook.html>)"), (
        "sheet.html", f'href="../runs/{first.id}/notebook.html"'
    ):  # fmt: skip
        out = tmp_path / "sheets" / name
        called = call("report", "first", "second", "--root", root, "--out", out)
        assert called.code == 0 and str(out) in called.out
        text = out.read_text(encoding="utf-8")
        assert "Whether a review is good." in text and "epochs: 1 → 2" in text and link in text
        assert (out.parent / ".." / "runs" / first.id / "notebook.html").is_file()


def test_without_a_file_it_is_printed_and_json_gives_the_facts(call, runs):
    root, first, second = runs
    assert call("report", "second", "--root", root).out.startswith("# Evidence sheet: reviews")
    data = call("report", "first", "second", "--root", root, "--json").data
    assert data["run"] == second.id and data["out"] is None
    assert data["tried"][1]["against"] == first.id and data["tried"][1]["null"] is False


def test_another_format_is_refused_before_anything_is_read(call, runs):
    root, *_ = runs
    called = call("report", "no such run", "--root", root, "--out", "sheet.pdf")
    assert called.code == 2 and "this format" in called.lines[0] and len(called.lines) == 4
    called = call("report", "no such run", "--root", root)
    assert called.code == 2 and "no such run" in called.lines[0]
