"""/v1/models: what is at work, and new versions of it."""

from __future__ import annotations

import threading

import pytest

from gongbang.errors import OptionError
from gongbang.serve.app import create_app
from gongbang.serve.models.room import ModelRoom
from gongbang.serve.settings import ServeSettings
from tests.serve.models.held import broken, folder_of, opener


@pytest.fixture(scope="module")
def kind() -> str:
    return "sqlite"


@pytest.fixture
def folder(tmp_path):
    return folder_of(tmp_path / "mood")


@pytest.fixture
def client(opened, folder):
    room = ModelRoom(opener=opener)
    room.add("mood", folder)
    return opened(where=None, room=room)


def test_what_is_at_work_is_told_with_task_labels_hashes_and_scores(full):
    (told,) = full.get("/v1/models").json()["items"]
    assert (told["name"], told["task"], told["fields"]) == ("mood", "classify", ["text"])
    assert told["labels"] == ["negative", "positive"] and told["metrics"]["n"] > 0
    assert len(told["hashes"]["model.onnx"]) == 64 and told["licence"] and told["trained_on"]
    card = full.get("/v1/models/mood").json()
    assert card["id"] == told["id"] and card["card"].startswith("# ")
    missing = full.get("/v1/models/mod")
    assert missing.status_code == 404 and "mood" in missing.json()["cure"]


def test_a_new_version_is_loaded_and_a_broken_one_refused_with_its_reason(client, folder):
    before = client.get("/v1/models/mood").json()["id"]
    same = client.post("/v1/models/mood/reload")
    assert same.status_code == 200 and same.json() == {"name": "mood", "changed": False, "id": before}
    folder_of(folder, 2)
    new = client.post("/v1/models/mood/reload").json()
    assert new["changed"] and new["id"] != before
    broken(folder_of(folder, 3))
    refused = client.post("/v1/models/mood/reload")
    assert refused.status_code == 409 and refused.json()["type"].endswith(":refused")
    assert "weights.bin" in refused.text and str(folder.parent) not in refused.text
    assert client.get("/v1/models/mood").json()["id"] == new["id"]
    text = client.get("/metrics").text
    assert 'gongbang_model_loads_total{model="mood",outcome="loaded"} 2.0' in text
    assert 'gongbang_model_loads_total{model="mood",outcome="refused"} 1.0' in text
    assert client.post("/v1/models/mod/reload").status_code == 404


def test_reloading_under_requests_drops_none(client, folder):
    stop, told = threading.Event(), []

    def ask():
        while not stop.is_set():
            told.append(client.post("/v1/predict/mood", json={"records": [{"text": "즐거웠어요"}]}))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    ids = {client.get("/v1/models/mood").json()["id"]}
    for version in (2, 3):
        folder_of(folder, version)
        ids.add(client.post("/v1/models/mood/reload").json()["id"])
    stop.set()
    for thread in threads:
        thread.join()
    assert len(ids) == 3 and {one.status_code for one in told} == {200}
    assert {one.json()["id"] for one in told} <= ids
    assert {one.json()["predictions"][0]["text"] for one in told} == {"positive"}


def test_without_a_database_there_is_no_chat(client):
    for path in ("/v1/chat", "/v1/answers", "/v1/feedback", "/v1/ask"):
        assert client.get(path).status_code == 404
    assert client.get("/health").json() == client.get("/health/ready").json()
    assert client.get("/health").json()["database"] == "none"


def test_with_nothing_to_serve_it_does_not_start():
    with pytest.raises(OptionError, match="nothing to serve"):
        create_app(ServeSettings())


def test_two_artifacts_work_beside_each_other_and_are_opened_by_name(kind):
    app = create_app(ServeSettings(models={"mood": "sentiment-ko", "again": "sentiment-ko"}))
    room = app.state.room
    assert [served.name for served in room] == ["mood", "again"]
    room.close()
