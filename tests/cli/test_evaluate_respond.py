"""``gongbang evaluate respond``: what it prints of a file of pairs, and the options that it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.apps.test_evaluate_respond import Overlap
from tests.tasks.dialogues import dialogues, tokenizer

__all__ = ["tokenizer"]


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    path = tmp_path / "pairs.csv"
    rows = [f"{r.fields['context']},{r.fields['response']},0" for r in dialogues(40)]
    path.write_text("\n".join(["Q,A,label", *rows, "빈 대답,,0"]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def responder(monkeypatch: pytest.MonkeyPatch, tokenizer: Any) -> list[tuple[Any, Any]]:
    """Whatever is loaded counts shared letters; what was asked for is kept."""
    loaded: list[tuple[Any, Any]] = []

    def load(name: Any, *, task: Any = None) -> Overlap:
        loaded.append((name, task))
        return Overlap(tokenizer)

    monkeypatch.setattr("gongbang.runtime.load.load", load)
    return loaded


def test_pairs_are_measured_with_intervals(call, pairs, responder, tmp_path):
    words = ("evaluate", "respond", "--data", pairs, "--candidates", 10)
    called = call(*words, "--artifact", "mine", "--out", tmp_path / "out", "--json")
    assert called.code == 0 and responder == [("mine", "respond")]
    found = called.data
    assert {"r@1", "r@5", "mrr", "n", "intervals", "baselines"} <= set(found)
    assert (found["n"], found["candidates"], found["drawn"]) == (40, 10, "random")
    assert found["problems"]["n"] == 1 and found["problems"]["first"][0]["line"] == 42
    low, high = found["intervals"]["mrr"]
    assert low <= found["mrr"] <= high
    assert (tmp_path / "out" / "predictions.jsonl").is_file()
    hard = call(*words, "--hard", "--limit", 12, "--json").data
    assert (hard["n"], hard["drawn"]) == (12, "neighbours")
    assert responder[-1] == ("respond-ko", "respond")
    shown = call(*words)
    assert "mrr" in shown.out and "0." in shown.out and "most frequent" in shown.out


@pytest.mark.parametrize("flag", [("--top-k", 3), ("--stress",), ("--no-dense",), ("--rerank",)])
def test_options_of_other_measurements_are_refused(call, pairs, responder, flag):
    refused = call("evaluate", "respond", "--data", pairs, *flag)
    assert refused.code == 2 and len(refused.lines) == 4 and flag[0] in refused.err
    assert "--candidates" in refused.err


@pytest.mark.parametrize("flag", [("--candidates", 5), ("--hard",)])
def test_other_measurements_refuse_its_options(call, pairs, flag):
    refused = call("evaluate", "reader", "--data", pairs, *flag)
    assert refused.code == 2 and flag[0] in refused.err


def test_a_file_of_another_kind_is_refused(call, responder, tmp_path):
    path = tmp_path / "texts.csv"
    path.write_text("text,label\n좋다,1\n", encoding="utf-8")
    refused = call("evaluate", "respond", "--data", path)
    assert refused.code == 2 and "has no context" in refused.err
