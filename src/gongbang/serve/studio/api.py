"""An API server of one's own: started as a child on a free port, and gone when the studio is."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from gongbang.artifacts.defaults import LABELLERS, RESPONDER
from gongbang.artifacts.store import bundled, cache_folder, known_artifacts
from gongbang.errors import GongbangError, OptionError
from gongbang.serve.jobs import child
from gongbang.serve.studio.client import ApiError, Client

STARTED_S = 180.0
_LOOK_S = 0.2
_TAIL = 1500  # characters of its last words that are told
_STOP_S = 20.0


def serve_words(docs: Sequence[str], database: str | None, port: int) -> list[str]:
    """The words of ``gongbang serve`` for what this installation has.

    Without a responder there is no chatbot, and then neither feedback nor games: the server opens its
    database with the chatbot.

    Args:
        docs: what is asked.
        database: its URL; a file in the cache when None.
    """
    known = known_artifacts()
    words = ["serve", "--port", str(port), "--quiet", "--docs", *docs]
    for name in LABELLERS.values():
        words += ["--model", name] if name in known else []
    if RESPONDER in known:
        words += ["--database", database or _own_database()]
    elif database is not None:
        raise OptionError(
            "a database needs a chatbot, and there is no responder.",
            value=database,
            allowed=f"an artifact called {RESPONDER}",
            cure="Start one yourself (gongbang serve --database URL --artifact DIR) and pass --api URL.",
        )
    return words


@contextmanager
def own_api(words: Sequence[str], port: int, started_s: float = STARTED_S) -> Iterator[str]:
    """The URL of a server that runs while the block does.

    Args:
        words: see :func:`serve_words`. port: that they name. started_s: seconds that it gets to start.

    Raises:
        OptionError: it did not start; its last words are told.
    """
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryFile() as last_words:
        command = [sys.executable, "-m", child.__name__, sys.executable, "-m", "gongbang", *words]
        # It reads a pipe that only this process holds: whatever ends the studio ends the server too.
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=last_words
        )
        try:
            _wait(process, Client(url, timeout_s=5.0), started_s)
            yield url
        except _NotStartedError:
            last_words.seek(0)
            tail = last_words.read()[-_TAIL:].decode("utf-8", "replace").strip()
            raise OptionError(
                "the API server did not start.",
                value=tail or "it said nothing",
                allowed="what 'gongbang serve' takes",
                cure=f"Try it alone: gongbang {' '.join(words)}",
            ) from None
        finally:
            _stop(process)


class _NotStartedError(GongbangError):
    """The server ended, or took too long."""


def _wait(process: subprocess.Popen[bytes], client: Client, seconds: float) -> None:
    until = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < until:
        with suppress(ApiError):
            if client.health().ready:
                return
        time.sleep(_LOOK_S)
    raise _NotStartedError("not started", value="", allowed="", cure="")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server, as its own Ctrl-C would."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    """A port of this machine at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        return int(door.getsockname()[1])


def with_sample_answers(client: Client, columns: dict[str, str]) -> int:
    """Give a chatbot without any answer the samples to talk with; gives how many were added.

    Args:
        columns: field of an answer to the column of the file.
    """
    try:
        if client.answers():
            return 0
        data = (bundled("samples") / "answers.csv").read_bytes()
        return client.import_answers(data, columns).created
    except ApiError as err:
        if err.kind == "not-found":  # it has no chatbot
            return 0
        raise


def _own_database() -> str:
    folder = cache_folder() / "studio"
    folder.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{Path(folder) / 'studio.db'}"
