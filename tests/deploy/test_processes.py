"""A release for real: a wheel in an environment of its own, a server, requests, a switch, and back.

The environment borrows the locked packages from this one, and no others, so that nothing is fetched;
`python -m deploy release --engine process` installs the locks instead.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from deploy.derive import write
from deploy.lists import local_files
from deploy.manifest import ROOT, load_manifest
from deploy.processes import BuildError, ProcessEngine, _born
from deploy.release import Shipping
from deploy.smoke import SmokeError, ask, load_steps
from deploy.traffic import HEADER, Releases

from deploy import locks
from gongbang.errors import DataError
from gongbang.serve.access.keys import new_key
from tests.deploy.responder import write_responder

for _name in ("fastapi", "uvicorn", "sqlalchemy", "alembic", "hatchling", "onnx", "psycopg", "pika"):
    pytest.importorskip(_name)
if find_spec("gradio") is None:  # which takes seconds to import
    pytest.skip("gradio is not installed", allow_module_level=True)


@pytest.fixture
def whole(tree: Path) -> Path:
    """The tree with all sources, and with time to start on a machine that has much else to do."""
    shutil.rmtree(tree / "src")
    shutil.copytree(
        ROOT / "src", tree / "src", ignore=shutil.ignore_patterns("__pycache__", "*.pyc", "*.egg-info")
    )
    manifest = tree / "deploy" / "services.yaml"
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(re.sub(r"start_s: (60|120)\b", "start_s: 600", text), encoding="utf-8")
    write(tree)
    return tree


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of links to the packages of the locks, as they are installed here."""
    folder = tmp_path_factory.mktemp("packages")
    for name in (
        path
        for build in load_manifest().building.values()
        for lock in build.locks
        for path in locks.pins(ROOT / lock)
    ):
        found = importlib.metadata.distribution(name)
        for top in {
            file.parts[0] for file in found.files or () if file.parts[0] not in ("..", "__pycache__")
        }:
            if not (folder / top).exists():
                (folder / top).symlink_to(Path(str(found.locate_file(top))))
    assert not (folder / "torch").exists() and not (folder / "openvino").exists()
    return folder


@pytest.fixture
def secrets(tmp_path: Path) -> tuple[Path, str]:
    """The folder of secret files, and the smoke test's key."""
    import yaml

    folder = tmp_path / "secrets"
    folder.mkdir()
    (tmp_path / "documents").mkdir()
    shutil.copy2(ROOT / "samples" / "village.md", tmp_path / "documents")
    secret, key = new_key("smoke", "write")
    settings = {
        "database": f"sqlite:///{tmp_path}/answers.db",
        "artifact": str(write_responder(tmp_path / "responder")),
        "threshold": 0.0,
        "models": {"sentiment-ko": str(ROOT / "models" / "sentiment-ko")},
        "reader": str(ROOT / "models" / "reader-ko"),
        "docs": [str(tmp_path / "documents")],
        "dense": False,
        "mixing": "never",  # nothing is tried out while it starts
        "keys": [key.to_dict()],
    }
    (folder / "serve.yaml").write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    (folder / "studio.key").write_text(secret, encoding="utf-8")
    (folder / "studio.password").write_text("열려라 참깨", encoding="utf-8")
    return folder, secret


@pytest.fixture
def shipping(
    whole: Path, secrets: tuple[Path, str], packages: Path, state: Path, proxy, tmp_path: Path
) -> Iterator[Shipping]:
    manifest = load_manifest(whole)
    (tmp_path / "data").mkdir()
    engine = ProcessEngine(whole, manifest, secrets[0], tmp_path / "data", packages=packages)
    releases = Releases(state, proxy.reload, [f"{proxy.url}/health/ready"])
    ports = range(15_000, 17_000)
    made = Shipping(whole, manifest, engine, releases, load_steps(), secrets[1], secrets[0], ports=ports)
    yield made
    for id in releases.ids():
        for running in releases.read(id).running.values():
            engine.stop(running, 10)


