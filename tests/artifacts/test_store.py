"""Finding artifacts, recipes and samples by name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import gongbang.artifacts.store as store
from gongbang.artifacts.format import save_artifact
from gongbang.artifacts.store import (
    artifacts_in,
    bundled,
    cache_folder,
    find_artifact,
    find_recipe,
    known_artifacts,
    project_root,
)
from gongbang.errors import ArtifactError, OptionError


def make(path: Path, config: int = 0) -> Path:
    return save_artifact(path, task="reader", config={"n": config}, files={}).path


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone that this package would run from."""
    root = tmp_path / "clone"
    package = root / "src" / "gongbang" / "artifacts"
    package.mkdir(parents=True)
    (root / "pyproject.toml").write_text('[project]\nname = "gongbang"\n', encoding="utf-8")
    monkeypatch.setattr(store, "__file__", str(package / "store.py"))
    monkeypatch.delenv("GONGBANG_MODELS", raising=False)
    return root


def test_this_clone_is_found():
    root = project_root()
    assert root is None or (root / "src" / "gongbang" / "artifacts" / "store.py").is_file()


def test_names_come_from_the_clone(clone: Path):
    made = make(clone / "models" / "reader-ko")
    assert project_root() == clone
    assert find_artifact("reader-ko") == made


def test_the_variable_wins_over_the_clone_and_a_path_over_both(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    make(clone / "models" / "reader-ko", 1)
    first = make(tmp_path / "one" / "reader-ko", 2)
    make(tmp_path / "two" / "reader-ko", 3)
    only = make(tmp_path / "two" / "other", 4)
    both = os.pathsep.join([str(tmp_path / "one"), str(tmp_path / "two"), str(tmp_path / "absent")])
    monkeypatch.setenv("GONGBANG_MODELS", both)
    assert find_artifact("reader-ko") == first
    assert find_artifact("other") == only
    assert find_artifact(clone / "models" / "reader-ko") == clone / "models" / "reader-ko"
    assert find_artifact(only / "artifact.json") == only
    assert sorted(known_artifacts()) == ["other", "reader-ko"]


def test_a_folder_of_the_same_name_here_does_not_hide_a_model(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    made = make(clone / "models" / "reader-ko")
    (tmp_path / "here" / "reader-ko").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    assert find_artifact("reader-ko") == made


def test_another_project_around_the_package_is_not_our_clone(clone: Path):
    (clone / "pyproject.toml").write_text('[project]\nname = "another"\n', encoding="utf-8")
    assert project_root() is None


def test_a_wheel_inside_the_clone_does_not_pass_for_it(clone: Path, monkeypatch: pytest.MonkeyPatch):
    wheel = clone / ".venv" / "lib" / "gongbang" / "artifacts"
    wheel.mkdir(parents=True)
    monkeypatch.setattr(store, "__file__", str(wheel / "store.py"))
    assert project_root() is None


def test_a_wheel_finds_its_bundle(clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    package = tmp_path / "site-packages" / "gongbang"
    (package / "artifacts").mkdir(parents=True)
    made = make(package / "_bundled" / "models" / "encoder-ko")
    monkeypatch.setattr(store, "__file__", str(package / "artifacts" / "store.py"))
    monkeypatch.setattr(store.resources, "files", lambda name: package)
    assert find_artifact("encoder-ko") == made


def test_unknown_names(clone: Path):
    make(clone / "models" / "reader-ko")
    with pytest.raises(ArtifactError) as caught:
        find_artifact("raeder-ko")
    assert caught.value.allowed == "reader-ko"
    assert caught.value.cure == "Did you mean 'reader-ko'?"
    with pytest.raises(ArtifactError, match="GONGBANG_MODELS"):
        find_artifact("완전히 다른 이름")


def test_a_folder_that_may_not_be_looked_into_holds_no_artifact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in ("mine", "theirs"):
        make(tmp_path / name)
    looked = Path.is_file

    def guarded(path: Path) -> bool:
        if "theirs" in path.parts:
            raise PermissionError(13, "Permission denied", str(path))
        return looked(path)

    monkeypatch.setattr(Path, "is_file", guarded)
    assert [folder.name for folder in artifacts_in(tmp_path)] == ["mine"]
    assert artifacts_in(tmp_path / "none") == ()


def test_the_cache_needs_no_home_when_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    monkeypatch.setenv("GONGBANG_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("GONGBANG_CACHE")
    with pytest.raises(OptionError, match="no folder for the cache") as caught:
        cache_folder()
    assert "GONGBANG_CACHE" in caught.value.cure


def test_bundled_and_recipes(clone: Path):
    (clone / "recipes").mkdir()
    (clone / "recipes" / "reader-ko.yaml").write_text("task: reader\n", encoding="utf-8")
    assert bundled("recipes") == clone / "recipes"
    assert find_recipe("reader-ko") == find_recipe("reader-ko.yaml") == clone / "recipes" / "reader-ko.yaml"
    assert find_recipe(clone / "recipes" / "reader-ko.yaml").name == "reader-ko.yaml"
    with pytest.raises(OptionError, match="Did you mean 'reader-ko'"):
        find_recipe("reader-kr")
    with pytest.raises(OptionError, match="Did you mean 'recipes'"):
        bundled("recipe")
    with pytest.raises(ArtifactError, match="ships no samples"):
        bundled("samples")
