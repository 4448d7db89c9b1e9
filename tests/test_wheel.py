"""The wheel that is released: what it carries along is found from inside it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
_PROGRAM = """
from gongbang.artifacts.format import open_artifact
from gongbang.artifacts.hashing import code_hash
from gongbang.artifacts.store import bundled, known_artifacts, project_root
assert project_root() is None
for name in known_artifacts():
    print(name, open_artifact(name).path)
print(code_hash(), len(list(bundled("recipes").iterdir())), len(list(bundled("samples").iterdir())))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if find_spec("hatchling") is None:
        pytest.skip("hatchling is not installed, so that no wheel can be built without a network")
    folder = tmp_path_factory.mktemp("wheel")
    words = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run([sys.executable, "-m", "pip", *words], check=True, capture_output=True)
    (made,) = folder.glob("*.whl")
    return made


@pytest.mark.slow
def test_every_bundled_file_is_in_the_wheel(wheel: Path):
    names = set(zipfile.ZipFile(wheel).namelist())
    manifests = sorted((ROOT / "models").glob("*/artifact.json"))
    assert manifests
    for manifest in manifests:
        for file in manifest.parent.iterdir():
            assert f"gongbang/_bundled/models/{manifest.parent.name}/{file.name}" in names
    for recipe in (ROOT / "recipes").glob("*.yaml"):
        assert f"gongbang/_bundled/recipes/{recipe.name}" in names


@pytest.mark.slow
def test_an_installed_wheel_finds_its_artifacts_and_has_the_clones_code(wheel: Path, tmp_path: Path):
    from gongbang.artifacts.hashing import code_hash

    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    environment.pop("GONGBANG_MODELS", None)
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    *found, last = done.stdout.splitlines()
    assert [line.split()[0] for line in found] == sorted(
        p.parent.name for p in (ROOT / "models").glob("*/artifact.json")
    )
    assert all(str(tmp_path / "site") in line for line in found)
    digest, recipes, samples = last.split()
    assert digest == code_hash()
    assert int(recipes) and int(samples)
