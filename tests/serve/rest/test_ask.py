"""/v1/ask: what the command line says of the same documents."""

from __future__ import annotations

import threading

import pytest

from gongbang.errors import ArtifactError
from gongbang.serve.app import create_app
from gongbang.serve.models.asking import Asking
from gongbang.serve.models.batcher import Limits
from gongbang.serve.settings import ServeSettings
from tests.apps.toys import ToyReader
from tests.serve.rest.conftest import toy_asking

AREA = {"question": "두루미골의 면적은?"}


@pytest.fixture(scope="module")
def kind() -> str:
    return "sqlite"


@pytest.fixture
def client(opened):
    return opened(where=None, asking=toy_asking())


def test_the_answer_is_a_span_with_its_place(client):
    told = client.post("/v1/ask", json=AREA)
    assert told.status_code == 200
    answer = told.json()
    own = client.app.state.asking.ask.answer(AREA["question"]).to_dict()
    assert answer | {"seconds": 0} == own | {"seconds": 0, "candidates": answer["candidates"]}
    document = "두루미골의 면적은 14제곱킬로미터이다. 주민은 312명이다."
    assert answer["text"] and document[answer["start"] : answer["end"]] == answer["text"]
    assert answer["evidence"] in document and answer["document"] == "village.md"


def test_what_the_documents_do_not_say_is_no_answer(client):
    answer = client.post("/v1/ask", json=AREA | {"no_answer_threshold": 1.0}).json()
    nothing = client.post("/v1/ask", json={"question": "zzz"}).json()
    assert answer["threshold"] == 1.0 and nothing["answered"] is False and nothing["text"] == ""


@pytest.mark.parametrize(
    "wrong",
    [
        {"question": ""},
        {"question": "  "},
        {"question": "x" * 2001},
        {"top_k": 0},
        {"top_k": 51},
        {"no_answer_threshold": 1.1},
        {"docs": ["/etc"]},
    ],
)
def test_what_cannot_be_asked(client, wrong):
    assert client.post("/v1/ask", json=AREA | wrong).status_code == 422


def test_a_full_queue_and_a_deadline(opened):
    reached, go = threading.Event(), threading.Event()

    class Slow(ToyReader):
        def predict(self, records):
            reached.set()
            assert go.wait(60)
            return super().predict(records)

    client = opened(where=None, asking=toy_asking(Slow(), limits=Limits(queue=1)))
    told = []
    threads = [
        threading.Thread(target=lambda: told.append(client.post("/v1/ask", json=AREA))) for _ in range(2)
    ]
    threads[0].start()
    assert reached.wait(60)
    threads[1].start()
    asking: Asking = client.app.state.asking
    while asking.waiting < 1:
        threading.Event().wait(0.01)
    assert client.post("/v1/ask", json=AREA).status_code == 429
    go.set()
    for thread in threads:
        thread.join()
    assert [one.status_code for one in told] == [200, 200]
    go.clear()
    assert client.post("/v1/ask", json=AREA | {"deadline_ms": 10}).status_code == 503
    go.set()


def test_the_reader_is_one_of_the_models_and_must_be_one(tmp_path):
    (tmp_path / "a.txt").write_text("공방은 열 시에 연다.", encoding="utf-8")
    settings = ServeSettings(docs=(str(tmp_path),), reader="sentiment-ko", dense=False)
    with pytest.raises(ArtifactError, match="another task"):
        create_app(settings)
