"""The studio's own API server: a child that starts, says why it does not, and ends with its parent."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gongbang.errors import OptionError
from gongbang.serve.studio import api
from gongbang.serve.studio.client import ApiError, Client


def test_it_serves_while_it_is_wanted_and_is_gone_after():
    port = api.free_port()
    with api.own_api(["serve", "--port", str(port), "--quiet", "--model", "sentiment-ko"], port) as url:
        assert [model.name for model in Client(url).models()] == ["sentiment-ko"]
        assert api.with_sample_answers(Client(url), {"text": "A"}) == 0  # it has no chatbot
    with pytest.raises(ApiError) as err:
        Client(url).models()
    assert err.value.kind == "unreachable"


def test_why_it_did_not_start_is_told():
    port = api.free_port()
    words = ["serve", "--port", str(port), "--model", "no-such-model"]
    with pytest.raises(OptionError) as err, api.own_api(words, port):
        pass
    assert "no-such-model" in str(err.value.value) and "gongbang serve" in err.value.cure


def test_a_killed_studio_leaves_no_server_behind():
    port = api.free_port()
    code = (
        "import os, signal\nfrom gongbang.serve.studio.api import own_api\n"
        f"with own_api(['serve', '--port', '{port}', '--quiet', '--model', 'sentiment-ko'], {port}):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, timeout=300)
    assert done.returncode == -9, done.stderr
    gone(port)


def gone(port: int) -> None:
    """Wait until nobody listens: the watcher ends the server when its pipe does."""
    import time

    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            Client(f"http://127.0.0.1:{port}", timeout_s=2).health()
        except ApiError as err:
            if err.kind == "unreachable":
                return
        time.sleep(0.1)
    raise AssertionError("the server outlived the studio")


def known(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    monkeypatch.setattr(api, "known_artifacts", lambda: dict.fromkeys(names, Path()))


def test_without_a_responder_there_is_no_database(monkeypatch: pytest.MonkeyPatch):
    known(monkeypatch, "reader-ko", "sentiment-ko")
    words = api.serve_words(["samples"], None, 8123)
    assert "--database" not in words and words[words.index("--model") + 1] == "sentiment-ko"
    assert words[words.index("--docs") + 1] == "samples"
    with pytest.raises(OptionError):
        api.serve_words(["samples"], "sqlite:///a.db", 8123)


def test_with_a_responder_talk_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path):
    known(monkeypatch, "respond-ko", "boolq-ko")
    monkeypatch.setenv("GONGBANG_CACHE", str(tmp_path))
    words = api.serve_words(["a.md"], None, 8123)
    assert words[-2:] == ["--database", f"sqlite:///{tmp_path}/studio/studio.db"]
    assert (tmp_path / "studio").is_dir() and "a.md" in words
    assert api.serve_words(["samples"], "sqlite:///b.db", 1)[-1] == "sqlite:///b.db"


def test_a_chatbot_without_answers_gets_the_samples_once(monkeypatch: pytest.MonkeyPatch):
    class Bare:
        held = 0

        def answers(self) -> int:
            return self.held

        def import_answers(self, data: bytes, columns):
            self.held = len(data.splitlines()) - 1
            assert columns == {"text": "A", "question": "Q"} and self.held == 60
            return type("Imported", (), {"created": self.held})

    bare = Bare()
    columns = {"text": "A", "question": "Q"}
    assert api.with_sample_answers(bare, columns) == 60  # type: ignore[arg-type]
    assert api.with_sample_answers(bare, columns) == 0  # type: ignore[arg-type]
