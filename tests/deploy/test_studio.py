"""The studio behind a real nginx asks the server of its own release, through a release and a rollback.

The studio is the real one, as a process. The wheel and its environment are not built anew, which
`test_processes.py` does, and in the place of `gongbang serve`, which takes long to start, is a server of
a few lines.
"""

from __future__ import annotations

import json
import sysconfig
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from http.cookiejar import CookieJar
from importlib.util import find_spec
from pathlib import Path

import pytest
from deploy.engine import Built
from deploy.manifest import Manifest, Service, load_manifest
from deploy.processes import ProcessEngine
from deploy.release import Shipping
from deploy.smoke import SmokeError, Step, ask, load_steps
from deploy.traffic import HEADER, Releases

from tests.deploy.conftest import Nginx
from tests.deploy.scripted import PASSWORD

for _name in ("gradio", "fastapi", "uvicorn"):
    if find_spec(_name) is None:
        pytest.skip(f"{_name} is not installed", allow_module_level=True)
if not (Path(sysconfig.get_path("scripts")) / "gongbang").exists():
    pytest.skip("the command gongbang is not installed", allow_module_level=True)
QUESTION = "두루미골의 면적은 얼마인가?"


class Here(ProcessEngine):
    """Builds nothing: every release runs from the environment that runs this."""

    def build(self, services: dict[str, Service], folder: Path) -> dict[str, Built]:
        built = {}
        for name in services:
            environment = folder / name / "environment"
            environment.mkdir(parents=True)
            (environment / "bin").symlink_to(sysconfig.get_path("scripts"))
            built[name] = Built(name, str(environment), "sha256:" + "0" * 64)
        return built


def served(manifest: Manifest) -> Manifest:
    """Without the worker, with that server, and with time to start on a machine that has much else to do."""
    services = {}
    for name, service in manifest.services.items():
        patient = service.health.model_copy(update={"start_s": 300})
        services[name] = service.model_copy(update={"health": patient})
    del services["worker"]
    command = ["python", str(Path(__file__).with_name("answering.py"))]
    services["server"] = services["server"].model_copy(update={"command": command})
    return manifest.model_copy(update={"services": services})


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "studio.key").write_text("gb_studio", encoding="utf-8")
    (folder / "studio.password").write_text(PASSWORD, encoding="utf-8")
    return folder


@pytest.fixture
def shipping(tree: Path, secrets: Path, state: Path, nginx: Nginx, tmp_path: Path) -> Iterator[Shipping]:
    data = tmp_path / "data"
    data.mkdir()
    manifest = served(load_manifest(tree))
    engine = Here(tree, manifest, secrets, data)
    releases = Releases(state, nginx.reload, [f"{nginx.server}/health/ready", f"{nginx.studio}/"])
    steps = [Step(name="it is ready", get="/health/ready", has={"ready": True})]
    steps += [step for step in load_steps() if step.service == "studio" or step.key]
    made = Shipping(tree, manifest, engine, releases, steps, "", secrets, ports=range(17_000, 19_000))
    yield made
    for id in releases.ids():
        for running in releases.read(id).running.values():
            engine.stop(running, 10)


def visitor(url: str) -> urllib.request.OpenerDirector:
    """Who knows the password."""
    jar = urllib.request.HTTPCookieProcessor(CookieJar())
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), jar)
    form = {"username": "gongbang", "password": PASSWORD}
    told = ask(url, "/ko/login", method="POST", form=form, opener=opener)
    assert told.status == 200 and told.body == {"success": True}
    return opener


def asked(url: str) -> str:
    """What the page answers to the question: its button pressed as a browser does it, by events."""
    opener = visitor(url)
    page = ask(url, "/ko/config?page=", opener=opener).body
    of = {one["props"].get("elem_id"): one["id"] for one in page["components"]}
    pressed = [of["ask-button"], "click"]
    event = next(one for one in page["dependencies"] if pressed in one["targets"])
    values = {one["id"]: one["props"].get("value") for one in page["components"]}
    values[of["ask-question"]] = QUESTION
    data = [values[id] for id in event["inputs"]]
    body = {"data": data, "fn_index": event["id"], "session_hash": "visitor"}
    joined = ask(url, "/ko/gradio_api/queue/join", method="POST", body=body, opener=opener)
    assert joined.status == 200, joined
    with opener.open(f"{url}/ko/gradio_api/queue/data?session_hash=visitor", timeout=60) as stream:
        for line in stream:
            told = json.loads(line.removeprefix(b"data:")) if line.startswith(b"data:") else {}
            if told.get("msg") == "process_completed":
                return json.dumps(told["output"], ensure_ascii=False)
    raise AssertionError("the page never answered")


@pytest.mark.slow
def test_the_studio_follows_the_server_through_a_release_and_back(
    shipping: Shipping, nginx: Nginx, secrets: Path
) -> None:
    (secrets / "serve.yaml").write_text("14제곱킬로미터", encoding="utf-8")
    first = shipping.release()
    assert ask(nginx.studio, "/").headers[HEADER] == "r0001"
    assert ask(nginx.studio, "/ko/config").status == 401, "nobody is let in without the password"
    assert "14제곱킬로미터" in asked(nginx.studio)

    # A release whose studio cannot come up never gets the traffic: neither its server nor its studio.
    (secrets / "serve.yaml").write_text("99제곱킬로미터", encoding="utf-8")
    (secrets / "studio.password").write_text("\n", encoding="utf-8")
    with pytest.raises(SmokeError, match="the new 'studio' ended by itself") as caught:
        replace(shipping, steps=shipping.steps[:1]).release()
    assert "holds no secret" in str(caught.value.value)
    (secrets / "studio.password").write_text(PASSWORD, encoding="utf-8")
    assert shipping.releases.current == "r0001" and "14제곱킬로미터" in asked(nginx.studio)

    second = shipping.release()
    assert ask(nginx.studio, "/").headers[HEADER] == second.id == "r0003"
    assert "99제곱킬로미터" in asked(nginx.studio), "it asks the server beside it"

    assert shipping.rollback().id == "r0001"
    assert ask(nginx.studio, "/").headers[HEADER] == "r0001" and "14제곱킬로미터" in asked(nginx.studio)
    assert not any(shipping.engine.alive(running) for running in second.running.values())
    assert all(shipping.engine.alive(running) for running in first.running.values()), "those that were kept"
