"""``python -m deploy``: what it prints, and its exit codes."""

from __future__ import annotations

import json

import pytest
from deploy.__main__ import main


def test_the_repository_passes_its_checks(capsys):
    assert main(["derive", "--check", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"current": True}
    assert main(["check"]) == 0 and "all is well" in capsys.readouterr().out


def test_a_difference_is_shown(tree, capsys):
    with (tree / ".dockerignore").open("a", encoding="utf-8") as file:
        file.write("!secrets\n")
    assert main(["--root", str(tree), "derive", "--check"]) == 2
    told = capsys.readouterr()
    assert "-!secrets" in told.out and ".dockerignore" in told.err and "cure: " in told.err
    assert main(["--root", str(tree), "derive"]) == 0 and ".dockerignore" in capsys.readouterr().out
    assert main(["--root", str(tree), "check"]) == 0


def test_a_deploy_with_placeholders_is_refused(checkout, capsys):
    if "@sha256:" in (checkout / "deploy" / "Containerfile").read_text(encoding="utf-8"):
        pytest.skip("the digests are filled in")
    assert main(["--root", str(checkout), "check"]) == 0
    assert main(["--root", str(checkout), "check", "--deploy", "--json"]) == 2
    assert "digest" in json.loads(capsys.readouterr().out.split("well\n")[-1])["value"]


def test_file_lists_are_shown(checkout, capsys):
    assert main(["--root", str(checkout), "files"]) == 0
    (checkout / "src" / "gongbang" / "mine.py").touch()
    assert main(["--root", str(checkout), "files"]) == 2
    assert "src/gongbang/mine.py: git does not know it" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["derive", "--chek"], "--chek"),
        (["release", "--state", "s"], "--secrets"),
        (["release", "--state", "s", "--secrets", "none"], "serve.yaml"),
        (["nothing"], "invalid choice"),
        ([], "VERB"),
    ],
)
def test_what_cannot_be_is_told_in_four_lines(words, told, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    lines = capsys.readouterr().err.splitlines()
    assert told in "".join(lines) and len(lines) == 4 and list(tmp_path.iterdir()) == []


def test_a_switch_is_proved_by_the_health_check_of_each_service():
    from deploy.__main__ import _public
    from deploy.manifest import load_manifest

    words = ["http://127.0.0.1:8080/", "studio=http://127.0.0.1:8081"]
    assert _public(words, load_manifest()) == ["http://127.0.0.1:8080/health/ready", "http://127.0.0.1:8081/"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--image", "serer=x@sha256:1"], "no service of ours"),
        (["--ports", "80-90"], "these are no ports"),
        (["--smoke", "none.yaml"], "none.yaml"),
        (["--public", "studo=http://127.0.0.1:8081"], "no such service is behind the proxy"),
        (["--public", "worker=http://127.0.0.1:8081"], "server=URL, studio=URL"),
    ],
)
def test_words_of_a_release_that_cannot_be(words, told, capsys, tmp_path):
    for name in ("serve.yaml", "studio.key", "studio.password"):
        (tmp_path / name).touch()
    more = ["--secrets", str(tmp_path), "--state", str(tmp_path / "state"), *words]
    assert main(["status", *more]) == 2 and told in capsys.readouterr().err
