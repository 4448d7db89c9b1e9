"""/v1/predict: what the command line says, through a queue that refuses in time."""

from __future__ import annotations

import json
import threading

import pytest

from gongbang.cli.main import main
from gongbang.serve.models.batcher import Limits
from gongbang.serve.models.room import ModelRoom
from tests.serve.models.held import Held, hashing, opener, small
from tests.serve.rest.conftest import mood

MOOD = "/v1/predict/mood"
TEXTS = [
    "정말 즐거웠어요!",
    "다시는 안 가요. 시간이 아깝네요.",
    "그저 그랬다",
    "선생님이 친절해서 아이가 좋아했습니다.",
]


@pytest.fixture(scope="module")
def kind() -> str:
    return "sqlite"  # no database is asked here


def ask(client, *texts, **more):
    return client.post(MOOD, json={"records": [{"text": text} for text in texts], **more})


def test_it_says_what_the_command_line_says(opened, tmp_path, capsys, monkeypatch):
    data = tmp_path / "data.jsonl"
    rows = [{"id": f"r{n}", "text": text} for n, text in enumerate(TEXTS)]
    records = [{"id": row["id"], "fields": {"text": row["text"]}} for row in rows]
    data.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in records), encoding="utf-8")
    monkeypatch.setattr("gongbang.runtime.load.load", opener)
    assert main(["predict", "sentiment-ko", "--data", str(data), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    client = opened(where=None, room=mood())
    served = client.post(MOOD, json={"records": rows})
    assert served.status_code == 200
    assert served.json() == {name: value for name, value in told.items() if name != "problems"}


def test_many_at_once_get_what_each_gets_alone(opened):
    client = opened(where=None, room=mood(Held(small()), mixing="equal"))
    alone = {text: ask(client, text).json() for text in TEXTS}
    told: list[tuple[str, dict]] = []
    threads = [
        threading.Thread(target=lambda text=text: told.append((text, ask(client, text).json())))
        for text in TEXTS * 5
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 20 and all(answer == alone[text] for text, answer in told)


def test_what_shares_batches_gets_the_same(opened):
    """The engine is held back so that what waits is taken together."""
    inner = hashing("sentiment-ko")
    room = mood(Held(inner), limits=Limits(wait_s=0.0), at_once=1)
    client = opened(where=None, room=room)
    assert client.get("/v1/models/mood").json()["shares_batches"] is True
    alone = {text: ask(client, text).json() for text in TEXTS}
    engine_run, reached, go = inner.engine.run, threading.Event(), threading.Event()

    def held(inputs):
        reached.set()
        assert go.wait(60)
        return engine_run(inputs)

    inner.engine.run = held
    told: dict[str, dict] = {}
    threads = [threading.Thread(target=lambda t=t: told.update({t: ask(client, t).json()})) for t in TEXTS]
    threads[0].start()
    assert reached.wait(60)
    for thread in threads[1:]:
        thread.start()
    waiting = room.get("mood")
    while waiting.waiting < 3:
        threading.Event().wait(0.01)
    inner.engine.runs.clear()
    go.set()
    for thread in threads:
        thread.join()
    assert told == alone and 3 in inner.engine.runs  # three rows in one run


def test_a_full_queue_is_429_and_health_is_told_meanwhile(opened):
    predictor = Held(small())
    client = opened(where=None, room=mood(predictor, limits=Limits(queue=2), at_once=1))
    predictor.hold()
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(ask(client, "좋아요"))) for _ in range(3)]
    threads[0].start()
    assert predictor.reached.wait(60)
    for thread in threads[1:]:
        thread.start()
    room = client.app.state.room
    while room.get("mood").waiting < 2:
        threading.Event().wait(0.01)

    refused = ask(client, "좋아요")
    assert refused.status_code == 429 and int(refused.headers["retry-after"]) >= 1
    assert refused.json()["type"].endswith(":busy")
    health = client.get("/health/ready")
    assert health.status_code == 200 and health.json()["models"][0]["waiting"] == 2
    assert client.get("/health/live").status_code == client.get("/metrics").status_code == 200
    assert 'gongbang_queue_waiting{model="mood"} 2.0' in client.get("/metrics").text
    assert not answers

    predictor.go.set()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [200] * 3
    assert ask(client, "좋아요").status_code == 200


def test_a_deadline_that_passes_is_503_and_the_server_goes_on(opened):
    predictor = Held(small())
    client = opened(where=None, room=mood(predictor))
    predictor.hold()
    late = ask(client, "좋아요", deadline_ms=20)
    assert late.status_code == 503 and late.json()["type"].endswith(":late")
    assert int(late.headers["retry-after"]) >= 1
    predictor.go.set()
    assert ask(client, "좋아요").status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "records"),
        ({"records": []}, "records"),
        ({"records": [{"text": "좋아요"}] * 65}, "records"),
        ({"records": [{"txt": "좋아요"}]}, "records.0.text"),
        ({"records": [{"text": "좋아요"}, {"text": " \t"}]}, "records.1.text"),
        ({"records": [{"text": 3}]}, "records.0.text"),
        ({"records": [{"text": "가" * 20_001}]}, "records.0.text"),
        ({"records": [{"text": "가" * 20_000}] * 6}, "records"),
        ({"records": [{"text": "좋아요", "label": "positive"}]}, "records.0.label"),
        ({"records": [{"text": "좋아요"}], "deadline_ms": 0}, "deadline_ms"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(full, body, field):
    refused = full.post(MOOD, json=body)
    assert refused.status_code == 422 and refused.json()["field"] == field, refused.text


def test_another_name_is_told_the_nearest(full):
    refused = full.post("/v1/predict/mod", json={"records": []})
    assert refused.status_code == 404 and "mood" in refused.json()["cure"]


def test_entities_are_places_that_are_checked(opened):
    room = ModelRoom()
    room.add("ties", "relation-ko", predictor=hashing("relation-ko"))
    client = opened(where=None, room=room)
    text = "김가람은 두루미골 공방의 대표이다."
    subject, object_ = {"start": 5, "end": 12, "type": "ORG"}, {"start": 0, "end": 3, "type": "PER"}

    def tied(**more):
        return client.post(
            "/v1/predict/ties",
            json={"records": [{"text": text, "subject": subject, "object": object_} | more]},
        )

    assert tied().status_code == 200 and tied(subject=subject | {"text": "두루미골 공방"}).status_code == 200
    for wrong in (
        {"subject": subject | {"text": "두루미골"}},
        {"subject": subject | {"end": 99}},
        {"subject": {"start": 3, "end": 3}},
        {"subject": None},
    ):
        assert tied(**wrong).status_code == 422, wrong


def test_passages_of_one_question_are_read_together(opened):
    room = ModelRoom()
    room.add("qa", "reader-ko", predictor=hashing("reader-ko"))
    client = opened(where=None, room=room)
    passages = ["공방은 월요일에 쉰다.", "공방의 주인은 김가람이다."]
    rows = [{"question": "누가 주인인가?", "context": text, "question_id": "q"} for text in passages]
    assert client.post("/v1/predict/qa", json={"records": rows}).json()["n"] == 1
    for row in rows:
        del row["question_id"]
    assert client.post("/v1/predict/qa", json={"records": rows}).json()["n"] == 2
