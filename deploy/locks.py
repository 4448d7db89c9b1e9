"""``requirements/serve.txt`` and its like: exact versions of all that an image holds beside the core.

They are derived: which packages, from what the extras need and what those need in turn; which versions, from
``constraints.txt``, which is what the suite was run with.
"""

from __future__ import annotations

import importlib.metadata
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy.manifest import CORE, Build, Manifest
from gongbang.artifacts.store import nearest
from gongbang.errors import DataError

CONSTRAINTS = "constraints.txt"
_PIN = re.compile(r"([A-Za-z0-9._-]+)==(\S+)")


def pins(path: Path) -> dict[str, str]:
    """The exact pins of a requirements file: its lines without comments, by canonical name.

    Raises:
        DataError: a line is no exact pin.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        words = line.partition("#")[0].strip()
        if not words:
            continue
        match = _PIN.fullmatch(words)
        if match is None:
            raise DataError(
                "this is no exact pin.",
                value=words,
                allowed="NAME==VERSION",
                cure="Name the version.",
                path=path,
                line=number,
            )
        found[canonicalize_name(match[1])] = words
    return found


def needed(root: Path, extras: Iterable[str]) -> list[Requirement]:
    """What the extras of ``pyproject.toml`` ask for; one that names others of the package asks for theirs.

    Raises:
        DataError: there is no such extra.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    known = project["optional-dependencies"]
    for extra in extras:
        if extra not in known:
            near = nearest(extra, known, count=1)
            raise DataError(
                "there is no such extra.",
                value=extra,
                allowed=", ".join(known),
                cure=f"Did you mean '{near[0]}'?" if near else "Name one of these.",
                path=root / "pyproject.toml",
            )
    wanted: list[Requirement] = []
    for one in (Requirement(line) for extra in extras for line in known[extra]):
        itself = canonicalize_name(one.name) == canonicalize_name(project["name"])
        wanted += needed(root, sorted(one.extras)) if itself else [one]
    return wanted


def closure(wanted: Iterable[Requirement], leave_out: Iterable[str], python: str) -> set[str]:
    """The packages that are asked for and what they need in turn, as the installed ones declare it.

    Args:
        wanted: what is asked for.
        leave_out: packages that are not followed.
        python: the version for which it holds, such as "3.11", whichever one runs this; on Linux.

    Raises:
        DataError: one of them is not installed here, so that what it needs cannot be known.
    """
    machine = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": "linux"}
    out, seen, waiting = set(leave_out), set[tuple[str, frozenset[str]]](), list(wanted)
    while waiting:
        asked = waiting.pop()
        key = (canonicalize_name(asked.name), frozenset(asked.extras))
        if key in seen or key[0] in out:
            continue
        seen.add(key)
        for line in _requires(asked.name):
            other = Requirement(line)
            marks = [{**machine, "extra": extra} for extra in {"", *asked.extras}]
            if other.marker is None or any(other.marker.evaluate(mark) for mark in marks):
                waiting.append(other)
    return {name for name, _ in seen}


def _requires(name: str) -> list[str]:
    try:
        return importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError as err:
        raise DataError(
            "what this package needs is not known, since it is not installed here.",
            value=name,
            allowed="an environment with the extras that are deployed",
            cure="Derive where the suite runs: make dev",
        ) from err


def lock(build: Build, root: Path) -> str:
    """The text of a build's lock: its extras and what they need, without the core."""
    extras = sorted(build.extras)
    head = (
        f"# What an image holds beside core.txt: the extras {', '.join(extras)} and what they "
        "need.\n# Derived from the manifest, pyproject.toml and constraints.txt: python -m deploy derive\n"
    )
    return head + _lines(root, closure(needed(root, extras), pins(root / CORE), build.python))


def build_lock(manifest: Manifest, root: Path) -> str:
    """The text of ``requirements/build.txt``: what turns the sources into a wheel."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [Requirement(line) for line in project["build-system"]["requires"]]
    for build in manifest.building.values():
        wanted += [Requirement(name) for tools in build.from_source.values() for name in tools]
    head = (
        "# What builds wheels inside an image; none of it is in what serves.\n"
        "# Derived from pyproject.toml and constraints.txt: python -m deploy derive\n"
    )
    return head + _lines(root, closure(wanted, (), _python(manifest)))


def wheels_only(from_source: Iterable[str]) -> list[str]:
    """Flags that let pip take wheels, and sources of those packages alone that have none."""
    return ["--only-binary", ":all:", *(word for name in from_source for word in ("--no-binary", name))]


def _python(manifest: Manifest) -> str:
    """The oldest version among the builds, whose packages are a superset of the newer ones'."""
    return min(
        (build.python for build in manifest.building.values()), key=lambda text: int(text.partition(".")[2])
    )


def _lines(root: Path, names: Iterable[str]) -> str:
    known, lines = pins(root / CONSTRAINTS), []
    for name in sorted(names):
        if name not in known:
            raise DataError(
                "an image would install a version that nobody has named.",
                value=name,
                allowed="a pin for every package that is deployed",
                cure=f"Add {name}=={importlib.metadata.version(name)} once the suite has passed with it.",
                path=root / CONSTRAINTS,
            )
        lines.append(known[name])
    return "\n".join(lines) + "\n"