def predicted(proxy, key: str) -> tuple[str, str]:
    """What the traffic gets: who answers, and what."""
    body = {"records": [{"text": "정말 재미있고 즐거운 하루였어요."}]}
    told = ask(proxy.url, "/v1/predict/sentiment-ko", method="POST", body=body, key=key)
    return told.headers[HEADER], told.body["predictions"][0]["text"]


@pytest.mark.slow
def test_a_release_a_broken_one_the_next_one_and_back(shipping, proxy, secrets, whole, state, tmp_path):
    key = secrets[1]
    first = shipping.release()
    who, label = predicted(proxy, key)
    assert who == "r0001" and label
    assert all(shipping.engine.alive(running) for running in first.running.values())
    assert ask(proxy.url, "/v1/models").status == 401
    server = first.running["server"]

    # A version that comes up, is healthy, and does not do its work.
    source = whole / "src" / "gongbang" / "serve" / "routes" / "predict.py"
    good = source.read_text(encoding="utf-8")
    broken = good.replace(
        "json_response(predictions_to_dict(*told))", 'json_response({"n": 0, "predictions": []})'
    )
    assert broken != good
    source.write_text(broken, encoding="utf-8")
    with pytest.raises(SmokeError, match="it predicts"):
        shipping.release()
    assert predicted(proxy, key) == ("r0001", label) and shipping.releases.ids() == ["r0001"]
    assert shipping.engine.alive(server) and not list((tmp_path / "data" / "vectors").glob("r0002"))

    source.write_text(good + "\n# the next version\n", encoding="utf-8")
    second = shipping.release()
    assert (
        predicted(proxy, key) == ("r0003", label)
        and second.built["server"].digest != first.built["server"].digest
    )
    assert shipping.engine.alive(server), "the old one is kept"
    assert not shipping.engine.alive(first.running["worker"]) and shipping.engine.alive(
        second.running["worker"]
    )

    assert shipping.rollback().id == "r0001"
    assert predicted(proxy, key) == ("r0001", label)
    assert not shipping.engine.alive(second.running["server"])
    assert all(shipping.status()[0]["alive"].values())
    assert shipping.releases.read("r0001").running["server"] == server, "the very process that was kept"


def test_files_that_the_wheel_lacks_are_refused(tree, tmp_path):
    hook = tree / "hatch_build.py"
    hook.write_text(
        hook.read_text(encoding="utf-8").replace('("models", "recipes", "samples")', '("models", "samples")')
    )
    engine = ProcessEngine(tree, load_manifest(tree), tmp_path, tmp_path, packages=tmp_path)
    with pytest.raises(DataError, match="the wheel lacks it") as caught:
        engine.build(load_manifest(tree).ours, tmp_path / "out")
    assert "recipes/" in caught.value.value


def test_sources_that_are_no_wheel_are_told(tree, tmp_path):
    (tree / "pyproject.toml").write_text("[build-system]\n", encoding="utf-8")
    engine = ProcessEngine(tree, load_manifest(tree), tmp_path, tmp_path, packages=tmp_path)
    with pytest.raises(BuildError, match="cannot be built"):
        engine.build(load_manifest(tree).ours, tmp_path / "out")


def test_a_build_gets_the_files_of_the_list_and_no_others(tree, tmp_path, monkeypatch):
    (tree / "src" / "gongbang" / "__pycache__").mkdir()
    (tree / "src" / "gongbang" / "__pycache__" / "a.pyc").touch()
    (tree / ".env").touch()
    seen: list[str] = []

    def stop(words, **options):
        sources = Path(words[-1])
        seen.extend(str(path.relative_to(sources)) for path in sources.rglob("*") if path.is_file())
        raise BuildError("cannot be built.", value="x", allowed="y", cure="z")

    monkeypatch.setattr("deploy.processes._do", stop)
    engine = ProcessEngine(tree, load_manifest(tree), tmp_path, tmp_path, packages=tmp_path)
    with pytest.raises(BuildError):
        engine.build(load_manifest(tree).ours, tmp_path / "out")
    assert sorted(seen) == local_files(tree) and "pyproject.toml" in seen


def test_a_process_is_known_by_its_beginning_too():
    assert _born(os.getpid()) and _born(os.getpid()) == _born(os.getpid())
    assert _born(2**22 + 1) == ""
