"""/v1/jobs as a client meets it, with the server's own process doing the work."""

from __future__ import annotations

import json

import pytest
from fastapi.testclient import TestClient

from gongbang.serve.app import create_app
from gongbang.serve.settings import ServeSettings
from tests.serve.jobs import made_kinds
from tests.serve.jobs.conftest import until
from tests.serve.jobs.made_kinds import answer
from tests.serve.rest.conftest import BASE, letters

JOBS = "/v1/jobs"


@pytest.fixture(scope="module")
def kind():
    """What the routes do depends upon no database; what the tables do is tested on each."""
    return "sqlite"


@pytest.fixture
def client(url, store, own_kinds, tmp_path):
    """A server over the module's database, working."""
    settings = ServeSettings(url, vectors=tmp_path / "vectors", results=tmp_path / "results")
    with TestClient(create_app(settings, letters()), base_url=BASE) as client:
        yield client


@pytest.fixture
def idle(url, store, own_kinds, tmp_path):
    """A server that accepts and does nothing: it was not started."""
    settings = ServeSettings(url, vectors=tmp_path / "vectors", results=tmp_path / "results")
    return TestClient(create_app(settings, letters()), base_url=BASE, raise_server_exceptions=False)


def post(client, kind="tally", n=1, status=202, **more):
    answered = client.post(JOBS, json={"kind": kind, "payload": {"n": n}} | more)
    assert answered.status_code == status, answered.text
    return answered.json()


def ended(client, id):
    until(lambda: client.get(f"{JOBS}/{id}").json()["state"] in {"done", "failed", "cancelled"})
    return client.get(f"{JOBS}/{id}").json()


def told(text):
    """The events of a stream as (id, kind, data); comments and the wait before a return are left out."""
    found = []
    for block in text.strip().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
        if "event" in lines:
            found.append((int(lines["id"]), lines["event"], json.loads(lines["data"])))
    return found


def test_a_job_is_accepted_done_and_told(client):
    answered = client.post(JOBS, json={"kind": "tally", "payload": {"n": 7}})
    job = answered.json()
    assert answered.status_code == 202 and answered.headers["location"] == f"{JOBS}/{job['id']}"
    assert (job["state"], job["payload"], job["max_attempts"]) == ("queued", {"n": 7}, 3)
    done = ended(client, job["id"])
    assert (done["state"], done["progress"], done["attempts"], done["error"]) == ("done", 1.0, 1, None)
    result = client.get(f"{JOBS}/{job['id']}/result").json()
    assert result["value"] == {"n": 7, "answer": answer(7)} and result["file"]["bytes"] == 64
    file = client.get(f"{JOBS}/{job['id']}/result/file")
    assert file.text == answer(7) and file.headers["content-type"].startswith("text/plain")
    assert file.headers["etag"] == f'"{result["file"]["sha256"]}"'


def test_the_course_of_a_job_as_events(client):
    id = post(client)["id"]
    text = client.get(f"{JOBS}/{id}/events").text
    events = told(text)
    numbers = [number for number, _, _ in events]
    assert numbers == sorted(set(numbers)) and text.startswith("retry: ")
    assert [kind for _, kind, _ in events][-1] == "end" and events[-1][2]["state"] == "done"
    assert all(kind == "progress" for _, kind, _ in events[:-1])
    last = numbers[-1]
    again = client.get(f"{JOBS}/{id}/events", headers={"Last-Event-ID": str(last - 1)})
    assert [number for number, _, _ in told(again.text)] == [last]
    gone = client.get(f"{JOBS}/{id}/events", headers={"Last-Event-ID": str(last)})
    assert gone.status_code == 204 and not gone.content  # a browser does not come back


def test_a_failure_is_told(client):
    id = post(client, "broken", max_attempts=1)["id"]
    failed = ended(client, id)
    assert failed["dead"] and "fault of its own" in failed["error"]["what"]
    assert "비밀" not in json.dumps(failed, ensure_ascii=False)
    assert told(client.get(f"{JOBS}/{id}/events").text)[-1][2]["error"] == failed["error"]
    refused = client.get(f"{JOBS}/{id}/result")
    assert refused.status_code == 409 and refused.json()["type"].endswith(":conflict")
    assert [one["id"] for one in client.get(JOBS, params={"dead": True}).json()["items"]] == [id]
    again = client.post(f"{JOBS}/{id}/retry").json()
    assert again["version"] > failed["version"]
    assert ended(client, id)["attempts"] == 1


