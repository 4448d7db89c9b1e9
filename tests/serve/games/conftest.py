"""Servers with scripted models, and the database as the server sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from gongbang.apps.twenty_questions import Keyword, Keywords, read_keywords
from gongbang.serve.app import create_app
from gongbang.serve.database.games import Games
from gongbang.serve.database.store import Store
from gongbang.serve.models.room import ModelRoom
from gongbang.serve.settings import ServeSettings
from tests.serve.games.models import playing
from tests.serve.jobs.conftest import Clock
from tests.serve.rest.conftest import BASE, letters


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def games(store: Store, clock: Clock) -> Games:
    return Games(store, played_s=3600, ended_s=7200, now=clock)


@pytest.fixture(scope="session")
def keywords() -> Keywords:
    return read_keywords()


@pytest.fixture
def opened(url: str, store: Store, tmp_path: Path) -> Iterator[Callable[..., TestClient]]:
    """Opens clients, each of a server of its own over the one database."""
    with ExitStack() as stack:
        made = []

        def one(room: ModelRoom | None = None, faults: bool = True, **options) -> TestClient:
            folder = tmp_path / f"server-{len(made)}"
            settings = ServeSettings(url, vectors=folder, results=folder / "results", **options)
            app = create_app(settings, letters(), room=room or playing()[0])
            made.append(TestClient(app, base_url=BASE, raise_server_exceptions=faults))
            return stack.enter_context(made[-1])

        yield one


@pytest.fixture
def client(opened: Callable[..., TestClient]) -> TestClient:
    return opened()


@pytest.fixture
def secret_of(store: Store, keywords: Keywords) -> Callable[[str], Keyword]:
    """The keyword of a game, as only the server knows it."""
    held = Games(store)

    def one(id: str) -> Keyword:
        return keywords.get(held.get(id).state["keyword"])

    return one
