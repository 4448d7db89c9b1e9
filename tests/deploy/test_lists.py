"""What a build sees here, in a checkout and in a wheel: every difference is planted once."""

from __future__ import annotations

import zipfile

import pytest
from deploy.ignore import Ignored, context_files
from deploy.lists import (
    checkout_files,
    commit_of,
    compare_checkout,
    compare_wheel,
    is_checkout,
    local_files,
    need_same,
    unseen,
)
from deploy.manifest import ROOT, load_manifest

from gongbang.errors import DataError


@pytest.mark.parametrize(
    ("rules", "path", "out"),
    [
        ("*", "a.py", True),
        ("*\n!src", "src/a/b.py", False),
        ("*\n!src/deep", "src/a.py", True),
        ("*\n!src/deep", "src/deep/a.py", False),
        ("*\n!src\n**/__pycache__", "src/x/__pycache__/a.pyc", True),
        ("*\n!src\n**/*.py[cod]", "src/a.pyc", True),
        ("*\n!src\n**/*.py[cod]", "src/a.py", False),
        ("**/.env*", "deep/down/.env.local", True),
        ("*.md\n!README.md", "README.md", False),
        ("*.md", "docs/a.md", False),
        ("docs/*.md", "docs/deep/a.md", False),
        ("docs/**/a.md", "docs/a.md", True),
        ("# *\n\n/docs/\n", "docs/a.md", True),
        ("!a\n*", "a", True),
        ("a?c", "abc", True),
    ],
)
def test_rules_are_read_as_an_engine_reads_them(rules, path, out):
    assert (path in Ignored(rules)) is out


def test_folders_that_are_kept_out_are_not_walked_unless_something_in_them_may_pass(tmp_path):
    for path in ("a/b/c.txt", "a/d.txt", "e/f.txt"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    assert list(context_files(tmp_path, Ignored("*\n!a/b"))) == ["a/b/c.txt"]
    assert list(context_files(tmp_path, Ignored("*\n!**/f.txt"))) == ["e/f.txt"]
    assert Ignored("*\n!a/b").all_below("e") and not Ignored("*\n!a/b").all_below("a")


def test_this_checkout_copies_nothing_that_git_ignores_and_all_that_the_manifest_names():
    assert unseen() == []
    if not is_checkout():
        pytest.skip("not a git checkout")
    assert [odd.path for odd in compare_checkout() if "ignores" in odd.why] == []


def test_a_clean_checkout_is_the_same(checkout):
    need_same(compare_checkout(checkout))
    assert local_files(checkout) == checkout_files(checkout)
    assert is_checkout(checkout) and len(commit_of(checkout) or "") == 40


def test_made_files_that_are_kept_out_make_no_difference(checkout):
    cache = checkout / "src" / "gongbang" / "__pycache__"
    cache.mkdir()
    (cache / "a.cpython-311.pyc").touch()
    (checkout / "runs").mkdir()
    (checkout / "runs" / "notes.txt").touch()
    (checkout / "models" / ".env").touch()
    assert compare_checkout(checkout) == []


def test_a_file_that_git_does_not_know_is_found(checkout):
    (checkout / "src" / "gongbang" / "mine.py").touch()
    (odd,) = compare_checkout(checkout)
    assert (odd.path, odd.why) == ("src/gongbang/mine.py", "git does not know it")
    with pytest.raises(DataError, match="not what is checked in"):
        need_same([odd])


def test_a_file_that_git_ignores_and_a_build_copies_is_found(checkout):
    (checkout / "models" / "build").mkdir()  # .gitignore knows "build/" everywhere
    (checkout / "models" / "build" / "weights.bin").touch()
    (odd,) = compare_checkout(checkout)
    assert odd.path == "models/build/weights.bin" and "git ignores it" in odd.why


def test_a_file_that_was_deleted_or_changed_is_found(checkout):
    (checkout / "samples" / "village.md").unlink()
    with (checkout / "README.md").open("a", encoding="utf-8") as file:
        file.write("mine\n")
    assert {(odd.path, odd.why) for odd in compare_checkout(checkout)} == {
        ("samples/village.md", "it is tracked and not there"),
        ("README.md", "it is not as it was committed"),
    }


def test_what_the_manifest_names_and_nobody_has_is_found(tree):
    (tree / "LICENSE").unlink()
    (tree / "models" / "sentiment-ko" / "CARD.md").unlink()
    assert [odd.path for odd in unseen(tree)] == ["LICENSE", "models"]


def test_a_folder_that_is_no_checkout_is_told(tree):
    assert not is_checkout(tree)
    with pytest.raises(DataError, match="git cannot tell"):
        compare_checkout(tree)


def test_a_wheel_is_compared_with_what_its_build_saw(tmp_path):
    build = load_manifest().builds["serving"]
    wheel = tmp_path / "gongbang-1-py3-none-any.whl"
    held = {
        "gongbang/__init__.py": "src/gongbang/__init__.py",
        "gongbang/_bundled/models/a/CARD.md": "models/a/CARD.md",
        "gongbang/_bundled/samples/__pycache__/x.pyc": "samples/__pycache__/x.pyc",
        "gongbang-1.dist-info/METADATA": None,
        "other/a.py": "wheel:other/a.py",
    }
    with zipfile.ZipFile(wheel, "w") as file:
        for name in held:
            file.writestr(name, "")
    seen = ["pyproject.toml", "src/gongbang/__init__.py", "src/gongbang/errors.py", "models/a/CARD.md"]
    found = {odd.path: odd.why for odd in compare_wheel(wheel, build, seen)}
    assert set(found) == {"src/gongbang/errors.py", "samples/__pycache__/x.pyc", "wheel:other/a.py"}
    assert "lacks" in found["src/gongbang/errors.py"]


def test_the_names_of_the_wheels_folders_are_those_of_its_hook():
    text = (ROOT / "hatch_build.py").read_text(encoding="utf-8")
    for folder, inside in load_manifest().builds["serving"].installs.items():
        if inside.startswith("gongbang/_bundled/"):
            assert f'"{folder}"' in text
