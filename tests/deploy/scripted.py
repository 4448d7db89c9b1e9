"""A server that answers what it is told to, and an engine that starts such servers."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

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
}


class Scripted:
    """Answers by a table of paths; without a key the models are refused, as a real server would."""

    def __init__(self, answers: dict[str, tuple[int, Any]] | None = None, port: int = 0) -> None:
        self.answers = {**GOOD, **(answers or {})}
        self.asked: list[tuple[str, str, str | None]] = []
        script = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("content-length", 0)))
                key = self.headers.get("authorization")
                script.asked.append((self.command, self.path, key))
                status, body = script.answers.get(self.path, (404, {}))
                if self.path == "/v1/models" and key is None and script.answers[self.path] == GOOD[self.path]:
                    status, body = 401, {"title": "unauthorized"}
                raw = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
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

    ``version`` is what the next release is built from: its answers, by service ``ill``, ``crash`` and
    ``unbuildable``.
    """

    name = "scripted"

    def __init__(self) -> None:
        self.version: dict[str, Any] = {}
        self.alive_now: dict[str, Scripted | None] = {}
        self.versions: dict[str, dict[str, Any]] = {}
        self.removed: list[str] = []
        self.stopped: list[str] = []
        self.started: list[str] = []
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

    def start(self, built: Built, service: Service, release: str, port: int | None) -> Running:
        self.on_start(built.service)
        version = self.versions[built.digest]
        handle = f"{release}-{built.service}"
        self.started.append(handle)
        if version.get("crash") != built.service:
            self.alive_now[handle] = Scripted(version.get("answers"), port) if port else None
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
