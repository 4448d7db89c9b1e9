"""Documents from files, folders and globs: what a person points at and asks.

One file that cannot be read never loses the others: its error stands in ``problems``.
"""

from __future__ import annotations

import glob
import importlib
import os
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

from gongbang.data.formats.parts import Content
from gongbang.data.loaded import Loaded
from gongbang.data.records import Document
from gongbang.data.textfile import read_bytes
from gongbang.errors import DataError, GongbangError, OptionError

FORMATS: Mapping[str, str] = {
    ".txt": "gongbang.data.formats.plain:read",
    ".text": "gongbang.data.formats.plain:read",
    ".md": "gongbang.data.formats.markdown:read",
    ".markdown": "gongbang.data.formats.markdown:read",
    ".html": "gongbang.data.formats.web:read",
    ".htm": "gongbang.data.formats.web:read",
    ".xhtml": "gongbang.data.formats.web:read",
    ".pdf": "gongbang.data.formats.pdf:read",
    ".docx": "gongbang.data.formats.docx:read",
    ".hwpx": "gongbang.data.formats.hwpx:read",
}
"""File ending to the function that reads it, imported when first used."""

_CURES = {
    ".hwp": "Open it in Hangul and save it as hwpx (File, Save as), or: hwp5txt old.hwp > new.txt.",
    ".doc": "Save it as docx, e.g. soffice --headless --convert-to docx old.doc.",
    ".ppt": "Save it as pdf, e.g. soffice --headless --convert-to pdf old.ppt.",
    ".pptx": "Save it as pdf, e.g. soffice --headless --convert-to pdf old.pptx.",
    ".xls": "Save the sheet as csv and read it as records.",
    ".xlsx": "Save the sheet as csv and read it as records.",
    ".rtf": "Save it as docx, e.g. soffice --headless --convert-to docx old.rtf.",
    ".odt": "Save it as docx, e.g. soffice --headless --convert-to docx old.odt.",
    ".epub": "Unpack it and give its html files.",
}
"""Documents that people have but that are not read, and what to do with each."""

_QUESTION_SETS = {".json"}


def read_documents(paths: str | Path | Sequence[str | Path], strict: bool = False) -> Loaded[Document]:
    """Read documents: txt, md, html, pdf, docx, hwpx, and contexts of question sets.

    Args:
        paths: files, folders (read to their bottom, hidden entries left out) and globs (``notes/**/*.md``).
        strict: raise on the first problem instead of returning it.

    Returns:
        the documents in the order of the paths, folders by name. A document's id is its path below the
        folder that was given (or the file's name), so it is the same on every machine; ``source`` is the
        path as given; ``locations`` hold pages, headings or sections.

    Raises:
        DataError: no document at all could be read.
        OptionError: no path was given.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "a.md").write_text("# 공방 안내\\n\\n9시에 연다.\\n", encoding="utf-8")
        ...     document = read_documents(folder).items[0]
        >>> document.id, document.title
        ('a.md', '공방 안내')
    """
    given = [paths] if isinstance(paths, (str, Path)) else list(paths)
    if not given:
        raise OptionError(
            "no document was named.",
            value="(none)",
            allowed="files, folders or globs",
            cure="Name at least one, e.g. --docs notes/.",
        )
    loaded: Loaded[Document] = Loaded()
    taken: set[str] = set()
    for path in given:
        for found in _find(path):
            if isinstance(found, DataError):
                loaded.problems.append(found)
            else:
                _add(found[0], _unused(found[1], taken), loaded)
    if strict:
        loaded.strict()
    if not loaded.items:
        raise loaded.problems[0] if len(loaded.problems) == 1 else _nothing(given, loaded)
    return loaded


def _find(path: str | Path) -> Iterator[tuple[Path, str] | DataError]:
    """Files with their ids; what was named itself and cannot be read is an error, not passed over."""
    entry = Path(path).expanduser()
    if entry.is_dir():
        files = sorted(_below(entry))
        if not files:
            yield DataError(
                "the folder holds no document.",
                value=str(entry),
                allowed=f"files ending in {', '.join(FORMATS)}",
                cure="Name another folder, or convert what is in it.",
                path=entry,
            )
        yield from ((file, file.relative_to(entry).as_posix()) for file in files)
    elif entry.exists() or not glob.has_magic(str(entry)):
        yield entry, entry.name
    else:
        yield from _glob(entry)


