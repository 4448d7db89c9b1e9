"""In the place of `gongbang serve`: takes a key, and answers each question with the text of its settings."""

from __future__ import annotations

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_TEXT = Path(os.environ["GONGBANG_SERVE_CONFIG"]).read_text(encoding="utf-8").strip()
_KEY = Path(os.environ["GONGBANG_SERVE_CONFIG"]).with_name("studio.key").read_text(encoding="utf-8").strip()


def answer(question: str) -> dict[str, Any]:
    """As the server answers, see ``gongbang.serve.schemas_models.AskAnswer``."""
    place = {"document": "village.md", "title": "두루미골", "source": "village.md", "location": ""}
    spans = {"evidence_start": 0, "evidence_end": len(_TEXT), "start": 0, "end": len(_TEXT)}
    rest = {"answered": True, "confidence": 0.9, "candidates": [], "passages": [], "seconds": 0.01}
    return {"question": question, "text": _TEXT, "evidence": _TEXT} | place | spans | rest


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._send({"ready": True} if self.path == "/health/ready" else {"items": []})

    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self._send(answer(sent["question"]))

    def _send(self, body: Any) -> None:
        known = self.path == "/health/ready" or self.headers.get("authorization") == f"Bearer {_KEY}"
        raw = json.dumps(body if known else {}, ensure_ascii=False).encode()
        self.send_response(200 if known else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)


ThreadingHTTPServer(("127.0.0.1", int(os.environ["GONGBANG_SERVE_PORT"])), _Handler).serve_forever()
