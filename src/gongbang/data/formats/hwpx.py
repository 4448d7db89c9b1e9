"""Hancom's hwpx (KS X 6101, OWPML): sections of paragraphs, tables a row a line.

``Contents/section<N>.xml`` holds ``hp:p`` paragraphs of ``hp:run`` and ``hp:t``; a table stands within a
run of a paragraph. Files locked with a password encrypt the sections.
"""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree.ElementTree import Element
from zipfile import ZipFile

from gongbang.data.archive import open_zip, read_member
from gongbang.data.formats.officexml import attribute, local, parse_xml
from gongbang.data.formats.parts import Builder, Content
from gongbang.errors import DataError

_SECTION = re.compile(r"Contents/section(\d+)\.xml$", re.I)
_SKIPPED = {"secPr", "ctrl", "linesegarray", "shapeComment", "pic", "equation", "ole"}
_CHARACTERS = {"lineBreak": "\n", "tab": "\t", "nbSpace": " ", "fwSpace": " ", "hyphen": "-"}


def read(path: Path) -> Content:
    """The words of an .hwpx file; locations are its sections, where there are several.

    Raises:
        DataError: missing, empty, damaged, too large, locked, or without sections.
    """
    builder = Builder()
    with open_zip(path) as archive:
        names = sorted(
            (name for name in archive.namelist() if _SECTION.search(name)),
            key=lambda name: int(_SECTION.search(name)[1]),  # type: ignore[index]
        )
        if not names:
            raise DataError(
                "the file holds no section, so it is not hwpx.",
                value=", ".join(archive.namelist()[:8]),
                allowed="a file with Contents/section0.xml",
                cure="Open it in Hangul and save it as hwpx.",
                path=path,
            )
        for number, name in enumerate(names, 1):
            if len(names) > 1:
                builder.mark(f"section {number}")
            _paragraphs(parse_xml(read_member(archive, name, path), name, path), builder)
        title = _title(archive, path)
    return builder.content(title)


def _paragraphs(parent: Element, builder: Builder) -> None:
    for paragraph in (child for child in parent if local(child) == "p"):
        words: list[str] = []
        _collect(paragraph, words, builder)
        builder.add("".join(words))


def _collect(element: Element, words: list[str], builder: Builder) -> None:
    """Words of a paragraph; a table in it ends the words before it and is a block of its own."""
    for child in element:
        name = local(child)
        if name == "t":
            words.append(_text(child))
        elif name == "tbl":
            builder.add("".join(words))
            words.clear()
            builder.add("\n".join(_rows(child)))
        elif name in _CHARACTERS:
            words.append(_CHARACTERS[name])
        elif name == "p":  # a text box
            inner: list[str] = []
            _collect(child, inner, builder)
            words.append("\n" + "".join(inner) if inner else "")
        elif name not in _SKIPPED:
            _collect(child, words, builder)


def _text(element: Element) -> str:
    """``hp:t`` may hold line breaks and tabs, and marks of tracked changes, between its words."""
    pieces = [element.text or ""]
    for child in element:
        pieces += [_CHARACTERS.get(local(child), ""), child.tail or ""]
    return "".join(pieces)


def _rows(table: Element) -> list[str]:
    rows = []
    for row in (child for child in table if local(child) == "tr"):
        cells = []
        for cell in (child for child in row if local(child) == "tc"):
            inner = Builder()
            for part in (child for child in cell if local(child) == "subList"):
                _paragraphs(part, inner)
            cells.append(" ".join(" ".join(inner.blocks).split()))
        if any(cells):
            rows.append(" | ".join(cells))
    return rows


def _title(archive: ZipFile, path: Path) -> str:
    """The title of ``Contents/content.hpf``; damaged metadata must not lose the text."""
    try:
        root = parse_xml(read_member(archive, "Contents/content.hpf", path), "content.hpf", path)
    except DataError:
        return ""
    for element in root.iter():
        if local(element) == "title" and (element.text or "").strip():
            return " ".join((element.text or "").split())
        if local(element) == "meta" and attribute(element, "name") == "title":
            return " ".join((element.text or "").split())
    return ""
