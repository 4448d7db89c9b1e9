"""Keys, scopes and rates at the door; pages of other origins."""

from __future__ import annotations

import pytest

from gongbang.errors import OptionError
from gongbang.serve.access.keys import new_key
from gongbang.serve.settings import ServeSettings
from tests.serve.rest.conftest import mood, toy_asking

MOOD, RECORDS = "/v1/predict/mood", {"records": [{"text": "즐거웠어요"}]}
KEYS = {scope: new_key(scope, scope) for scope in ("read", "write", "admin")}


@pytest.fixture(scope="module")
def kind() -> str:
    return "sqlite"


@pytest.fixture
def client(opened):
    keys = tuple(key for _, key in KEYS.values())
    return opened(room=mood(), asking=toy_asking(), host="0.0.0.0", keys=keys)


def bearer(scope):
    return {"authorization": f"Bearer {KEYS[scope][0]}"}


def test_without_a_key_only_health_is_told(client):
    for path in ("/v1/models", "/v1/answers", "/openapi.json", "/docs", "/metrics", "/nothing"):
        refused = client.get(path)
        assert refused.status_code == 401, path
        assert refused.headers["www-authenticate"] == 'Bearer realm="gongbang"'
        assert refused.headers["content-type"] == "application/problem+json"
    for path in ("/health", "/health/live", "/health/ready"):
        assert client.get(path).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer gb_wrong"},
        {"authorization": f"Bearer {KEYS['read'][1].hash}"},  # what is at rest opens nothing
        {"x-api-key": "가".encode()},
        {"authorization": f"Basic {KEYS['read'][0]}"},
        {"authorization": f"Bearer {KEYS['read'][0]}x"},
    ],
)
def test_a_wrong_key_is_401(client, headers):
    assert client.get("/v1/models", headers=headers).status_code == 401


def test_a_key_in_the_address_is_none(client):
    assert client.get(f"/v1/models?key={KEYS['admin'][0]}").status_code == 401


def test_each_scope_may_what_those_before_it_may(client):
    calls = {
        "read": [
            ("GET", "/v1/models", None),
            ("POST", MOOD, RECORDS),
            ("POST", "/v1/ask", {"question": "왜?"}),
        ],
        "write": [("POST", "/v1/answers", {"text": "네."}), ("POST", "/v1/chat", {"text": "네?"})],
        "admin": [("POST", "/v1/models/mood/reload", None)],
    }
    scopes = list(calls)
    for needed, requests in calls.items():
        for method, path, body in requests:
            for scope in scopes:
                answer = client.request(method, path, json=body, headers=bearer(scope))
                if scopes.index(scope) >= scopes.index(needed):
                    assert answer.status_code < 300, (scope, path, answer.text)
                else:
                    assert answer.status_code == 403, (scope, path)
                    assert f'scope="{needed}"' in answer.headers["www-authenticate"]
                    assert answer.json()["type"].endswith(":forbidden")


def test_a_key_comes_in_either_header_and_from_any_host(client):
    secret = KEYS["read"][0]
    for headers in ({"x-api-key": secret}, {"authorization": f"bearer {secret}"}):
        answer = client.get("/v1/models", headers={**headers, "host": "models.example"})
        assert answer.status_code == 200


def test_too_many_requests_are_429_for_that_key_alone(opened):
    slow, other = new_key("slow", rate=0.001, burst=2), new_key("other")
    client = opened(host="0.0.0.0", keys=(slow[1], other[1]), room=mood())
    statuses = [client.get("/v1/models", headers={"x-api-key": slow[0]}).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    refused = client.get("/v1/models", headers={"x-api-key": slow[0]})
    assert 1 <= int(refused.headers["retry-after"]) <= 1000
    assert client.get("/v1/models", headers={"x-api-key": other[0]}).status_code == 200


def test_the_document_says_that_keys_are_needed(client):
    document = client.get("/openapi.json", headers=bearer("read")).json()
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert {"401", "403", "429"} <= set(document["paths"]["/v1/answers"]["get"]["responses"])
    assert "401" not in document["paths"]["/health"]["get"]["responses"]


def test_on_this_machine_no_key_is_asked_for_unless_required(opened):
    _, key = KEYS["read"]
    assert opened(keys=(key,), room=mood()).get("/v1/models").status_code == 200
    assert opened(keys=(key,), room=mood(), require_keys=True).get("/v1/models").status_code == 401


def test_keys_that_nobody_has_are_a_mistake():
    for options in ({"host": "0.0.0.0"}, {"require_keys": True}):
        with pytest.raises(OptionError, match="keys"):
            ServeSettings(models={"a": "b"}, **options)


def test_pages_of_listed_origins_are_let_in_and_others_told_so(opened):
    client = opened(room=mood(), origins=("https://shop.example",))

    def preflight(origin, method="POST", header="content-type"):
        asked = {"access-control-request-method": method, "access-control-request-headers": header}
        return client.options(MOOD, headers={"origin": origin, **asked})

    allowed = preflight("https://shop.example")
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == "https://shop.example"
    told = client.post(MOOD, json=RECORDS, headers={"origin": "https://shop.example"})
    assert told.headers["access-control-allow-origin"] == "https://shop.example"
    for refused in (preflight("https://other.example"), preflight("https://shop.example", "PUT")):
        assert refused.status_code == 400
        assert refused.headers["content-type"] == "application/problem+json"
    assert "access-control-allow-origin" not in preflight("https://other.example").headers


def test_a_preflight_needs_no_key(opened):
    _, key = KEYS["read"]
    origins = ("https://shop.example",)
    client = opened(room=mood(), origins=origins, keys=(key,), require_keys=True)
    asked = {"origin": origins[0], "access-control-request-method": "GET"}
    assert client.options("/v1/models", headers=asked).status_code == 200
    refused = client.get("/v1/models", headers={"origin": origins[0]})
    assert refused.status_code == 401 and refused.headers["access-control-allow-origin"] == origins[0]