def _glob(pattern: Path) -> Iterator[tuple[Path, str] | DataError]:
    files = sorted(Path(name) for name in glob.glob(str(pattern), recursive=True))  # noqa: PTH207
    files = [file for file in files if file.is_file()]
    if not files:
        yield DataError(
            "no file matches the pattern.",
            value=str(pattern),
            allowed="a pattern that matches files, e.g. 'notes/**/*.md'",
            cure="List them first with ls, and keep the pattern in quotes.",
            path=pattern,
        )
        return
    root = Path(os.path.commonpath([file.parent for file in files]))
    yield from ((file, file.relative_to(root).as_posix()) for file in files)


def _below(folder: Path) -> Iterator[Path]:
    """Documents under a folder; what is no document at all (pictures, data) is passed over."""
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in files:
            suffix = Path(name).suffix.lower()
            if not name.startswith((".", "~$")) and (suffix in FORMATS or suffix in _CURES):
                yield Path(root, name)


def _add(path: Path, id: str, loaded: Loaded[Document]) -> None:
    try:
        if path.suffix.lower() in _QUESTION_SETS and path.is_file():
            _add_contexts(path, loaded)
        else:
            document, problems = _read(path, id)
            loaded.items.append(document)
            loaded.problems.extend(problems)
    except DataError as err:
        loaded.problems.append(err)
    except RecursionError:
        loaded.problems.append(_too_deep(path))
    except GongbangError as err:  # an optional package that is missing loses this file only
        loaded.problems.append(
            DataError(err.what, value=err.value, allowed=err.allowed, cure=err.cure, path=path)
        )


def _add_contexts(path: Path, loaded: Loaded[Document]) -> None:
    from gongbang.data.readers.squad import read_contexts
    from gongbang.data.reading import documents_of, read_records

    records = read_records(path)
    known = {document.id for document in loaded.items}
    for document in [*documents_of(records), *read_contexts(path)]:
        if document.id not in known:
            known.add(document.id)
            loaded.items.append(document)
    loaded.problems.extend(records.problems)


def _too_deep(path: Path) -> DataError:
    return DataError(
        "the document is nested too deeply.",
        value=path.name,
        allowed="a document of ordinary depth",
        cure="Open it in its own program and save it again; beware of its origin.",
        path=path,
    )


def _read(path: Path, id: str) -> tuple[Document, tuple[DataError, ...]]:
    """A document, and the problems of its parts that could not be read."""
    suffix = path.suffix.lower()
    if not path.is_file():
        read_bytes(path)  # raises the error for a missing file
    if suffix in _CURES:
        raise DataError(
            f"documents of the kind '{suffix}' cannot be read.",
            value=path.name,
            allowed=", ".join(FORMATS),
            cure=_CURES[suffix],
            path=path,
        )
    content = _reader(FORMATS.get(suffix, FORMATS[".txt"]))(path)
    if not content.text.strip():
        raise DataError(
            "the document holds no words.",
            value=path.name,
            allowed="a document with text in it",
            cure="If it shows pictures of text, run a text recogniser over it first.",
            path=path,
        )
    # File names from macOS come decomposed; ids must be the same everywhere.
    name = unicodedata.normalize("NFC", id)
    title = content.title or unicodedata.normalize("NFC", path.stem)
    return Document(name, content.text, title, str(path), locations=content.locations), content.problems


def _reader(name: str) -> Callable[[Path], Content]:
    module, _, function = name.partition(":")
    return cast(Callable[[Path], Content], getattr(importlib.import_module(module), function))


def _unused(id: str, taken: set[str]) -> str:
    """Two files of one name from different folders get ids that differ."""
    candidate, number = id, 2
    while candidate in taken:
        candidate = f"{id} ({number})"
        number += 1
    taken.add(candidate)
    return candidate


def _nothing(given: Sequence[str | Path], loaded: Loaded[Document]) -> DataError:
    first = loaded.problems[0]
    return DataError(
        f"none of the {len(loaded.problems)} documents could be read.",
        value="; ".join(problem.what for problem in loaded.problems[:3]),
        allowed=f"at least one of {', '.join(FORMATS)}",
        cure=first.cure,
        path=str(given[0]) if len(given) == 1 else None,
    )
