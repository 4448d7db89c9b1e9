"""``gongbang stickers``: turn by turn, with the emotions behind each sticker."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gongbang.cli.main import main
from gongbang.tasks.base import Candidate, Prediction

ROWS = [
    {"id": "tears", "name": "눈물 흘리는 얼굴", "keywords": ["눈물", "슬픔", "위로"], "picture": "😢"},
    {"id": "smile", "name": "미소 짓는 얼굴", "keywords": ["미소", "행복", "기쁨"], "picture": "🙂"},
    {"id": "party", "name": "폭죽", "keywords": ["파티", "축하", "기쁨"], "picture": "🎉"},
]


class Feels:
    """Joy where a text says so, else sadness."""

    def predict(self, records: list[Any]) -> list[Prediction]:
        found = []
        for record in records:
            joy = 0.9 if "기뻐" in record.fields["text"] else 0.1
            parts = [Candidate("기쁨", 0, 0, 0.0, joy), Candidate("슬픔", 0, 0, 0.0, 1 - joy)]
            found.append(Prediction(record.id, "", joy, tuple(sorted(parts, key=lambda c: -c.probability))))
        return found


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("gongbang.runtime.load.load", lambda name, **_: Feels())
    path = tmp_path / "stickers.jsonl"
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS), encoding="utf-8")
    return path


def test_each_turn_has_its_emotions_and_stickers_and_none_comes_back(
    catalogue: Path, capsys: pytest.CaptureFixture[str]
):
    words = ["stickers", "정말 기뻐", "또 기뻐", "울었다", "--catalogue", str(catalogue), "--k", "1"]
    assert main([*words, "--json", "--quiet"]) == 0
    turns = json.loads(capsys.readouterr().out)["turns"]
    shown = [[sticker["id"] for sticker in turn["stickers"]] for turn in turns]
    assert set(shown[0] + shown[1]) == {"smile", "party"} and shown[2] == ["tears"]
    assert turns[0]["emotions"][0]["name"] == "기쁨" and turns[0]["stickers"][0]["reason"]


def test_without_a_text_or_with_a_broken_catalogue_it_says_what_is_wrong(
    catalogue: Path, capsys: pytest.CaptureFixture[str]
):
    catalogue.write_text('{"name": 3}\n', encoding="utf-8")
    assert main(["stickers", "기뻐", "--catalogue", str(catalogue)]) == 2
    assert "stickers.jsonl" in capsys.readouterr().err
    assert main(["stickers", "기뻐", "--catalogue", str(catalogue.parent / "none.jsonl")]) == 2
    assert "none.jsonl" in capsys.readouterr().err
