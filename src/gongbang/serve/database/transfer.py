"""Answers out of the database and into it, as CSV (RFC 4180) or JSONL.

What is exported comes back as it was, whatever commas, quotes, line ends or emoji the texts hold. A row
that cannot be used is an error with its line, and costs none of the others.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from gongbang.data.readers.columns import column_missing
from gongbang.data.readers.place import Place, need_mapping
from gongbang.data.readers.rows import Rows, json_lines
from gongbang.data.readers.tables import named_rows
from gongbang.data.writing import atomic
from gongbang.errors import DataError, OptionError, StoreConflictError, StoreMissingError
from gongbang.serve.database.answers import BATCH, Answers
from gongbang.serve.database.checks import MAX_ID, checked_draft
from gongbang.serve.database.rows import Answer, Draft

COLUMNS = ("id", "question", "text", "label", "active", "version", "created", "updated")
"""The columns of an export; an import makes use of all but the times."""

_CONTENT = ("question", "text", "label", "active")
_FIELDS = ("id", "version", *_CONTENT)
_WORDS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file's rows.

    Attributes:
        created, updated: answers added and changed. same: rows that said what the database says already.
        problems: the rows that could not be used, each with its line.
        ignored: columns that are none of an answer's.
    """

    created: int
    updated: int
    same: int
    problems: tuple[DataError, ...]
    ignored: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    place: Place
    id: int | None
    version: int | None
    content: Mapping[str, Any]

    def over(self, draft: Draft) -> Draft:
        """The draft with what the row gives.

        Raises:
            DataError: a field cannot be stored.
        """
        return checked_draft(replace(draft, **self.content), Path(self.place.path), self.place.line)


def export_answers(answers: Answers, path: str | Path) -> int:
    """Write all answers, as they are at one moment; returns how many.

    Args:
        answers: the answers of a database.
        path: ends in .csv or .jsonl. The file takes its place only when it is whole.

    Raises:
        OptionError: another ending.
        StoreAwayError: the database cannot be reached.
    """
    path = Path(path)
    write = _write_csv if _kind(path) == ".csv" else _write_jsonl

    def work(session: Session) -> int:
        with atomic(path) as part:
            return write(part, answers.each_at_once(session))

    return answers.store.read(work, one_moment=True)


def _write_csv(path: Path, answers: Iterator[Answer]) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        rows.writerow(COLUMNS)
        for count, answer in enumerate(answers, 1):  # noqa: B007
            rows.writerow((_plain(answer) | {"active": str(answer.active).lower()}).values())
    return count


def _write_jsonl(path: Path, answers: Iterator[Answer]) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for count, answer in enumerate(answers, 1):  # noqa: B007
            file.write(json.dumps(_plain(answer), ensure_ascii=False) + "\n")
    return count


def _plain(answer: Answer) -> dict[str, Any]:
    values = {name: getattr(answer, name) for name in COLUMNS}
    return values | {name: values[name].isoformat() for name in ("created", "updated")}


def import_answers(
    answers: Answers, path: str | Path, *, columns: Mapping[str, str] | None = None, update: bool = False
) -> Imported:
    """Add a file's answers, and with ``update`` change those that it names by id.

    A row that says what the database says already (question, text and label) adds nothing, so the same file
    can be imported again after its bad rows were mended; a file that holds such a row twice gives two. Rows
    are stored in parts: what was stored before an error stays.

    Args:
        answers: the answers of a database.
        path: ends in .csv or .jsonl; a header, or keys, of ``text`` and any of the other :data:`COLUMNS`.
        columns: field to the file's own name for it, e.g. ``{"question": "Q", "text": "A"}``.
        update: whether a row with an id changes the answer of that id, in the columns that the file has; if
            the row has a version too, only that version of it. Ids are not looked at otherwise, since in
            another database they are other answers'.

    Raises:
        DataError: the file is missing, empty, in another encoding, or lacks a column.
        OptionError: another ending, or an unknown field in ``columns``.
        StoreAwayError: the database cannot be reached.

    Example:
        >>> import tempfile
        >>> from gongbang.serve.database.migrate import upgrade
        >>> from gongbang.serve.database.store import Store
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     upgrade(f"{folder}/answers.db")
        ...     lines = "Q,A\\n안녕?,반가워요.\\n뭐해?,\\n"
        ...     _ = Path(folder, "pairs.csv").write_text(lines, encoding="utf-8")
        ...     with Store(f"{folder}/answers.db") as store:
        ...         names = {"question": "Q", "text": "A"}
        ...         done = import_answers(Answers(store), Path(folder, "pairs.csv"), columns=names)
        >>> done.created, [problem.line for problem in done.problems]
        (1, [3])
    """
    path = Path(path)
    names = _names(columns or {})
    header, rows = _rows(path)
    for field, column in names.items():
        if column not in header and (field in (columns or {}) or (field == "text" and not update)):
            raise column_missing(field, column, header, Place(str(path)))
    used = {*names.values(), *COLUMNS}
    tally = _Tally(answers, update)
    for found in rows:
        tally.take(found, names)
    return tally.ended(tuple(name for name in header if name not in used))


