"""Word files (ECMA-376): paragraphs, headings as locations, tables a row a line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element
from zipfile import ZipFile

from gongbang.data.archive import open_zip, read_member
from gongbang.data.formats.officexml import attribute, local, parse_xml
from gongbang.data.formats.parts import Builder, Content
from gongbang.errors import DataError

_SKIPPED = {"del", "moveFrom", "delText", "instrText", "Fallback", "footnotePr", "pict", "object", "drawing"}
_AROUND = {"sdt", "sdtContent", "ins", "customXml", "smartTag"}
"""What may stand round paragraphs, rows and cells without changing them: controls, changes, marks."""


def read(path: Path) -> Content:
    """The words of a .docx file, as it reads with all changes accepted; text boxes are left out.

    Raises:
        DataError: missing, empty, damaged, too large, or not a Word file.
    """
    with open_zip(path) as archive:
        root = parse_xml(read_member(archive, "word/document.xml", path), "word/document.xml", path)
        title = _title(archive, path)
    builder = Builder()
    for body in (child for child in root if local(child) == "body"):
        _blocks(body, builder)
    headings = builder.places
    return builder.content(title or (headings[0][1] if headings else ""))


def _blocks(parent: Element, builder: Builder) -> None:
    for child in parent:
        name = local(child)
        if name == "p":
            words = _words(child)
            if _is_heading(child):
                builder.heading(words)
            else:
                builder.add(words)
        elif name == "tbl":
            builder.add("\n".join(_rows(child)))
        elif name in _AROUND:
            _blocks(child, builder)


def _rows(table: Element) -> list[str]:
    rows = []
    for row in _parts(table, "tr"):
        words = [" ".join(_words(cell).split()) for cell in _parts(row, "tc")]
        if any(words):
            rows.append(" | ".join(words))
    return rows


def _parts(parent: Element, name: str) -> Iterator[Element]:
    """The rows of a table or the cells of a row, not those of a table in one of its cells."""
    for child in parent:
        if local(child) == name:
            yield child
        elif local(child) in _AROUND:
            yield from _parts(child, name)


def _words(element: Element) -> str:
    pieces: list[str] = []
    _collect(element, pieces)
    return "".join(pieces)


def _collect(element: Element, pieces: list[str]) -> None:
    for child in element:
        name = local(child)
        if name in _SKIPPED:
            continue
        if name == "t":
            pieces.append(child.text or "")
        elif name == "tab":
            pieces.append("\t" if local(element) == "r" else "")
        elif name in {"br", "cr"}:
            pieces.append("\n")
        elif name == "noBreakHyphen":
            pieces.append("-")
        else:
            _collect(child, pieces)
            if name == "p":
                pieces.append("\n")


def _is_heading(paragraph: Element) -> bool:
    for style in paragraph.iter():
        if local(style) == "pStyle":
            name = attribute(style, "val").lower()
            return name.startswith(("heading", "title", "제목")) or (
                name.isdigit() and name in {"1", "2", "3"}
            )
        if local(style) == "outlineLvl":
            return attribute(style, "val") in set("012345")
    return False


def _title(archive: ZipFile, path: Path) -> str:
    """The title in ``docProps/core.xml``; damaged metadata must not lose the text."""
    try:
        core = parse_xml(read_member(archive, "docProps/core.xml", path), "core", path)
    except DataError:
        return ""
    return next((" ".join((e.text or "").split()) for e in core if local(e) == "title"), "")
