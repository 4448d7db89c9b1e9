"""Lists of candidates, the label first: ``label``, the turns, the response, by tabs, without a header.

The form of DSTC7's and Ubuntu's response selection as poly-encoders are trained on it (Humeau et al. 2020):
a row with the label 1 begins a group, and those with 0 below it hold the same turns and the wrong
candidates. One group is one record.

What would leak over a split is the dialogue itself, of which such sets cut several contexts: records with
the same context, or the same first two turns, are one group. An equal response makes none, since "thanks"
ends dialogues that have nothing else in common.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gongbang.data.dialogue import one_line, same_key
from gongbang.data.readers.exchange import Tied, with_groups
from gongbang.data.readers.place import Place, Placed, make_record, whole_text
from gongbang.data.readers.tables import tabbed
from gongbang.data.sources import Source
from gongbang.data.textfile import read_text
from gongbang.errors import DataError

_LEAST = 3  # the label, a turn, the response


@dataclass(slots=True)
class _Group:
    """A context with its right response, and the wrong ones as they come."""

    place: Place
    turns: tuple[str, ...]
    response: str
    wrong: list[str] = field(default_factory=list)


def read(path: Path, mapping: Mapping[str, str] | None = None) -> Iterator[Placed | DataError]:
    """Each group as a record; its wrong candidates are the label ``candidates``, each once.

    A row that cannot be used is kept out. Where it is the one that begins a group, so are those below it.

    Raises:
        DataError: the file as a whole cannot be read.
    """
    return with_groups(_records(path))


def _records(path: Path) -> Iterator[Tied | DataError]:
    group: _Group | None = None
    broken = False  # whether the row that begins the present group could not be used
    for found in tabbed(read_text(path), path, quoted=False):
        if isinstance(found, DataError):
            yield found
            continue
        place, cells = found
        try:
            if cells[0].strip() == "1":
                if group is not None:
                    yield _tied(group, path)
                group, broken = None, True
                group, broken = _Group(place, *_turns(cells, place)), False
            elif not broken:
                _add(group, cells, place)
        except DataError as err:
            yield err
    if group is not None:
        yield _tied(group, path)


def _turns(cells: Sequence[str], place: Place) -> tuple[tuple[str, ...], str]:
    """The turns, of which blank ones are left out, and the response."""
    if len(cells) < _LEAST:
        raise place.error(
            "the row has too few cells.",
            value="\t".join(cells),
            allowed="label, one turn or more, response, with tabs between",
            cure="Add what is missing, or drop the row.",
        )
    turns = tuple(one_line(whole_text(cell, place)) for cell in cells[1:-1] if cell.strip())
    response = one_line(whole_text(cells[-1], place.at("response")))
    if not turns or not response:
        part = "context" if not turns else "response"
        raise place.at(part).error(
            "the text is blank.",
            value=cells[1] if not turns else cells[-1],
            allowed="some text",
            cure=f"Fill in the {part}, or drop the row.",
        )
    return turns, response


def _add(group: _Group | None, cells: Sequence[str], place: Place) -> None:
    """Put a row's response among the group's wrong ones.

    Raises:
        DataError: it belongs to no group, or is none of its wrong responses.
    """
    if cells[0].strip() != "0":
        raise place.at("label").error(
            "the label is none of this format.",
            value=cells[0],
            allowed="1 (the right response) or 0 (a wrong one)",
            cure="Write one of these, or name the format that the file is in.",
        )
    turns, response = _turns(cells, place)
    if group is None or turns != group.turns:
        raise place.error(
            "the wrong response belongs to no group.",
            value=" / ".join(turns),
            allowed="the turns of the row with the label 1 above it",
            cure="Put it below the right response to these turns, or drop the row.",
        )
    if same_key(response) == same_key(group.response):
        raise place.at("response").error(
            "the wrong response is the right one.",
            value=response,
            allowed="another response than that of the row with the label 1",
            cure="Drop the row: no model can tell the two apart.",
        )
    if response not in group.wrong:
        group.wrong.append(response)


def _tied(group: _Group, path: Path) -> Tied:
    source = Source(path.name)
    context = "\n".join(group.turns)
    record = make_record(
        group.place,
        f"{path.name}#{group.place.line}",
        {"context": context, "response": group.response},
        labels={"candidates": group.wrong} if group.wrong else {},
        source=source.name,
        licence=source.licence,
    )
    opening = tuple(map(same_key, (*group.turns, group.response)[:2]))
    return Tied(Placed(record, group.place), (("context", same_key(context)), ("opening", opening)))
