"""Derived files are what the manifest says, and say what a deploy needs."""

from __future__ import annotations

import json
import re
import tomllib
from importlib.util import find_spec

import pytest
import yaml
from deploy.images import load_images
from deploy.manifest import BUILD, CORE, ROOT, load_manifest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy import compose, containerfile, derive, ignore, locks, workflow
from gongbang.errors import DataError

if find_spec("gradio") is None:
    pytest.skip("what the studio needs is read from what is installed", allow_module_level=True)
LOCKS = [build.lock for build in load_manifest().building.values()]
FILES = (*derive.FILES, *LOCKS)


def test_every_derived_file_is_what_the_manifest_says():
    assert [one.diff for one in derive.differences()] == []


@pytest.mark.parametrize("path", FILES)
def test_a_file_that_was_changed_by_hand_is_found_and_mended(tree, path):
    file = tree / path
    before = file.read_text(encoding="utf-8")
    file.write_text(before + "# by hand\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        derive.need_current(tree)
    assert path in str(caught.value) and "by hand" in str(caught.value)
    assert derive.write(tree) == [path] and file.read_text(encoding="utf-8") == before
    file.unlink()
    assert [one.path for one in derive.differences(tree)] == [path]


def test_a_change_of_the_manifest_reaches_every_file_that_it_touches(tree):
    manifest = tree / "deploy" / "services.yaml"
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace("port: 8000", "port: 8017"), encoding="utf-8")
    assert {one.path for one in derive.differences(tree)} == {containerfile.FILE, compose.FILE}
    assert "http://127.0.0.1:8017/health/ready" in derive.derived(tree)[containerfile.FILE]
    manifest.write_text(
        text.replace("      recipes: gongbang", "      docs: gongbang/_x\n      recipes: gongbang")
    )
    changed = {one.path for one in derive.differences(tree)}
    assert changed == {containerfile.FILE, ignore.FILE, workflow.FILE}


# -- locks -----------------------------------------------------------------------------------------


def test_the_locks_hold_all_that_the_extras_need_in_versions_that_fit():
    manifest = load_manifest()
    for build in manifest.building.values():
        pinned = locks.pins(ROOT / CORE) | locks.pins(ROOT / build.lock)
        versions = {name: line.partition("==")[2] for name, line in pinned.items()}
        for needed in locks.needed(ROOT, build.extras):
            assert versions[canonicalize_name(needed.name)] in needed.specifier
        assert set(map(canonicalize_name, build.from_source)) <= set(versions)


def test_nothing_that_trains_or_builds_is_in_what_serves():
    held = set(locks.pins(ROOT / CORE)).union(*(locks.pins(ROOT / lock) for lock in LOCKS))
    assert not held & {
        "torch",
        "transformers",
        "pyarrow",
        "scikit-learn",
        "hatchling",
        "setuptools",
        "pytest",
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    tools = locks.pins(ROOT / BUILD)
    assert {canonicalize_name(Requirement(line).name) for line in project["build-system"]["requires"]} <= set(
        tools
    )


def test_only_the_studio_has_gradio_and_an_extra_may_name_another():
    builds = load_manifest().builds
    assert "gradio" in locks.pins(ROOT / builds["pages"].lock)
    assert "gradio" not in locks.pins(ROOT / builds["serving"].lock)
    names = {one.name for one in locks.needed(ROOT, ["studio"])}
    assert {"gradio", "fastapi"} <= names and "gongbang" not in names


def test_a_package_without_a_pin_is_refused(tree):
    file = tree / "constraints.txt"
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text("".join(line for line in lines if not line.startswith("uvicorn")), encoding="utf-8")
    with pytest.raises(DataError, match="nobody has named") as caught:
        derive.derived(tree)
    assert caught.value.value == "uvicorn"
    file.write_text("uvicorn>=0.3\n", encoding="utf-8")
    with pytest.raises(DataError, match="no exact pin") as caught:
        derive.derived(tree)
    assert "constraints.txt:1" in str(caught.value)


def test_an_extra_that_is_not_there_is_told_with_its_neighbour(tree):
    manifest = tree / "deploy" / "services.yaml"
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace("[serve, studio]", "[serv, studio]"), encoding="utf-8")
    with pytest.raises(DataError, match="Did you mean 'serve'"):
        derive.derived(tree)


# -- compose ---------------------------------------------------------------------------------------


