"""Records from a file of any known format: one table, one function.

Formats are recognised by their content where the name does not say; a format, or a mapping of columns,
may be given.
"""

from __future__ import annotations

import importlib
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from gongbang.data.loaded import Loaded
from gongbang.data.readers.place import Placed
from gongbang.data.records import Document, Record
from gongbang.data.textfile import parse_json, read_bytes, read_text
from gongbang.errors import DataError, OptionError

Reader = Callable[[Path, Mapping[str, str] | None], Iterator[Placed | DataError]]

READERS: Mapping[str, str] = {
    "squad": "gongbang.data.readers.squad:read",
    "korquad1": "gongbang.data.readers.squad:read",
    "tydi": "gongbang.data.readers.squad:read",
    "xquad": "gongbang.data.readers.squad:read",
    "klue-mrc": "gongbang.data.readers.klue_mrc:read",
    "korquad2": "gongbang.data.readers.korquad2:read",
    "jsonl": "gongbang.data.readers.rows:read_jsonl",
    "csv": "gongbang.data.readers.tables:read_csv",
    "tsv": "gongbang.data.readers.tables:read_tsv",
    "parquet": "gongbang.data.readers.parquet:read",
    "kobest-boolq": "gongbang.data.readers.kobest:read_boolq",
    "kobest-sentineg": "gongbang.data.readers.kobest:read_sentineg",
    "kobest-copa": "gongbang.data.readers.kobest:read_copa",
    "nsmc": "gongbang.data.readers.nsmc:read",
    "kote": "gongbang.data.readers.kote:read",
    "nli": "gongbang.data.readers.nli:read_tsv",
    "klue-nli": "gongbang.data.readers.nli:read_klue",
    "relation": "gongbang.data.readers.relation:read",
    "klue-re": "gongbang.data.readers.relation:read_klue",
    "3i4k": "gongbang.data.readers.intent:read_3i4k",
    "parakqc": "gongbang.data.readers.intent:read_parakqc",
    "stylekqc": "gongbang.data.readers.intent:read_stylekqc",
    "chat-pairs": "gongbang.data.readers.chat_pairs:read",
    "responses": "gongbang.data.readers.responses:read",
    "turns": "gongbang.data.readers.turns:read",
    "turns-ko": "gongbang.data.readers.turns:read_ko",
    "turns-en": "gongbang.data.readers.turns:read_en",
    "turns-hi": "gongbang.data.readers.turns:read_hi",
}
"""Format to the function that reads it, imported when first used."""

_ROWS = {".jsonl", ".ndjson", ".csv", ".tsv", ".tab", ".txt", ".json", ""}
"""Endings of files that may be a public set with a reader of its own, by their first rows."""

_MAPPED = {"jsonl", "csv", "tsv", "parquet", "chat-pairs"}
_SUFFIXES = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".parquet": "parquet",
    ".zip": "korquad2",
}


def read_records(
    path: str | Path,
    format: str | None = None,
    mapping: Mapping[str, str] | None = None,
    strict: bool = False,
) -> Loaded[Record]:
    """Read a file of examples (or a folder of such files); bad rows are kept out, each with its place.

    Args:
        path: a file, or a folder whose files are read in the order of their names.
        format: a name in :data:`READERS`; recognised when None.
        mapping: part of the record to column, for JSONL, CSV, TSV and Parquet, e.g.
            ``{"question": "q", "context": "passage", "answer": "a", "answer_start": "s"}``;
            see :mod:`gongbang.data.readers.columns`.
        strict: raise on the first problem instead of returning it.

    Returns:
        the records, in the file's order, and the problems. Records of question answering have the
        fields ``question``, ``context`` and (where there is one) ``title``, spans ``answers``, the label
        ``document`` (same context, same id), and the article's title as ``group``. Records to classify have
        the field ``text`` (with ``pair`` beside it, or ``question`` and ``context``) and the label
        ``label``, or ``labels`` where several hold; those of a relation the spans ``subject`` and
        ``object``; those of response selection the fields ``context`` (turns, a line each) and ``response``,
        and the label ``candidates`` where the file lists wrong ones. Ids are unique: within
        a file a repeated one is a problem, files of a folder may number alike (``7`` and ``7#1``).

    Raises:
        DataError: the whole file is unusable (missing, empty, wrong encoding, broken JSON, no good row).
        OptionError: an unknown format, or a mapping that cannot act or is not needed.
        MissingExtraError: Parquet without pyarrow.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "qa.csv")
        ...     _ = path.write_text("q,passage,a\\n수도는?,수도는 서울이다.,서울\\n", encoding="utf-8")
        ...     names = {"question": "q", "context": "passage", "answer": "a"}
        ...     record = read_records(path, mapping=names).items[0]
        >>> record.answers[0].start
        4
    """
    path = Path(path)
    found = _folder(path, format, mapping) if path.is_dir() else _unique(_placed(path, format, mapping))
    loaded = Loaded.collect(found)
    if strict:
        loaded.strict()
    if not loaded.items:
        raise _nothing(path, loaded)
    return loaded


