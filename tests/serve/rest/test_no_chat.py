"""A database without a chatbot: games, jobs, feedback and review, and nothing of the chat."""

from __future__ import annotations

import pytest

from gongbang.apps.loop.judged import Judged
from gongbang.errors import ArtifactError, OptionError
from gongbang.serve.app import create_app
from gongbang.serve.settings import ServeSettings
from tests.serve.rest.conftest import letters, mood
from tests.serve.rest.test_document import PATHS

CHAT = {path for path in PATHS if path.startswith(("/v1/answers", "/v1/chat", "/v1/conversations"))}


@pytest.fixture
def client(opened):
    return opened(chat=False, room=mood())


def test_what_is_not_there_is_404_and_in_no_document(client):
    paths = client.get("/openapi.json").json()["paths"]
    assert set(paths) == set(PATHS) - CHAT - {"/v1/ask"}
    for path in CHAT:
        for method in PATHS[path]:
            told = client.request(method, path.replace("{id}", "1"), json={"text": "안녕하세요"})
            assert told.status_code == 404, (method, path)
            assert told.headers["content-type"] == "application/problem+json"


def test_health_says_what_is_on(client, opened):
    told = client.get("/health").json()
    assert told["ready"] and told["database"] == "up" and told["artifact"] is None
    assert told["on"] == ["predict", "games", "jobs", "feedback"]
    assert client.get("/health/ready").json() == told
    with_chat = opened().get("/health").json()
    assert with_chat["on"] == ["chat", "games", "jobs", "feedback"]
    assert opened(where=None, room=mood()).get("/health").json()["on"] == ["predict"]
    assert opened(chat=False, games=False).get("/health").json()["on"] == ["jobs", "feedback"]


def test_games_jobs_feedback_and_review_work(client):
    game = client.post("/v1/games", json={"kind": "reverse"})
    assert game.status_code == 201 and game.json()["move"]["kind"] == "question"
    assert client.get("/v1/jobs").json()["total"] == 0
    answered = {
        "origin": "ask",
        "task": "reader",
        "texts": {"question": "면적은?", "context": "면적은 14제곱킬로미터이다."},
        "answer": "14제곱킬로미터",
        "artifact": "reader-ko",
        "artifact_id": "ba7816bf",
    }
    assert set(answered) <= set(Judged.__slots__)
    kept = client.post("/v1/feedback", json={"verdict": "good", "answered": answered})
    assert kept.status_code == 201
    waiting = client.get("/v1/review").json()
    assert [one["answer"] for one in waiting["items"]] == ["14제곱킬로미터"]
    decided = client.post(
        f"/v1/review/{waiting['items'][0]['id']}/decisions", json={"action": "accept", "reviewer": "한가람"}
    )
    assert decided.status_code == 201 and decided.json()["state"] == "accepted"
    gone = client.post("/v1/feedback", json={"verdict": "good", "turn_id": 1})
    assert gone.status_code == 404


def test_what_a_chatbot_kept_is_judged_without_it(opened):
    first = opened()
    first.post("/v1/answers", json={"text": "열 시에 열어요.", "question": "몇 시에 열어요?"})
    talk = first.post("/v1/chat", json={"text": "몇 시에 열어요?"}).json()
    later = opened(chat=False)
    judged = later.post("/v1/feedback", json={"verdict": "good", "turn_id": talk["turn_id"]})
    assert judged.status_code == 201
    assert later.get("/health").json()["changes"] == 1


def test_without_an_artifact_there_is_no_chatbot_and_the_log_says_so(url, monkeypatch, caplog):
    monkeypatch.setattr("gongbang.artifacts.store.known_artifacts", dict)
    app = create_app(ServeSettings(url))
    assert "/v1/chat" not in app.openapi()["paths"] and "/v1/jobs" in app.openapi()["paths"]
    assert "no chatbot" in caplog.text and "--no-chat" in caplog.text
    for wanted in (ServeSettings(url, chat=True), ServeSettings(url, artifact="nothing-ko")):
        with pytest.raises(ArtifactError):
            create_app(wanted)


def test_a_chatbot_that_was_declined_is_not_there_whatever_replies(url):
    app = create_app(ServeSettings(url, chat=False), letters())
    assert not CHAT & set(app.openapi()["paths"])
    with pytest.raises(OptionError, match="database"):
        ServeSettings(chat=True)
