"""Relations between two marked words of a sentence: this project's JSON lines, and KLUE-RE's frame.

Two conventions meet here, and mixing them up shifts every span by a letter: ``start``/``end`` count as
Python does (``sentence[start:end]``), KLUE's ``start_idx``/``end_idx`` name the last letter itself (Park
et al. 2021, section 3.6). A span that does not hold its word is an error that says which it seems to be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gongbang.data.readers.objects import records_of_lines, records_of_list
from gongbang.data.readers.place import (
    Place,
    Placed,
    make_record,
    need_id,
    need_mapping,
    need_offset,
    need_text,
)
from gongbang.data.records import Record, Span
from gongbang.data.sources import KLUE_RE, LAW_WAR, Source, document_id, marked
from gongbang.errors import DataError, SpanError

_PASSED = ("domain", "split", "source")


@dataclass(frozen=True, slots=True)
class _Frame:
    """The keys of a frame, and what is added to its second offset to make it exclusive."""

    roles: Mapping[str, str]
    start: str
    end: str
    last: int


_OWN = _Frame({"subject": "subject", "object": "object"}, "start", "end", last=0)
_KLUE = _Frame({"subject": "subject_entity", "object": "object_entity"}, "start_idx", "end_idx", last=1)


def read(path: Path, mapping: Mapping[str, str] | None = None) -> Iterator[Placed | DataError]:
    """Each line ``{"sentence", "subject": {"word", "start", "end", "type"}, "object": {…}, "label"}``.

    ``end`` is exclusive. The record has the field ``text``, the spans ``subject`` and ``object``, and the
    labels ``label``, ``subject_type`` and ``object_type`` (and ``domain`` and ``split`` where given).

    Raises:
        DataError: the file as a whole cannot be read.
    """
    source = marked(path, LAW_WAR, "re_ko_law_war")

    def make(row: Mapping[str, Any], place: Place) -> Record:
        id = need_id(row["id"], place.at("id")) if "id" in row else f"{path.name}#{place.line}"
        return _record(row, place, id, source, _OWN)

    return records_of_lines(path, make)


def read_klue(path: Path, mapping: Mapping[str, str] | None = None) -> Iterator[Placed | DataError]:
    """Each row of a KLUE-RE file, whose ``end_idx`` is inclusive.

    Raises:
        DataError: the file as a whole cannot be read.
    """

    def make(row: Mapping[str, Any], place: Place) -> Record:
        id = need_id(row.get("guid"), place.at("guid"))
        source = KLUE_RE if id.startswith("klue-re") else Source(path.name)
        return _record(row, place, id, source, _KLUE)

    return records_of_list(path, make)


def _record(row: Mapping[str, Any], place: Place, id: str, source: Source, frame: _Frame) -> Record:
    text = need_text(row, "sentence", place)
    spans: dict[str, tuple[Span, ...]] = {}
    types: dict[str, str] = {}
    for role, key in frame.roles.items():
        entity = need_mapping(row.get(key), place.at(key))
        spans[role] = (_span(text, entity, frame, place.at(key)),)
        types[f"{role}_type"] = need_text(entity, "type", place.at(key))
    passed = {key: row[key] for key in _PASSED if isinstance(row.get(key), str)}
    return make_record(
        place,
        id,
        {"text": text},
        spans=spans,
        labels={**passed, "label": need_text(row, "label", place), **types},
        group=document_id(text),
        source=source.name,
        licence=source.licence,
    )


def _span(text: str, entity: Mapping[str, Any], frame: _Frame, place: Place) -> Span:
    word = need_text(entity, "word", place)
    start = need_offset(entity, frame.start, place)
    end = need_offset(entity, frame.end, place) + frame.last
    if 0 <= start < end and text[start:end] == word:
        return Span(start, end, word, "text")
    found = text[start:end] if 0 <= start <= end else ""
    counted = "the last letter itself" if frame.last else "one past the last letter"
    slice = f"sentence[{frame.start}:{frame.end}{' + 1' if frame.last else ''}]"
    raise SpanError(
        "the span does not hold its word.",
        value=f"sentence[{start}:{end}] is {found!r}, the word is {word!r}",
        allowed=f"{slice} == word: {frame.end} is {counted}",
        cure=_cure(text, word, start, end, frame),
        path=place.path,
        line=place.line,
        field=place.field,
    )


def _cure(text: str, word: str, start: int, end: int, frame: _Frame) -> str:
    """What to write instead; ``end`` is exclusive."""
    meant = start + len(word)
    if start >= 0 and text[start:meant] == word and end - meant == (1 if frame.last else -1):
        return f"Write {frame.end} {meant - frame.last}: this end was counted the other way."
    places = [at for at in range(len(text)) if text.startswith(word, at)]
    if not places:
        return "The word is not in the sentence: copy it letter by letter, or drop the row."
    nearest = min(places, key=lambda at: abs(at - start))
    end = nearest + len(word) - frame.last
    return f"The word stands at {nearest}: write {frame.start} {nearest}, {frame.end} {end}."