def iter_records(
    path: str | Path, format: str | None = None, mapping: Mapping[str, str] | None = None
) -> Iterator[Record | DataError]:
    """The same as a stream, for files that should not be held whole; repeated ids are not looked for.

    Raises:
        DataError, OptionError, MissingExtraError: as :func:`read_records`.
    """
    found = _placed(Path(path), format, mapping)
    return (item if isinstance(item, DataError) else item.record for item in found)


def _placed(
    path: Path, format: str | None, mapping: Mapping[str, str] | None
) -> Iterator[Placed | DataError]:
    """The records of one file with their places; the format is recognised where none is given."""
    if format is not None:
        _check_format(format, mapping)
        return _reader(format)(path, mapping)
    suffix = path.suffix.lower()
    if not path.is_file():
        read_bytes(path)  # raises the error for a missing file
    if mapping is None and suffix in _ROWS:
        from gongbang.data.recognise import known_format

        if known := known_format(path):
            return _reader(known)(path, None)
    if suffix in _SUFFIXES and suffix != ".zip":
        return _reader(_SUFFIXES[suffix])(path, mapping)
    if zipfile.is_zipfile(path) or suffix == ".zip":
        _refuse_mapping("korquad2", mapping)
        return _reader("korquad2")(path, mapping)
    if path.open("rb").read(4) == b"PAR1":
        return _reader("parquet")(path, mapping)
    return _sniffed(path, mapping)


def _sniffed(path: Path, mapping: Mapping[str, str] | None) -> Iterator[Placed | DataError]:
    """A text file whose name says nothing certain: JSON of some frame, JSON lines, or a table."""
    text = read_text(path)
    start = text.lstrip()[:1]
    if start not in {"{", "["}:
        first = text.lstrip().split("\n", 1)[0]
        return _reader("tsv" if "\t" in first else "csv")(path, mapping)
    if start == "{" and _is_lines(text):
        return _reader("jsonl")(path, mapping)
    parsed = parse_json(text, path)
    rows = parsed.get("data") if isinstance(parsed, dict) else parsed
    if mapping is None and isinstance(rows, list) and rows:
        from gongbang.data.recognise import format_of_row

        if known := format_of_row(rows[0]):
            return _reader(known)(path, None)
    if isinstance(parsed, list):
        return _list(parsed, path, mapping)
    from gongbang.data.readers import korquad2, squad

    if korquad2.looks_like(parsed):
        _refuse_mapping("korquad2", mapping)
        return korquad2.read_parsed(parsed, path)
    if "data" not in parsed:
        raise DataError(
            "the JSON has no known frame.",
            value=", ".join(map(str, list(parsed)[:12])) or "{}",
            allowed="SQuAD's frame (data, paragraphs, qas), KorQuAD 2's (data, qas), or a list of rows",
            cure="Name the format, or write one JSON object a line and give a mapping.",
            path=path,
            line=1,
        )
    _refuse_mapping("squad", mapping)
    return squad.read_parsed(parsed, text, path)


def _is_lines(text: str) -> bool:
    """Whether each of the first two lines is an object of its own (one line: not a frame)."""
    lines = [line for line in text.split("\n", 50)[:50] if line.strip()][:2]
    try:
        rows = [parse_json(line, "") for line in lines]
    except DataError:
        return False
    if len(rows) == 1:
        return bool(rows[0]) and isinstance(rows[0], dict) and not isinstance(rows[0].get("data"), list)
    return True


