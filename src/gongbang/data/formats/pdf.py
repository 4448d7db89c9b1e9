"""PDF through pypdf: the words of each page, with the page as location."""

from __future__ import annotations

import logging
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Any

from gongbang.data.formats.parts import Builder, Content
from gongbang.data.textfile import read_bytes
from gongbang.errors import DataError

_PAGES = 20_000


def read(path: Path) -> Content:
    """The words of a PDF. Letters drawn as decomposed jamo are composed (NFC).

    A page that cannot be read is a problem; the others are kept.

    Raises:
        DataError: missing, empty, damaged, locked with a password, or scanned pictures without words.
    """
    read_bytes(path)
    import pypdf  # a second of start-up that only PDF is worth

    log = logging.getLogger("pypdf")
    level = log.level
    log.setLevel(logging.ERROR)  # it warns of every small flaw that it mends by itself
    try:
        return _content(pypdf.PdfReader(path), path)
    except DataError:
        raise
    except Exception as err:  # pypdf raises what its parser trips over, of any type
        raise _damaged("the PDF", err, path) from err
    finally:
        log.setLevel(level)


def _content(reader: Any, path: Path) -> Content:
    if reader.is_encrypted and not reader.decrypt(""):
        raise DataError(
            "the PDF is locked with a password.",
            value=path.name,
            allowed="a PDF that opens without one",
            cure="Save it again without its password.",
            path=path,
        )
    builder = Builder()
    problems: list[DataError] = []
    for number, page in enumerate(reader.pages[:_PAGES], 1):
        try:
            words = unicodedata.normalize("NFC", page.extract_text() or "")
        except Exception as err:  # of any type, as above
            problems.append(_damaged(f"page {number}", err, path))
            continue
        if words.strip():
            builder.mark(f"p. {number}")
            builder.add(words)
    if not builder.blocks and problems:
        raise problems[0]
    if not builder.blocks:
        raise DataError(
            "the PDF holds no words, only pictures of them.",
            value=f"{len(reader.pages)} pages",
            allowed="a PDF with a text layer",
            cure="Run a text recogniser over it first, e.g. ocrmypdf -l kor in.pdf out.pdf.",
            path=path,
        )
    title = (reader.metadata or {}).get("/Title")
    return replace(builder.content(" ".join(str(title or "").split())), problems=tuple(problems))


def _damaged(what: str, err: Exception, path: Path) -> DataError:
    return DataError(
        f"{what} is damaged or of a kind that cannot be read.",
        value=f"{type(err).__name__}: {err}",
        allowed="an undamaged PDF without a password",
        cure="Open it in a PDF viewer and save or print it to a new PDF.",
        path=path,
    )
