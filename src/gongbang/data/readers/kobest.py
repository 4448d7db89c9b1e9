"""KoBEST (Jang et al. 2022): BoolQ, SentiNeg and COPA, as the tables that the set is published in.

The files number their rows from 1 in each part, so an id here begins with the task and the file's name:
else the training and the development part would seem to share all their rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from gongbang.data.readers.cells import Row, named, rows_with_header
from gongbang.data.readers.place import Place, Placed, make_record, need_id, need_text
from gongbang.data.records import Record
from gongbang.data.sources import KOBEST_BOOLQ, KOBEST_COPA, KOBEST_SENTINEG, document_id, marked
from gongbang.errors import DataError

BOOLQ_COLUMNS = ("ID", "Text", "Question", "Answer")
SENTINEG_COLUMNS = ("ID", "Text", "Label")
COPA_COLUMNS = ("ID", "sentence", "question", "1", "2", "Answer")
SENTIMENTS: Mapping[str, str] = {"0": "negative", "1": "positive"}
_TRUTHS: Mapping[str, str] = {"true": "yes", "false": "no"}
_CHOICES: Mapping[str, str] = {"1": "1", "2": "2"}
_ASKED = {"원인": "원인은?", "결과": "결과는?"}


def read_boolq(path: Path, mapping: Mapping[str, str] | None = None) -> Iterator[Placed | DataError]:
    """Each question with its passage; the answers True and False, in any case, are "yes" and "no".

    The group is the passage, whose questions must not cross a split.

    Raises:
        DataError: the file as a whole cannot be read.
    """
    source = marked(path, KOBEST_BOOLQ, "boolq", "kobest")

    def make(row: Row, place: Place) -> Record:
        context = need_text(row, "Text", place)
        id = document_id(context)
        answer = {"Answer": row["Answer"].strip().lower()}
        return make_record(
            place,
            f"boolq-{path.stem}-{need_id(row['ID'], place.at('ID'))}",
            {"question": need_text(row, "Question", place), "context": context},
            labels={"label": named(answer, "Answer", _TRUTHS, place), "document": id},
            group=id,
            source=source.name,
            licence=source.licence,
        )

    return rows_with_header(path, BOOLQ_COLUMNS, make)


def read_sentineg(path: Path, mapping: Mapping[str, str] | None = None) -> Iterator[Placed | DataError]:
    """Each review with "negative" (0) or "positive" (1); the parts order their columns differently.

    Raises:
        DataError: the file as a whole cannot be read.
    """
    source = marked(path, KOBEST_SENTINEG, "sentineg", "kobest")

    def make(row: Row, place: Place) -> Record:
        return make_record(
            place,
            f"sentineg-{path.stem}-{need_id(row['ID'], place.at('ID'))}",
            {"text": need_text(row, "Text", place)},
            labels={"label": named(row, "Label", SENTIMENTS, place)},
            source=source.name,
            licence=source.licence,
        )

    return rows_with_header(path, SENTINEG_COLUMNS, make)


def read_copa(path: Path, mapping: Mapping[str, str] | None = None) -> Iterator[Placed | DataError]:
    """Each premise with its two alternatives, as a text and its pair; the label is the better one's number.

    The question (원인, cause, or 결과, effect) ends the text, and the alternatives stand numbered in the
    pair, so that one record is one decision and accuracy is that of the set. The parts as they were are
    the labels ``question`` and ``choices``.

    Raises:
        DataError: the file as a whole cannot be read.
    """
    source = marked(path, KOBEST_COPA, "copa", "kobest")

    def make(row: Row, place: Place) -> Record:
        premise, first, second = (need_text(row, name, place) for name in ("sentence", "1", "2"))
        asked = named(row, "question", _ASKED, place)
        return make_record(
            place,
            f"copa-{path.stem}-{need_id(row['ID'], place.at('ID'))}",
            {"text": f"{premise} {asked}", "pair": f"1. {first} 2. {second}"},
            labels={
                "label": named(row, "Answer", _CHOICES, place),
                "question": row["question"].strip(),
                "choices": [first, second],
            },
            group=document_id(premise),
            source=source.name,
            licence=source.licence,
        )

    return rows_with_header(path, COPA_COLUMNS, make)
