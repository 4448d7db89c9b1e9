"""/v1/chat: replies over the database's answers, and conversations that any process goes on with."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.apps.talk import Letters, answers
from tests.serve.rest.conftest import letters

CHAT = "/v1/chat"
ASKED = "가마는 언제 식어요?"


def fill(client):
    """The small talk of a workshop; gives the ids."""
    rows = [{"text": one.text, "question": one.question} for one in answers()]
    return [client.post("/v1/answers", json=row).json()["id"] for row in rows]


def say(client, text, conversation=None, **more):
    reply = client.post(CHAT, json={"text": text, "conversation_id": conversation, **more})
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_a_message_is_answered_and_both_are_kept(client):
    ids = fill(client)
    reply = say(client, "  도자기는 얼마나   구워요?")
    assert (reply["kind"], reply["answer_id"]) == ("answer", ids[1]) and "이틀" in reply["text"]
    assert reply["candidates"] is None and reply["questions"] == []
    talk = client.get(f"/v1/conversations/{reply['conversation_id']}").json()
    said, answered = talk["turns"]
    assert (said["role"], said["text"]) == ("user", "  도자기는 얼마나   구워요?")
    assert answered["id"] == reply["turn_id"] and answered["text"] == reply["text"]
    assert answered["score"] == pytest.approx(reply["confidence"]) and answered["answer_id"] == ids[1]
    assert answered["latency_ms"] > 0 and said["answer_id"] is None


def test_an_explanation_shows_what_was_found(client):
    fill(client)
    found = say(client, "공방은 몇 시에 열어요?", explain=True)["candidates"]
    assert found[0]["question_score"] == pytest.approx(1.0, abs=1e-3)
    assert [one["confidence"] for one in found] == sorted((one["confidence"] for one in found), reverse=True)


def test_what_is_not_known_is_asked_back_and_kept_without_an_answer(client):
    fill(client)
    reply = say(client, "공방은 몇 살이에요")
    assert reply["kind"] == "clarify" and len(reply["questions"]) == 2 and reply["answer_id"] is None
    turn = client.get(f"/v1/conversations/{reply['conversation_id']}").json()["turns"][1]
    assert turn["answer_id"] is None and turn["score"] == pytest.approx(reply["confidence"])
    assert say(client, "요즘 너무 힘들어서 죽고 싶어요")["kind"] == "safety"


def test_the_next_message_knows_what_was_added_changed_switched_off_and_deleted(opened):
    one, two = opened(), opened()
    assert say(one, ASKED)["kind"] == "silent" and say(two, ASKED)["kind"] == "silent"
    place = one.post("/v1/answers", json={"text": "하루 뒤에요.", "question": ASKED}).headers["location"]
    for client in (one, two):
        assert say(client, ASKED)["text"] == "하루 뒤에요."
    two.patch(place, json={"text": "이틀 뒤에요."})
    for client in (one, two):
        assert say(client, ASKED)["text"] == "이틀 뒤에요."
    one.patch(place, json={"active": False})
    for client in (one, two):
        assert say(client, ASKED)["kind"] == "silent"
    two.patch(place, json={"active": True})
    for client in (one, two):
        assert say(client, ASKED)["kind"] == "answer"
    one.delete(place)
    for client in (one, two):
        assert say(client, ASKED)["kind"] == "silent"


def test_another_process_goes_on_with_a_conversation_and_does_not_repeat_it(opened):
    one, two = opened(), opened()
    ids = fill(one)
    first = say(one, "아이도 배울 수 있나요?")
    again = say(two, "아이도 배울 수 있나요?", first["conversation_id"])
    assert first["answer_id"] == ids[3] != again["answer_id"]
    assert say(two, "아이도 배울 수 있나요?")["answer_id"] == ids[3]  # elsewhere it may be said
    turns = two.get(f"/v1/conversations/{first['conversation_id']}").json()["turns"]
    assert [turn["role"] for turn in turns] == ["user", "bot"] * 2


def test_what_was_said_before_is_read_with_the_message(opened):
    heard = []

    class Listens(Letters):
        def contexts(self, texts):
            heard.extend(texts)
            return super().contexts(texts)

    one, two = opened(model=letters(Listens())), opened(model=letters(Listens()))
    fill(one)
    first = say(one, "주차할 곳이 있나요?")
    heard.clear()
    say(two, "몇 대까지요?", first["conversation_id"])
    assert "\n".join(["주차할 곳이 있나요?", first["text"], "몇 대까지요?"]) in heard


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "text"),
        ({"text": "  "}, "text"),
        ({"text": "가" * 2001}, "text"),
        ({"text": "a\x00"}, "text"),
        ({"text": "안녕", "conversation_id": "x"}, "conversation_id"),
        ({"text": "안녕", "conversation_id": 1}, "conversation_id"),
        ({"text": "안녕", "explain": "yes"}, "explain"),
        ({"text": "안녕", "turn": 1}, "turn"),
    ],
)
def test_a_wrong_message_is_refused_and_begins_no_conversation(client, body, field):
    refused = client.post(CHAT, json=body)
    assert refused.status_code == 422 and refused.json()["field"] == field
    assert client.get("/v1/conversations").json()["total"] == 0


def test_an_unknown_conversation_is_missing(client):
    refused = client.post(CHAT, json={"text": "안녕", "conversation_id": "0" * 32})
    assert refused.status_code == 404 and refused.json()["type"].endswith(":missing")


def test_health_and_answers_are_told_while_messages_wait_for_the_model(opened):
    free, waits = threading.Event(), threading.Event()

    class Slow(Letters):
        def contexts(self, texts):
            waits.set()
            assert free.wait(20)
            return super().contexts(texts)

    client = opened(model=letters(Slow()))
    with ThreadPoolExecutor(60) as pool:
        replies = [
            pool.submit(say, client, f"{n}번째 물음") for n in range(60)
        ]  # more than there are threads
        try:
            assert waits.wait(10)
            for _ in range(5):
                assert client.get("/health/live").status_code == 200
                assert client.get("/health/ready").status_code == 200
                assert client.post("/v1/answers", json={"text": "네."}).status_code == 201
            assert not any(reply.done() for reply in replies)
        finally:
            free.set()
        assert len({reply.result()["conversation_id"] for reply in replies}) == 60
