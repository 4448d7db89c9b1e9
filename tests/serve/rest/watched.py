"""A server in a process of its own, as ``gongbang serve`` runs one, that tells what memory it holds.

What makes up the requests, and what is noted of the answers, stays out of what is measured.
"""

from __future__ import annotations

import gc
import json
import os
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

from gongbang.serve.app import create_app
from gongbang.serve.service import Model
from gongbang.serve.settings import ServeSettings
from tests.apps.talk import Letters
from tests.serve.games.models import playing
from tests.serve.rest.conftest import SURE, mood, toy_asking
from tests.serve.rest.fuzz import known_of
from tests.serve.rest.memory import resident

ROOT = Path(__file__).resolve().parents[3]
LAST = 100
"""What a stand-in for a model notes of its requests: it would grow without end, and is not the server's."""


@dataclass(frozen=True)
class Watched:
    """A server that runs.

    Attributes:
        base: where it answers.
        known: what requests can mean, see :func:`tests.serve.rest.fuzz.known_of`.
        process: of the server.
    """

    base: str
    known: dict[str, list]
    process: subprocess.Popen

    def held(self) -> int:
        """Bytes that it holds, after it collected its garbage."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@contextmanager
def watched_server(url: str, folder: Path) -> Iterator[Watched]:
    """A server over a database, with vectors, results and log in a folder."""
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, url, str(folder)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
        )
    try:
        first = process.stdout.readline()
        assert first, (folder / "log").read_text()[-2000:]
        yield Watched(**json.loads(first), process=process)
    finally:
        process.stdin.close()  # upon which it ends
        try:
            process.wait(60)
        finally:
            process.kill()
            process.stdout.close()


def _app(url: str, folder: Path) -> FastAPI:
    room, models = playing(room=mood(mixing="never"))
    for model in models.values():
        model.asked = deque(maxlen=LAST)
    responder = Letters()
    responder.encoded = deque(maxlen=LAST)
    settings = ServeSettings(url, vectors=folder / "vectors", results=folder / "results")
    return create_app(settings, Model("letters", responder, SURE), room=room, asking=toy_asking())


def _tell(server: uvicorn.Server) -> None:
    for _ in sys.stdin:
        gc.collect()
        _say(str(resident()))
    server.should_exit = True


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(url: str, folder: str) -> None:
    """Serve until standard input ends; each line there is answered with the bytes that are held."""
    app = _app(url, Path(folder))
    known: dict[str, Any] = known_of(app)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    with socket.create_server(("127.0.0.1", 0)) as door:
        _say(json.dumps({"base": f"http://127.0.0.1:{door.getsockname()[1]}", "known": known}))
        threading.Thread(target=_tell, args=(server,), daemon=True).start()
        server.run([door])


if __name__ == "__main__":
    main(*sys.argv[1:])
