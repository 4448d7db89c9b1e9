"""The manifest: what it holds is there, and what cannot be is told with its place."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml
from deploy.manifest import MANIFEST, ROOT, holds_secret, load_manifest, parse_manifest

from gongbang.cli.main import VERBS
from gongbang.errors import DataError


@pytest.fixture
def plain() -> dict[str, Any]:
    return yaml.safe_load((ROOT / MANIFEST).read_text(encoding="utf-8"))


def test_commands_of_services_that_are_there_can_be_run():
    manifest = load_manifest()
    for name, service in manifest.ours.items():
        program, verb = (service.command or [])[:2]
        assert program == "gongbang" and verb in VERBS, name
    assert {"server", "worker", "studio", "database", "broker"} <= set(manifest.services)


def test_what_asks_another_is_started_after_it_and_the_worker_last():
    manifest = load_manifest()
    assert manifest.order == ["server", "studio", "worker"]
    assert manifest.services["studio"].asks() == ["server"] and manifest.services["server"].asks() == []


def test_the_arguments_of_the_commands_are_known():
    from importlib import import_module

    from gongbang.cli.main import Parser, split_shared

    for service in load_manifest().ours.values():
        filled = service.words(
            host="h", port=7860, data="/d", secrets="/s", release="r0001", server="http://s"
        )
        words, _ = split_shared(filled[2:])
        module = import_module(VERBS[(service.command or [])[1]][0])
        parser = Parser()
        module.add_arguments(parser)
        parser.parse_args(words)


def test_the_environment_is_made_of_settings_that_exist():
    from gongbang.serve.configuration import FILE, NAMES, PREFIX, resolve

    for service in load_manifest().ours.values():
        filled = service.filled(host="127.0.0.1", port=8000, data="/d", secrets="/s", release="r0001")
        told = {name: value for name, value in filled.items() if name.startswith(PREFIX) and name != FILE}
        assert all(name.removeprefix(PREFIX).lower() in NAMES for name in told)
        told.pop(f"{PREFIX}REQUIRE_KEYS", None)  # needs the keys of the secret file
        assert not told or resolve({}, told).results is not None


def test_every_named_file_is_a_secret_and_a_place_of_its_service():
    manifest = load_manifest()
    for service in manifest.services.values():
        for value in (*service.environment.values(), *(service.command or [])):
            if value.startswith("{secrets}/"):
                assert value.removeprefix("{secrets}/") in service.secrets


SMALL = {
    "summary": "another service",
    "image": "postgresql",
    "health": {"run": ["true"], "every_s": 1, "timeout_s": 1, "start_s": 1, "retries": 1},
    "limits": {"memory": "1g", "cpus": 1, "processes": 1},
}
CHANGES = [
    (("services", "server", "enviroment"), {"A": "b"}, "enviroment", "Did you mean 'environment'?"),
    (("services", "server", "health", "evry_s"), 3, "evry_s", "Did you mean 'every_s'?"),
    (("builds", "serving", "extra"), [], "extra", "Did you mean 'extras'?"),
    (("servces",), {}, "servces", "Did you mean 'services'?"),
    (("services", "server", "build"), "servin", "serving", "Change it."),
    (("services", "server", "depends_on"), ["databse"], "did you mean 'database'", "Change it."),
    (("services", "server", "secrets"), {"serve.yml": "/run/x"}, "did you mean 'serve.yaml'", "Change it."),
    (("services", "server", "port"), "8000", "integer", "Change it."),
    (("services", "server", "port"), 80, "1024", "Change it."),
    (("services", "server", "environment", "TOKEN"), "abc", "hold a secret", "Change it."),
    (("services", "server", "environment", "URL"), "amqp://me:pw@broker/", "hold a secret", "Change it."),
    (("services", "server", "environment", "A"), "{prot}", "{prot}", "Change it."),
    (("services", "server", "limits", "memory"), "lots", "pattern", "Change it."),
    (("services", "server", "image"), "postgresql", "either 'build'", "Change it."),
    (("services", "database", "depends_on"), ["server"], "ring", "Change it."),
    (("services", "server", "depends_on"), ["studio"], "ring", "Change it."),
    (("services", "studio", "command"), ["gongbang", "{servr}"], "{servr}; there are host", "Change it."),
    (("services", "studio", "depends_on"), [], "{server}; there are host", "Change it."),
    (("services", "worker", "environment", "A"), "{database}", "none of ours with a 'port'", "Change it."),
    (("services", "data"), SMALL, "may not be called 'data'", "Change it."),
    (("services", "pages"), SMALL, "have one name", "Change it."),
    (("services", "server", "health", "run"), ["true"], "either 'get' or 'run'", "Change it."),
    (("builds", "serving", "needs"), ["../secret"], "..", "Change it."),
    (("builds", "serving", "user", "id"), 0, "1000", "Change it."),
]


@pytest.mark.parametrize(
    ("place", "value", "told", "cure"), CHANGES, ids=[".".join(one[0]) for one in CHANGES]
)
def test_what_cannot_be_is_told_with_its_place(plain, place, value, told, cure):
    tree = copy.deepcopy(plain)
    here = tree
    for part in place[:-1]:
        here = here[part]
    here[place[-1]] = value
    with pytest.raises(DataError) as caught:
        parse_manifest(tree)
    assert told in str(caught.value) and caught.value.cure == cure and MANIFEST in str(caught.value)


def test_what_is_missing_is_told(plain, tmp_path):
    del plain["services"]["server"]["health"]
    with pytest.raises(DataError) as caught:
        parse_manifest(plain)
    assert caught.value.field == "services.server.health" and caught.value.cure == "Add 'health'."
    with pytest.raises(DataError, match="cannot be read"):
        load_manifest(tmp_path)


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("POSTGRES_PASSWORD", "x", True),
        ("POSTGRES_PASSWORD_FILE", "/run/secrets/x", False),
        ("API_KEY", "gb_1", True),
        ("SMTP_PASS", "x", True),
        ("GITHUB_TOKEN", "{secrets}/token", False),
        ("GITHUB_TOKEN", "", False),
        ("DATABASE", "postgresql://me@db/x", False),
        ("DATABASE", "postgresql://:pw@db/x", True),
        ("TOKENIZERS_PARALLELISM", "", False),
        ("GONGBANG_SERVE_REQUIRE_KEYS", "true", False),
    ],
)
def test_secrets_are_told_from_paths_of_secrets(name, value, secret):
    assert holds_secret(name, value) is secret
