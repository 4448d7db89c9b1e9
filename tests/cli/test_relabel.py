"""``gongbang relabel``: what several models make of a record's label, with the reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gongbang.artifacts.predictions import write_predictions
from gongbang.cli.main import main
from gongbang.data.reading import read_records
from gongbang.tasks.base import Prediction

ROWS = {"a": ("맑다", "good"), "b": ("흐리다", "good"), "c": ("모르겠다", "good")}
SAID = (("good", "bad", "good"), ("good", "bad", "bad"), ("good", "bad", "bad"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    lines = [{"id": id, "text": text, "label": label} for id, (text, label) in ROWS.items()]
    path.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), encoding="utf-8")
    for number, said in enumerate(SAID):
        folder = tmp_path / f"run-{number}"
        folder.mkdir()
        sure = (0.9, 0.95, 0.6)
        write_predictions(folder, [Prediction(*row) for row in zip(ROWS, said, sure, strict=True)])
    return path


def _members(data: Path, count: int = 3) -> list[str]:
    return [word for n in range(count) for word in ("--by", str(data.parent / f"run-{n}"))]


def test_labels_are_kept_replaced_and_dropped_with_the_reason(data: Path, capsys: pytest.CaptureFixture[str]):
    out = data.parent / "left.jsonl"
    assert main(["relabel", str(data), *_members(data), "--out", str(out), "--json", "--quiet"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["keep"], told["relabel"], told["drop"]) == (1, 1, 1)
    left = {record.id: record.labels["label"] for record in read_records(out).items}
    assert left == {"a": "good", "b": "bad"}
    reasons = [json.loads(line) for line in Path(told["decisions"]).read_text(encoding="utf-8").splitlines()]
    assert {row["id"]: row["action"] for row in reasons} == {"a": "keep", "b": "relabel", "c": "drop"}
    assert all(row["reason"] for row in reasons)


def test_a_lower_bar_relabels_what_was_dropped(data: Path, capsys: pytest.CaptureFixture[str]):
    out = data.parent / "left.jsonl"
    words = ["relabel", str(data), *_members(data), "--out", str(out), "--json", "--quiet"]
    assert main([*words, "--relabel", "0.6", "--confidence", "0.5"]) == 0
    assert json.loads(capsys.readouterr().out)["relabel"] == 2


@pytest.mark.parametrize(
    ("count", "more", "said"),
    [
        (1, [], "at least two"),
        (2, ["--keep", "1.5"], "no share"),
        (2, ["--out", "left.csv"], "left.csv"),
        (2, ["--by", "no-such-artifact"], "no-such-artifact"),
    ],
)
def test_what_cannot_be_used_is_told(
    data: Path, count: int, more: list[str], said: str, capsys: pytest.CaptureFixture[str]
):
    words = ["relabel", str(data), *_members(data, count), "--out", str(data.parent / "left.jsonl"), *more]
    assert main(words) == 2
    assert said in capsys.readouterr().err
    assert not (data.parent / "left.jsonl").exists()
