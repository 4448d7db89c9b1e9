"""Natural language inference: KLUE-NLI (Park et al. 2021, section 3.3), KorNLI and XNLI (Ham et al. 2020).

The premise is the text, the hypothesis its pair. The group is the premise: the sets write several
hypotheses to one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gongbang.data.readers.cells import Row, rows_with_header
from gongbang.data.readers.objects import records_of_list
from gongbang.data.readers.place import Place, Placed, make_record, need_id, need_text
from gongbang.data.records import Record
from gongbang.data.sources import KLUE_NLI, KORNLI, Source, document_id, marked
from gongbang.errors import DataError

COLUMNS = ("sentence1", "sentence2", "gold_label")
LABELS = ("entailment", "neutral", "contradiction")


def read_tsv(path: Path, mapping: Mapping[str, str] | None = None) -> Iterator[Placed | DataError]:
    """Each pair of KorNLI's tables; rows are numbered, since the tables have no ids.

    Raises:
        DataError: the file as a whole cannot be read.
    """
    source = marked(path, KORNLI, "kornli", "kornlu", "xnli", "multinli.train.ko", "snli_1.0_train.ko")

    def make(row: Row, place: Place) -> Record:
        return _record(row, ("sentence1", "sentence2"), f"{path.name}#{place.line}", source, place)

    return rows_with_header(path, COLUMNS, make)


def read_klue(path: Path, mapping: Mapping[str, str] | None = None) -> Iterator[Placed | DataError]:
    """Each pair of a KLUE-NLI file; where a premise comes from is the label ``source``.

    Raises:
        DataError: the file as a whole cannot be read.
    """

    def make(row: Mapping[str, Any], place: Place) -> Record:
        id = need_id(row.get("guid"), place.at("guid"))
        source = KLUE_NLI if id.startswith("klue-nli") else Source(path.name)
        record = _record(row, ("premise", "hypothesis"), id, source, place)
        return record.with_labels(source=row["source"]) if isinstance(row.get("source"), str) else record

    return records_of_list(path, make)


def _record(row: Mapping[str, Any], keys: tuple[str, str], id: str, source: Source, place: Place) -> Record:
    text = need_text(row, keys[0], place)
    label = need_text(row, "gold_label", place).strip()
    if label not in LABELS:
        raise place.at("gold_label").error(
            "the label is none of this set.",
            value=label,
            allowed=", ".join(LABELS),
            cure="Write one of these; rows on which annotators did not agree ('-') are left out.",
        )
    return make_record(
        place,
        id,
        {"text": text, "pair": need_text(row, keys[1], place)},
        labels={"label": label},
        group=document_id(text),
        source=source.name,
        licence=source.licence,
    )
