"""KLUE-MRC (Park et al. 2021, section 3.7): SQuAD's frame with ``guid``, question types and news sources.

A question that cannot be answered carries ``is_impossible`` and, as a trap, ``plausible_answers``: they
become the span role of that name, the role ``answers`` stays empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from gongbang.data.readers import squad
from gongbang.data.readers.place import Placed
from gongbang.errors import DataError


def read(path: Path, mapping: Mapping[str, str] | None = None) -> Iterator[Placed | DataError]:
    """Each question of a KLUE-MRC file; ``question_type``, ``news_category`` and ``source`` as labels.

    Raises:
        DataError: the file as a whole cannot be read.
    """
    return squad.read(path, mapping)
