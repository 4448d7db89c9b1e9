"""/health, and a database that goes away and comes back."""

from __future__ import annotations

import pytest

from gongbang.serve.database.engine import database_url
from tests.serve.database.proxy import Door

CALLS = {
    "page": ("GET", "/v1/answers", None),
    "read": ("GET", "/v1/answers/1", None),
    "create": ("POST", "/v1/answers", {"text": "네."}),
    "change": ("PATCH", "/v1/answers/1", {"text": "네."}),
    "delete": ("DELETE", "/v1/answers/1", None),
    "export": ("GET", "/v1/answers/export", None),
    "chat": ("POST", "/v1/chat", {"text": "안녕하세요"}),
    "talk": ("POST", "/v1/conversations", None),
    "talks": ("GET", "/v1/conversations", None),
    "judge": ("POST", "/v1/feedback", {"turn_id": 1, "verdict": "good"}),
    "feedback": ("GET", "/v1/feedback", None),
    "ready": ("GET", "/health/ready", None),
}


@pytest.fixture
def door(kind, url):
    if kind == "sqlite":
        pytest.skip("SQLite has no connection to break")
    parsed = database_url(url)
    door = Door(parsed.host, parsed.port or {"mariadb": 3306, "postgresql": 5432}[kind])
    yield door, parsed.set(host="127.0.0.1", port=door.port).render_as_string(hide_password=False)
    door.shut()


def assert_away(client, where):
    for name, (method, path, body) in CALLS.items():
        refused = client.request(method, path, json=body)
        assert refused.status_code == 503, name
        assert refused.headers["content-type"] == "application/problem+json"
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.json()["type"].endswith(":away") and where not in refused.text
    assert client.get("/health/live").json() == {"live": True}
    health = client.get("/health")
    assert health.status_code == 200
    assert (health.json()["live"], health.json()["ready"], health.json()["database"]) == (True, False, "away")


def test_what_works_is_told(client):
    ready = client.get("/health/ready").json()
    on = ["chat", "games", "jobs", "feedback"]
    works = {"live": True, "ready": True, "database": "up"}
    assert ready == works | {"artifact": "letters", "changes": 0, "on": on, "models": []}
    client.post("/v1/answers", json={"text": "네."})
    assert client.get("/health").json() == ready | {"changes": 1}


def test_a_database_that_goes_away_is_503_and_is_used_again_by_itself(door, opened):
    door, url = door
    client = opened(where=url)
    made = client.post("/v1/answers", json={"text": "하루 뒤에요.", "question": "언제 식어요?"}).json()
    talk = client.post("/v1/chat", json={"text": "언제 식어요?"}).json()
    for _ in range(2):
        door.shut()
        assert_away(client, str(door.port))
        door.open()
        assert client.get("/health/ready").status_code == 200
        again = client.post("/v1/chat", json={"text": "그래요?", "conversation_id": talk["conversation_id"]})
        assert again.status_code == 200
    changed = client.patch(f"/v1/answers/{made['id']}", json={"text": "이틀 뒤에요."})
    assert changed.json()["version"] == 2
    assert client.post("/v1/chat", json={"text": "언제 식어요?"}).json()["text"] == "이틀 뒤에요."
    turns = client.get(f"/v1/conversations/{talk['conversation_id']}").json()["turns"]
    assert [turn["text"] for turn in turns if turn["role"] == "user"] == ["언제 식어요?"] + ["그래요?"] * 2


def test_a_server_starts_without_its_database_and_finds_it_later(door, opened):
    door, url = door
    door.shut()
    client = opened(where=url)
    assert_away(client, str(door.port))
    door.open()
    assert client.get("/health").json()["ready"] is True
    assert client.post("/v1/answers", json={"text": "네."}).status_code == 201


def test_a_file_in_a_folder_that_is_made_later(opened, tmp_path, kind):
    if kind != "sqlite":
        pytest.skip("a file of SQLite")
    client = opened(where=f"sqlite:///{tmp_path}/later/answers.db")
    assert_away(client, str(tmp_path))
    (tmp_path / "later").mkdir()
    assert client.post("/v1/answers", json={"text": "네."}).status_code == 201
    assert client.get("/health/ready").json()["changes"] == 1
