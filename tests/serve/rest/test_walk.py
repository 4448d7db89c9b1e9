"""A client's day, by a script: every resource once, each step from what the one before it answered."""

from __future__ import annotations

STEPS = [
    # name, method, path, body, status; {name.field} is what an earlier step answered.
    ("health", "GET", "/health/ready", None, 200),
    ("first", "POST", "/v1/answers", {"text": "공방은 열 시에 열어요.", "question": "몇 시에 열어요?"}, 201),
    ("other", "POST", "/v1/answers", {"text": "주차는 뒤뜰에 해요.", "question": "주차는 어디에 해요?"}, 201),
    ("list", "GET", "/v1/answers?limit=1", None, 200),
    ("rest", "GET", "/v1/answers?limit=1&after={list.next}", None, 200),
    ("found", "GET", "/v1/answers?search=주차", None, 200),
    ("asked", "POST", "/v1/chat", {"text": "몇 시에 열어요?"}, 200),
    (
        "judged",
        "POST",
        "/v1/feedback",
        {"turn_id": "{asked.turn_id}", "verdict": "bad", "note": "옛 시간"},
        201,
    ),
    ("mended", "PATCH", "/v1/answers/{asked.answer_id}", {"text": "아홉 시에 열어요.", "version": 1}, 200),
    ("late", "PATCH", "/v1/answers/{asked.answer_id}", {"text": "여덟 시에 열어요.", "version": 1}, 409),
    ("anew", "POST", "/v1/chat", {"text": "몇 시에 열어요?", "explain": True}, 200),
    (
        "on",
        "POST",
        "/v1/chat",
        {"text": "주차는 어디에 해요?", "conversation_id": "{anew.conversation_id}"},
        200,
    ),
    ("talk", "GET", "/v1/conversations/{anew.conversation_id}", None, 200),
    ("talks", "GET", "/v1/conversations", None, 200),
    ("verdicts", "GET", "/v1/feedback?verdict=bad&turn_id={asked.turn_id}", None, 200),
    ("out", "DELETE", "/v1/answers/{other.id}", None, 204),
    ("without", "POST", "/v1/chat", {"text": "주차는 어디에 해요?", "explain": True}, 200),
    ("forgotten", "DELETE", "/v1/conversations/{anew.conversation_id}", None, 204),
    ("gone", "GET", "/v1/conversations/{anew.conversation_id}", None, 404),
    ("file", "GET", "/v1/answers/export?format=jsonl", None, 200),
]


def filled(value, told):
    """A value with what earlier steps answered in the place of their names."""
    if isinstance(value, dict):
        return {key: filled(held, told) for key, held in value.items()}
    if not isinstance(value, str) or "{" not in value:
        return value
    before, _, rest = value.partition("{")
    name, _, after = rest.partition("}")
    step, _, field = name.partition(".")
    found = told[step][field]
    return found if (before, after) == ("", "") else f"{before}{found}{after}"


def test_a_client_walks_through_every_resource(client):
    told = {}
    for name, method, path, body, status in STEPS:
        answer = client.request(method, filled(path, told), json=filled(body, told))
        assert answer.status_code == status, (name, answer.text)
        json = answer.content and "json" in answer.headers["content-type"] and name != "file"
        told[name] = answer.json() if json else answer.text
    assert told["list"]["total"] == 2 and told["rest"]["next"] is None
    assert [one["id"] for one in told["found"]["items"]] == [told["other"]["id"]]
    assert told["asked"]["text"] == "공방은 열 시에 열어요." and told["anew"]["text"] == "아홉 시에 열어요."
    assert told["late"]["current"] == 2
    assert told["on"]["answer_id"] == told["other"]["id"] and len(told["talk"]["turns"]) == 4
    assert told["verdicts"]["items"] == [told["judged"]]
    assert told["other"]["id"] not in [one["answer_id"] for one in told["without"]["candidates"]]
    assert told["talks"]["total"] == 2 and told["file"].count("\n") == 1
