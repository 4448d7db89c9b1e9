"""Every error is a problem document, and none tells what the server is made of."""

from __future__ import annotations

import json
import logging

import pytest

from gongbang.errors import DataError, StoreError
from gongbang.serve.guard import MAX_BODY
from gongbang.serve.problems import words_of
from gongbang.serve.schemas import Problem
from tests.apps.talk import Letters
from tests.serve.rest.conftest import letters

SECRET = "비밀-word"


class Broken(Letters):
    """Fails as a program does."""

    def contexts(self, texts):
        raise RuntimeError(f"{SECRET} in /srv/gongbang")


def test_a_fault_of_ours_is_told_to_the_log_alone(opened, caplog):
    client = opened(model=letters(Broken()), faults=False)
    with caplog.at_level(logging.ERROR):
        refused = client.post("/v1/chat", json={"text": "안녕하세요"})
    assert refused.status_code == 500 and refused.headers["content-type"] == "application/problem+json"
    assert not any(word in refused.text for word in (SECRET, "Traceback", "RuntimeError", "/srv", "File"))
    assert Problem.model_validate(refused.json()).status == 500
    assert SECRET in caplog.text and "Traceback" in caplog.text
    assert client.get("/v1/conversations").json()["total"] == 0
    assert client.get("/health/ready").status_code == 200


def test_a_fault_of_the_database_is_none_of_a_clients_business(opened, monkeypatch):
    def broken(*_, **__):
        raise StoreError("the tables are wrong.", value=SECRET, allowed="others", cure="Upgrade.")

    monkeypatch.setattr("gongbang.serve.database.answers.Answers.page", broken)
    refused = opened(faults=False).get("/v1/answers")
    assert refused.status_code == 500 and SECRET not in refused.text and "tables" not in refused.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/", 404), ("GET", "/v1", 404), ("PUT", "/v1/chat", 405), ("GET", "/v1/answers/1/2", 404)],
)
def test_an_address_or_a_method_that_is_not_there(client, method, path, status):
    refused = client.request(method, path)
    assert refused.status_code == status
    assert refused.headers["content-type"] == "application/problem+json"
    assert Problem.model_validate(refused.json()).status == status


def test_a_body_without_end_is_cut_off(client):
    header = {"content-type": "application/json"}
    sent = []

    def endless():
        for _ in range(2 * MAX_BODY // 1000):
            sent.append(1)
            yield b" " * 1000

    for body in (b" " * (MAX_BODY + 1), endless()):
        refused = client.post("/v1/answers", content=body, headers=header)
        assert refused.status_code == 413 and refused.json()["status"] == 413
    long = json.dumps({"text": "\U0001f600" * 16_000, "question": "\U0001f600" * 16_000})
    assert client.post("/v1/answers", content=long, headers=header).status_code == 201


def test_a_foreign_host_is_refused(client):
    for host in ("evil.example", "evil.example:8000", "127.0.0.1.evil.example", ""):
        refused = client.get("/v1/answers", headers={"host": host})
        assert refused.status_code == 421 and refused.json()["status"] == 421, host
    for host in ("localhost:8000", "127.0.0.1", "[::1]:8000"):
        assert client.get("/v1/answers", headers={"host": host}).status_code == 200


def test_pages_of_other_origins_are_not_let_in(client):
    asked = {"origin": "https://other.example", "access-control-request-method": "POST"}
    for answer in (
        client.options("/v1/answers", headers=asked),
        client.get("/v1/answers", headers={"origin": "https://other.example"}),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_very_many_wrong_fields_are_told_in_part(client):
    body = {"text": "네"} | {f"x{n}" * 100: n for n in range(300)}
    refused = client.post("/v1/answers", json=body)
    assert refused.status_code == 422 and len(refused.json()["errors"]) == 20
    assert all(len(one["field"]) <= 120 for one in refused.json()["errors"])


def test_of_a_file_an_error_tells_the_name_alone():
    facts = {"value": "x", "allowed": "y", "cure": "z /srv/own/a.csv > /srv/own/a.csv.clean"}
    own = {"path": "/srv/own/a.csv"}
    for place in ({}, {"field": "text"}, {"line": 3}, own, own | {"line": 3, "field": "a"}):
        words = words_of(DataError("it is wrong.", **facts, **place))
        assert words["detail"] == "it is wrong." and words["allowed"] == "y"
        assert ("/srv" in words["cure"]) is ("path" not in place)