class _Tally:
    """An import under way: rows wait until there are enough of them for one transaction."""

    def __init__(self, answers: Answers, update: bool) -> None:
        self.answers = answers
        self.update = update
        self.there = Counter(_key(answer.draft()) for answer in answers.each())
        self.drafts: list[Draft] = []
        self.changed: list[tuple[int, _Row]] = []
        self.created = self.updated = self.same = 0
        self.problems: list[DataError] = []

    def take(self, found: tuple[Place, Any] | DataError, names: Mapping[str, str]) -> None:
        """Sort one row of the file, and store what waits when there is enough."""
        try:
            if isinstance(found, DataError):
                raise found
            row = _row(need_mapping(found[1], found[0]), names, found[0], numbered=self.update)
            if row.id is not None:
                self.changed.append((row.id, row))
            else:
                self._add(row.over(Draft("")))
        except DataError as err:
            self.problems.append(err)
        if len(self.drafts) + len(self.changed) >= BATCH:
            self._store()

    def ended(self, ignored: tuple[str, ...]) -> Imported:
        """Store what still waits."""
        self._store()
        problems = sorted(self.problems, key=lambda problem: problem.line or 0)
        return Imported(self.created, self.updated, self.same, tuple(problems), ignored)

    def _add(self, draft: Draft) -> None:
        key = _key(draft)
        if self.there[key] > 0:
            self.there[key] -= 1
            self.same += 1
        else:
            self.drafts.append(draft)

    def _store(self) -> None:
        self.created += len(self.answers.create_many(self.drafts))
        known = self.answers.get_many([id for id, _ in self.changed])
        for id, row in self.changed:
            try:
                self._change(id, row, known)
            except DataError as err:
                self.problems.append(err)
        self.drafts, self.changed = [], []

    def _change(self, id: int, row: _Row, known: dict[int, Answer]) -> None:
        now = known.get(id)
        draft = row.over(now.draft() if now else Draft("-"))
        if now is not None and row.version in {None, now.version} and draft == now.draft():
            self.same += 1
            return
        try:
            known[id] = self.answers.update(id, version=row.version, **row.content)
        except (StoreMissingError, StoreConflictError) as err:
            place = row.place.at("id" if isinstance(err, StoreMissingError) else "version")
            raise place.error(err.what, value=err.value, allowed=err.allowed, cure=err.cure) from err
        self.updated += 1


def _key(draft: Draft) -> bytes:
    """What makes two answers the same; a NUL stands in no text."""
    joined = "\x00".join((draft.question, draft.text, draft.label))
    return hashlib.blake2b(joined.encode(), digest_size=16).digest()


def _kind(path: Path) -> str:
    kind = path.suffix.lower()
    if kind not in {".csv", ".jsonl"}:
        raise OptionError(
            "answers are kept in no file of this kind.",
            value=path.name,
            allowed=".csv, .jsonl",
            cure=f"Name it {path.stem}.csv or {path.stem}.jsonl.",
        )
    return kind


def _names(columns: Mapping[str, str]) -> dict[str, str]:
    if unknown := set(columns) - set(_FIELDS):
        raise OptionError(
            "an answer has no such field.",
            value=", ".join(sorted(unknown)),
            allowed=", ".join(_FIELDS),
            cure='Map a field to a column of the file, e.g. columns={"text": "A"}.',
        )
    return {field: columns.get(field, field) for field in _FIELDS}


def _rows(path: Path) -> tuple[Sequence[str], Rows]:
    """The names of a file's columns, and its rows; a CSV's empty cells are empty texts."""
    if _kind(path) == ".csv":
        header, cells = named_rows(path, ",")
        blank = dict.fromkeys(header, "")
        return header, (
            found if isinstance(found, DataError) else (found[0], blank | found[1]) for found in cells
        )
    keys: dict[str, None] = {}
    for found in json_lines(path):
        if not isinstance(found, DataError) and isinstance(found[1], Mapping):
            keys.update(dict.fromkeys(found[1]))
    return list(keys), json_lines(path)


def _row(row: Mapping[str, Any], names: Mapping[str, str], place: Place, *, numbered: bool) -> _Row:
    given = {field: row[column] for field, column in names.items() if row.get(column) is not None}
    content: dict[str, Any] = {field: given[field] for field in ("question", "text") if field in given}
    if "label" in given:
        label = given["label"]
        content["label"] = str(label) if isinstance(label, int) and not isinstance(label, bool) else label
    if given.get("active", "") != "":
        content["active"] = _active(given["active"], place.at("active"))
    if not numbered:
        return _Row(place, None, None, content)
    id, version = (_number(given.get(name, ""), place.at(name)) for name in ("id", "version"))
    return _Row(place, id, version, content)


def _active(value: Any, place: Place) -> bool:
    known = value if isinstance(value, bool) else _WORDS.get(str(value).strip().lower())
    if known is None:
        raise place.error(
            "true or false is needed.", value=value, allowed=", ".join(_WORDS), cure="Write one of these."
        )
    return known


def _number(value: Any, place: Place) -> int | None:
    """A whole number, also one written as text; None where the cell is empty."""
    if value == "":
        return None
    text = str(value).strip() if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not (text.isascii() and text.isdecimal()) or not 0 < int(text[:20]) <= MAX_ID:
        raise place.error(
            "a whole number is needed.",
            value=value,
            allowed=f"1 to {MAX_ID}",
            cure="Write the number that the export gave, or leave the cell empty.",
        )
    return int(text)
