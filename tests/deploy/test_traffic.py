"""Who gets the traffic: one link, and nginx where it is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from deploy.engine import Built, Running
from deploy.manifest import ROOT
from deploy.smoke import SmokeError, ask
from deploy.traffic import HEADER, Release, Releases, reloader
from deploy.workflow import PUBLIC, STATE

from gongbang.errors import ArtifactError, OptionError
from tests.deploy.scripted import Scripted


def stands(releases: Releases, id: str, port: int) -> Release:
    release = Release(
        id, "scripted", None, {"server": Built("server", "x", "x")}, {"server": Running("server", "x", port)}
    )
    releases.path(id).mkdir()
    releases.write(release)
    return release


def test_a_release_is_read_as_it_was_written(state):
    releases = Releases(state)
    release = stands(releases, "r0001", 8101)
    assert releases.read("r0001") == release and releases.current is None
    assert "server 127.0.0.1:8101;" in (releases.path("r0001") / "upstream.conf").read_text()
    with pytest.raises(ArtifactError, match="missing"):
        releases.read("r0002")


def test_the_link_is_moved_as_a_whole(state, monkeypatch):
    releases = Releases(state)
    stands(releases, "r0001", 8101)
    stands(releases, "r0002", 8102)
    releases.switch("r0001")
    seen: list[str | None] = []
    replace = Path.replace

    def watched(self: Path, target: Path) -> Path:
        seen.append(releases.current)  # until the very rename the old one is there
        done = replace(self, target)
        seen.append(releases.current)
        return done

    monkeypatch.setattr(Path, "replace", watched)
    releases.switch("r0002")
    assert seen == ["r0001", "r0002"]
    assert (state / "current" / "upstream.conf").read_text().count("8102") == 1


def test_a_crash_before_the_rename_leaves_the_old_one(state, monkeypatch):
    releases = Releases(state)
    stands(releases, "r0001", 8101)
    stands(releases, "r0002", 8102)
    releases.switch("r0001")

    def crash(self: Path, target: Path) -> Path:
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", crash)
        with pytest.raises(OSError, match="full"):
            releases.switch("r0002")
    assert releases.current == "r0001"
    releases.switch("r0002")  # what the crash left lying about is no hindrance
    assert releases.current == "r0002"


def test_the_release_that_serves_is_never_deleted(state):
    releases = Releases(state)
    stands(releases, "r0001", 8101)
    releases.switch("r0001")
    releases.drop("r0001")
    assert releases.ids() == ["r0001"]


def test_numbers_are_ordered_as_numbers(state):
    releases = Releases(state)
    for id in ("r10000", "r9999", "r0002"):
        releases.path(id).mkdir()
    assert releases.ids() == ["r0002", "r9999", "r10000"] and releases.new_folder().name == "r10001"


def test_a_command_that_fails_is_told():
    reloader([])()
    reloader(["true"])()
    with pytest.raises(OptionError, match="could not be told"):
        reloader(["false"])()
    with pytest.raises(OptionError, match="no-such-program"):
        reloader(["no-such-program"])()


# -- nginx -----------------------------------------------------------------------------------------


def test_the_configuration_names_the_places_that_the_workflow_names():
    text = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    assert f"include {STATE}/current/upstream.conf;" in text and PUBLIC.removeprefix("http://") in text
    assert HEADER in text.lower()


@pytest.fixture
def nginx(tmp_path: Path, state: Path):
    """A real nginx with the repository's configuration, its places put below a folder of the test."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        pytest.skip("nginx is not installed")
    port = Scripted()
    number = port.url.rpartition(":")[2]
    port.close()
    site = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    site = site.replace(STATE, str(state)).replace(PUBLIC.removeprefix("http://"), f"127.0.0.1:{number}")
    (tmp_path / "site.conf").write_text(site)
    temporary = "".join(
        f"{kind}_temp_path {tmp_path}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (tmp_path / "nginx.conf").write_text(
        f"{'user root;' if os.geteuid() == 0 else ''} worker_processes 1; pid {tmp_path}/pid;"
        f" error_log {tmp_path}/log; events {{ worker_connections 64; }}"
        f" http {{ access_log off; {temporary} include {tmp_path}/site.conf; }}"
    )
    words = [program, "-c", str(tmp_path / "nginx.conf"), "-e", str(tmp_path / "log")]

    def reload() -> None:
        running = (tmp_path / "pid").exists()
        reloader([*words, "-t", "-q"])()
        reloader([*words, "-s", "reload"] if running else words)()

    yield reload, f"http://127.0.0.1:{number}"
    if (tmp_path / "pid").exists():
        subprocess.run([*words, "-s", "stop"], check=False)


def test_nginx_follows_the_link(nginx, state):
    reload, url = nginx
    releases = Releases(state, reload, url)
    old, new = Scripted({"/who": (200, {"who": "old"})}), Scripted({"/who": (200, {"who": "new"})})
    try:
        stands(releases, "r0001", int(old.url.rpartition(":")[2]))
        stands(releases, "r0002", int(new.url.rpartition(":")[2]))
        for id, who in (("r0001", "old"), ("r0002", "new"), ("r0001", "old")):
            releases.switch(id)
            assert ask(url, "/who").body == {"who": who} and ask(url, "/who").headers[HEADER] == id
        new.close()  # a release that is dead never keeps the traffic
        with pytest.raises(SmokeError, match="does not send"):
            Releases(state, reload, url, wait_s=1.0).switch("r0002")
        assert releases.current == "r0001"
        releases.switch("r0001")  # told once more: its last workers of the dead one are gone by then
        assert ask(url, "/who").body == {"who": "old"}
    finally:
        old.close()
        new.close()
