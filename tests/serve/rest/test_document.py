"""The OpenAPI document says what is sent and answered, with an example of each body."""

from __future__ import annotations

import json
import re

import pytest
from pydantic import BaseModel

from gongbang.serve.routes.pages import example_of

PATHS = {
    "/v1/answers": {"get", "post"},
    "/v1/answers/import": {"post"},
    "/v1/answers/export": {"get"},
    "/v1/answers/{id}": {"get", "patch", "delete"},
    "/v1/chat": {"post"},
    "/v1/conversations": {"get", "post"},
    "/v1/conversations/{id}": {"get", "delete"},
    "/v1/feedback": {"get", "post"},
    "/v1/review": {"get"},
    "/v1/review/{id}": {"get"},
    "/v1/review/{id}/decisions": {"post"},
    "/v1/jobs": {"get", "post"},
    "/v1/jobs/kinds": {"get"},
    "/v1/jobs/{id}": {"get"},
    "/v1/jobs/{id}/cancel": {"post"},
    "/v1/jobs/{id}/retry": {"post"},
    "/v1/jobs/{id}/result": {"get"},
    "/v1/jobs/{id}/result/file": {"get"},
    "/v1/jobs/{id}/events": {"get"},
    "/v1/games": {"post"},
    "/v1/games/sets": {"get"},
    "/v1/games/{id}": {"get"},
    "/v1/games/{id}/questions": {"post"},
    "/v1/games/{id}/hints": {"post"},
    "/v1/games/{id}/guesses": {"post"},
    "/v1/games/{id}/replies": {"post"},
    "/v1/games/{id}/give-up": {"post"},
    "/v1/games/{id}/marks": {"post"},
    "/v1/ask": {"post"},
    "/v1/models": {"get"},
    "/v1/models/{name}": {"get"},
    "/v1/models/{name}/reload": {"post"},
    "/v1/predict/mood": {"post"},
    "/metrics": {"get"},
    "/health": {"get"},
    "/health/live": {"get"},
    "/health/ready": {"get"},
}


@pytest.fixture
def client(full):
    return full


@pytest.fixture
def document(client):
    return client.get("/openapi.json").json()


def type_of(name, among=BaseModel):
    """The server's type of that name; some are made when an application is."""
    for kind in among.__subclasses__():
        own = kind.__name__ == name and kind.__module__.startswith("gongbang.serve.")
        found = kind if own else type_of(name, kind)
        if found is not None:
            return found
    return None


def test_every_resource_is_there(document):
    assert {path: set(methods) for path, methods in document["paths"].items()} == PATHS


def test_every_body_has_an_example_that_its_type_takes(document):
    parts = document["components"]["schemas"]
    seen = 0
    for path, methods in document["paths"].items():
        for method, route in methods.items():
            assert route["description"], (method, path)
            bodies = [route.get("requestBody", {}), *route["responses"].values()]
            for kind, body in ((kind, one) for has in bodies for kind, one in has.get("content", {}).items()):
                example = example_of(body, parts)
                assert example, f"{method} {path} has no example of {kind}"
                if "$ref" in body["schema"]:
                    name = body["schema"]["$ref"].rsplit("/", 1)[1]
                    type_of(name).model_validate_json(json.dumps(example))
                    seen += 1
    assert seen > 40


def test_every_problem_is_declared_as_one(document):
    for path, methods in document["paths"].items():
        for method, route in methods.items():
            for status, answer in route["responses"].items():
                if int(status) >= 400:
                    assert list(answer["content"]) == ["application/problem+json"], (method, path, status)
            assert path in ("/health", "/health/live") or "503" in route["responses"]


def test_the_examples_can_be_sent(client, document):
    parts = document["components"]["schemas"]

    def example(path, method="post"):
        bodies = document["paths"][path][method]["requestBody"]["content"]
        return {kind: example_of(body, parts) for kind, body in bodies.items()}

    made = client.post("/v1/answers", json=example("/v1/answers")["application/json"])
    assert made.status_code == 201
    edit = example("/v1/answers/{id}", "patch")["application/json"]
    assert client.patch(made.headers["location"], json=edit).status_code == 200
    assert client.post("/v1/chat", json=example("/v1/chat")["application/json"]).status_code == 200
    for kind, text in example("/v1/answers/import").items():
        done = client.post("/v1/answers/import", content=text.encode(), headers={"content-type": kind})
        assert done.status_code == 200 and done.json()["problem_count"] == 0, kind


def test_the_page_shows_every_route_and_loads_nothing(client):
    page = client.get("/docs")
    assert page.status_code == 200 and "script" not in page.text
    for path in PATHS:
        assert path in page.text
    assert not re.findall(r"(?:src|href)=['\"]?(?:https?:)?//", page.text)
    assert "공방은 아침 열 시에 열어요." in page.text
    assert client.get("/redoc").status_code == 404
