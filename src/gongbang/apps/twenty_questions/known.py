"""What the table knows: the answer to a question that is surely one of its own.

A document of ten sentences does not say that a fireman cannot be eaten; the table does. A player's question
is compared with the attributes' by the cosine of their vectors, and where the nearest is near enough its cell
is the answer. Anything else is left to whoever reads the document.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gongbang.apps.twenty_questions.asking import Told
from gongbang.apps.twenty_questions.keywords import Keyword, Keywords
from gongbang.apps.twenty_questions.reading import keywords_folder
from gongbang.apps.twenty_questions.table import ATTRIBUTES, NO, TABLE, YES, AttributeTable, read_table
from gongbang.search.base import Encoder

NAME = "table"
"""What stands for an artifact's name in a turn that the table answered."""
YES_FROM, NO_FROM = 0.80, 0.74
"""Cosines from which a cell answers; fitted on half of the keywords, see docs/decisions/0028."""
_SAID = {YES: ("yes", "예."), NO: ("no", "아니요.")}
_DENIES = re.compile(r"(?<![가-힣])(?:안|못)(?= )|않|없|아니|아닌|못[하해한할합]|말고|빼고|제외")


@dataclass(frozen=True, eq=False)
class Known:
    """A table of attributes that answers players' questions.

    A "no" is taken from further away than a "yes": what is true of the general is not always true of the
    special ("an instrument?", "a Korean instrument?"), but what is false of it always is. A question with a
    denial in it is none of the table's, whose questions have none.

    Args:
        table: the attributes, and the cells of each keyword.
        encoder: gives questions their vectors.
        vectors: (A, dimension) of the attributes' questions; see :meth:`of`.
        yes_from: cosine from which a cell that says yes answers.
        no_from: and one that says no.
    """

    table: AttributeTable
    encoder: Encoder
    vectors: NDArray[np.float32]
    yes_from: float = YES_FROM
    no_from: float = NO_FROM

    @classmethod
    def of(cls, table: AttributeTable, encoder: Encoder) -> Known:
        """A table at work; its questions are encoded once."""
        return cls(table, encoder, encoder.encode_queries([one.question for one in table.attributes]))

    def told(self, question: str, keyword: Keyword) -> Told | None:
        """The cell's answer, with keyword, attribute and answer as its evidence; None where none is sure.

        Args:
            question: as the player wrote it, without the keyword.
            keyword: one of the table's; of any other nothing is known.
        """
        if keyword.name not in self.table.keywords or _DENIES.search(question):
            return None
        near = self.vectors @ self.encoder.encode_queries([question])[0]  # (A,)
        at = int(near.argmax())
        cell = int(self.table.values[self.table.keywords.index(keyword.name), at])
        if cell not in _SAID or near[at] < (self.yes_from if cell == YES else self.no_from):
            return None
        answer, word = _SAID[cell]
        attribute = self.table.attributes[at]
        evidence = f"{keyword.name}: {attribute.question} {word}"
        sure = min(1.0, float(near[at]))
        return Told(answer, sure, evidence, 0, len(evidence), attribute.id, NAME, self.table.hash)


def read_known(keywords: Keywords, folder: str | Path | None, encoder: Encoder) -> Known | None:
    """The table beside the keywords of a folder, at work; None where there is none.

    Args:
        keywords: those of the folder.
        folder: the samples' when None.
        encoder: gives questions their vectors.

    Raises:
        DataError: the table cannot be used.
    """
    root = keywords_folder(folder)
    if not any((root / name).exists() for name in (ATTRIBUTES, TABLE)):
        return None
    return Known.of(read_table(keywords, folder), encoder)
