"""``gongbang evaluate game``: how often the game answers rightly, with the encoder and without."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gongbang.artifacts.store import bundled
from tests.apps.twenty_questions.letters_encoder import Pairs
from tests.apps.twenty_questions.scripted import Scripted
from tests.cli.conftest import Call

DATA = bundled("samples") / "keywords" / "questions.jsonl"


class Answering(Scripted):
    """Answers by rule in the place of an artifact."""

    predictor: Any = None


@pytest.fixture(autouse=True)
def models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gongbang.apps.twenty_questions.load_answerer", lambda name: Answering())
    encoders = {None: None, "encoder-ko": Pairs()}
    monkeypatch.setattr("gongbang.runtime.encoder.load_encoder", encoders.__getitem__)


def test_it_tells_how_often_the_game_is_right_and_how_often_it_was(call: Call, tmp_path: Path):
    told = call("evaluate", "game", "--data", DATA, "--json", "--out", tmp_path / "out")
    assert told.code == 0, told.err
    result = json.loads(told.out)
    assert result["accuracy"] - result["baselines"]["before"]["accuracy"] == pytest.approx(
        result["gain"]["value"]
    )
    assert result["by_table"] > 0 and result["n"] == 153 and result["choosing"]["n"] == 162
    assert result["baselines"]["majority"]["accuracy"] == pytest.approx(4 / 9)
    kept = json.loads((tmp_path / "out" / "evaluation.json").read_text(encoding="utf-8"))
    assert kept["accuracy"] == result["accuracy"]
    predictions = (tmp_path / "out" / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(predictions) == 315


def test_it_is_told_in_lines(call: Call):
    told = call("evaluate", "game", "--data", DATA)
    assert "before" in told.out and "gained over before" in told.out and "ms a question" in told.out
    alone = call("evaluate", "game", "--data", DATA, "--no-dense")
    assert alone.code == 0 and "gained" not in alone.out and "0 answered by the table" in alone.out


@pytest.mark.parametrize("words", [("--limit", "3"), ("--stress",), ("--map", "question=q")])
def test_what_does_nothing_is_refused(call: Call, words: tuple[str, ...]):
    told = call("evaluate", "game", "--data", DATA, *words)
    assert told.code == 2 and words[0] in told.err


def test_questions_without_keywords_beside_them_are_refused(call: Call, tmp_path: Path):
    (tmp_path / "q.jsonl").write_text("{}\n", encoding="utf-8")
    told = call("evaluate", "game", "--data", tmp_path / "q.jsonl")
    assert told.code == 2 and "keywords" in told.err
