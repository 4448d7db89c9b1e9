"""A checkout to break: what a build of the repository looks at, without the models' weights."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("pydantic")

from deploy.manifest import ROOT

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
