"""Which public set a file of rows is, by its header or its first rows.

Only marks that another file is unlikely to bear count: exact names of columns together with values of the
kind that the set has. What bears none is a table like any other, read through a mapping of its columns.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gongbang.data.readers.chat_pairs import COLUMNS as PAIR_COLUMNS
from gongbang.data.readers.kobest import BOOLQ_COLUMNS, COPA_COLUMNS, SENTINEG_COLUMNS
from gongbang.data.readers.kote import EMOTIONS
from gongbang.data.readers.nli import COLUMNS as NLI_COLUMNS
from gongbang.data.readers.nsmc import COLUMNS as NSMC_COLUMNS

_SAMPLE = 1 << 16  # bytes that are looked at first
_NUMBERS = re.compile(r"\d{1,2}(,\d{1,2})*")
_Rows = Sequence[Sequence[str]]


def known_format(path: Path) -> str | None:
    """The format's name in ``READERS``; None where the file bears no mark of a set with its own reader.

    A file that cannot be read as text has none; its reader tells what is wrong with it.
    """
    with path.open("rb") as file:
        data = file.read(_SAMPLE)
    text = data.decode("utf-8", "ignore").removeprefix("\ufeff").lstrip()
    lines = text.split("\n")
    if len(data) == _SAMPLE:
        lines = lines[:-1] or lines  # the last one may be cut
    if text[:1] == "{":
        return format_of_row(_object(lines[0]))
    if text[:1] == "[":
        return None
    if _is_pairs(lines[0]):
        return "chat-pairs"
    if "\t" not in text:
        return None
    rows = [line.rstrip("\r").split("\t") for line in lines if line.strip()]
    return _by_header(rows) or _by_rows(rows, path)


def format_of_row(row: Any) -> str | None:
    """The format of JSON objects such as this one.

    Example:
        >>> format_of_row({"sentence": "", "subject": {}, "object": {}, "label": ""})
        'relation'
    """
    if not isinstance(row, Mapping):
        return None
    keys = row.keys()
    if {"sentence", "subject_entity", "object_entity"} <= keys:
        return "klue-re"
    if {"premise", "hypothesis", "gold_label", "guid"} <= keys:
        return "klue-nli"
    if {"sentence", "subject", "object", "label"} <= keys and isinstance(row["subject"], Mapping):
        return "relation"
    if {"set", "style", "topic", "act", "text"} <= keys:
        return "stylekqc"
    return "turns" if "turns" in keys and _is_conversation(row["turns"]) else None


def _is_conversation(turns: Any) -> bool:
    return isinstance(turns, list) and bool(turns) and all(isinstance(turn, str) for turn in turns[:2])


def _object(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _is_pairs(header: str) -> bool:
    """Whether a table's first line names the columns Q and A, and no other than a label beside them."""
    names = [name.strip().strip('"') for name in re.split(r"[,\t]", header)]
    return sorted(names) in (sorted(PAIR_COLUMNS), sorted(PAIR_COLUMNS[:2]))


def _by_header(rows: _Rows) -> str | None:
    """By the exact names of the columns, and in doubt by what they hold."""
    header = [name.strip() for name in rows[0]]
    for format, columns, column, fits in _HEADERS:
        if sorted(header) == sorted(columns):
            at = header.index(column)
            held = [row[at].strip() for row in rows[1:] if len(row) == len(header)]
            return format if sum(map(fits, held)) * 2 > len(held) else None
    return None


_HEADERS: Sequence[tuple[str, Sequence[str], str, Callable[[str], bool]]] = (
    ("kobest-boolq", BOOLQ_COLUMNS, "Answer", lambda cell: cell.lower() in {"true", "false"}),
    ("kobest-sentineg", SENTINEG_COLUMNS, "Label", lambda cell: cell in {"0", "1"}),
    ("kobest-copa", COPA_COLUMNS, "question", lambda cell: cell in {"원인", "결과"}),
    ("nsmc", NSMC_COLUMNS, "label", lambda cell: cell in {"0", "1"}),
    ("nli", NLI_COLUMNS, "gold_label", lambda cell: cell in {"entailment", "neutral", "contradiction"}),
)


def _by_rows(rows: _Rows, path: Path) -> str | None:
    """Of a file without a header, by what most of its rows hold."""
    if _most(rows, 3, _is_kote):
        return "kote"
    if _most(rows, 3, lambda row: row[0] in "0123" and row[1] in "0123") and _in_tens(rows):
        return "parakqc"
    if _is_responses(rows):
        return "responses"
    intents = set("0123456")
    if _most(rows, 2, lambda row: row[0] in intents) and (
        path.name.startswith("fci") or _all_intents(path, intents)
    ):
        return "3i4k"
    return None


def _most(rows: _Rows, width: int, fits: Callable[[Sequence[str]], bool]) -> bool:
    """Whether the first row fits, and nine of ten: a few bad rows must not make another format of it."""
    good = [len(row) == width and bool(row[0]) and fits(row) for row in rows]
    return good[0] and sum(good) >= 0.9 * len(good)


def _is_kote(row: Sequence[str]) -> bool:
    return (
        row[0].isdecimal()
        and bool(_NUMBERS.fullmatch(row[2].strip()))
        and all(int(number) < len(EMOTIONS) for number in row[2].split(","))
    )


def _in_tens(rows: _Rows) -> bool:
    """Whether topic and act are the same within each ten rows."""
    return len(rows) >= 10 and all(
        len({tuple(row[:2]) for row in rows[start : start + 10]}) == 1 for start in range(0, len(rows), 10)
    )


def _is_responses(rows: _Rows) -> bool:
    """Whether the right response stands first, and nine of ten wrong ones below it answer the same turns."""
    if rows[0][0] != "1" or len(rows[0]) < 3:
        return False
    turns: Sequence[str] = ()
    wrong = same = 0
    for row in rows:
        if row[0] == "1":
            turns = row[1:-1]
        else:
            wrong += 1
            same += row[0] == "0" and row[1:-1] == turns
    return wrong > 0 and same >= 0.9 * wrong


def _all_intents(path: Path, intents: set[str]) -> bool:
    """Whether the first cells of the whole file are the seven numbers, and nothing else."""
    found = set()
    with path.open(encoding="utf-8", errors="ignore") as lines:
        for line in lines:
            if line.strip():
                found.add(line.split("\t", 1)[0])
    return found == intents
