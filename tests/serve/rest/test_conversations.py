"""/v1/conversations and /v1/feedback: what was said, and what people think of it."""

from __future__ import annotations

import pytest

TALKS, FEEDBACK = "/v1/conversations", "/v1/feedback"


def reply(client, text="안녕하세요", talk=None):
    return client.post("/v1/chat", json={"text": text, "conversation_id": talk}).json()


def test_a_conversation_is_begun_led_read_and_taken_out(client):
    begun = client.post(TALKS)
    assert begun.status_code == 201
    place = begun.headers["location"]
    assert place == f"{TALKS}/{begun.json()['id']}" and client.get(place).json()["turns"] == []
    for text in ("하나", "둘"):
        assert reply(client, text, begun.json()["id"])["conversation_id"] == begun.json()["id"]
    turns = client.get(place).json()["turns"]
    assert [turn["text"] for turn in turns if turn["role"] == "user"] == ["하나", "둘"]
    assert client.get(place, params={"last": 1}).json()["turns"] == turns[-1:]
    assert client.delete(place).status_code == 204
    for gone in (client.get(place), client.delete(place)):
        assert gone.status_code == 404


def test_conversations_are_listed_to_the_end_the_newest_first(client):
    ids = [client.post(TALKS).json()["id"] for _ in range(7)]
    seen, offset = [], 0
    while offset is not None:
        page = client.get(TALKS, params={"offset": offset, "limit": 3}).json()
        assert page["total"] == 7
        seen += [one["id"] for one in page["items"]]
        offset = page["next"]
    assert seen == ids[::-1]


@pytest.mark.parametrize("id", ["x", "0" * 31, "0" * 33, "G" * 32])
def test_an_id_that_cannot_be_is_named(client, id):
    for refused in (client.get(f"{TALKS}/{id}"), client.delete(f"{TALKS}/{id}")):
        assert refused.status_code == 422 and refused.json()["field"] == "id"


@pytest.mark.parametrize(
    ("query", "field"), [({"limit": 0}, "limit"), ({"offset": -1}, "offset"), ({"after": 1}, "after")]
)
def test_a_wrong_parameter_is_named(client, query, field):
    refused = client.get(TALKS, params=query)
    assert refused.status_code == 422 and refused.json()["field"] == field


def test_a_turn_is_judged_and_the_verdicts_are_listed_to_the_end(client):
    turns = [reply(client)["turn_id"] for _ in range(3)]
    for turn in turns:
        made = client.post(FEEDBACK, json={"turn_id": turn, "verdict": "good"})
        assert made.status_code == 201 and made.json()["turn_id"] == turn
    bad = client.post(FEEDBACK, json={"turn_id": turns[0], "verdict": "bad", "note": "딴 이야기예요."}).json()
    assert bad["note"] == "딴 이야기예요."
    seen, after = [], 0
    while after is not None:
        page = client.get(FEEDBACK, params={"after": after, "limit": 3}).json()
        assert page["total"] == 4
        seen += page["items"]
        after = page["next"]
    assert [one["turn_id"] for one in seen] == [*turns, turns[0]] and seen[-1] == bad
    assert client.get(FEEDBACK, params={"verdict": "bad"}).json()["items"] == [bad]
    assert client.get(FEEDBACK, params={"turn_id": turns[0]}).json()["total"] == 2


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"verdict": "good"}, "turn_id"),
        ({"turn_id": 0, "verdict": "good"}, "turn_id"),
        ({"turn_id": "1", "verdict": "good"}, "turn_id"),
        ({"turn_id": 1}, "verdict"),
        ({"turn_id": 1, "verdict": "fine"}, "verdict"),
        ({"turn_id": 1, "verdict": "good", "note": None}, "note"),
        ({"turn_id": 1, "verdict": "good", "stars": 5}, "stars"),
    ],
)
def test_wrong_feedback_is_refused_with_the_field(client, body, field):
    refused = client.post(FEEDBACK, json=body)
    assert refused.status_code == 422 and refused.json()["field"] == field


def test_a_note_that_cannot_be_kept_is_named(client):
    turn = reply(client)["turn_id"]
    refused = client.post(FEEDBACK, json={"turn_id": turn, "verdict": "bad", "note": "\x00"})
    assert refused.status_code == 422 and refused.json()["field"] == "note"


def test_feedback_on_an_unknown_turn_is_missing(client):
    refused = client.post(FEEDBACK, json={"turn_id": 1, "verdict": "good"})
    assert refused.status_code == 404 and refused.json()["type"].endswith(":missing")
