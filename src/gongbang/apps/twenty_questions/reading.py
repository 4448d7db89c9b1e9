"""Reading keywords from a folder of YAML files, every fault with its file, line and field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

from gongbang.apps.twenty_questions.keywords import Keyword, Keywords
from gongbang.artifacts.store import bundled, nearest
from gongbang.data.readers.place import Place, whole_text
from gongbang.data.textfile import read_text
from gongbang.errors import DataError

FOLDER = "keywords"
"""The folder of the samples that holds the keywords that come along."""

_FILE_KEYS = ("category", "keywords")
_KEYS = ("name", "aliases", "document")


def keywords_folder(folder: str | Path | None = None) -> Path:
    """The folder that was named, or the one that comes along.

    Raises:
        ArtifactError: none was named and this installation ships no samples.
    """
    return bundled("samples") / FOLDER if folder is None else Path(folder).expanduser()


def read_keywords(folder: str | Path | None = None) -> Keywords:
    """The keywords of a folder, category by category in the order of the files' names.

    Args:
        folder: holds one ``*.yaml`` a category; the samples' when None.

    Raises:
        DataError: no such folder or no such file in it; a file that is no YAML, lacks a key, has one that
            is not known, or holds a keyword that cannot be used.
    """
    root = keywords_folder(folder)
    if not root.is_dir():
        raise DataError(
            "there is no such folder of keywords.",
            value=str(root),
            allowed="a folder with one YAML file a category",
            cure="Check the path; samples/keywords is an example.",
            path=root,
        )
    files = sorted(path for path in root.iterdir() if path.suffix in (".yaml", ".yml"))
    if not files:
        raise DataError(
            "the folder holds no keywords.",
            value=", ".join(sorted(path.name for path in root.iterdir())[:5]) or "(empty)",
            allowed="files ending in .yaml, one a category",
            cure="Copy one of samples/keywords and change it.",
            path=root,
        )
    return Keywords(tuple(keyword for path in files for keyword in _file(path)))


def _file(path: Path) -> Iterator[Keyword]:
    place = Place(str(path), 1)
    held = _mapping(_composed(path), place, _FILE_KEYS, needed=_FILE_KEYS)
    category = _text(held["category"], place, "category")
    listed = held["keywords"]
    if not isinstance(listed, yaml.SequenceNode) or not listed.value:
        raise _at(listed, place, "keywords").error(
            "a list of keywords is needed.",
            value=_shown(listed),
            allowed="a list, each entry with name, aliases and document",
            cure="Write '- name: ...' for each keyword.",
        )
    for node in listed.value:
        yield _keyword(node, category, Place(str(path), node.start_mark.line + 1))


def _keyword(node: yaml.Node, category: str, place: Place) -> Keyword:
    held = _mapping(node, place, _KEYS, needed=("name", "document"))
    aliases = held.get("aliases")
    return Keyword(
        name=_text(held["name"], place, "name"),
        category=category,
        document=_text(held["document"], place, "document"),
        aliases=() if aliases is None else tuple(_texts(aliases, place, "aliases")),
        place=place,
    )


def _composed(path: Path) -> yaml.Node:
    """The file as nodes that know their lines."""
    text = read_text(path)
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as err:
        mark = err.problem_mark or err.context_mark
        raise DataError(
            f"the file is no YAML: {err.problem or err.context}.",
            value=text.split("\n")[mark.line].strip()[:80]
            if mark and mark.line < text.count("\n") + 1
            else "",
            allowed="YAML, indented by spaces",
            cure="Mend this line or the one before it; put a text that holds ': ' in quotes.",
            path=path,
            line=mark.line + 1 if mark else None,
        ) from err
    except yaml.YAMLError as err:  # a character that YAML does not take
        raise DataError(
            "the file is no YAML.",
            value=" ".join(str(err).split())[:120],
            allowed="YAML in UTF-8, without control characters",
            cure="Take the character out.",
            path=path,
        ) from err
    if node is None:
        raise DataError(
            "the file holds nothing.",
            value="comments alone",
            allowed=" and ".join(_FILE_KEYS),
            cure="Write a category and its keywords, or remove the file.",
            path=path,
        )
    return node


def _mapping(
    node: yaml.Node, place: Place, known: tuple[str, ...], *, needed: tuple[str, ...]
) -> Mapping[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        raise place.error(
            "keys with values are needed here.",
            value=_shown(node),
            allowed=", ".join(known),
            cure=f"Write '{known[0]}: ...' and the others below it.",
        )
    held: dict[str, yaml.Node] = {}
    for key, value in node.value:
        name = str(key.value)
        if name not in known or name in held:
            near = nearest(name, known, 1)
            raise Place(place.path, key.start_mark.line + 1).error(
                "the key is written twice." if name in held else "there is no such key.",
                value=name,
                allowed=", ".join(known),
                cure=f"Did you mean '{near[0]}'?" if near and name not in held else "Take it out.",
            )
        held[name] = value
    for name in needed:
        if name not in held:
            raise place.at(name).error(
                "the key is missing.",
                value=", ".join(held) or "(no keys)",
                allowed=", ".join(known),
                cure=f"Write '{name}: ...'.",
            )
    return held


def _texts(node: yaml.Node, place: Place, field: str) -> Iterator[str]:
    if not isinstance(node, yaml.SequenceNode):
        raise _at(node, place, field).error(
            "a list is needed.", value=_shown(node), allowed="[one, two]", cure=f"Write '{field}: [...]'."
        )
    for item in node.value:
        yield _text(item, place, field)


def _text(node: yaml.Node, place: Place, field: str) -> str:
    here = _at(node, place, field)
    if not isinstance(node, yaml.ScalarNode) or not str(node.value).strip():
        raise here.error("a text is needed.", value=_shown(node), allowed="some words", cure="Fill it in.")
    return whole_text(str(node.value).strip(), here)


def _at(node: yaml.Node, place: Place, field: str) -> Place:
    return Place(place.path, node.start_mark.line + 1, field)


def _shown(node: yaml.Node) -> str:
    if isinstance(node, yaml.ScalarNode):
        return str(node.value) or "(nothing)"
    return "a list" if isinstance(node, yaml.SequenceNode) else "keys with values"
