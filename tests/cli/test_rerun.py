"""``gongbang rerun``."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow


def test_scoring_the_checkpoint_again_agrees(call, made, reader_run):
    called = call("rerun", reader_run.path, "--evaluate-only", "--json")
    assert called.code == 0 and called.data["agree"] is True
    assert called.data["metrics"]["f1"]["difference"] == 0.0
    assert called.data["predictions"]["changed"] == [] and called.data["predictions"]["compared"] > 0


def test_training_again_agrees_and_leaves_a_run(call, made, reader_run, tmp_path):
    called = call("rerun", reader_run.path, "--root", tmp_path)
    assert called.code == 0
    assert "the number came out again" in called.out and str(tmp_path) in called.out
    assert "environment:" in called.out


def test_what_cannot_be_repeated_is_told_in_four_lines(call, made, reader_run, tmp_path):
    data = made / "made.json"
    before = data.read_bytes()
    try:
        data.write_bytes(before + b"\n")
        called = call("rerun", reader_run.path, "--evaluate-only")
        assert called.code == 2 and len(called.lines) == 4 and "changed since" in called.lines[0]
    finally:
        data.write_bytes(before)
    for words in (("absent", "--root", tmp_path), (reader_run.path, "--tolerance", "-1")):
        called = call("rerun", *words)
        assert called.code == 2 and len(called.lines) == 4
