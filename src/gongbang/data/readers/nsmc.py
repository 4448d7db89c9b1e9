"""NSMC, the Naver sentiment movie corpus (Park 2016): ``id``, ``document`` and ``label`` by tabs.

The file is not quoted: a quote in a review is a letter of it. A few reviews of the full set are empty;
each of them is a problem with its line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from gongbang.data.readers.cells import Row, named, rows_with_header
from gongbang.data.readers.kobest import SENTIMENTS
from gongbang.data.readers.place import Place, Placed, make_record, need_id, need_text
from gongbang.data.records import Record
from gongbang.data.sources import NSMC, marked
from gongbang.errors import DataError

COLUMNS = ("id", "document", "label")


def read(path: Path, mapping: Mapping[str, str] | None = None) -> Iterator[Placed | DataError]:
    """Each review with "negative" (0) or "positive" (1).

    Raises:
        DataError: the file as a whole cannot be read.
    """
    source = marked(path, NSMC, "nsmc", "ratings_train", "ratings_test")

    def make(row: Row, place: Place) -> Record:
        return make_record(
            place,
            need_id(row["id"], place.at("id")),
            {"text": need_text(row, "document", place)},
            labels={"label": named(row, "label", SENTIMENTS, place)},
            source=source.name,
            licence=source.licence,
        )

    return rows_with_header(path, COLUMNS, make)
