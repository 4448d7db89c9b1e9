"""``gongbang augment``: copies written with their lineage, filtered with reasons, judged and judged again."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from gongbang.augment.audit import content_hash
from gongbang.cli.main import main
from gongbang.data.reading import read_records

TEXTS = (
    "물레를 돌리던 손이 잠시 멈추고 창밖을 본다",
    "옻칠한 상자는 장마가 지나도 색이 변하지 않는다",
    "대장간 굴뚝에서 나는 연기로 바람을 짐작한다",
    "한지를 뜨는 집에서는 물소리가 종일 끊이지 않는다",
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "texts.jsonl"
    rows = [{"id": f"t{n}", "text": text, "label": "craft"} for n, text in enumerate(TEXTS)]
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return path


def _told(capsys: pytest.CaptureFixture[str], *words: object) -> dict[str, Any]:
    assert main(["augment", *map(str, words), "--json", "--quiet"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_copies_are_written_with_their_lineage(data: Path, capsys: pytest.CaptureFixture[str]):
    out = data.parent / "made.jsonl"
    told = _told(capsys, data, "--method", "eda-swap", "--ratio", "2", "--out", out)
    made = read_records(out).items
    assert told["written"] == len(made) == 8
    assert all(record.lineage and record.labels["label"] == "craft" for record in made)
    assert {record.fields["text"] for record in made}.isdisjoint(TEXTS)


def test_what_a_filter_drops_is_kept_with_its_reason(data: Path, capsys: pytest.CaptureFixture[str]):
    out = data.parent / "made.jsonl"
    words = (data, "--method", "eda-deletion", "--option", "share=0.4", "--out", out)
    told = _told(capsys, *words, "--filter", "length-ratio:least=0.99,most=1.01")
    dropped = (data.parent / "made.dropped.jsonl").read_text(encoding="utf-8").splitlines()
    assert told["written"] + len(dropped) == told["made"] and dropped
    assert all(
        json.loads(line)["filter"] == "length-ratio" and json.loads(line)["reason"] for line in dropped
    )


def test_a_copy_judged_bad_is_left_out_now_and_when_it_is_made_again(
    data: Path, capsys: pytest.CaptureFixture[str]
):
    out, sheet = data.parent / "made.jsonl", data.parent / "sheet.html"
    words = (data, "--method", "eda-swap", "--out", out)
    _told(capsys, *words, "--audit", sheet)
    made = read_records(out).items
    assert len(re.findall("<article", sheet.read_text(encoding="utf-8"))) == len(made)
    said = data.parent / "said.jsonl"
    verdict = {"key": content_hash(made[0]), "verdict": "bad", "note": "reads badly"}
    said.write_text(json.dumps(verdict), encoding="utf-8")
    told = _told(capsys, *words, "--verdicts", said)
    assert told["audit"]["dropped"] == 1 and made[0].id not in {r.id for r in read_records(out).items}
    said.unlink()
    assert _told(capsys, *words)["audit"]["dropped"] == 1  # the verdict is kept beside the copies


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--method", "eda-swop", "--out", "made.jsonl"), "Did you mean 'eda-swap'"),
        (("--method", "eda-swap", "--out", "made.csv"), "made.csv"),
        (("--method", "eda-swap", "--option", "share", "--out", "made.jsonl"), "key=value"),
        (("--method", "eda-swap", "--option", "shore=1", "--out", "made.jsonl"), "no such option"),
        (("--method", "eda-swap", "--filter", "lenght-ratio", "--out", "made.jsonl"), "length-ratio"),
        (("--method", "eda-swap", "--ratio", "-1", "--out", "made.jsonl"), "ratio"),
    ],
)
def test_what_cannot_be_used_is_told_and_nothing_is_written(
    data: Path,
    words: tuple[str, ...],
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.chdir(data.parent)
    assert main(["augment", str(data), *words]) == 2
    assert said in capsys.readouterr().err
    assert not list(data.parent.glob("made*"))
