"""A server with an encoder: the table and single sentences answer, hidden until the end, kept rightly."""

from __future__ import annotations

import threading

import pytest

from gongbang.apps.twenty_questions import read_table
from gongbang.data.records import Passage
from gongbang.errors import LateError
from gongbang.serve.database.review import Review
from gongbang.serve.games.queued import Encoding
from gongbang.serve.metrics import Metrics
from gongbang.serve.models.opening import open_room
from gongbang.serve.settings import ServeSettings
from tests.apps.twenty_questions.letters_encoder import Pairs
from tests.serve.games.models import finder, playing

EATEN = "먹거나 마시는 것인가요?"


class Broken(Pairs):
    """Fails, and quotes what it was given, once it is told to."""

    broken = False

    def encode_queries(self, texts):
        if self.broken:
            raise ValueError(f"cannot read {texts}")
        return super().encode_queries(texts)


@pytest.fixture
def room():
    room, _ = playing()
    room.encoder = Broken()
    return room


def test_the_table_answers_and_says_so_after_the_end_alone(opened, room, secret_of, keywords, store):
    client = opened(room=room)
    table = read_table(keywords)
    game = client.post("/v1/games", json={"category": "직업"}).json()
    url = f"/v1/games/{game['id']}"
    keyword = secret_of(game["id"])
    named = finder((keyword.name, *keyword.aliases))
    asked = client.post(f"{url}/questions", json={"text": EATEN})
    assert asked.json()["turns"][0]["answer"] == "no" and not named(asked.text)
    assert "table" not in asked.text and "food" not in asked.text
    other = client.post(f"{url}/questions", json={"text": "한국에서는 119에 전화하면 오나요?"})
    assert not named(other.text)
    over = client.post(f"{url}/give-up").json()
    first, second = over["turns"]
    assert (first["artifact"], first["attribute"]) == ("table", "food")
    assert first["artifact_hash"] == table.hash
    assert first["evidence"]["text"] == f"{keyword.name}: {EATEN} 아니요."
    assert second["attribute"] == "" and second["artifact"] in ("sentiment-ko", "encoder")
    if second["evidence"]:
        evidence = second["evidence"]
        assert over["document"][evidence["start"] : evidence["end"]] == evidence["text"]
    assert client.post(f"{url}/marks", json={"wrong": []}).status_code == 201
    kept = {one.feedback.judged.asked: one.feedback.judged for one in Review(store).page().items}
    judged = kept[EATEN]
    assert judged.texts["context"] == judged.evidence == first["evidence"]["text"]
    assert (judged.artifact, judged.artifact_id, judged.answer) == ("table", table.hash, "no")
    assert kept["한국에서는 119에 전화하면 오나요?"].texts["context"] == keyword.document


def test_an_encoder_that_fails_tells_nothing_and_costs_no_turn(opened, room, secret_of, caplog):
    client = opened(room=room, faults=False)
    game = client.post("/v1/games", json={}).json()
    keyword = secret_of(game["id"])
    room.encoder.broken = True
    asked = client.post(f"/v1/games/{game['id']}/questions", json={"text": "바다에 사나요?"})
    named = finder((keyword.name, *keyword.aliases))
    assert asked.status_code == 500 and not named(asked.text) and not named(caplog.text)
    assert client.get(f"/v1/games/{game['id']}").json()["used"] == 0


def test_an_encoder_waits_for_its_turn_and_no_longer_than_it_may():
    gate = threading.BoundedSemaphore(1)
    encoding = Encoding(Pairs(), gate, 0.05)
    assert encoding.encode_passages([Passage("1", "글이다.")]).shape == (1, encoding.dimension)
    with gate, pytest.raises(LateError):
        encoding.encode_queries(["누구인가요?"])
    assert encoding.encode_queries(["누구인가요?"]).shape == (1, encoding.dimension)


@pytest.mark.parametrize(
    ("options", "there"),
    [
        ({}, True),
        ({"dense": False}, False),
        ({"games": False}, False),
        ({"models": {"m": "sentiment-ko"}}, False),
    ],
)
def test_the_encoder_is_opened_for_games_alone(monkeypatch, options, there):
    made: list[str] = []
    monkeypatch.setattr(
        "gongbang.serve.models.opening.load_encoder", lambda name: made.append(name) or Pairs()
    )
    settings = ServeSettings("sqlite://", **{"models": {"b": "boolq-ko"}, **options})
    room = open_room(settings, Metrics(), None)
    try:
        assert (room.encoder is not None) is there and made == (["encoder-ko"] if there else [])
    finally:
        room.close()
