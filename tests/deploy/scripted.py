"""A server that answers what it is told to, and an engine that starts such servers."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from deploy.engine import Built, Running
from deploy.manifest import Service

from gongbang.errors import OptionError

GOOD: dict[str, tuple[int, Any]] = {
    "/health/ready": (200, {"ready": True}),
    "/v1/models": (200, {"items": []}),
    "/v1/predict/sentiment-ko": (200, {"n": 1, "predictions": [{"text": "긍정"}]}),
    "/v1/ask": (200, {"text": "14제곱킬로미터", "source": "village.md", "evidence": "면적은 …"}),
    "/v1/chat": (200, {"kind": "answer", "text": "네.", "conversation_id": "c1"}),
    "/v1/conversations/c1": (204, b""),
    "/": (200, b"<html>"),
    "/ko/login": (200, {"success": True}),
    "/ko/config": (200, {"components": [1], "dependencies": [1]}),
}
PASSWORD, STUDIO_KEY = "열려라 참깨", "gb_studio"


def write_secrets(folder: Path) -> Path:
    """The secret files that the studio's smoke test names."""
    folder.mkdir(exist_ok=True)
    (folder / "studio.password").write_text(PASSWORD + "\n", encoding="utf-8")
    (folder / "studio.key").write_text(STUDIO_KEY + "\n", encoding="utf-8")
    return folder


class Scripted:
    """Answers by a table of paths; what needs a key or a password is refused without, as the real ones do."""

    def __init__(self, answers: dict[str, tuple[int, Any]] | None = None, port: int = 0) -> None:
        self.answers = {**GOOD, **(answers or {})}
        self.unknown: str | None = None  # a key that is refused
        self.asked: list[tuple[str, str, str | None]] = []
        script = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                sent = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
                key = self.headers.get("authorization")
                script.asked.append((self.command, self.path, key))
                status, body = script.answers.get(self.path, (404, {}))
                known = {
                    "/v1/models": key not in (None, script.unknown),
                    "/ko/config": self.headers.get("cookie") == "door=open",
                    "/ko/login": parse_qs(sent) == {"username": ["gongbang"], "password": [PASSWORD]},
                }
                if not known.get(self.path, True) and script.answers[self.path] == GOOD[self.path]:
                    status, body = 400 if self.path == "/ko/login" else 401, {"title": "refused"}
                raw = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                if self.path == "/ko/login" and status == 200:
                    self.send_header("Set-Cookie", "door=open; Path=/")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            do_GET = do_POST = do_DELETE = answer  # noqa: N815

            def log_message(self, *words: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._closed = False
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._server.shutdown()
            self._server.server_close()


class ScriptedEngine:
    """An engine whose services are scripted servers.

    ``version`` is what the next release is built from: its answers, an ``unknown`` key, by service ``ill``,
    ``crash`` and ``unbuildable``. ``told`` is which ports of its release each was told at its last start.
    """

    name = "scripted"

    def __init__(self) -> None:
        self.version: dict[str, Any] = {}
        self.alive_now: dict[str, Scripted | None] = {}
        self.versions: dict[str, dict[str, Any]] = {}
        self.removed: list[str] = []
        self.stopped: list[str] = []
        self.started: list[str] = []
        self.told: dict[str, dict[str, int | None]] = {}
        self.on_start: Callable[[str], None] = lambda service: None

    def check(self) -> None:
        if self.version.get("unpinned"):
            raise OptionError("not pinned.", value="x", allowed="y", cure="z")

    def build(self, services: dict[str, Service], folder: Path) -> dict[str, Built]:
        (folder / "built").write_text("something")
        if self.version.get("unbuildable"):
            raise OptionError("cannot be built.", value="x", allowed="y", cure="z")
        digest = f"sha256:{len(self.versions):064x}"
        self.versions[digest] = self.version
        return {name: Built(name, digest, digest) for name in services}

    def start(
        self, built: Built, service: Service, release: str, port: int | None, beside: Mapping[str, Running]
    ) -> Running:
        self.on_start(built.service)
        version = self.versions[built.digest]
        handle = f"{release}-{built.service}"
        self.started.append(handle)
        self.told[handle] = {name: beside[name].port for name in service.asks()}
        if version.get("crash") != built.service:
            server = Scripted(version.get("answers"), port) if port else None
            if server is not None:
                server.unknown = version.get("unknown")
            self.alive_now[handle] = server
        return Running(built.service, handle, port)

    def alive(self, running: Running) -> bool:
        return running.handle in self.alive_now

    def well(self, running: Running, service: Service) -> bool:
        return self.version.get("ill") != running.service

    def logs(self, running: Running) -> str:
        return "first\nTraceback: the last words"

    def stop(self, running: Running, seconds: int) -> None:
        if running.handle in self.alive_now:
            self.stopped.append(running.handle)
            server = self.alive_now.pop(running.handle)
            if server is not None:
                server.close()

    def remove(self, release: str, built: dict[str, Built], services: dict[str, Service]) -> None:
        self.removed.append(release)

    def close(self) -> None:
        for server in self.alive_now.values():
            if server is not None:
                server.close()
