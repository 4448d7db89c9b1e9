"""The client against a real server, and against what is none."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from gongbang.errors import OptionError
from gongbang.serve.games.schemas import GuessGame, ReverseGame
from gongbang.serve.studio.client import ApiError, Client


def test_an_answer_comes_as_the_server_types_it(client):
    found = client.ask("두루미골의 면적은 얼마인가?", 3)
    assert (found.answered, found.text, found.document) == (True, "14제곱킬로미터", "village.md")
    assert {model.task for model in client.models()} == {"boolq", "reader", "classify", "emotions"}
    assert client.health().ready


def test_both_games_come_as_what_they_are(client):
    guess = client.begin_game("guess", "동물", "ko")
    assert isinstance(guess, GuessGame) and guess.category == "동물"
    after = client.play(guess.id, "questions", "살아 있나요?", guess.version)
    assert after.used == 1
    reverse = client.begin_game("reverse", None, "en")
    assert isinstance(reverse, ReverseGame) and reverse.move is not None
    assert client.reply(reverse.id, "no", reverse.version).used == 1


def test_a_refusal_is_the_servers_own_problem(client):
    with pytest.raises(ApiError) as err:
        client.ask("", 3)
    assert (err.value.kind, err.value.status) == ("invalid", 422)
    assert err.value.body["field"] == "question" and err.value.what
    with pytest.raises(ApiError) as err:
        client.review_item(10**6)
    assert (err.value.kind, err.value.status) == ("missing", 404)
    assert err.value.cure


def test_a_conflict_brings_the_game_as_it_stands(client):
    game = client.begin_game("guess", None, "ko")
    client.play(game.id, "questions", "살아 있나요?", game.version)
    with pytest.raises(ApiError) as err:
        client.play(game.id, "questions", "날 수 있나요?", game.version)
    assert err.value.kind == "conflict" and err.value.body["game"]["used"] == 1


def test_a_server_that_is_not_there_is_told_with_the_cure():
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    with pytest.raises(ApiError) as err:
        Client(f"http://127.0.0.1:{port}").models()
    assert err.value.kind == "unreachable" and "--api" in err.value.cure


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://127.0.0.1", "http://", "http://a/?key=1", ""])
def test_what_is_no_address_is_refused(url: str):
    with pytest.raises(OptionError):
        Client(url)


@contextmanager
def telling(status: int, body: bytes, **headers: str) -> Iterator[tuple[str, list]]:
    """A server that answers one thing, and what it was asked."""
    asked: list = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, dict(self.headers)))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", asked
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>hello"),
        (200, json.dumps({"items": [{"name": "x"}]}).encode()),
        (200, b"[]"),
        (502, b"bad gateway"),
        (500, b"[]"),
    ],
)
def test_an_answer_of_something_else_is_told_and_no_fault(status: int, body: bytes):
    with telling(status, body) as (url, _), pytest.raises(ApiError) as err:
        Client(url).models()
    assert err.value.kind == "strange" and err.value.cure


def test_the_key_is_shown_to_the_server_and_to_no_other():
    with telling(200, b'{"items": []}') as (elsewhere, seen):
        with telling(302, b"", Location=elsewhere) as (url, asked), pytest.raises(ApiError):
            Client(url, key="secret").models()
        assert asked[0][1]["Authorization"] == "Bearer secret" and not seen


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch, client):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert Client(client.url).health().live


def test_answers_are_imported_from_a_file(client):
    kept = client.answers()
    done = client.import_answers(
        "Q,A\n수리도 하나요?,수리는 화요일에 해요.\n".encode(), {"text": "A", "question": "Q"}
    )
    assert done.created + done.same == 1 and client.answers() >= kept
