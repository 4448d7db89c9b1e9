"""``gongbang keys`` and the settings of ``gongbang serve``, as they are typed."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
import yaml

from gongbang.cli.main import main

pytest.importorskip("fastapi")
pytest.importorskip("prometheus_client")


def test_a_key_is_added_to_a_file_and_its_secret_kept_nowhere(capsys, tmp_path: Path):
    file = tmp_path / "serve.yaml"
    file.write_text("# ours\nport: 9000\n", encoding="utf-8")
    secrets = []
    for name, scope in (("shop", "read"), ("boss", "admin")):
        words = ["keys", "new", "--name", name, "--scope", scope, "--file", str(file), "--rate", "2.5"]
        assert main([*words, "--quiet"]) == 0
        secrets.append(capsys.readouterr().out.strip())
    text = file.read_text(encoding="utf-8")
    assert text.startswith("# ours\nport: 9000\n") and not any(secret in text for secret in secrets)
    assert {one["name"]: one["scope"] for one in yaml.safe_load(text)["keys"]} == {
        "shop": "read",
        "boss": "admin",
    }
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    from gongbang.serve.access.keys import found
    from gongbang.serve.configuration import resolve

    keys = resolve({}, {}, file).keys
    assert [found(secret, keys).name for secret in secrets] == ["shop", "boss"]
    assert {key.rate for key in keys} == {2.5}


def test_without_a_file_the_lines_for_it_are_told(capsys):
    assert main(["keys", "new", "--name", "shop"]) == 0
    told = capsys.readouterr()
    (line,) = told.out.splitlines()
    assert line.startswith("gb_") and line not in told.err
    assert yaml.safe_load(told.err.partition("keys:")[2])[0]["name"] == "shop"
    assert main(["keys", "new", "--name", "shop", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"secret", "name", "hash", "scope", "rate", "burst"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", ["--scope", "all"]),
        ("", ["--rate", "0"]),
        ("", ["--burst", "0"]),
        ("keys: [{name: a, hash: b}]\n", []),
        ("keys:\n- {name: shop, hash: " + "0" * 64 + "}\n", []),
        ("- a list\n", []),
    ],
)
def test_what_cannot_be_added_leaves_the_file_as_it_was(capsys, tmp_path: Path, content, words):
    file = tmp_path / "serve.yaml"
    file.write_text(content, encoding="utf-8")
    assert main(["keys", "new", "--name", "shop", "--file", str(file), *words]) == 2
    assert file.read_text(encoding="utf-8") == content and "cure" in capsys.readouterr().err


def test_settings_are_printed_as_they_are_resolved(capsys, monkeypatch, tmp_path: Path):
    file = tmp_path / "serve.yaml"
    file.write_text("queue: 8\nport: 1\n", encoding="utf-8")
    monkeypatch.setenv("GONGBANG_SERVE_PORT", "2")
    words = [
        "serve",
        "--config",
        str(file),
        "--print-config",
        "--model",
        "qa=reader-ko",
        "--origin",
        "http://a",
    ]
    assert main([*words, "--database", "mysql://ann:secret@db/x", "--json"]) == 0
    told = capsys.readouterr()
    shown = json.loads(told.out)
    assert (shown["queue"], shown["port"], shown["models"]) == (8, 2, {"qa": "reader-ko"})
    assert shown["database"] == "mysql://ann:***@db/x" and "secret" not in told.err
    assert main([*words, "--no-dense"]) == 0
    assert yaml.safe_load(capsys.readouterr().out)["dense"] is False
    assert main(["serve", "--print-config", "--docs", "samples", "notes"]) == 0
    assert len(yaml.safe_load(capsys.readouterr().out)["docs"]) == 2


def test_a_slip_in_a_setting_is_told_the_nearest(capsys, monkeypatch, tmp_path: Path):
    file = tmp_path / "serve.yaml"
    file.write_text("modles: {}\n", encoding="utf-8")
    assert main(["serve", "--config", str(file), "--print-config"]) == 2
    assert "'models'" in capsys.readouterr().err
    monkeypatch.setenv("GONGBANG_SERVE_QUEU", "1")
    assert main(["serve", "--print-config"]) == 2
    assert "'queue'" in capsys.readouterr().err
