"""Another artifact for the chat: its vectors are made while the old one replies."""

from __future__ import annotations

import pytest

from gongbang.serve.service import Model
from tests.apps.talk import Letters
from tests.serve.rest.conftest import SURE, letters


class Others(Letters):
    """The same vectors under another hash."""

    signature = "letters-fedcba9876543210"


@pytest.fixture(scope="module")
def kind() -> str:
    return "sqlite"


def test_the_new_artifact_knows_every_answer_before_it_replies(opened, monkeypatch):
    old, new = Letters(), Others()
    client = opened(model=letters(old))
    for text, question in (("열 시에 열어요.", "몇 시에 열어요?"), ("뒤뜰에 해요.", "주차는 어디에 해요?")):
        assert client.post("/v1/answers", json={"text": text, "question": question}).status_code == 201
    ask = {"text": "몇 시에 열어요?"}
    before = client.post("/v1/chat", json=ask).json()
    service = client.app.state.service
    monkeypatch.setattr("gongbang.serve.service.model_of", lambda name, _: Model(name, new, SURE))

    commit = service.prepare(object())
    assert set(new.encoded) == {"열 시에 열어요.", "뒤뜰에 해요."}  # known already, and not yet at work
    assert service.model.responder is old and client.post("/v1/chat", json=ask).status_code == 200
    commit()
    assert service.model.responder is new
    after = client.post("/v1/chat", json=ask | {"conversation_id": before["conversation_id"]})
    assert after.status_code == 200 and client.get("/health/ready").json()["artifact"] == "letters"
    assert client.post("/v1/chat", json=ask).json()["answer_id"] == before["answer_id"]
