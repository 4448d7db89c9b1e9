"""``gongbang check``."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from tests.train.tiny import write_backbone, write_squad


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GONGBANG_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def data(tmp_path):
    return write_squad(tmp_path / "made.json", articles=4)


def test_the_report_counts_and_is_one_document(call, data):
    called = call("check", data, "--json")
    assert called.code == 0
    assert called.data["counts"]["records"] == 24 and called.data["counts"]["documents"] == 8
    assert called.data["lengths"]["question"]["n"] > 0 and called.data["ok"] is True


def test_the_page_is_written_with_its_plots(call, data, tmp_path):
    page = tmp_path / "new" / "report.html"
    called = call("check", data, "--out", page)
    assert called.code == 0 and str(page) in called.err
    html = page.read_text(encoding="utf-8")
    assert html.startswith("<!doctype html>") and "<svg" in html and "made.json" in html
    assert "records" in called.out and "nothing forbids training" in called.out


def test_leaks_into_every_other_set_are_found(call, data, tmp_path):
    apart = write_squad(tmp_path / "apart.json", articles=2, first=50)
    assert not call("check", data, "--against", apart, "--json").data["leaks"]["by_kind"]
    inside = write_squad(tmp_path / "inside.json", articles=1, first=3)
    called = call("check", data, "--against", apart, "--against", inside, "--json")
    assert called.data["leaks"]["by_kind"] and called.data["ok"] is False
    assert "mend the faults" in call("check", data, "--against", inside).out


def test_tokens_are_counted_with_a_tokenizer(call, data, tmp_path):
    backbone = write_backbone(tmp_path / "backbone")
    words = ("--tokenizer", backbone / "tokenizer.json", "--max-length", 24)
    tokens = call("check", data, *words, "--json").data["tokens"]
    assert tokens["max_length"] == 24 and tokens["truncated"]["share"] == 1.0
    assert "records over 24 tokens" in call("check", data, *words).out


@pytest.mark.slow
def test_an_artifact_brings_tokenizer_and_length(call, data, reader):
    tokens = call("check", data, "--artifact", reader, "--json").data["tokens"]
    assert tokens["max_length"] == 96


def test_bad_rows_are_told_and_counted(call, tmp_path):
    rows = [
        {"question": "어디?", "context": "강릉이다.", "answers": [{"text": "강릉", "answer_start": s}]}
        for s in (0, 1)
    ]
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    called = call("check", file, "--json")
    assert called.code == 2 and called.data["counts"]["problems"] == 1 and called.data["ok"] is False
    warned = called.err.splitlines()[:4]
    assert warned[0].startswith("warning: ") and "rows.jsonl:2" in warned[0]
    assert [line.split(":")[0] for line in warned[1:]] == ["value", "allowed", "cure"]


def test_faults_end_with_four_lines_behind_the_report(call, tmp_path):
    sound = {"question": "어디?", "context": "강릉이다.", "answers": [{"text": "강릉", "answer_start": 0}]}
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps(sound, ensure_ascii=False) + '\n{"question": "누구', encoding="utf-8")
    called = call("check", file)
    assert called.code == 2 and "records" in called.out and "mend the faults" in called.out
    assert "rows.jsonl: the data set has faults." in called.err.splitlines()[-4]
    file.write_text(json.dumps(sound, ensure_ascii=False), encoding="utf-8")
    assert call("check", file).code == 0


def test_columns_are_mapped(call, tmp_path):
    file = tmp_path / "qa.csv"
    file.write_text("q,passage,a\n어디?,강릉이다.,강릉\n", encoding="utf-8")
    words = ("--map", "question=q", "--map", "context=passage", "--map", "answer=a")
    assert call("check", file, *words, "--json").data["counts"]["answerable"] == 1


def test_what_cannot_be_checked_is_told_in_four_lines(call, data, tmp_path):
    empty, broken = tmp_path / "empty.json", tmp_path / "broken.json"
    empty.write_text("", encoding="utf-8")
    broken.write_text('{"data": [\n}', encoding="utf-8")
    for words, told in (
        ((tmp_path / "absent.json",), "absent.json"),
        ((empty,), "empty"),
        ((broken,), "broken.json:2"),
        ((data, "--task", "readr"), "no such task"),
        ((data, "--format", "squid"), "format"),
        ((data, "--tokenizer", broken), "not a tokenizer"),
        ((data, "--max-length", "64", "--task", "any"), "does nothing"),
        ((data, "--max-length", "0"), "too small"),
        ((data, "--tokenizer", broken, "--artifact", "x"), "not allowed with"),
        ((data, "--out", tmp_path), "overwrite a folder"),
        ((data, "--against", tmp_path / "absent.json"), "absent.json"),
    ):
        called = call("check", *words)
        assert called.code == 2 and len(called.lines) == 4 and told in called.err, called


@pytest.mark.shared
def test_a_public_set_is_sound(call, shared_data, tmp_path):
    file = shared_data / "qa" / "tydiqa-ko" / "korean_tydiqa_train.json"
    called = call("check", file, "--out", tmp_path / "tydi.html", "--json")
    assert called.code == 0 and called.data["counts"]["answerable"] == 1625


def test_a_readers_data_is_counted_with_the_bundled_tokenizer(call, data, tmp_path, monkeypatch):
    backbone = write_backbone(tmp_path / "backbone")
    known = {"reader-ko": tmp_path}
    monkeypatch.setattr("gongbang.artifacts.store.known_artifacts", lambda: known)
    opened = SimpleNamespace(file=lambda name: backbone / name, config={"max_length": 40})
    monkeypatch.setattr("gongbang.artifacts.format.open_artifact", lambda name: opened)
    assert call("check", data, "--json").data["tokens"]["max_length"] == 40
    assert call("check", data, "--max-length", 24, "--json").data["tokens"]["max_length"] == 24
    assert not call("check", data, "--task", "any", "--json").data["tokens"]
    known.clear()
    assert not call("check", data, "--json").data["tokens"]


def test_no_file_steers_the_terminal(call, tmp_path):
    broken, rows = tmp_path / "broken.json", tmp_path / "rows.jsonl"
    broken.write_text('{"a": \x1b[31mBAD}', encoding="utf-8")
    called = call("check", broken)
    assert called.code == 2 and len(called.lines) == 4 and "\\x1b[31mBAD" in called.err
    good = {"id": "a\x1b[2J", "question": "누구?", "context": "가", "answer": "가"}
    rows.write_text(
        "\n".join(json.dumps({**good, "id": id}) for id in ("a\x1b[2J", "b\x1b[2J")), encoding="utf-8"
    )
    shown = call("check", rows, "--task", "any")
    assert "\x1b" not in called.err + called.out + shown.out + shown.err and "a\\x1b[2J" in shown.out
