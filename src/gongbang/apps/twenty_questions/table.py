"""What the reverse game knows: a table of keywords and attributes, each attribute a yes/no question.

Two files stand beside the keywords. ``attributes.csv`` has the columns ``id`` and ``question``; ``table.csv``
has the column ``keyword`` and one for each attribute's id, with 1 for yes, 0 for no and ? where it depends or
is not known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gongbang.apps.twenty_questions.keywords import Keywords
from gongbang.apps.twenty_questions.reading import keywords_folder
from gongbang.artifacts.hashing import config_hash
from gongbang.artifacts.store import nearest
from gongbang.data.readers.place import Place
from gongbang.data.readers.tables import named_rows
from gongbang.errors import DataError

ATTRIBUTES, TABLE = "attributes.csv", "table.csv"
YES, NO, UNKNOWN = 1, 0, -1
_CELLS = {"1": YES, "0": NO, "?": UNKNOWN}


@dataclass(frozen=True, slots=True)
class Attribute:
    """One question of the table."""

    id: str
    question: str


@dataclass(frozen=True)
class AttributeTable:
    """Keywords by attributes.

    Attributes:
        keywords: (K) names of the rows.
        attributes: (A) of the columns.
        values: (K, A) of 1 for yes, 0 for no, -1 for unknown.
    """

    keywords: tuple[str, ...]
    attributes: tuple[Attribute, ...]
    values: NDArray[np.int8]

    @cached_property
    def hash(self) -> str:
        """SHA-256 of all that the table says."""
        asked = [[one.id, one.question] for one in self.attributes]
        return config_hash({"keywords": list(self.keywords), "asked": asked, "values": self.values.tolist()})

    def attribute(self, id: str) -> int:
        """The column of an attribute's id."""
        return next(at for at, one in enumerate(self.attributes) if one.id == id)


def read_table(keywords: Keywords, folder: str | Path | None = None) -> AttributeTable:
    """The table beside the keywords of a folder.

    Args:
        keywords: those of the same folder; rows come in their order.
        folder: the samples' when None.

    Raises:
        DataError: a file is missing; a column has no question or a question no column; a keyword has no row,
            two rows or is not known; a cell is none of 1, 0 and ?; two keywords cannot be told apart.
    """
    root = keywords_folder(folder)
    attributes = tuple(_attributes(root / ATTRIBUTES))
    path = root / TABLE
    header, found = named_rows(path, ",")
    _check_header(header, attributes, Place(str(path), 1))
    known = {item.name: at for at, item in enumerate(keywords.items)}
    values = np.full((len(known), len(attributes)), UNKNOWN, dtype=np.int8)  # (K, A)
    places: dict[str, Place] = {}
    for row in found:
        if isinstance(row, DataError):
            raise row
        place, cells = row
        name = cells.get("keyword", "")
        _check_row(name, known, places, place)
        places[name] = place
        values[known[name]] = [_cell(cells.get(one.id, ""), place.at(one.id)) for one in attributes]
    for name in known:
        if name not in places:
            raise Place(str(path), field="keyword").error(
                "a keyword has no row.",
                value=name,
                allowed="one row for each keyword",
                cure="Write its row; ? stands for what you do not know.",
            )
    table = AttributeTable(tuple(known), attributes, values)
    _check_apart(table, places)
    return table


def _attributes(path: Path) -> Iterator[Attribute]:
    header, found = named_rows(path, ",")
    if sorted(header) != ["id", "question"]:
        raise Place(str(path), 1).error(
            "the columns are not those of attributes.",
            value=", ".join(header),
            allowed="id,question",
            cure="Write 'id,question' as the first line.",
        )
    seen: dict[str, int | None] = {}
    for row in found:
        if isinstance(row, DataError):
            raise row
        place, cells = row
        for field in ("id", "question"):
            text = cells.get(field, "").strip()
            if not text or text in seen or text == "keyword":
                raise place.at(field).error(
                    f"it stands in line {seen[text]} too." if text in seen else "it cannot be used.",
                    value=text or "(nothing)",
                    allowed="a text that no other line has; as an id any but 'keyword'",
                    cure="Give each attribute an id and a question of its own.",
                )
            seen[text] = place.line
        yield Attribute(cells["id"].strip(), cells["question"].strip())
    if not seen:
        raise Place(str(path)).error(
            "there is no attribute.", value="a header alone", allowed="one or more", cure="Write some."
        )


def _check_header(header: list[str], attributes: tuple[Attribute, ...], place: Place) -> None:
    wanted = {"keyword", *(one.id for one in attributes)}
    for name in [*header, *sorted(wanted)]:
        if name in wanted and name in header:
            continue
        near = nearest(name, wanted - set(header) if name in header else header, 1)
        missing = name in wanted
        raise place.at(name).error(
            "the column is missing." if missing else f"{ATTRIBUTES} has no question for this column.",
            value=", ".join(header)[:120] if missing else name,
            allowed=f"'keyword' and the ids of {ATTRIBUTES}",
            cure=f"Did you mean '{near[0]}'?" if near else f"Add it here, or take it out of {ATTRIBUTES}.",
        )


def _check_row(name: str, known: dict[str, int], places: dict[str, Place], place: Place) -> None:
    if name in known and name not in places:
        return
    near = nearest(name, known, 1)
    twice = name in places
    raise place.at("keyword").error(
        f"the keyword has a row already, in line {places[name].line}." if twice else "no such keyword.",
        value=name or "(nothing)",
        allowed="each keyword of the folder once, by its name",
        cure=f"Did you mean '{near[0]}'?" if near and not twice else "Take the row out.",
    )


def _cell(text: str, place: Place) -> int:
    value = _CELLS.get(text.strip())
    if value is None:
        raise place.error(
            "the cell says neither yes nor no.",
            value=text or "(nothing)",
            allowed="1 for yes, 0 for no, ? for unknown",
            cure="Write one of these.",
        )
    return value


def _check_apart(table: AttributeTable, places: dict[str, Place]) -> None:
    """Refuse two keywords that no attribute tells apart: guessing would be all that is left."""
    known = table.values != UNKNOWN
    for at, name in enumerate(table.keywords):
        differ = (table.values[:at] != table.values[at]) & known[:at] & known[at]  # (at, A)
        alike = np.flatnonzero(~differ.any(axis=1))
        if alike.size:
            other = table.keywords[int(alike[0])]
            raise (
                places[name]
                .at("keyword")
                .error(
                    f"no attribute tells it from '{other}' (line {places[other].line}).",
                    value=name,
                    allowed="two keywords differ in one attribute that is known of both",
                    cure="Add an attribute on which they differ, or mend their rows.",
                )
            )
