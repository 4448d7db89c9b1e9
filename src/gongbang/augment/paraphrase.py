"""Paraphrases of a question by rule: the same question, ended another way."""

from __future__ import annotations

import numpy as np

from gongbang.augment.endings import question_endings
from gongbang.augment.words import places_in, rewrite, touches
from gongbang.data.records import Record
from gongbang.text.morphemes import Analyser, shared_analyser


def paraphrase_question(
    record: Record,
    rng: np.random.Generator,
    *,
    field: str = "question",
    analyser: Analyser | None = None,
) -> Record | None:
    """End the question another way: -은 무엇인가? as -은 무엇입니까?, -은 무엇일까?, -을 말하시오.

    Nothing but the ending changes, so that whatever answered the question answers its paraphrase.

    Args:
        record: with a question.
        rng: draws one of the endings.
        field: the field that holds it.
        analyser: tells nouns from verbs; the shared one by default.

    Returns:
        None where no rule fits, or a span reaches into the ending.

    Example:
        >>> record = Record("1", {"question": "한글을 만든 왕은?"})
        >>> paraphrase_question(record, np.random.default_rng(0)).fields["question"]
        '한글을 만든 왕을 쓰시오.'
    """
    question = record.fields.get(field, "")
    if not question.strip():
        return None
    places = places_in(record, field)
    found = [
        (at, new)
        for at, new in question_endings(question, (analyser or shared_analyser()).analyse(question))
        if not touches(places, at, len(question))
    ]
    if not found:
        return None
    at, new = found[int(rng.integers(len(found)))]
    return rewrite(record, {field: [(at, len(question), new)]})
