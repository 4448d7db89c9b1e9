"""Who gets the traffic: one link, and nginx where it is installed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from deploy.engine import Built, Running
from deploy.manifest import ROOT
from deploy.smoke import SmokeError, ask
from deploy.traffic import HEADER, Release, Releases, reloader
from deploy.workflow import PUBLIC, STATE, STUDIO

from gongbang.errors import ArtifactError, OptionError
from tests.deploy.scripted import Scripted


def stands(releases: Releases, id: str, port: int) -> Release:
    names = ("server", "studio")  # one that answers for both
    built = {name: Built(name, "x", "x") for name in names}
    release = Release(id, "scripted", None, built, {name: Running(name, "x", port) for name in names})
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
    assert (state / "current" / "upstream.conf").read_text().count(":8102;") == 2


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
    assert f"include {STATE}/current/upstream.conf;" in text
    for address, name in ((PUBLIC, "server"), (STUDIO, "studio")):
        here = text[text.index(f"listen {address.removeprefix('http://')};") :].partition("\nserver {")[0]
        assert set(re.findall(r"proxy_pass (\S+);", here)) == {f"http://gongbang-{name}"}
    assert HEADER in text.lower()


def test_nginx_follows_the_link(nginx, state):
    reload, url = nginx.reload, nginx.server
    addresses = [f"{url}/health/ready", f"{nginx.studio}/"]
    releases = Releases(state, reload, addresses)
    old, new = Scripted({"/who": (200, {"who": "old"})}), Scripted({"/who": (200, {"who": "new"})})
    try:
        stands(releases, "r0001", int(old.url.rpartition(":")[2]))
        stands(releases, "r0002", int(new.url.rpartition(":")[2]))
        for id, who in (("r0001", "old"), ("r0002", "new"), ("r0001", "old")):
            releases.switch(id)
            for address in (url, nginx.studio):
                told = ask(address, "/who")
                assert told.body == {"who": who} and told.headers[HEADER] == id
        new.close()  # a release that is dead never keeps the traffic
        with pytest.raises(SmokeError, match="does not send"):
            Releases(state, reload, addresses, wait_s=1.0).switch("r0002")
        assert releases.current == "r0001"
        releases.switch("r0001")  # told once more: its last workers of the dead one are gone by then
        assert ask(url, "/who").body == {"who": "old"}
    finally:
        old.close()
        new.close()
