"""The steps of a release with scripted services: what fails leaves everything as it was."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from deploy.manifest import HealthCheck, load_manifest
from deploy.release import Shipping, free_port
from deploy.smoke import SmokeError, ask, load_steps
from deploy.traffic import HEADER, Releases

from gongbang.artifacts.lock import RunLock
from gongbang.errors import ArtifactError, DataError, GongbangError, OptionError
from tests.deploy.scripted import STUDIO_KEY, ScriptedEngine, write_secrets


@pytest.fixture
def engine():
    made = ScriptedEngine()
    yield made
    made.close()


@pytest.fixture
def shipping(tree: Path, state: Path, proxy, engine, tmp_path: Path) -> Shipping:
    manifest = load_manifest(tree)
    soon = HealthCheck(**{**manifest.services["server"].health.model_dump(), "start_s": 1})
    services = {
        name: service.model_copy(update={"health": soon if name == "server" else service.health})
        for name, service in manifest.services.items()
    }
    releases = Releases(state, proxy.reload, [f"{proxy.url}/health/ready"], wait_s=2.0)
    manifest = manifest.model_copy(update={"services": services})
    secrets, ports = write_secrets(tmp_path / "secrets"), range(20_000, 30_000)
    return Shipping(tree, manifest, engine, releases, load_steps(), "key", secrets, ports=ports)


def served(proxy) -> tuple[int, str]:
    told = ask(proxy.url, "/health/ready")
    return told.status, told.headers[HEADER]


def everything(state: Path) -> dict[str, bytes | str]:
    """All that is in the folder of releases but its history and its lock."""
    return {
        str(path.relative_to(state)): str(path.readlink()) if path.is_symlink() else path.read_bytes()
        for path in sorted(state.rglob("*"))
        if (path.is_file() or path.is_symlink())
        and path.name not in {"history.jsonl", ".lock", "refused.log"}
    }


def test_the_first_release_serves(shipping, proxy, engine, state):
    release = shipping.release()
    assert release.id == "r0001" and release.before is None and served(proxy) == (200, "r0001")
    assert engine.started == ["r0001-server", "r0001-studio", "r0001-worker"]
    assert engine.told["r0001-studio"] == {"server": release.running["server"].port}
    assert shipping.releases.read("r0001") == release
    (line,) = shipping.releases.history()
    assert line["event"] == "serving" and line["release"] == "r0001"


def test_the_next_one_takes_its_place_and_the_old_one_is_kept(shipping, proxy, engine):
    shipping.release()
    release = shipping.release()
    assert release.before == "r0001" and served(proxy) == (200, "r0002")
    assert engine.stopped == ["r0001-worker"], (
        "the old server and its studio stay for going back; its worker ends what it does"
    )
    assert sorted(engine.alive_now) == [
        "r0001-server",
        "r0001-studio",
        "r0002-server",
        "r0002-studio",
        "r0002-worker",
    ]
    assert engine.told["r0002-studio"] == {"server": release.running["server"].port}
    shipping.release()
    assert engine.removed == ["r0001"] and shipping.releases.ids() == ["r0002", "r0003"]
    assert served(proxy) == (200, "r0003")


FAULTS = {
    "it cannot be built": {"unbuildable": True},
    "it is not pinned": {"unpinned": True},
    "it ends by itself": {"crash": "server"},
    "it is never ready": {"answers": {"/health/ready": (503, {"ready": False})}},
    "it predicts nothing": {"answers": {"/v1/predict/sentiment-ko": (200, {"n": 0, "predictions": []})}},
    "it cannot answer": {"answers": {"/v1/ask": (500, {})}},
    "it cannot talk": {"answers": {"/v1/chat": (503, {})}},
    "it lets everybody in": {"answers": {"/v1/models": (200, {"items": ["all"]})}},
    "its worker ends by itself": {"crash": "worker"},
    "its studio ends by itself": {"crash": "studio"},
    "its studio asks for no password": {"answers": {"/ko/config": (200, {"components": [1]})}},
    "its studio lets everybody in": {"answers": {"/ko/login": (200, {"success": True, "by": "anything"})}},
    "its studio lets nobody in": {"answers": {"/ko/login": (400, {})}},
    "its studio has a key that the server does not know": {"unknown": f"Bearer {STUDIO_KEY}"},
}


@pytest.mark.parametrize("version", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("first", [True, False], ids=["the first", "a later one"])
def test_a_broken_release_never_gets_traffic_and_leaves_nothing(
    shipping, proxy, engine, state, version, first
):
    if not first:
        shipping.release()
    before, alive = everything(state), sorted(engine.alive_now)
    behind = engine.alive_now.get("r0001-server")
    engine.version = version
    with pytest.raises(GongbangError):
        shipping.release()
    assert everything(state) == before and sorted(engine.alive_now) == alive
    assert shipping.releases.current == (None if first else "r0001")
    if not first:
        assert served(proxy) == (200, "r0001") and behind is not None
    engine.version = {}
    number = (1 if first else 2) + (0 if version.get("unpinned") else 1)  # refused before it got a number
    assert shipping.release().id == f"r{number:04d}" and served(proxy) == (200, f"r{number:04d}")


def test_what_a_service_said_before_it_ended_is_told_and_kept(shipping, engine, state):
    engine.version = {"crash": "server"}
    with pytest.raises(SmokeError, match="ended by itself") as caught:
        shipping.release()
    assert "the last words" in caught.value.value
    assert "the last words" in (state / "refused.log").read_text(encoding="utf-8")
    (line,) = shipping.releases.history()
    assert line["event"] == "refused" and "ended by itself" in line["why"]


def test_a_worker_that_is_not_well_in_its_time_is_refused(shipping, engine):
    worker = shipping.manifest.services["worker"]
    soon = HealthCheck(**{**worker.health.model_dump(), "start_s": 1})
    services = {**shipping.manifest.services, "worker": worker.model_copy(update={"health": soon})}
    shipping = replace(shipping, manifest=shipping.manifest.model_copy(update={"services": services}))
    engine.version = {"ill": "worker"}
    with pytest.raises(SmokeError, match="the new 'worker' is not well after 1 s"):
        shipping.release()
    assert not engine.alive_now


def test_a_proxy_that_does_not_follow_gives_the_old_one_the_traffic_again(shipping, proxy, engine, state):
    shipping.release()
    before = everything(state)
    proxy.deaf = True
    with pytest.raises(SmokeError, match="does not send requests to the new release"):
        shipping.release()
    proxy.deaf = False
    assert everything(state) == before and served(proxy) == (200, "r0001")
    assert sorted(engine.alive_now) == ["r0001-server", "r0001-studio", "r0001-worker"]


def test_a_proxy_that_cannot_be_told_gives_the_old_one_the_traffic_again(shipping, proxy, engine, state):
    shipping.release()
    before = everything(state)

    def broken() -> None:
        raise OptionError("the proxy could not be told.", value="x", allowed="y", cure="z")

    cut = replace(shipping, releases=Releases(state, broken, [f"{proxy.url}/health/ready"]))
    with pytest.raises(OptionError, match="could not be told"):
        cut.release()
    assert everything(state) == before and served(proxy) == (200, "r0001")


def test_an_interruption_leaves_nothing_behind(shipping, engine, state):
    shipping.release()
    before = everything(state)

    def interrupted(service: str) -> None:
        if service == "worker":
            raise KeyboardInterrupt

    engine.on_start = interrupted
    with pytest.raises(KeyboardInterrupt):
        shipping.release()
    assert everything(state) == before
    assert sorted(engine.alive_now) == ["r0001-server", "r0001-studio", "r0001-worker"]


# -- going back ------------------------------------------------------------------------------------


def test_going_back_serves_the_old_one_again(shipping, proxy, engine):
    shipping.release()
    shipping.release()
    release = shipping.rollback()
    assert release.id == "r0001" and served(proxy) == (200, "r0001")
    assert sorted(engine.alive_now) == ["r0001-server", "r0001-studio", "r0001-worker"]
    assert engine.started.count("r0001-studio") == 1, "the very one that was kept"
    assert [line["event"] for line in shipping.releases.history()] == ["serving", "serving", "gone back"]
    with pytest.raises(ArtifactError, match="no release to go back to"):
        shipping.rollback()
    assert shipping.release().before == "r0001" and served(proxy) == (200, "r0003")
    assert shipping.releases.ids() == ["r0001", "r0003"]


def test_an_old_one_that_no_longer_runs_is_started_and_tested_first(shipping, proxy, engine):
    shipping.release()
    shipping.release()
    engine.stop(shipping.releases.read("r0001").running["server"], 1)
    assert shipping.rollback().id == "r0001" and served(proxy) == (200, "r0001")
    assert engine.started.count("r0001-server") == 2
    assert shipping.status()[0]["serving"] and shipping.status()[0]["alive"] == {
        "server": True,
        "studio": True,
        "worker": True,
    }
    port = shipping.releases.read("r0001").running["server"].port
    assert engine.started.count("r0001-studio") == 2 and engine.told["r0001-studio"] == {"server": port}


def test_a_studio_that_no_longer_runs_is_started_alone(shipping, proxy, engine):
    shipping.release()
    shipping.release()
    engine.stop(shipping.releases.read("r0001").running["studio"], 1)
    assert shipping.rollback().id == "r0001" and served(proxy) == (200, "r0001")
    assert engine.started.count("r0001-studio") == 2 and engine.started.count("r0001-server") == 1


def test_a_switch_is_proved_at_each_address_that_is_named(shipping, proxy, engine, state):
    addresses = [f"{proxy.url}/health/ready", f"{proxy.url}/nothing"]
    strict = replace(shipping, releases=Releases(state, proxy.reload, addresses, wait_s=4.0))
    with pytest.raises(SmokeError, match="/nothing: 404"):
        strict.release()
    assert strict.releases.current is None and not engine.alive_now


def test_an_old_one_that_no_longer_passes_is_not_gone_back_to(shipping, proxy, engine, state):
    shipping.release()
    shipping.release()
    before, alive = everything(state)["current"], sorted(engine.alive_now)
    engine.alive_now["r0001-server"].answers["/v1/ask"] = (500, {})
    with pytest.raises(SmokeError):
        shipping.rollback()
    assert everything(state)["current"] == before and served(proxy) == (200, "r0002")
    assert sorted(engine.alive_now) == alive


def test_without_a_release_there_is_nothing_to_go_back_to(shipping):
    with pytest.raises(ArtifactError, match="nothing serves here"):
        shipping.rollback()
    assert shipping.status() == []


def test_another_engine_does_not_touch_the_release(shipping, engine):
    shipping.release()
    engine.name = "other"
    with pytest.raises(OptionError, match="another engine"):
        shipping.rollback()


# -- before it -------------------------------------------------------------------------------------


def test_two_at_once_are_refused(shipping, state):
    with RunLock(state / ".lock"), pytest.raises(ArtifactError, match="another process"):
        shipping.release()


def test_derived_files_that_were_changed_are_refused(shipping, engine, tree):
    with (tree / "deploy" / "Containerfile").open("a", encoding="utf-8") as file:
        file.write("RUN true\n")
    with pytest.raises(DataError, match="not what the manifest says"):
        shipping.release()
    assert engine.started == [] and shipping.releases.ids() == []


def test_what_is_not_committed_is_refused_unless_it_is_for_trying_out(shipping, checkout, engine):
    assert len(shipping.release().commit or "") == 40
    (checkout / "src" / "gongbang" / "mine.py").touch()
    with pytest.raises(DataError, match="not what is checked in"):
        shipping.release()
    assert (replace(shipping, dirty=True).release().commit or "").endswith(" and changes")


def test_what_a_killed_release_left_is_cleared_by_the_next(shipping, engine, state):
    shipping.release()
    killed = shipping.releases.new_folder()
    (killed / "half").touch()
    assert shipping.release().id == "r0003"
    assert shipping.releases.ids() == ["r0001", "r0003"]


def test_numbers_are_not_given_twice(shipping, engine):
    engine.version = {"crash": "server"}
    with pytest.raises(SmokeError):
        shipping.release()
    engine.version = {}
    assert shipping.release().id == "r0002"


def test_a_record_that_is_broken_is_told(shipping, state):
    shipping.release()
    (state / "releases" / "r0001" / "release.json").write_text(json.dumps({"id": "r0001"}), encoding="utf-8")
    with pytest.raises(ArtifactError, match="cannot be used"):
        shipping.rollback()


def test_a_port_that_is_taken_is_passed_over():
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
        with pytest.raises(OptionError, match="no port is free"):
            free_port(range(port, port + 1))
