"""The engine of containers: the words that docker would get. No engine runs here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from deploy.containers import ContainerEngine, call
from deploy.engine import Built, Running
from deploy.images import LOCK
from deploy.manifest import load_manifest

from gongbang.errors import DataError, OptionError

DIGEST = "sha256:" + "0123456789abcdef" * 4
OURS = f"ghcr.io/us/gongbang/server@{DIGEST}"


class Docker:
    """Takes down commands; answers by how they begin."""

    def __init__(self, **answers: str) -> None:
        self.answers, self.calls = answers, list[list[str]]()

    def __call__(self, words) -> str:
        self.calls.append(list(words))
        if words[1] == "build":
            Path(words[words.index("--iidfile") + 1]).write_text(DIGEST + "\n")
        answer = self.answers.get(words[1], "")
        if answer == "fails":
            raise OptionError("the engine could not do it.", value="x", allowed="y", cure="z")
        return answer


@pytest.fixture
def pinned(tree):
    lock = tree / LOCK
    lock.write_text(
        lock.read_text(encoding="utf-8").replace("digest: null", f"digest: {DIGEST}"), encoding="utf-8"
    )
    from deploy.derive import write

    write(tree)
    return tree


def engine(root: Path, docker: Docker, **options) -> ContainerEngine:
    return ContainerEngine(root, load_manifest(root), Path("/etc/gongbang"), call=docker, **options)


def values(words: list[str], flag: str) -> list[str]:
    return [words[at + 1] for at, word in enumerate(words) if word == flag]


def test_a_placeholder_refuses_before_anything_is_asked_of_the_engine(tree):
    docker = Docker()
    with pytest.raises(DataError, match="not pinned"):
        engine(tree, docker).check()
    assert docker.calls == []


def test_a_file_that_breaks_a_rule_refuses(pinned):
    docker = Docker()
    engine(pinned, docker).check()
    file = pinned / "deploy" / "Containerfile"
    file.write_text(
        file.read_text(encoding="utf-8").replace("USER 10001:10001", "USER root"), encoding="utf-8"
    )
    with pytest.raises(DataError, match="USER is root"):
        engine(pinned, docker).check()


def test_a_tag_in_the_place_of_a_digest_refuses(pinned):
    with pytest.raises(OptionError, match="by its digest"):
        engine(pinned, Docker(), images={"server": "ghcr.io/us/gongbang/server:main"}).check()


def test_an_engine_that_is_not_there_is_told(pinned):
    made = ContainerEngine(pinned, load_manifest(pinned), Path("/x"), program="podman-that-is-nowhere")
    with pytest.raises(OptionError, match="no such engine here"):
        made.check()
    with pytest.raises(OptionError, match="could not do it"):
        call(["podman-that-is-nowhere", "ps"])
    with pytest.raises(OptionError, match="could not do it"):
        call(["false"])
    assert call(["echo", "a"]) == "a"


def test_what_was_built_elsewhere_is_pulled_by_digest_and_the_rest_is_built(pinned, tmp_path):
    docker = Docker()
    made = engine(pinned, docker, images={"server": OURS})
    built = made.build(made._manifest.ours, tmp_path)
    assert built["server"] == Built("server", OURS, DIGEST) and built["worker"].reference == DIGEST
    pull, build, studio = docker.calls
    assert pull == ["docker", "pull", "--quiet", OURS]
    assert values(build, "--target") == ["worker"] and build[-1] == str(pinned)
    assert values(studio, "--target") == ["studio"]


def test_a_service_is_started_with_all_its_fences(pinned):
    docker = Docker(run="abc123")
    made = engine(pinned, docker)
    service = made._manifest.services["server"]
    running = made.start(Built("server", OURS, DIGEST), service, "r0007", 8123, {})
    assert running == Running("server", "abc123", 8123)
    (words,) = docker.calls
    assert (
        words[:3] == ["docker", "run", "--detach"] and "--read-only" in words and "--privileged" not in words
    )
    assert values(words, "--user") == ["10001:10001"] and values(words, "--cap-drop") == ["ALL"]
    assert values(words, "--security-opt") == ["no-new-privileges"] and values(words, "--tmpfs") == ["/tmp"]
    assert values(words, "--memory") == ["3g"] and values(words, "--pids-limit") == ["256"]
    assert values(words, "--publish") == ["127.0.0.1:8123:8000"], (
        "nobody but the proxy of this machine reaches it"
    )
    assert "type=bind,source=/etc/gongbang/serve.yaml,target=/run/secrets/serve.yaml,readonly" in words
    told = dict(word.split("=", 1) for word in values(words, "--env"))
    assert told["GONGBANG_SERVE_VECTORS"].endswith("/vectors/r0007"), "two releases must not share vectors"
    assert (
        told["GONGBANG_SERVE_CONFIG"] == "/run/secrets/serve.yaml"
        and told["GONGBANG_SERVE_HOST"] == "0.0.0.0"
    )
    assert words[words.index(OURS) + 1 :] == service.command


def test_the_studio_finds_the_server_of_its_release_by_its_containers_name(pinned):
    docker = Docker(run="abc123")
    made = engine(pinned, docker)
    for name, port in (("server", 8101), ("studio", 8102)):
        made.start(Built(name, OURS, DIGEST), made._manifest.services[name], "r0007", port, {})
    server, studio = docker.calls
    assert values(server, "--name") == ["gongbang-server-r0007"]
    assert values(studio, "--api") == ["http://gongbang-server-r0007:8000"]
    assert values(server, "--network") == values(studio, "--network")
    assert values(studio, "--host") == ["0.0.0.0"] and values(studio, "--publish") == ["127.0.0.1:8102:7860"]
    assert values(studio, "--memory") == ["1g"] and values(studio, "--pids-limit") == ["128"]
    mounts = values(studio, "--mount")
    assert [mount.partition("target=")[2] for mount in mounts] == [
        "/run/secrets/studio.key,readonly",
        "/run/secrets/studio.password,readonly",
    ], "neither the server's settings nor its data"


def test_what_compose_and_the_engine_give_a_service_is_the_same(pinned):
    import yaml

    told = yaml.safe_load((pinned / "deploy" / "compose.yaml").read_text(encoding="utf-8"))["services"]
    docker = Docker(run="x")
    made = engine(pinned, docker)
    for name, service in made._manifest.ours.items():
        made.start(Built(name, OURS, DIGEST), service, "compose", None, {})
        words, one = docker.calls[-1], told[name]
        assert dict(word.split("=", 1) for word in values(words, "--env")) == one.get("environment", {})
        assert values(words, "--user") == [one["user"]] and values(words, "--memory") == [one["mem_limit"]]
        started = [
            word.replace("gongbang-server-compose", "server") for word in words[words.index(OURS) + 1 :]
        ]
        assert started == one["command"]
        for volume in one.get("volumes", []):
            source, _, target = volume.partition(":")
            assert f"type=volume,source=gongbang-{source},target={target}" in words


def test_state_health_logs_and_end(pinned):
    docker = Docker(inspect="true", logs="words")
    made = engine(pinned, docker)
    running = Running("worker", "abc", None)
    service = made._manifest.services["worker"]
    assert made.alive(running) and made.well(running, service) and made.logs(running) == "words"
    made.stop(running, 40)
    assert docker.calls[-2:] == [
        ["docker", "stop", "--time", "40", "abc"],
        ["docker", "rm", "--force", "abc"],
    ]
    docker.answers |= {"inspect": "fails", "exec": "fails", "stop": "fails"}
    assert not made.alive(running) and not made.well(running, service)
    made.stop(running, 1)  # what is gone is no error


def test_only_the_releases_own_folder_is_deleted_with_it(pinned):
    docker = Docker()
    made = engine(pinned, docker)
    made.remove("r0001", {"server": Built("server", OURS, DIGEST)}, made._manifest.services)
    delete, image = docker.calls
    assert delete[-1] == "/var/lib/gongbang/vectors/r0001" and image[1:3] == ["image", "rm"]


def test_a_digest_is_looked_up_by_pulling():
    docker = Docker(image=json.dumps([f"docker.io/library/python@{DIGEST}"]))
    made = ContainerEngine(Path(), load_manifest(), Path(), call=docker)
    assert made.digest_of("docker.io/library/python:3.11") == DIGEST and docker.calls[0][1] == "pull"
    docker.answers["image"] = "[]"
    with pytest.raises(OptionError, match="no one digest"):
        made.digest_of("local:1")