def test_compose_says_what_the_manifest_says():
    manifest = load_manifest()
    told = yaml.safe_load((ROOT / compose.FILE).read_text(encoding="utf-8"))
    assert set(told["services"]) == set(manifest.services)
    for name, service in manifest.services.items():
        one = told["services"][name]
        assert "no-new-privileges:true" in one["security_opt"] and "privileged" not in one
        assert (
            one["mem_limit"] and one["cpus"] and one["pids_limit"] and one["healthcheck"]["test"][0] == "CMD"
        )
        assert {secret["source"] for secret in one.get("secrets", [])} == set(service.secrets)
        assert all(set(port.split(":")) & {"127.0.0.1"} for port in one.get("ports", []))
        assert bool(one.get("ports")) == service.traffic
        if service.build is not None:
            assert one["read_only"] and one["cap_drop"] == ["ALL"] and one["user"] == "10001:10001"
            target = one["build"]["target"]
            assert f"AS {target}\n" in (ROOT / containerfile.FILE).read_text(encoding="utf-8")
    for name, secret in told["secrets"].items():
        assert secret["file"].startswith("${GONGBANG_SECRETS:?") and secret["file"].endswith(f"/{name}")
    names = [one["image"] for one in told["services"].values()]
    assert len(set(names)) == len(names), "two services under one image's name would take each other's place"


def test_images_of_others_are_named_by_the_lock(tree):
    lock = tree / "deploy" / "images.lock"
    digest = "sha256:" + "0123456789abcdef" * 4
    lock.write_text(
        lock.read_text(encoding="utf-8").replace("digest: null", f"digest: {digest}"), encoding="utf-8"
    )
    told = derive.derived(tree)
    assert told[containerfile.FILE].count(f"python:3.11-slim-bookworm@{digest}") == 4
    assert f"postgres:15-bookworm@{digest}" in told[compose.FILE]


# -- the container file, and the workflow -----------------------------------------------------------


def test_the_base_has_the_python_that_the_locks_were_made_for():
    manifest, images = load_manifest(), load_images()
    for build in manifest.building.values():
        assert f":{build.python}-" in images[build.base].image


def test_what_serves_has_no_tools_and_what_is_copied_into_it_comes_from_the_build():
    text = (ROOT / containerfile.FILE).read_text(encoding="utf-8")
    for name in load_manifest().building:
        serving = re.split(r"^FROM .* AS \S+-build$", text[text.index(f" AS {name}\n") :], flags=re.M)[0]
        assert "pip" not in serving and "apt" not in serving
        assert re.findall(r"^COPY (\S+)", serving, re.MULTILINE) == [f"--from={name}-build"]


def test_the_studio_asks_the_server_of_its_own_release_by_name():
    text = (ROOT / containerfile.FILE).read_text(encoding="utf-8")
    told = yaml.safe_load((ROOT / compose.FILE).read_text(encoding="utf-8"))["services"]["studio"]
    words = told["command"]
    assert words[words.index("--api") + 1] == "http://server:8000" and json.dumps(words) in text
    assert told["depends_on"] == {"server": {"condition": "service_healthy"}}
    assert "volumes" not in told and told["mem_limit"] == "1g", "it keeps nothing"


def test_the_workflow_builds_each_service_under_its_own_name_and_deploys_by_digest():
    manifest = load_manifest()
    told = yaml.safe_load((ROOT / workflow.FILE).read_text(encoding="utf-8"))
    build, deploy = told["jobs"]["build"], told["jobs"]["deploy"]
    assert set(build["outputs"]) == set(manifest.ours) and deploy["needs"] == "build"
    scripts = "\n".join(step["run"] for job in (build, deploy) for step in job["steps"])
    assert not [step for job in (build, deploy) for step in job["steps"] if "uses" in step]
    for name in manifest.ours:
        assert f"/{name}:$GITHUB_SHA" in scripts and f"--target {name} " in scripts
        assert f'--image "{name}=$IMAGE_' in scripts
    order = [
        scripts.index(part)
        for part in ("deploy check --deploy", "docker build", "docker push", "deploy release")
    ]
    assert order == sorted(order)
    assert "${{" not in scripts, "a value of the event put into a script is run by the shell"
    assert ":latest" not in scripts and told["permissions"] == {"contents": "read"}


def test_the_workflow_runs_when_something_that_is_built_changes():
    told = yaml.safe_load((ROOT / workflow.FILE).read_text(encoding="utf-8"))
    paths = told[True]["push"]["paths"]  # YAML 1.1 reads "on" as true
    for build in load_manifest().building.values():
        assert {*build.needs, *build.locks} <= set(paths)
        assert {f"{folder}/**" for folder in build.installs} <= set(paths)
