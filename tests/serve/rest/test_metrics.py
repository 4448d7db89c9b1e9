"""/metrics: what Prometheus reads, with few labels whatever is sent."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

MOOD = "/v1/predict/mood"


@pytest.fixture(scope="module")
def kind() -> str:
    return "sqlite"


def samples(client):
    answer = client.get("/metrics")
    assert answer.status_code == 200 and answer.headers["content-type"].startswith(
        "text/plain; version=0.0.4"
    )
    return {
        (one.name, tuple(sorted(one.labels.items()))): one.value
        for family in text_string_to_metric_families(answer.text)
        for one in family.samples
    }


def counted(found, name, **labels):
    return found.get((f"gongbang_{name}", tuple(sorted(labels.items()))))


def test_requests_latencies_batches_and_loads_are_counted(full):
    for _ in range(3):
        full.post(MOOD, json={"records": [{"text": "즐거웠어요"}]})
    full.post(MOOD, json={})
    full.post("/v1/ask", json={"question": "두루미골의 면적은?"})
    found = samples(full)
    assert counted(found, "requests_total", route=MOOD, method="POST", status="200") == 3
    assert counted(found, "requests_total", route=MOOD, method="POST", status="422") == 1
    assert counted(found, "request_seconds_count", route=MOOD) == 4
    assert counted(found, "batch_requests_sum", model="mood") == 3
    assert counted(found, "queue_waiting", model="mood") == 0
    assert counted(found, "model_load_seconds", model="mood") >= 0


def test_addresses_and_methods_that_nobody_knows_make_no_new_labels(full):
    before = len(samples(full))
    for number in range(20):
        full.get(f"/nothing/{number}")
        full.request(f"METHOD{number}", f"/v1/nothing/{number}")
        full.get(f"/v1/answers/{number}")
        full.get("/v1/models", headers={"host": f"h{number}.example"})
    found = samples(full)
    routes = {dict(labels).get("route") for _, labels in found} - {None}
    assert routes <= {"none", "/metrics", "/v1/answers/{id}"}
    assert len(found) - before < 100
