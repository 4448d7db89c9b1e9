"""What a build sees here, what a clean checkout holds, what ends up installed: the same, or an error.

A file that lies in one person's folder, or is made while the tests run, gets into the image that is built
there and not into the one that is built elsewhere; both pass as the same version.
"""

from __future__ import annotations

import subprocess
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from deploy.ignore import FILE as IGNORE
from deploy.ignore import Ignored, context_files
from deploy.manifest import ROOT, Build, Manifest, load_manifest
from gongbang.errors import DataError


@dataclass(frozen=True, slots=True)
class Odd:
    """A file that is in one list and not in the other.

    Attributes:
        path: from the repository's root.
        why: what is wrong with it.
        cure: what to do.
    """

    path: str
    why: str
    cure: str


def local_files(root: Path = ROOT) -> list[str]:
    """The files that a build of this folder would get, by its ``.dockerignore``."""
    return sorted(context_files(root, Ignored((root / IGNORE).read_text(encoding="utf-8"))))


def checkout_files(root: Path = ROOT) -> list[str]:
    """The files that a build of a clean checkout would get: those git tracks, by the same ``.dockerignore``.

    Raises:
        DataError: the folder is no checkout.
    """
    ignored = Ignored((root / IGNORE).read_text(encoding="utf-8"))
    return sorted(path for path in _git(root, "ls-files", "--cached") if path not in ignored)


def wheel_files(wheel: Path, build: Build) -> list[str]:
    """The files that a wheel installs, by the paths they have in the repository.

    A file that comes from nowhere in the repository keeps the wheel's path, with a ``wheel:`` before it.
    """
    found = []
    for name in zipfile.ZipFile(wheel).namelist():
        if name.endswith("/") or name.split("/")[0].endswith(".dist-info"):
            continue
        found.append(_origin(name, build) or f"wheel:{name}")
    return sorted(found)


def _origin(name: str, build: Build) -> str | None:
    """The longest folder that it lies in decides: ``gongbang/_bundled/models`` is not the package."""
    for folder, inside in sorted(build.installs.items(), key=lambda pair: -len(pair[1])):
        if name.startswith(f"{inside}/"):
            return f"{folder}/{name.removeprefix(inside + '/')}"
    return None


def compare_checkout(root: Path = ROOT) -> list[Odd]:
    """Where the folder here and a clean checkout differ, in what a build would get.

    Raises:
        DataError: the folder is no checkout.
    """
    here, there = set(local_files(root)), set(checkout_files(root))
    unknown = set(_git(root, "ls-files", "--others"))
    kept = set(_git(root, "ls-files", "--others", "--exclude-standard"))
    odd = []
    for path in sorted(here - there):
        if path in kept:
            odd.append(Odd(path, "git does not know it", "Commit it, or remove it."))
        elif path in unknown:
            odd.append(
                Odd(
                    path,
                    "git ignores it, and a build would copy it",
                    f"Remove it, or keep it out in {IGNORE}.",
                )
            )
        else:
            odd.append(Odd(path, "it is in no checkout", "Remove it."))
    odd += [Odd(path, "it is tracked and not there", "Restore it.") for path in sorted(there - here)]
    tracked = set(_git(root, "ls-files", "--cached"))
    changed = set(_git(root, "diff", "--name-only", "HEAD")) & here & tracked
    odd += [
        Odd(path, "it is not as it was committed", "Commit it, or restore it.") for path in sorted(changed)
    ]
    return odd


def compare_wheel(wheel: Path, build: Build, seen: Iterable[str]) -> list[Odd]:
    """Where what a wheel installs differs from what its build saw.

    Args:
        wheel: the file.
        build: says which folder is installed where.
        seen: the files of the build, see :func:`local_files`.
    """
    folders = tuple(f"{folder}/" for folder in build.installs)
    wanted = {path for path in seen if path.startswith(folders)}
    got = set(wheel_files(wheel, build))
    missing = "Say in hatch_build.py or pyproject.toml that it belongs to the wheel."
    more = "Leave it out of the wheel, or name its folder under 'installs'."
    return [Odd(path, "the wheel lacks it", missing) for path in sorted(wanted - got)] + [
        Odd(path, "the wheel holds it, and the build did not see it", more) for path in sorted(got - wanted)
    ]


def unseen(root: Path = ROOT, manifest: Manifest | None = None) -> list[Odd]:
    """What the manifest names and no build would get: a slip in the manifest, or an empty folder."""
    here = local_files(root)
    manifest = manifest or load_manifest(root)
    named: dict[str, str] = {}
    for name, build in manifest.building.items():
        for path in build.reads:
            named.setdefault(path, name)
    return [
        Odd(path, f"the build '{name}' names it and it is not there", "Mend the manifest.")
        for path, name in named.items()
        if not any(file == path or file.startswith(f"{path}/") for file in here)
    ]


def need_same(odd: Iterable[Odd]) -> None:
    """Refuse to go on where lists differ.

    Raises:
        DataError: they do; the first file is named, and how many more there are.
    """
    found = list(odd)
    if found:
        rest = f"; and {len(found) - 1} more" if len(found) > 1 else ""
        raise DataError(
            f"what is built here is not what is checked in: {found[0].why}.",
            value=found[0].path + rest,
            allowed="the files of the commit, and nothing else",
            cure=f"{found[0].cure} All of them: python -m deploy files",
        )


def commit_of(root: Path = ROOT) -> str | None:
    """The commit that a checkout stands at; None where the folder is none."""
    try:
        return next(iter(_git(root, "rev-parse", "--verify", "HEAD", end="\n")), None)
    except DataError:
        return None


def is_checkout(root: Path = ROOT) -> bool:
    """Whether the folder is the root of a checkout with a commit."""
    return (root / ".git").exists() and commit_of(root) is not None


def _git(root: Path, *words: str, end: str = "\0") -> list[str]:
    flags = ["-z"] if end == "\0" else []
    try:
        done = subprocess.run(
            ["git", "-C", str(root), words[0], *flags, *words[1:]], capture_output=True, check=True
        )
    except (OSError, subprocess.CalledProcessError) as err:
        told = getattr(err, "stderr", b"") or str(err).encode()
        raise DataError(
            "git cannot tell which files belong to the repository.",
            value=" ".join(told.decode("utf-8", "replace").split())[:200],
            allowed="a git checkout with a commit",
            cure="Run it in a clone.",
            path=root,
        ) from err
    return [path for path in done.stdout.decode("utf-8", "surrogateescape").split(end) if path]
