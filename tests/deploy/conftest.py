"""A checkout to break: what a build of the repository looks at, without the models' weights."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("pydantic")

from deploy.manifest import ROOT
from deploy.traffic import reloader
from deploy.workflow import PUBLIC, STATE, STUDIO

from tests.deploy.proxy import Proxy

_COPIED = ("requirements", "recipes", "samples", "deploy", ".github")
_FILES = ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "constraints.txt", ".dockerignore")
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The repository without ``models`` but for one card, and with one source file in place of all."""
    root = tmp_path / "tree"
    for name in _COPIED:
        shutil.copytree(ROOT / name, root / name, ignore=_LEFT_OUT)
    for name in _FILES:
        shutil.copy2(ROOT / name, root / name)
    (root / "src" / "gongbang").mkdir(parents=True)
    shutil.copy2(ROOT / "src" / "gongbang" / "__init__.py", root / "src" / "gongbang")
    (root / "models" / "sentiment-ko").mkdir(parents=True)
    shutil.copy2(ROOT / "models" / "sentiment-ko" / "CARD.md", root / "models" / "sentiment-ko")
    return root


@pytest.fixture
def git(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Runs git, whatever the machine's own settings say."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "test")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "test@example.org")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")

    def run(root: Path, *words: str) -> None:
        subprocess.run(["git", "-C", str(root), *words], check=True, capture_output=True)

    return run


@pytest.fixture
def checkout(tree: Path, git: Callable[..., None]) -> Path:
    """The tree, committed."""
    shutil.copy2(ROOT / ".gitignore", tree / ".gitignore")
    git(tree, "init", "--quiet", "--template=", ".")
    git(tree, "add", "--all")
    git(tree, "commit", "--quiet", "--no-verify", "--message", "all")
    return tree


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def proxy(state: Path) -> Iterator[Proxy]:
    made = Proxy(state)
    yield made
    made.close()


@dataclass(frozen=True, slots=True)
class Nginx:
    """A real nginx: how it is told, and where the server and the studio are behind it."""

    reload: Callable[[], None]
    server: str
    studio: str


def _free() -> str:
    with socket.create_server(("127.0.0.1", 0)) as door:
        return f"127.0.0.1:{door.getsockname()[1]}"


@pytest.fixture
def nginx(tmp_path: Path, state: Path) -> Iterator[Nginx]:
    """nginx with the repository's configuration, its places put below a folder of the test."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        pytest.skip("nginx is not installed")
    site = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8").replace(STATE, str(state))
    server, studio = _free(), _free()
    for address, here in ((PUBLIC, server), (STUDIO, studio)):
        site = site.replace(address.removeprefix("http://"), here)
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

    yield Nginx(reload, f"http://{server}", f"http://{studio}")
    if (tmp_path / "pid").exists():
        subprocess.run([*words, "-s", "stop"], check=False)
