"""XML of office files: parsed without entities, so that no document can blow up the memory."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from gongbang.errors import DataError


def parse_xml(data: bytes, part: str, path: Path) -> Element:
    """The root element of one part of an office file.

    Raises:
        DataError: the XML is broken, in an unknown encoding, or declares a document type (where entity
            bombs live; office files never have one).
    """
    if b"<!DOCTYPE" in data[:4096] or b"<!ENTITY" in data:
        raise DataError(
            f"the part '{part}' declares entities, which no office program writes.",
            value=data[:80].decode("utf-8", "replace"),
            allowed="XML without a document type",
            cure="Open the document in its own program and save it again; beware of its origin.",
            path=path,
        )
    try:
        return ElementTree.fromstring(data)
    except ElementTree.ParseError as err:
        raise DataError(
            f"the part '{part}' is broken XML.",
            value=str(err),
            allowed="well-formed XML",
            cure="Open the document in its own program and save it again.",
            path=path,
            line=err.position[0],
        ) from err
    except (ValueError, LookupError) as err:  # an encoding in the head that the parser does not know
        raise DataError(
            f"the part '{part}' is in an encoding that office files do not have.",
            value=str(err),
            allowed="XML in UTF-8 or UTF-16",
            cure="Open the document in its own program and save it again.",
            path=path,
        ) from err


def local(element: Element) -> str:
    """An element's name without its namespace (hwpx changed its namespaces over the years)."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def attribute(element: Element, name: str) -> str:
    """An attribute by its local name; empty when absent."""
    return next((value for key, value in element.attrib.items() if key.rpartition("}")[2] == name), "")
