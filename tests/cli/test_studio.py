"""``gongbang studio``: what is refused before anything starts, and that its help is light."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from gongbang.cli.main import main


def test_help_loads_neither_gradio_nor_pydantic():
    code = (
        "import sys\nfrom gongbang.cli.main import main\nmain(['studio', '--help'])\n"
        "print([name for name in ('gradio', 'pydantic', 'numpy', 'fastapi') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]" and "--api URL" in done.stdout


def test_without_gradio_the_extra_is_named(capsys, monkeypatch):
    monkeypatch.setattr("gongbang.cli.studio.find_spec", lambda name: None)
    assert main(["studio", "--api", "http://127.0.0.1:8000"]) == 2
    assert 'pip install "gongbang[studio]"' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--api", "127.0.0.1:8000"], "this is no address of a server"),
        (["--api", "http://127.0.0.1:1", "--docs", "samples"], "the server runs already"),
        (["--api", "http://127.0.0.1:1", "--host", "0.0.0.0"], "listens on this machine only"),
        (["--api", "http://127.0.0.1:1", "--port", "0"], "no such port"),
        (["--api", "http://127.0.0.1:1", "--runs", "no/such"], "no such folder of runs"),
        (["--api", "http://127.0.0.1:1", "--stickers", "no/such"], "holds no stickers"),
        (["--api", "http://127.0.0.1:1", "--key-file", "no/such"], "cannot be used"),
    ],
)
def test_what_cannot_be_is_refused(words, told, capsys):
    pytest.importorskip("gradio", reason="the extra 'studio' is not installed")
    assert main(["studio", *words, "--json"]) == 2
    assert told in json.loads(capsys.readouterr().out)["what"]


def test_a_blank_key_is_refused(tmp_path, capsys):
    pytest.importorskip("gradio", reason="the extra 'studio' is not installed")
    (tmp_path / "key").write_text("\n", encoding="utf-8")
    assert main(["studio", "--api", "http://127.0.0.1:1", "--key-file", str(tmp_path / "key"), "--json"]) == 2
    assert "no secret" in json.loads(capsys.readouterr().out)["what"]
