"""Applications over the module's database, asked in-process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from gongbang.apps.ask import Ask
from gongbang.apps.chat import ChatSettings
from gongbang.data.records import Document
from gongbang.runtime.predictor import Predictor
from gongbang.serve.app import create_app
from gongbang.serve.database.store import Store
from gongbang.serve.models.asking import Asking
from gongbang.serve.models.room import ModelRoom
from gongbang.serve.service import Model
from gongbang.serve.settings import ServeSettings
from tests.apps.talk import Letters
from tests.apps.toys import ToyReader
from tests.serve.models.held import SENTIMENT, small

BASE = "http://127.0.0.1"
SURE = ChatSettings(response_weight=2.0, question_weight=10.0, bias=-6.0)


def letters(responder: Letters | None = None) -> Model:
    """Letters in the place of an artifact."""
    return Model("letters", responder or Letters(), SURE)


@pytest.fixture
def make(url: str, store: Store, tmp_path: Path) -> Callable[..., FastAPI]:
    """Makes applications over one database, each with vectors of its own."""
    made: list[FastAPI] = []

    def one(
        where: str | None = url,
        model: Model | None = None,
        room: ModelRoom | None = None,
        asking: Asking | None = None,
        **options,
    ) -> FastAPI:
        settings = ServeSettings(where, vectors=tmp_path / f"vectors-{len(made)}", **options)
        chat = None if where is None else model or letters()
        made.append(create_app(settings, chat, room=room, asking=asking))
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


def mood(predictor: Predictor | None = None, **options) -> ModelRoom:
    """A room with one small artifact, called "mood", or what stands in its place."""
    room = ModelRoom(**options)
    room.add("mood", SENTIMENT, predictor=predictor or small())
    return room


def toy_asking(reader: Any = None, **options) -> Asking:
    """Questions to two small documents, read by a toy."""
    documents = [
        Document("village.md", "두루미골의 면적은 14제곱킬로미터이다. 주민은 312명이다.", "두루미골"),
        Document("museum.md", "소리 박물관은 노을로에 있다. 관장은 한가람 씨이다.", "소리 박물관"),
    ]
    return Asking(Ask.from_documents(documents, reader=reader or ToyReader(), encoder=None), **options)


@pytest.fixture
def full(opened: Callable[..., TestClient]) -> TestClient:
    """A client of an application with everything: chat, a model, and questions to documents."""
    return opened(room=mood(), asking=toy_asking())
