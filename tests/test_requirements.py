"""The lock of the core, the constraints and pyproject.toml say the same."""

from __future__ import annotations

import importlib.metadata
import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = {"huggingface-hub", "pygments", "markdown-it-py"}
"""Named by packages of the core, but needed for downloads, source code and Markdown only."""


def pins(name: str) -> dict[str, Version]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    found = {}
    for line in lines:
        words = line.partition("#")[0].strip()
        if words:
            match = re.fullmatch(r"([A-Za-z0-9._-]+)==(\S+)", words)
            assert match, f"{name}: not an exact pin: {line}"
            found[canonicalize_name(match[1])] = Version(match[2])
    return found


def project() -> dict[str, object]:
    read: dict[str, object] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return read


def core() -> list[Requirement]:
    return [Requirement(line) for line in project()["dependencies"]]  # type: ignore[attr-defined]


def test_the_lock_holds_what_the_package_needs() -> None:
    lock = pins("requirements/core.txt")
    for needed in core():
        name = canonicalize_name(needed.name)
        assert name in lock, f"{name} is missing in requirements/core.txt"
        assert lock[name] in needed.specifier


def test_the_lock_is_complete_and_holds_nothing_else() -> None:
    lock = set(pins("requirements/core.txt"))
    reached, waiting = set(), {canonicalize_name(needed.name) for needed in core()}
    while waiting:
        name = waiting.pop()
        reached.add(name)
        for line in importlib.metadata.requires(name) or []:
            needed = Requirement(line)
            other = canonicalize_name(needed.name)
            wanted = needed.marker is None or needed.marker.evaluate({"extra": ""})
            if wanted and other not in LEFT_OUT | reached:
                waiting.add(other)
    assert reached == lock


def test_the_constraints_agree_with_the_lock() -> None:
    constraints = pins("constraints.txt")
    for name, version in pins("requirements/core.txt").items():
        assert constraints[name] == version


def test_the_constraints_satisfy_every_extra() -> None:
    constraints = pins("constraints.txt")
    assert constraints["torch"] == Version("2.13.0")
    extras: dict[str, list[str]] = project()["optional-dependencies"]  # type: ignore[assignment]
    for lines in extras.values():
        for needed in map(Requirement, lines):
            version = constraints.get(canonicalize_name(needed.name))
            assert version is None or version in needed.specifier, needed


def test_torch_is_no_part_of_the_core() -> None:
    heavy = {"torch", "transformers", "accelerate", "pyarrow", "matplotlib", "pandas", "pydantic"}
    assert not heavy & set(pins("requirements/core.txt"))
