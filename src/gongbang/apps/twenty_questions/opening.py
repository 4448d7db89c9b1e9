"""The guessing game with all it knows: its table and single sentences, where there is an encoder."""

from __future__ import annotations

from pathlib import Path

from gongbang.apps.twenty_questions.asking import Asked
from gongbang.apps.twenty_questions.engine import TwentyQuestions
from gongbang.apps.twenty_questions.focus import Focused, Sentences
from gongbang.apps.twenty_questions.keywords import Keywords
from gongbang.apps.twenty_questions.known import read_known
from gongbang.search.base import Encoder


def opened(
    keywords: Keywords, answerer: Asked, reader: Asked, folder: str | Path | None, encoder: Encoder | None
) -> TwentyQuestions:
    """The engine of a folder of keywords.

    Args:
        keywords: those of the folder.
        answerer: answers questions. reader: gives hints.
        folder: the samples' when None; its table answers the questions that are surely its own.
        encoder: finds these, and the sentence that the answerer is given. Without one the answerer is given
            every question and the whole document.

    Raises:
        DataError: the folder's table cannot be used.
    """
    if encoder is None:
        return TwentyQuestions(keywords, answerer, reader)
    known = read_known(keywords, folder, encoder)
    return TwentyQuestions(keywords, Focused(answerer, Sentences(encoder)), reader, known)
