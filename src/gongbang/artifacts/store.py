"""Where artifacts, recipes and samples are found: by path, by name, from a clone or from a wheel."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from gongbang.artifacts.pointer import POINTER, pointed
from gongbang.errors import ArtifactError, OptionError

MODELS_VARIABLE = "GONGBANG_MODELS"
"""Environment variable that names one or more folders of artifacts (separated as in PATH)."""

CACHE_VARIABLE = "GONGBANG_CACHE"
"""Environment variable that names the folder of what can be made again."""

BUNDLED = "_bundled"
"""The folder of the package in which a wheel carries models, recipes and samples."""

KINDS = ("models", "recipes", "samples")
MANIFEST = "artifact.json"


def find_artifact(name_or_path: str | Path) -> Path:
    """The folder of an artifact, by its path or by its name.

    A path wins when it holds ``artifact.json``; a bare name is then looked for in the folders of
    ``GONGBANG_MODELS``, in ``models/`` of the clone, and in the models inside the wheel, in that order. A
    champion's folder stands for the version that is served now.

    Raises:
        ArtifactError: there is none; the message lists the nearest names that there are.
    """
    path = Path(name_or_path).expanduser()
    if (path / MANIFEST).is_file():
        return path
    if path.name == MANIFEST and path.is_file():
        return path.parent
    if (path / POINTER).is_file():
        return pointed(path) or path
    if path.is_dir() and len(path.parts) > 1:
        raise _not_an_artifact(path)
    known = known_artifacts()
    name = str(name_or_path)
    if name in known:
        return pointed(known[name]) or known[name]
    raise _unknown(name, known)


def _not_an_artifact(path: Path) -> ArtifactError:
    inside = [child.name for child in artifacts_in(path)]
    hint = (
        f"Name one of the artifacts in it: {', '.join(inside)}." if inside else "Export a run into it first."
    )
    return ArtifactError(
        f"the folder holds no {MANIFEST}: it is not an artifact.",
        value=str(path),
        allowed=f"a folder made by `gongbang export`, with {MANIFEST}",
        cure=hint,
    )


def _unknown(name: str, known: dict[str, Path]) -> ArtifactError:
    near = nearest(Path(name).name, {*known, *_neighbours(Path(name).expanduser())})
    folders = ", ".join(map(str, model_folders())) or "no folder of models is set"
    return ArtifactError(
        "there is no artifact of that name or path.",
        value=name,
        allowed=", ".join(sorted(known)) or f"a path; no artifact is known by name ({folders})",
        cure=f"Did you mean {' or '.join(repr(n) for n in near)}?"
        if near
        else f"Give the path of an artifact's folder, or set {MODELS_VARIABLE} to the folder that holds it.",
    )


def _neighbours(path: Path) -> list[str]:
    if len(path.parts) < 2 or not path.parent.is_dir():
        return []
    return [child.name for child in artifacts_in(path.parent)]


def known_artifacts() -> dict[str, Path]:
    """Every artifact that can be called by name; the first folder that has a name wins."""
    found: dict[str, Path] = {}
    for folder in model_folders():
        for child in artifacts_in(folder):
            found.setdefault(child.name, child)
    return found


def artifacts_in(folder: Path) -> tuple[Path, ...]:
    """The artifacts and champions right below a folder, by name; what may not be looked into holds none."""
    try:
        children = sorted(folder.iterdir())
    except OSError:
        return ()
    return tuple(child for child in children if _holds_manifest(child))


def _holds_manifest(folder: Path) -> bool:
    try:
        return (folder / MANIFEST).is_file() or (folder / POINTER).is_file()
    except OSError:  # another's folder: forbidden, or gone since it was listed
        return False


def model_folders() -> tuple[Path, ...]:
    """The existing folders in which a name is looked for, in order."""
    named = [Path(p).expanduser() for p in os.environ.get(MODELS_VARIABLE, "").split(os.pathsep) if p]
    shipped = _shipped("models")
    return tuple(folder for folder in [*named, *([shipped] if shipped else [])] if folder.is_dir())


def cache_folder() -> Path:
    """Where what can be made again is kept: ``$GONGBANG_CACHE``, else ``~/.cache/gongbang``.

    Raises:
        OptionError: the variable is not set, and there is no home folder either.
    """
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named).expanduser()
    try:
        return Path.home() / ".cache" / "gongbang"
    except RuntimeError as err:  # a user without a home, as in many containers
        raise OptionError(
            "there is no folder for the cache.",
            value=f"{CACHE_VARIABLE} is not set, and no home folder is known",
            allowed="a folder that can be written",
            cure=f"export {CACHE_VARIABLE}=DIR",
        ) from err


def bundled(kind: str) -> Path:
    """The folder of what ships with the project: ``models``, ``recipes`` or ``samples``.

    Raises:
        OptionError: another kind.
        ArtifactError: this installation ships none.
    """
    if kind not in KINDS:
        raise OptionError(
            "there is no such kind of bundled file.",
            value=kind,
            allowed=", ".join(KINDS),
            cure=f"Did you mean {(nearest(kind, KINDS) or [KINDS[0]])[0]!r}?",
        )
    folder = _shipped(kind)
    if folder is None:
        raise ArtifactError(
            f"this installation ships no {kind}.",
            value=str(Path(__file__).resolve().parent.parent),
            allowed=f"a clone with {kind}/, or a wheel with gongbang/_bundled/{kind}",
            cure="Install the released wheel, or run from a clone of the repository.",
        )
    return folder


def find_recipe(name_or_path: str | Path) -> Path:
    """A recipe file by its path, or a bundled one by its name with or without ``.yaml``.

    Raises:
        OptionError: there is none; the message lists the nearest names.
    """
    path = Path(name_or_path).expanduser()
    if path.is_file():
        return path
    folder = _shipped("recipes")
    known = {p.stem: p for p in sorted(folder.glob("*.yaml"))} if folder else {}
    if path.suffix in ("", ".yaml") and path.stem in known:
        return known[path.stem]
    near = nearest(path.stem, known)
    raise OptionError(
        "there is no recipe of that name or path.",
        value=str(name_or_path),
        allowed=", ".join(sorted(known)) or "the path of a YAML file",
        cure=f"Did you mean {' or '.join(map(repr, near))}?" if near else "Give the path of a recipe file.",
    )


def nearest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """The known names that are most like a name, best first.

    Example:
        >>> nearest("reader_ko", ["reader-ko", "encoder-ko", "samples"], count=1)
        ['reader-ko']
    """
    return difflib.get_close_matches(name, list(known), n=count, cutoff=0.5)


def project_root() -> Path | None:
    """The clone that this package runs from; None when it runs from an installed wheel."""
    package = Path(__file__).resolve().parent.parent
    for root in package.parents:
        # A wheel in a virtual environment inside the clone must not pass for the clone itself.
        if (root / "pyproject.toml").is_file() and (root / "src" / "gongbang") == package:
            return root if _project_name(root / "pyproject.toml") == "gongbang" else None
    return None


def _project_name(path: Path) -> str:
    try:
        project = tomllib.loads(path.read_text(encoding="utf-8")).get("project", {})
    except (tomllib.TOMLDecodeError, OSError, UnicodeDecodeError):
        return ""
    return str(project.get("name", ""))


def _shipped(kind: str) -> Path | None:
    root = project_root()
    folder = (root or Path(str(resources.files("gongbang"))) / BUNDLED) / kind
    return folder if folder.is_dir() else None
