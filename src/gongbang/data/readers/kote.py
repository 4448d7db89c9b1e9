"""KOTE (Jeon, Lee and Kim 2022): comments with any of 44 emotions; id, text and label numbers by tabs.

The file has no header. 없음 ("none", number 24) is a label like the others, as in the paper: five raters
chose among 44, and it stands beside others where they disagreed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from gongbang.data.readers.cells import Row, rows_without_header
from gongbang.data.readers.place import Place, Placed, make_record, need_id, need_text
from gongbang.data.records import Record
from gongbang.data.sources import KOTE, marked
from gongbang.errors import DataError

EMOTIONS: tuple[str, ...] = (
    "불평/불만",
    "환영/호의",
    "감동/감탄",
    "지긋지긋",
    "고마움",
    "슬픔",
    "화남/분노",
    "존경",
    "기대감",
    "우쭐댐/무시함",
    "안타까움/실망",
    "비장함",
    "의심/불신",
    "뿌듯함",
    "편안/쾌적",
    "신기함/관심",
    "아껴주는",
    "부끄러움",
    "공포/무서움",
    "절망",
    "한심함",
    "역겨움/징그러움",
    "짜증",
    "어이없음",
    "없음",
    "패배/자기혐오",
    "귀찮음",
    "힘듦/지침",
    "즐거움/신남",
    "깨달음",
    "죄책감",
    "증오/혐오",
    "흐뭇함(귀여움/예쁨)",
    "당황/난처",
    "경악",
    "부담/안_내킴",
    "서러움",
    "재미없음",
    "불쌍함/연민",
    "놀람",
    "행복",
    "불안/걱정",
    "기쁨",
    "안심/신뢰",
)
"""The 44 names in the order of their numbers."""

NONE = "없음"
"""The label of a comment in which raters saw no emotion."""


def read(path: Path, mapping: Mapping[str, str] | None = None) -> Iterator[Placed | DataError]:
    """Each comment with the names of its emotions, in the order of their numbers.

    Raises:
        DataError: the file as a whole cannot be read.
    """
    source = marked(path, KOTE, "kote")

    def make(row: Row, place: Place) -> Record:
        return make_record(
            place,
            need_id(row["id"], place.at("id")),
            {"text": need_text(row, "text", place)},
            labels={"labels": _names(row["labels"], place.at("labels"))},
            source=source.name,
            licence=source.licence,
        )

    return rows_without_header(path, ("id", "text", "labels"), make, quoted=True)


def _names(cell: str, place: Place) -> list[str]:
    parts = [part.strip() for part in cell.split(",")]
    if not all(part.isdecimal() and int(part) < len(EMOTIONS) for part in parts):
        raise place.error(
            "the labels are no list of emotions.",
            value=cell,
            allowed=f"numbers from 0 to {len(EMOTIONS) - 1} with commas between, e.g. 0,10,22",
            cure=f"Write the numbers of the emotions; {EMOTIONS.index(NONE)} is {NONE} (none).",
        )
    return [EMOTIONS[number] for number in sorted({int(part) for part in parts})]
