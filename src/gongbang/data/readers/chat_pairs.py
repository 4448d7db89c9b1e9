"""Pairs of a question and its answer as tables: songys Chatbot_data (``Q,A,label``), and tables like it.

Two kinds of ties would leak over a split, and both make a group. The same question may have several rows: a
model that was trained on one has seen the other's input. The same answer stands beside questions that mean
the same in other words, since whoever writes such a table writes one answer for all of them: a model that
learnt the answer for one knows it for the next, and the score would be of what was learnt by heart. Texts
are compared by letters and digits alone. Of the 10,823 pairs of songys 7,164 groups are left, none above 20.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from gongbang.data.dialogue import one_line, same_key
from gongbang.data.readers.columns import check_columns, check_mapping, record_of
from gongbang.data.readers.exchange import Tied, with_groups
from gongbang.data.readers.place import Place, Placed, need_text
from gongbang.data.readers.rows import records_of
from gongbang.data.readers.tables import named_rows
from gongbang.data.records import Record
from gongbang.data.sources import SONGYS, Source, marked
from gongbang.errors import DataError, OptionError

COLUMNS = ("Q", "A", "label")
_NEEDED = ("context", "response")


def read(path: Path, mapping: Mapping[str, str] | None = None) -> Iterator[Placed | DataError]:
    """Each row as a context of one turn and its response; a line end within a cell becomes a blank.

    Args:
        path: a table with a header, its cells between commas or tabs.
        mapping: part to column, where the columns are not Q and A, e.g.
            ``{"context": "질문", "response": "답변"}``.

    Raises:
        DataError: the file as a whole cannot be read, or lacks a column.
        OptionError: the mapping names no context or no response.
    """
    header, rows = named_rows(path)
    parts = _mapping(mapping, header)
    check_columns(parts, dict.fromkeys(header, ""), Place(str(path)))
    source = marked(path, SONGYS, "songys", "chatbotdata")
    file = Source(path.name, source.licence)  # ids are of the file: two parts of one set number alike
    grouped = mapping is not None and "group" in mapping

    def make(row: Mapping[str, Any], place: Place, number: int) -> Record:
        whole = {**dict.fromkeys(header, ""), **row}  # empty cells are left out of a row
        turns = {part: one_line(need_text(whole, parts[part], place)) for part in _NEEDED}
        cells = {**row, **{parts[part]: turn for part, turn in turns.items()}}
        record = record_of(cells, parts, place, number=number, source=file)
        return replace(record, source=source.name) if "source" not in parts else record

    def tied() -> Iterator[Tied | DataError]:
        for found in records_of(rows, make):
            yield found if isinstance(found, DataError) else Tied(found, _keys(found.record, grouped))

    return with_groups(tied())


def _mapping(mapping: Mapping[str, str] | None, header: Sequence[str]) -> Mapping[str, str]:
    if mapping is None:
        own = {"context": "Q", "response": "A"}
        return own | ({"label": "label"} if "label" in header else {})
    check_mapping(mapping)
    missing = [part for part in _NEEDED if part not in mapping]
    if missing:
        raise OptionError(
            f"the mapping names no {missing[0]}.",
            value=dict(mapping),
            allowed="columns for context and response",
            cure=f'Add "{missing[0]}": the column that holds it.',
        )
    return mapping


def _keys(record: Record, grouped: bool) -> tuple[tuple[str, str], ...]:
    ties = tuple((part, same_key(record.fields[part])) for part in _NEEDED)
    return (*ties, ("group", record.group)) if grouped else ties
