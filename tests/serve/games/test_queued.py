"""Models behind their queues: which one answered is known, whatever is reloaded in between."""

from __future__ import annotations

import doctest
from dataclasses import replace

import pytest

from gongbang.artifacts.format import open_artifact
from gongbang.data.records import Record
from gongbang.errors import LateError, ModelMissingError
from gongbang.serve.games import queued
from gongbang.serve.games.queued import Absent, Queued, of_task
from gongbang.serve.models.batcher import Limits
from tests.serve.games.models import Scripted, playing

RECORD = Record("1", {"question": "고래는 큰가요?", "context": "고래는 크다.", "title": "고래"})


@pytest.fixture
def room():
    room, _ = playing()
    yield room
    room.close()


def test_examples():
    result = doctest.testmod(queued)
    assert result.attempted and not result.failed


def test_an_answer_is_traced_to_the_artifact_that_gave_it(room):
    served = room.get("boolq-ko")
    before = Queued(served, 30)
    other = Scripted("boolq")
    other.artifact = open_artifact("emotions-ko")
    served.version = replace(served.version, predictor=other)
    assert before.artifact.id != other.artifact.id
    before.predict([RECORD])
    assert before.artifact.id == other.artifact.id


def test_a_model_is_found_by_its_task_and_the_preferred_one_first(room):
    reader, other = Scripted("reader"), Scripted("reader")
    room.add("mine", "sentiment-ko", predictor=reader)
    room.add("yours", "emotions-ko", predictor=other)
    assert of_task(room, "reader", "yours").predictor is other
    assert of_task(room, "reader", "emotions-ko").predictor is other
    assert of_task(room, "reader", "none").name == "reader-ko"
    assert of_task(room, "classify", "none") is None


def test_a_failure_names_its_place_and_no_text(room):
    model = room.get("boolq-ko").predictor
    model.failure = TimeoutError("고래")  # the model's own, not the queue's
    with pytest.raises(RuntimeError, match=r"TimeoutError at models\.py") as caught:
        Queued(room.get("boolq-ko"), 30).predict([RECORD])
    assert "고래" not in str(caught.value) and caught.value.__suppress_context__


def test_an_answer_that_is_late_is_given_up():
    room, models = playing(limits=Limits(deadline_s=0.1))
    models["boolq"].held = True
    models["boolq"].go.clear()
    with pytest.raises(LateError):
        Queued(room.get("boolq-ko"), 0.1).predict([RECORD])
    models["boolq"].go.set()
    room.close()


def test_what_is_absent_says_how_it_is_served():
    with pytest.raises(ModelMissingError) as caught:
        Absent("boolq").ask("1", "?", None)
    assert "--model boolq-ko" in caught.value.cure
