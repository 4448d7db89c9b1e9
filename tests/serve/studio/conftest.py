"""One API with stand-in models, and one studio over it, for all tests of the studio."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gongbang.serve.studio.client import Client
from gongbang.serve.studio.page import Page
from gongbang.serve.studio.pictures import Stickers
from gongbang.serve.studio.settings import StudioSettings
from gongbang.serve.studio.words import Words
from tests.serve.studio.servers import make_api, make_runs, running

ANSWERS = (
    ("몇 시에 열어요?", "공방은 아침 열 시에 열어요."),
    ("주차할 수 있나요?", "주차는 뒤뜰에 하시면 돼요."),
    ("예약해야 하나요?", "예약은 하루 전까지 해 주세요."),
)


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an API with everything."""
    with running(make_api(tmp_path_factory.mktemp("api"))) as url:
        lines = ["Q,A", *(f"{question},{text}" for question, text in ANSWERS)]
        Client(url).import_answers("\n".join(lines).encode(), {"question": "Q", "text": "A"})
        yield url


@pytest.fixture
def client(api: str) -> Client:
    return Client(api)


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two runs."""
    return make_runs(tmp_path_factory.mktemp("runs"))


@pytest.fixture(params=("ko", "en"))
def words(request: pytest.FixtureRequest) -> Words:
    return Words(request.param)


@pytest.fixture
def page(client: Client, words: Words, runs: Path) -> Page:
    """What a page's work needs, without Gradio."""
    return Page("review", client, words, runs, Stickers.open(None))


@pytest.fixture(scope="session")
def studio_app(api: str, runs: Path) -> Any:
    """The studio as an application; the test is skipped where Gradio is not installed."""
    pytest.importorskip("gradio", reason="the extra 'studio' is not installed")
    from gongbang.serve.studio.app import create_studio

    return create_studio(StudioSettings(api, runs=runs))


@pytest.fixture(scope="session")
def studio(studio_app: Any) -> Iterator[str]:
    """The URL of the studio."""
    with running(studio_app) as url:
        yield url
