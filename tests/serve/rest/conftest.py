"""Applications over the module's database, asked in-process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from gongbang.apps.chat import ChatSettings
from gongbang.serve.app import create_app
from gongbang.serve.database.store import Store
from gongbang.serve.service import Model
from gongbang.serve.settings import ServeSettings
from tests.apps.talk import Letters
from tests.serve.rest import fuzz

BASE = "http://127.0.0.1"
SURE = ChatSettings(response_weight=2.0, question_weight=10.0, bias=-6.0)


def letters(responder: Letters | None = None) -> Model:
    """Letters in the place of an artifact."""
    return Model("letters", responder or Letters(), SURE)


@pytest.fixture
def make(url: str, store: Store, tmp_path: Path) -> Callable[..., FastAPI]:
    """Makes applications over one database, each with vectors of its own."""
    made: list[FastAPI] = []

    def one(where: str = url, model: Model | None = None) -> FastAPI:
        settings = ServeSettings(where, vectors=tmp_path / f"vectors-{len(made)}")
        made.append(create_app(settings, model or letters()))
        return made[-1]

    return one


@pytest.fixture
def opened(make: Callable[..., FastAPI]) -> Iterator[Callable[..., TestClient]]:
    """Opens clients, each of an application of its own."""
    with ExitStack() as stack:

        def one(**options) -> TestClient:
            faults = options.pop("faults", True)
            client = TestClient(make(**options), base_url=BASE, raise_server_exceptions=faults)
            return stack.enter_context(client)

        yield one


@pytest.fixture
def client(opened: Callable[..., TestClient]) -> TestClient:
    return opened()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how many requests were fuzzed."""
    for line in fuzz.told:
        terminalreporter.write_line(line)