def _list(rows: list[Any], path: Path, mapping: Mapping[str, str] | None) -> Iterator[Placed | DataError]:
    """A JSON list of rows goes the way of JSON lines; rows are known by their number."""
    from gongbang.data.readers.place import Place
    from gongbang.data.readers.rows import from_objects

    return from_objects(
        lambda: ((Place(str(path), field=f"[{n}]"), row) for n, row in enumerate(rows)), path, mapping
    )


def _folder(
    folder: Path, format: str | None, mapping: Mapping[str, str] | None
) -> Iterator[Record | DataError]:
    """Every data file of a folder; a file that cannot be read is a problem, not the end.

    Ids are unique within their file (XQuAD's languages share theirs): a later file's record of the same id
    gets a suffix.
    """
    files = sorted(f for f in folder.iterdir() if f.suffix.lower() in {*_SUFFIXES, ".json"} and f.is_file())
    if not files:
        raise DataError(
            "the folder holds no data file.",
            value=str(folder),
            allowed=f"files ending in .json, {', '.join(_SUFFIXES)}",
            cure="Name the file itself, or another folder.",
            path=folder,
        )
    taken: set[str] = set()
    for file in files:
        try:
            for item in _unique(_placed(file, format, mapping)):
                yield item if isinstance(item, DataError) else _renamed(item, taken)
        except DataError as err:
            yield err


def _renamed(record: Record, taken: set[str]) -> Record:
    """The record under an id that is not taken yet."""
    id, count = record.id, 0
    while id in taken:
        count += 1
        id = f"{record.id}#{count}"
    taken.add(id)
    return record if id == record.id else replace(record, id=id)


def _unique(found: Iterable[Placed | DataError]) -> Iterator[Record | DataError]:
    """Keep the first record of each id out of harm: a later one with the same id is a problem."""
    seen: set[str] = set()
    for item in found:
        if isinstance(item, DataError):
            yield item
        elif item.record.id not in seen:
            seen.add(item.record.id)
            yield item.record
        else:
            record = item.record
            yield (
                item.located()
                .at("id")
                .error(
                    f"the id '{record.id}' occurs twice; the first record keeps it.",
                    value=record.fields.get("question", record.id),
                    allowed="ids that are unique within the file",
                    cure="Give one of them another id, or drop it.",
                )
            )


def _reader(format: str) -> Reader:
    module, _, name = READERS[format].partition(":")
    return cast(Reader, getattr(importlib.import_module(module), name))


def _check_format(format: str, mapping: Mapping[str, str] | None) -> None:
    if format not in READERS:
        raise OptionError(
            "there is no such format.",
            value=format,
            allowed=", ".join(READERS),
            cure="Leave the format out to have it recognised.",
        )
    _refuse_mapping(format, mapping)


def _refuse_mapping(format: str, mapping: Mapping[str, str] | None) -> None:
    if mapping is not None and format not in _MAPPED:
        raise OptionError(
            f"a mapping changes nothing for the format '{format}'.",
            value=dict(mapping),
            allowed=f"a mapping with {', '.join(sorted(_MAPPED))}",
            cure="Leave the mapping out.",
        )


def _nothing(path: Path, loaded: Loaded[Record]) -> DataError:
    if loaded.problems:
        return loaded.problems[0] if len(loaded.problems) == 1 else loaded.summary()
    return DataError(
        "the file holds no record.",
        value=str(path),
        allowed="at least one example",
        cure="Check that this is the right file.",
        path=path,
    )


def documents_of(records: Iterable[Record]) -> list[Document]:
    """The distinct contexts of a question-answering set, as the corpus to search.

    Each document's id is the label ``document`` of the records it came from; the first title of a
    context is taken. Records without a context are passed over.

    Example:
        >>> r = Record("1", {"question": "?", "context": "본문", "title": "제목"}, labels={"document": "d1"})
        >>> [(d.id, d.title) for d in documents_of([r, r])]
        [('d1', '제목')]
    """
    from gongbang.data.sources import document_id

    found: dict[str, Document] = {}
    for record in records:
        context = record.fields.get("context")
        if context is None:
            continue
        id = str(record.labels.get("document") or document_id(context))
        if id not in found:
            found[id] = Document(id, context, record.fields.get("title", ""), record.source, record.licence)
    return list(found.values())
