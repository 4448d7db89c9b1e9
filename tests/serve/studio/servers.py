"""Servers on loopback for the studio's tests: an API with stand-in models, and the studio over it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn

from gongbang.artifacts.notebook import ErrorNotebook, Row
from gongbang.artifacts.run import Run
from gongbang.artifacts.slices import Outcome, Slice
from gongbang.metrics.scores import Score, Scores
from gongbang.serve.app import create_app
from gongbang.serve.database.migrate import upgrade
from gongbang.serve.settings import ServeSettings
from tests.serve.games.models import playing
from tests.serve.models.held import SENTIMENT, hashing, small
from tests.serve.rest.conftest import letters, toy_asking


def make_api(folder: Path) -> Any:
    """An API with everything: letters that chat, a toy that reads, scripted models that play, and labels."""
    database = f"sqlite:///{folder / 'api.db'}"
    upgrade(database)
    room, _ = playing()
    room.add(SENTIMENT, SENTIMENT, predictor=small())
    room.add("emotions-ko", "emotions-ko", predictor=hashing("emotions-ko"))
    settings = ServeSettings(database, vectors=folder / "vectors", results=folder / "results")
    return create_app(settings, letters(), room=room, asking=toy_asking())


@contextmanager
def running(app: Any) -> Iterator[str]:
    """The URL at which an application answers while the block runs."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
        started = threading.Event()
        begin = server.startup

        async def startup(sockets: Any = None) -> None:
            await begin(sockets)
            started.set()

        server.startup = startup  # type: ignore[method-assign]
        thread = threading.Thread(target=lambda: server.run([door]), daemon=True)
        thread.start()
        try:
            assert started.wait(120)
            yield f"http://127.0.0.1:{door.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(60)


def make_runs(folder: Path) -> Path:
    """Two runs over the same questions, the second better by ten of fifty."""
    data = {role: folder / f"{role}.json" for role in ("train", "test")}
    for role, path in data.items():
        path.write_text(role)
    _run(folder, "plain", {"task": "reader", "loop": {"lr": 1e-5, "epochs": 2}}, data, right=30)
    _run(folder, "longer", {"task": "reader", "loop": {"lr": 1e-5, "epochs": 3}}, data, right=40)
    return folder / "runs"


def _run(folder: Path, name: str, recipe: dict, data: dict[str, Path], *, right: int, n: int = 50) -> None:
    files = {role: [path] for role, path in data.items()}
    now = datetime(2026, 11, 2, 9, recipe["loop"]["epochs"], tzinfo=UTC)
    with Run.create(folder / "runs", recipe, name, data=files, now=now) as run:
        value = 100 * right / n
        run.save_metrics(Scores("exact_match", {"exact_match": Score(value, n, value - 12, value + 11)}))
        stages = {str(at): "right" if at < right else "span_border" for at in range(n)}
        outcomes = {id: Outcome(stage, float(stage == "right"), id) for id, stage in stages.items()}
        wrong = [id for id, stage in stages.items() if stage != "right"]
        rows = tuple(
            Row(id, "?", ("a",), "b", 0.5, "span_border", 0.0, "", None, None, (), (), ()) for id in wrong
        )
        slices = (Slice("question_word", "why", n, n - right, right / n, right / n),)
        ErrorNotebook(name, rows, outcomes, slices).save(run.path)
