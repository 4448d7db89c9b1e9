"""``gongbang chat``: the sample of answers, a file, a database, and what cannot be used."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gongbang.cli.main import main
from tests.apps.talk import Letters


@pytest.fixture(autouse=True)
def responder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Letters in the place of a model, and a cache of the test's own."""
    details = {"chat": {"response_weight": 2.0, "question_weight": 10.0, "bias": -6.0}}
    artifact = SimpleNamespace(manifest=SimpleNamespace(details=details))
    monkeypatch.setattr("gongbang.runtime.load.load", lambda name, **_: SimpleNamespace(artifact=artifact))
    monkeypatch.setattr("gongbang.runtime.responder.ArtifactResponder", lambda predictor: Letters())
    monkeypatch.setattr("gongbang.artifacts.store.cache_folder", lambda: tmp_path / "cache")


def _turns(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    assert main(["chat", *words, "--json", "--quiet"]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["turns"]
    return found


def test_the_sample_answers_its_own_questions(capsys: pytest.CaptureFixture[str]):
    turns = _turns(capsys, "--say", "공방은 몇 시에 열어요?", "--say", "주차할 수 있어요?", "--explain")
    assert [turn["kind"] for turn in turns] == ["answer", "answer"]
    assert "아침 열 시" in turns[0]["text"] and "뒤뜰" in turns[1]["text"]
    assert turns[0]["candidates"][0]["question_score"] > turns[0]["candidates"][1]["question_score"]


def test_a_threshold_makes_it_ask_back(capsys: pytest.CaptureFixture[str]):
    turn = _turns(capsys, "--say", "공방은 몇 시에 열어요?", "--threshold", "1.0")[0]
    assert turn["kind"] == "clarify" and len(turn["questions"]) == 2


def test_a_file_and_a_database_are_chatted_over(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    pytest.importorskip("sqlalchemy")
    from gongbang.serve.database.answers import Answers
    from gongbang.serve.database.migrate import upgrade
    from gongbang.serve.database.rows import Draft
    from gongbang.serve.database.store import Store

    file = tmp_path / "mine.csv"
    file.write_text("Q,A\n배는 몇 시에 떠나요?,배는 일곱 시에 떠나요.\n", encoding="utf-8")
    assert "일곱 시" in _turns(capsys, "--answers", str(file), "--say", "배는 몇 시에 떠나요?")[0]["text"]
    url = f"sqlite:///{tmp_path / 'answers.db'}"
    upgrade(url)
    with Store(url) as store:
        Answers(store).create(Draft(text="배는 여덟 시에 떠나요.", question="배는 몇 시에 떠나요?"))
    assert "여덟 시" in _turns(capsys, "--answers", url, "--say", "배는 몇 시에 떠나요?")[0]["text"]


def test_what_cannot_be_used_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    assert main(["chat", "--answers", str(tmp_path / "none.csv"), "--say", "안녕"]) == 2
    assert "none.csv" in capsys.readouterr().err
    assert main(["chat", "--say", "  "]) == 2
    assert "1 to 2000" in capsys.readouterr().err
    assert main(["chat", "--say", "안녕", "--threshold", "7"]) == 2
    assert "threshold" in capsys.readouterr().err


def test_the_text_shows_what_was_found(capsys: pytest.CaptureFixture[str]):
    assert main(["chat", "--say", "주차할 수 있어요?", "--explain", "--quiet"]) == 0
    told = capsys.readouterr().out
    assert "> 주차할 수 있어요?" in told and "confidence" in told and "question 1.00" in told
