"""Each module's own database on every kind that can be reached."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gongbang.serve.database.answers import Answers
from gongbang.serve.database.conversations import Conversations
from gongbang.serve.database.migrate import upgrade
from gongbang.serve.database.store import Store
from tests.notes import note
from tests.serve.servers import BACKENDS, empty, fresh_database, unreachable


@pytest.fixture(scope="module", params=BACKENDS)
def kind(request: pytest.FixtureRequest) -> str:
    """The kind of database; the test is skipped, with the reason, where its server is not reachable."""
    if reason := unreachable(request.param):
        note(f"databases: left out: {reason}")
        pytest.skip(reason)
    note(f"databases: on {request.param}")
    return str(request.param)


@pytest.fixture(scope="module")
def url(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of this module's database, its tables made."""
    with fresh_database(kind, tmp_path_factory.mktemp("database")) as url:
        upgrade(url)
        yield url


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """The module's database, without rows."""
    with Store(url) as store:
        empty(store)
        yield store


@pytest.fixture
def answers(store: Store) -> Answers:
    return Answers(store)


@pytest.fixture
def talks(store: Store) -> Conversations:
    return Conversations(store)
