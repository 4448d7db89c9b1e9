"""Word files (ECMA-376): paragraphs, headings as locations, tables a row a line."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element

from gongbang.data.archive import open_zip, read_member
from gongbang.data.formats.officexml import attribute, local, parse_xml
from gongbang.data.formats.parts import Builder, Content

_SKIPPED = {"del", "moveFrom", "delText", "instrText", "Fallback", "footnotePr", "pict", "object", "drawing"}


def read(path: Path) -> Content:
    """The words of a .docx file, as it reads with all changes accepted; text boxes are left out.

    Raises:
        DataError: missing, empty, damaged, too large, or not a Word file.
    """
    with open_zip(path) as archive:
        root = parse_xml(read_member(archive, "word/document.xml", path), "word/document.xml", path)
        has_core = "docProps/core.xml" in archive.namelist()
        title = (
            _title(parse_xml(read_member(archive, "docProps/core.xml", path), "core", path))
            if has_core
            else ""
        )
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
        elif name in {"sdt", "sdtContent", "ins", "customXml", "smartTag"}:
            _blocks(child, builder)


def _rows(table: Element) -> list[str]:
    rows = []
    for row in (child for child in table.iter() if local(child) == "tr"):
        cells = (cell for cell in row if local(cell) == "tc")
        words = [" ".join(_words(cell).split()) for cell in cells]
        if any(words):
            rows.append(" | ".join(words))
    return rows


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


def _title(core: Element) -> str:
    return next((" ".join((e.text or "").split()) for e in core if local(e) == "title"), "")
