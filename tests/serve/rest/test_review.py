"""/v1/review: what was marked anywhere is decided about, and of two reviewers one is told to look again."""

from __future__ import annotations

import pytest

from gongbang.apps.loop.judged import of_game
from gongbang.serve.database.review import Review
from tests.apps.loop.test_judged import game

FEEDBACK, REVIEW = "/v1/feedback", "/v1/review"
ANSWERED = {
    "origin": "ask",
    "task": "boolq",
    "texts": {"question": "고래는 물고기인가?", "context": "고래는 젖먹이동물이다."},
    "answer": "yes",
    "artifact": "boolq-ko",
    "artifact_id": "ab" * 32,
    "reference": "sea.md",
    "group": "sea.md",
}


@pytest.fixture
def item(client):
    body = {"answered": ANSWERED, "verdict": "bad", "correction": "no", "note": "틀려요"}
    made = client.post(FEEDBACK, json=body)
    assert made.status_code == 201, made.text
    assert made.json()["turn_id"] is None and made.json()["origin"] == "ask"
    return client.get(f"{REVIEW}/{made.json()['id']}").json()


def test_an_answer_from_elsewhere_enters_the_queue(client, item):
    assert ANSWERED.items() <= item.items()
    assert (item["verdict"], item["correction"], item["note"], item["client"]) == (
        "bad",
        "no",
        "틀려요",
        "rest",
    )
    assert (item["state"], item["version"], item["decisions"]) == ("open", 1, [])
    assert client.get(REVIEW, params={"state": "open", "origin": "ask"}).json()["items"] == [item]
    assert client.get(REVIEW, params={"state": "accepted"}).json()["total"] == 0


def test_a_decision_is_added_and_tagged(client, item):
    place = f"{REVIEW}/{item['id']}"
    sent = {"action": "correct", "text": "no-answer", "reviewer": "min", "note": "둘 다 아님", "version": 1}
    done = client.post(f"{place}/decisions", json=sent)
    assert (done.status_code, done.headers["etag"]) == (201, '"2"')
    assert done.json()["state"] == "corrected"
    told = done.json()["decisions"][0]
    assert {name: told[name] for name in ("number", "action", "text", "reviewer", "note")} == {
        "number": 1,
        "action": "correct",
        "text": "no-answer",
        "reviewer": "min",
        "note": "둘 다 아님",
    }
    assert client.get(place).json() == done.json()
    assert client.get(place).headers["etag"] == '"2"'


@pytest.mark.parametrize("how", ["field", "header"])
def test_an_old_version_is_a_conflict(client, item, how):
    place = f"{REVIEW}/{item['id']}/decisions"
    sent = {"action": "accept", "reviewer": "min"}
    assert client.post(place, json=sent).status_code == 201
    old = (
        client.post(place, json={**sent, "version": 1})
        if how == "field"
        else client.post(place, json=sent, headers={"if-match": '"1"'})
    )
    assert (old.status_code, old.json()["current"]) == (409, 2)


def test_a_turn_of_a_chat_enters_it_too(client):
    client.post("/v1/answers", json={"text": "열 시에 열어요.", "question": "몇 시에 열어요?"})
    said = client.post("/v1/chat", json={"text": "몇 시에 열어요?"}).json()
    body = {"turn_id": said["turn_id"], "verdict": "bad", "correction": "아홉 시요."}
    made = client.post(FEEDBACK, json=body).json()
    item = client.get(f"{REVIEW}/{made['id']}").json()
    assert (item["origin"], item["task"], item["artifact"]) == ("chat", "respond", "letters")
    assert item["texts"] == {"context": "몇 시에 열어요?"} and item["answer"] == said["text"]
    assert said["conversation_id"] not in str(item)
    done = client.post(f"{REVIEW}/{made['id']}/decisions", json={"action": "accept", "reviewer": "min"})
    assert done.json()["decisions"][0]["text"] == "아홉 시요."


def test_a_mark_of_a_game_shows_its_artifact(client, store):
    Review(store).keep([of_game(game(), client="play")])
    (item,) = client.get(REVIEW, params={"origin": "game"}).json()["items"]
    assert (item["artifact"], item["artifact_id"], item["client"]) == ("boolq-ko", "ab" * 32, "play")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"verdict": "bad"}, "turn_id"),
        ({"verdict": "bad", "turn_id": 1, "answered": ANSWERED}, "turn_id"),
        ({"verdict": "good", "answered": ANSWERED, "correction": "no"}, "correction"),
        ({"verdict": "bad", "answered": {**ANSWERED, "origin": "game"}}, "answered.origin"),
        ({"verdict": "bad", "answered": {**ANSWERED, "answer": "\x00"}}, "answer"),
        ({"verdict": "bad", "answered": {**ANSWERED, "texts": {"context": 3}}}, "answered.texts.context"),
    ],
)
def test_wrong_feedback_names_the_field(client, body, field):
    refused = client.post(FEEDBACK, json=body)
    assert (refused.status_code, refused.json()["field"]) == (422, field)


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"action": "correct", "reviewer": "min"}, 422, "text"),
        ({"action": "correct", "reviewer": "min", "text": "maybe"}, 422, "text"),
        ({"action": "approve", "reviewer": "min"}, 422, "action"),
        ({"action": "accept"}, 422, "reviewer"),
        ({"action": "accept", "reviewer": " "}, 422, "reviewer"),
        ({"action": "accept", "reviewer": "min", "autor": "x"}, 422, "autor"),
    ],
)
def test_wrong_decisions_name_the_field(client, item, body, status, field):
    refused = client.post(f"{REVIEW}/{item['id']}/decisions", json=body)
    assert (refused.status_code, refused.json()["field"]) == (status, field)
    assert client.get(f"{REVIEW}/{item['id']}").json()["state"] == "open"


def test_what_is_not_there_is_missing(client):
    assert client.get(f"{REVIEW}/7").status_code == 404
    sent = {"action": "accept", "reviewer": "min"}
    assert client.post(f"{REVIEW}/7/decisions", json=sent).status_code == 404
