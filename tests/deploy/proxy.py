"""A small reverse proxy in the place of nginx: like it, it reads its upstream file when it is told to."""

from __future__ import annotations

import http.client
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Proxy:
    """Sends requests to the server that ``current/upstream.conf`` named at the last reload."""

    def __init__(self, state: Path) -> None:
        self.state, self.port_behind, self.release = state, 0, ""
        self.deaf = False
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                proxy.forward(self)

            do_GET = do_POST = do_DELETE = answer  # noqa: N815

            def log_message(self, *words: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def reload(self) -> None:
        if self.deaf:
            return
        file = self.state / "current" / "upstream.conf"
        text = file.read_text() if file.is_file() else ""
        port = re.search(r"gongbang-server \{ server 127\.0\.0\.1:(\d+);", text)
        name = re.search(r"default (r\d+);", text)
        self.port_behind, self.release = int(port[1]) if port else 0, name[1] if name else ""

    def forward(self, asked: BaseHTTPRequestHandler) -> None:
        port, release = self.port_behind, self.release
        body = asked.rfile.read(int(asked.headers.get("content-length", 0)))
        headers = {key: value for key, value in asked.headers.items() if key.lower() != "connection"}
        try:
            behind = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            behind.request(asked.command, asked.path, body or None, headers)
            told = behind.getresponse()
            status, content = told.status, told.read()
            behind.close()
        except OSError:
            status, content = 502, b""
        asked.send_response(status)
        asked.send_header("Content-Length", str(len(content)))
        asked.send_header("X-Gongbang-Release", release)
        asked.end_headers()
        asked.wfile.write(content)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
