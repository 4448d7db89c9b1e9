"""New versions of an artifact at work: nobody is turned away, and what is broken is not put to work."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gongbang.artifacts.format import open_artifact
from gongbang.errors import ArtifactError, ModelMissingError, OptionError
from gongbang.serve.models.fields import examples
from gongbang.serve.models.room import ModelRoom
from gongbang.serve.models.served import Served
from tests.serve.models.held import Held, broken, folder_of, opener, small


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return folder_of(tmp_path / "mood")


@pytest.fixture
def room() -> Iterator[ModelRoom]:
    with_room = ModelRoom(opener=opener)
    yield with_room
    with_room.close()


@pytest.fixture
def served(room: ModelRoom, folder: Path) -> Served:
    return room.add("mood", folder)


def answer(served: Served) -> tuple[str, int]:
    """The text, and which version gave it."""
    artifact, told = served.submit(examples(served.predictor.task)[:1]).result(60)
    return told[0].text, artifact.manifest.details["version"]


def test_another_version_is_put_in_its_place(served, folder):
    assert answer(served) == ("positive", 1) and not served.reload()
    folder_of(folder, 2)
    assert served.changed() and answer(served)[1] == 1  # until it is asked to
    assert served.reload() and answer(served) == ("positive", 2)
    assert not served.changed() and not served.reload()


def test_a_broken_version_is_refused_and_the_old_one_goes_on(served, folder, caplog):
    folder_of(folder, 2)
    broken(folder)
    for _ in range(2):
        with pytest.raises(ArtifactError) as caught:
            served.reload()
    assert "weights.bin" in str(caught.value) and str(folder.parent) not in caught.value.what
    assert caplog.text.count("is refused") == 1  # the same fault is told once
    assert answer(served) == ("positive", 1)
    folder_of(folder, 3)
    assert served.reload() and answer(served) == ("positive", 3)


def test_one_that_does_not_answer_is_refused(folder):
    class Silent(Held):
        def predict(self, records):
            raise RuntimeError("no answer")

    opened = [small(), Silent(small())]
    room = ModelRoom(opener=lambda path: opened.pop(0))
    served = room.add("mood", folder)
    folder_of(folder, 2)
    with pytest.raises(ArtifactError, match="does not answer"):
        served.reload()
    assert served.submit(examples(served.predictor.task)).result(60)
    room.close()


def test_another_task_is_refused(room, served, folder):
    from gongbang.artifacts.format import open_artifact
    from gongbang.artifacts.store import known_artifacts

    if "emotions-ko" not in known_artifacts():
        pytest.skip("not bundled here: emotions-ko")
    shutil.rmtree(folder)
    shutil.copytree(open_artifact(known_artifacts()["emotions-ko"]).whole(), folder)
    with pytest.raises(ArtifactError, match="other records"):
        served.reload()
    assert answer(served)[1] == 1


def test_one_that_is_gone_is_refused(served, folder):
    shutil.rmtree(folder)
    assert served.changed()
    with pytest.raises(ArtifactError):
        served.reload()
    assert answer(served)[1] == 1


def test_who_must_know_of_it_is_told_before_and_can_refuse(folder):
    told: list[str] = []
    refuse = [True]

    def prepare(predictor):
        if refuse[0]:
            raise ArtifactError("not this one.", value=1, allowed="another", cure="Take another.")
        told.append("prepared")
        return lambda: told.append("put to work")

    served = Served("mood", folder, opener=opener, prepare=prepare)
    folder_of(folder, 2)
    with pytest.raises(ArtifactError, match="not this one"):
        served.reload()
    assert answer(served)[1] == 1
    refuse[0] = False
    assert served.reload() and told == ["prepared", "put to work"] and answer(served)[1] == 2
    served.close()


def test_reloading_under_requests_drops_none(served, folder):
    stop, failures, told = threading.Event(), [], []

    def ask():
        try:
            while not stop.is_set():
                told.append(answer(served))
        except BaseException as err:
            failures.append(err)

    clients = [threading.Thread(target=ask) for _ in range(4)]
    for client in clients:
        client.start()
    for version in range(2, 7):
        folder_of(folder, version)
        if version == 4:
            broken(folder)
            with pytest.raises(ArtifactError):
                served.reload()
        else:
            assert served.reload()
    stop.set()
    for client in clients:
        client.join(60)
    assert not failures and {text for text, _ in told} == {"positive"}
    assert {version for _, version in told} <= {1, 2, 3, 5, 6} and answer(served)[1] == 6


def test_the_old_one_answers_while_the_new_one_is_loaded(folder):
    loading, go = threading.Event(), threading.Event()
    opened = []

    def slow(path):
        if opened:
            loading.set()
            assert go.wait(60)
        opened.append(1)
        return opener(path)

    served = Served("mood", folder, opener=slow)
    folder_of(folder, 2)
    reload = threading.Thread(target=served.reload)
    reload.start()
    assert loading.wait(60)
    assert answer(served)[1] == 1
    go.set()
    reload.join(60)
    assert answer(served)[1] == 2
    served.close()


def test_a_look_finds_what_has_changed(room, served, folder):
    assert room.look() == 0
    folder_of(folder, 2)
    assert room.look() == 1 and answer(served)[1] == 2
    broken(folder_of(folder, 3))
    assert room.look() == 0 and answer(served)[1] == 2  # told in the log
    folder_of(folder, 4)
    assert room.look() == 1 and open_artifact(folder).id == served.predictor.artifact.id


def test_names(room, served, folder):
    assert room.get("mood") is served and "mood" in room and len(room) == 1
    with pytest.raises(ModelMissingError, match="mood"):
        room.get("mod")
    with pytest.raises(OptionError, match="same name"):
        room.add("mood", folder)


def test_no_more_models_work_at_once_than_are_let(folder):
    room = ModelRoom(at_once=1, opener=lambda path: Held(opener(path)))
    one, other = room.add("one", folder), room.add("other", folder)
    one.predictor.hold()
    first = one.submit(examples(one.predictor.task))
    assert one.predictor.reached.wait(60)
    calls = other.predictor.calls
    second = other.submit(examples(other.predictor.task))
    assert other.predictor.calls == calls
    one.predictor.go.set()
    assert first.result(60)[1] == second.result(60)[1]
    room.close()
