"""Conversations of several turns, one JSON object each: ``{"turns": […], "lang": …, "topic": …}``.

The frame of the ChatterBot corpus (BSD-3-Clause). Each turn but the first is the response to all before it,
and a record of its own. A conversation is one group, with every other that holds one of its contexts; an
equal response makes none, since short ones ("네.", "Why?") stand in conversations that have nothing else in
common.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gongbang.data.dialogue import one_line, same_key
from gongbang.data.readers.exchange import Tied, with_groups
from gongbang.data.readers.place import (
    Place,
    Placed,
    make_record,
    need_list,
    need_mapping,
    need_text,
    whole_text,
)
from gongbang.data.readers.rows import Rows, json_lines
from gongbang.data.sources import CHATTERBOT, Source, marked
from gongbang.data.textfile import parse_json, read_text
from gongbang.errors import DataError

_LANGUAGES = {"korean": "ko", "english": "en", "hindi": "hi"}
_PASSED = ("topic",)


def read(path: Path, mapping: Mapping[str, str] | None = None) -> Iterator[Placed | DataError]:
    """The records of every conversation, whatever its language, which is the label ``language`` where given.

    Raises:
        DataError: the file as a whole cannot be read.
    """
    return _read(path, None)


def read_ko(path: Path, mapping: Mapping[str, str] | None = None) -> Iterator[Placed | DataError]:
    """Those of Korean conversations; others are passed over, and one that names no language is an error."""
    return _read(path, "ko")


def read_en(path: Path, mapping: Mapping[str, str] | None = None) -> Iterator[Placed | DataError]:
    """Those of English conversations, as :func:`read_ko`."""
    return _read(path, "en")


def read_hi(path: Path, mapping: Mapping[str, str] | None = None) -> Iterator[Placed | DataError]:
    """Those of Hindi conversations, as :func:`read_ko`."""
    return _read(path, "hi")


def _read(path: Path, language: str | None) -> Iterator[Placed | DataError]:
    source = marked(path, CHATTERBOT, "chatterbot")

    def tied() -> Iterator[Tied | DataError]:
        for number, found in enumerate(_rows(path), 1):
            if isinstance(found, DataError):
                yield found
                continue
            place, row = found
            try:
                id, mapped = f"{path.name}#{number}", need_mapping(row, place)
                yield from _conversation(mapped, place, id=id, source=source, language=language)
            except DataError as err:
                yield err

    return with_groups(tied())


def _rows(path: Path) -> Rows:
    """The objects of a file: one a line, or in a list."""
    if not path.is_file() or path.open("rb").read(1 << 10).lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"[":
        yield from json_lines(path)
        return
    for number, row in enumerate(parse_json(read_text(path), path)):
        yield Place(str(path), field=f"[{number}]"), row


def _conversation(
    row: Mapping[str, Any], place: Place, *, id: str, source: Source, language: str | None
) -> list[Tied]:
    """The records of one conversation; none of one in another language."""
    labels = {key: row[key] for key in _PASSED if isinstance(row.get(key), str)}
    if language is not None or "lang" in row:
        name = need_text(row, "lang", place).strip().lower()
        labels["language"] = _LANGUAGES.get(name, name)
    if language not in (None, labels.get("language")):
        return []
    turns = _turns(row, place)
    made = []
    for at in range(1, len(turns)):
        context = "\n".join(turns[:at])
        record = make_record(
            place,
            f"{id}-{at}",
            {"context": context, "response": turns[at]},
            labels=labels,
            source=source.name,
            licence=source.licence,
        )
        made.append(Tied(Placed(record, place), (("conversation", id), ("context", same_key(context)))))
    return made


def _turns(row: Mapping[str, Any], place: Place) -> list[str]:
    turns = need_list(row, "turns", place)
    if len(turns) < 2:
        raise place.at("turns").error(
            "nobody replies in this conversation.",
            value=turns,
            allowed="two turns or more",
            cure="Add the reply, or drop the row.",
        )
    for at, turn in enumerate(turns):
        if not isinstance(turn, str) or not turn.strip():
            raise place.at(f"turns[{at}]").error(
                "the turn is no text." if not isinstance(turn, str) else "the turn is blank.",
                value=turn,
                allowed="what was said, as a string",
                cure="Fill it in, or drop the conversation.",
            )
    return [one_line(whole_text(turn, place.at(f"turns[{at}]"))) for at, turn in enumerate(turns)]
