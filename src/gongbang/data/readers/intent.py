"""Speech acts and paraphrase sets: 3i4K, ParaKQC and StyleKQC (Cho et al. 2018, 2020, 2021).

In the two paraphrase sets ten sentences say the same, so the set is the group: a split by rows would show
a model in training what it is judged by.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gongbang.data.readers.cells import Row, named, rows_without_header
from gongbang.data.readers.objects import records_of_lines
from gongbang.data.readers.place import Place, Placed, make_record, need_id, need_text
from gongbang.data.records import Record
from gongbang.data.sources import INTENT_3I4K, PARAKQC, STYLEKQC, marked
from gongbang.errors import DataError


def _numbered(*names: str) -> Mapping[str, str]:
    return {str(number): name for number, name in enumerate(names)}


INTENTS = _numbered(
    "fragment",
    "statement",
    "question",
    "command",
    "rhetorical question",
    "rhetorical command",
    "intonation-dependent utterance",
)
ACTS = _numbered("alternative question", "wh-question", "prohibition", "requirement")
PARAKQC_TOPICS = _numbered("mail", "schedule", "smart home", "weather")
STYLEKQC_TOPICS = _numbered("shopping", "smart home", "messenger", "schedule", "entertainment", "weather")
PARAPHRASES = 10
"""Sentences of one set."""


def read_3i4k(path: Path, mapping: Mapping[str, str] | None = None) -> Iterator[Placed | DataError]:
    """Each utterance with the name of its intention.

    Raises:
        DataError: the file as a whole cannot be read.
    """
    source = marked(path, INTENT_3I4K, "3i4k", "fci")

    def make(row: Row, place: Place) -> Record:
        return make_record(
            place,
            f"{path.name}#{place.line}",
            {"text": need_text(row, "text", place)},
            labels={"label": named(row, "label", INTENTS, place)},
            source=source.name,
            licence=source.licence,
        )

    return rows_without_header(path, ("label", "text"), make)


def read_parakqc(path: Path, mapping: Mapping[str, str] | None = None) -> Iterator[Placed | DataError]:
    """Each sentence with its topic as the label, and its speech act as the label ``act``.

    Ten lines after each other are one set. Lines are counted as they stand in the file, so that a bad one
    does not move the sets after it.

    Raises:
        DataError: the file as a whole cannot be read.
    """
    source = marked(path, PARAKQC, "parakqc")

    def make(row: Row, place: Place) -> Record:
        return make_record(
            place,
            f"{path.name}#{place.line}",
            {"text": need_text(row, "text", place)},
            labels={
                "label": named(row, "topic", PARAKQC_TOPICS, place),
                "act": named(row, "act", ACTS, place),
            },
            group=f"{path.stem}-set-{((place.line or 1) - 1) // PARAPHRASES}",
            source=source.name,
            licence=source.licence,
        )

    return rows_without_header(path, ("topic", "act", "text"), make)


def read_stylekqc(path: Path, mapping: Mapping[str, str] | None = None) -> Iterator[Placed | DataError]:
    """Each sentence with its topic as the label; ``act``, ``style`` and ``split`` are labels beside it.

    Raises:
        DataError: the file as a whole cannot be read.
    """
    source = marked(path, STYLEKQC, "stylekqc")

    def make(row: Mapping[str, Any], place: Place) -> Record:
        numbers = {key: str(row.get(key, "")) for key in ("topic", "act")}
        passed = {key: row[key] for key in ("style", "split") if isinstance(row.get(key), str)}
        return make_record(
            place,
            f"{path.name}#{place.line}",
            {"text": need_text(row, "text", place)},
            labels={
                "label": named(numbers, "topic", STYLEKQC_TOPICS, place),
                "act": named(numbers, "act", ACTS, place),
                **passed,
            },
            group=f"set-{need_id(row.get('set'), place.at('set'))}",
            source=source.name,
            licence=source.licence,
        )

    return records_of_lines(path, make)