def test_cancelling(client):
    id = post(client, "patient")["id"]
    until(made_kinds.running.is_set)
    assert client.post(f"{JOBS}/{id}/cancel").json()["cancelling"]
    assert client.post(f"{JOBS}/{id}/cancel").status_code == 200
    assert ended(client, id)["state"] == "cancelled"


def test_a_key_makes_one_job_of_many_requests(idle):
    body = {"kind": "tally", "payload": {"n": 1}}
    header = {"Idempotency-Key": "order-1"}
    first = idle.post(JOBS, json=body, headers=header).json()
    assert idle.post(JOBS, json=body, headers=header).json()["id"] == first["id"]
    other = idle.post(JOBS, json=body | {"payload": {"n": 2}}, headers=header)
    assert other.status_code == 422 and other.json()["field"] == "idempotency-key"


def test_pages(idle):
    ids = [post(idle, n=n)["id"] for n in range(3)]
    page = idle.get(JOBS, params={"limit": 2}).json()
    assert [one["id"] for one in page["items"]] == ids[:0:-1] and (page["total"], page["next"]) == (3, 2)
    assert "payload" not in page["items"][0]
    assert idle.get(JOBS, params={"state": "done"}).json()["total"] == 0
    assert idle.get(JOBS, params={"kind": "tally", "offset": 2}).json()["next"] is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "tell", "payload": {}}, "kind"),
        ({"kind": "tally", "payload": {}}, "payload.n"),
        ({"kind": "tally", "payload": {"n": "1"}}, "payload.n"),
        ({"kind": "tally", "payload": {"n": 1, "m": 2}}, "payload.m"),
        ({"kind": "tally"}, "payload"),
        ({"kind": "tally", "payload": {"n": 1}, "ttl_s": 0}, "ttl_s"),
        ({"kind": "predict", "payload": {"artifact": "sentiment-ko"}}, "payload"),
        ({"kind": "predict", "payload": {"artifact": "../x", "data": "y"}}, "payload.artifact"),
        ({"kind": "predict", "payload": {"artifact": "sentiment-ko", "data": "/etc/passwd"}}, "payload.data"),
        ({"kind": "index", "payload": {"docs": ["/etc"], "name": "a", "encoder": None}}, "payload.docs"),
        ({"kind": "index", "payload": {"docs": ["/etc"], "name": "../a"}}, "payload.name"),
        ({"kind": "train", "payload": {"recipe": "/etc/passwd"}}, "payload.recipe"),
        (
            {"kind": "train", "payload": {"recipe": "reader-ko", "overrides": ["data.x=1"]}},
            "payload.overrides",
        ),
    ],
)
def test_what_cannot_be_done_is_not_accepted(idle, body, field):
    answered = idle.post(JOBS, json=body)
    assert answered.status_code == 422 and answered.json()["field"] == field, answered.text
    assert answered.headers["content-type"] == "application/problem+json"
    assert idle.get(JOBS).json()["total"] == 0


def test_what_is_not_there(idle):
    for method, path in (
        ("GET", ""),
        ("GET", "/result"),
        ("GET", "/result/file"),
        ("GET", "/events"),
        ("POST", "/cancel"),
        ("POST", "/retry"),
    ):
        assert idle.request(method, f"{JOBS}/{'0' * 32}{path}").status_code == 404
        assert idle.request(method, f"{JOBS}/..%2F..{path}").status_code in {404, 422}
    id = post(idle)["id"]
    wrong = idle.get(f"{JOBS}/{id}/events", headers={"Last-Event-ID": "x"})
    assert wrong.status_code == 422 and wrong.json()["field"] == "last-event-id"
    assert idle.post(f"{JOBS}/{id}/retry").status_code == 409


def test_the_kinds_and_their_schemas(idle):
    kinds = {one["kind"]: one for one in idle.get(f"{JOBS}/kinds").json()["kinds"]}
    assert {"predict", "index", "train"} <= set(kinds)
    assert kinds["index"]["payload"]["additionalProperties"] is False
    assert "docs" in kinds["index"]["payload"]["properties"] and kinds["train"]["example"]["recipe"]


def test_a_restarted_server_does_what_an_earlier_one_accepted(url, idle, tmp_path):
    ids = [post(idle, n=n)["id"] for n in range(3)]
    settings = ServeSettings(url, vectors=tmp_path / "v2", results=tmp_path / "results")
    with TestClient(create_app(settings, letters()), base_url=BASE) as client:
        assert [ended(client, id)["state"] for id in ids] == ["done"] * 3
