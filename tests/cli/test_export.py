"""``gongbang export``: from a run to an artifact that predicts."""

from __future__ import annotations

import json

import pytest

from gongbang.artifacts.format import open_artifact

pytestmark = pytest.mark.slow


def test_a_run_becomes_an_artifact_that_predicts(call, made, reader_run, tmp_path):
    out = tmp_path / "reader-made"
    called = call("export", reader_run.path, "--out", out, "--gate", 100, "--limit", 20, "--json")
    assert called.code == 0
    data = called.data
    assert (
        data["artifact"] == str(out)
        and data["quantised"].startswith("int8")
        and data["metric"] == "exact_match"
    )
    assert data["bytes"] == open_artifact(out).manifest.bytes
    assert len(data["parity"]) == 3 and max(data["parity"].values()) < 2e-3
    assert data["loss"] == pytest.approx(data["torch"] - data["exported"])
    answers = call("predict", out, "--data", made / "made.json").out.splitlines()
    assert len(answers) == 180 and json.loads(answers[0])["candidates"]


def test_unquantised_weights_and_a_table_for_people(call, reader_run, tmp_path):
    out = tmp_path / "plain"
    called = call("export", reader_run.path, "--out", out, "--quantise", "none", "--limit", 20)
    assert called.code == 0 and "float32" in called.out and "model.onnx" in called.out
    again = call("export", reader_run.path, "--out", out, "--quantise", "none", "--limit", 20)
    assert again.code == 2 and "already stands" in again.lines[-4]


def test_what_cannot_be_exported_is_told_in_four_lines(call, reader_run, tmp_path):
    out = tmp_path / "out"
    for words, told in (
        (("absent", "--root", tmp_path, "--out", out), "no such run"),
        ((reader_run.path,), "--out"),
        ((reader_run.path, "--out", out, "--quantise", "int4"), "invalid choice"),
        ((reader_run.path, "--out", out, "--gate", "-1"), "negative"),
        ((reader_run.path, "--out", out, "--gate", "1", "--quantise", "none"), "does nothing"),
        ((reader_run.path, "--out", out, "--limit", "0"), "limit"),
    ):
        called = call("export", *words)
        assert called.code == 2 and len(called.lines) == 4 and told in called.err, called
        assert not out.exists()
