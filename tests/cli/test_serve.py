"""``gongbang serve`` and ``gongbang answers``: over a real port, and what is refused."""

from __future__ import annotations

import json
import socket
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from gongbang.cli.main import main

pytest.importorskip("fastapi")
pytest.importorskip("sqlalchemy")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as door:
        return int(door.getsockname()[1])


def ask(port: int, path: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
    data = None if body is None else json.dumps(body).encode()
    header = {"content-type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, header)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as err:
        return err.code, json.load(err)


def test_it_serves_until_it_is_stopped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    import uvicorn

    from tests.serve.rest.conftest import letters

    servers: list[uvicorn.Server] = []

    class Kept(uvicorn.Server):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            servers.append(self)

    monkeypatch.setattr("uvicorn.Server", Kept)
    monkeypatch.setattr("gongbang.serve.service.load_model", lambda name: letters())
    monkeypatch.setenv("GONGBANG_CACHE", str(tmp_path / "cache"))
    port, codes = free_port(), []
    words = ["serve", "--database", f"sqlite:///{tmp_path}/answers.db", "--port", str(port), "--quiet"]
    words.append("--chat")
    thread = threading.Thread(target=lambda: codes.append(main(words)))
    thread.start()
    try:
        until = time.monotonic() + 30
        while not (servers and servers[0].started) and time.monotonic() < until:
            time.sleep(0.02)
        assert ask(port, "/health/ready")[1]["artifact"] == "letters"
        asked = "몇 시에 열어요?"
        assert ask(port, "/v1/answers", {"text": "열 시에 열어요.", "question": asked})[0] == 201
        assert ask(port, "/v1/chat", {"text": asked})[1]["text"] == "열 시에 열어요."
        status, told = ask(port, "/v1/chat", {"txt": asked})
        assert status == 422 and told["field"] == "text"
    finally:
        if servers:
            servers[0].should_exit = True
        thread.join(20)
    assert codes == [0]
    assert list((tmp_path / "cache" / "answers").glob(f"*-{port}"))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.7", "example.org"])
def test_another_host_is_refused_without_keys(capsys: pytest.CaptureFixture[str], tmp_path: Path, host: str):
    assert main(["serve", "--database", f"{tmp_path}/a.db", "--host", host]) == 2
    told = capsys.readouterr().err
    assert host in told and "this machine only" in told and not list(tmp_path.iterdir())


def test_what_cannot_be_served_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    database = ["--database", f"{tmp_path}/a.db"]
    for words, told in (
        ([], "--database"),
        ([*database, "--port", "0"], "1 to 65535"),
        ([*database, "--threshold", "2"], "from 0 to 1"),
        ([*database, "--artifact", "nothing-ko"], "nothing-ko"),
        ([*database, "--artifact", "reader-ko"], "respond"),
        (["--model", "sentiment-ko", "--chat"], "--database"),
    ):
        assert main(["serve", *words]) == 2
        assert told in capsys.readouterr().err


@pytest.mark.parametrize(("words", "chat"), [([], True), (["--no-chat"], False), (["--chat"], True)])
def test_whether_there_is_a_chatbot_is_printed_as_it_is_resolved(monkeypatch, capsys, tmp_path, words, chat):
    monkeypatch.setattr("gongbang.artifacts.store.known_artifacts", lambda: {"respond-ko": tmp_path})
    asked = ["serve", "--database", f"{tmp_path}/a.db", "--print-config", "--json", *words]
    assert main(asked) == 0
    assert json.loads(capsys.readouterr().out)["chat"] is chat
    monkeypatch.setattr("gongbang.artifacts.store.known_artifacts", dict)
    assert main(asked) == 0
    assert json.loads(capsys.readouterr().out)["chat"] is (words == ["--chat"])


def test_without_the_extra_its_name_is_told(monkeypatch: pytest.MonkeyPatch, capsys, tmp_path: Path):
    monkeypatch.setattr("gongbang.cli.serve.find_spec", lambda name: None if name == "uvicorn" else object())
    assert main(["serve", "--database", f"{tmp_path}/a.db"]) == 2
    assert 'pip install "gongbang[serve]"' in capsys.readouterr().err


def test_answers_go_into_a_database_and_out_of_it(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    database = ["--database", f"sqlite:///{tmp_path}/answers.db"]
    file = tmp_path / "pairs.csv"
    file.write_text("Q,A\n몇 시에 열어요?,열 시에 열어요.\n왜요?,\n", encoding="utf-8")
    words = ["answers", "import", *database, str(file), "--map", "question=Q", "--map", "text=A", "--json"]
    assert main(words) == 0
    done = json.loads(capsys.readouterr().out)
    assert (done["created"], done["same"], [one["line"] for one in done["problems"]]) == (1, 0, [3])
    assert main([word for word in words if word != "--json"]) == 0
    shown = capsys.readouterr()
    assert "0 added" in shown.out and "1 there already" in shown.out and "blank" in shown.err

    out = tmp_path / "out.jsonl"
    assert main(["answers", "export", *database, str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"answers": 1, "file": str(out)}
    (row,) = map(json.loads, out.read_text(encoding="utf-8").splitlines())
    assert main(["answers", "export", *database, str(tmp_path / "out.xlsx")]) == 2

    out.write_text(json.dumps(row | {"text": "아홉 시에 열어요."}) + "\n", encoding="utf-8")
    assert main(["answers", "import", *database, str(out), "--update"]) == 0
    assert "1 changed" in capsys.readouterr().out
    assert main(["answers", "import", *database, str(tmp_path / "none.csv")]) == 2
    assert "none.csv" in capsys.readouterr().err
