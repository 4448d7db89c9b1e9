"""Question masking: nouns of a question hidden, so that a reader learns not to lean on a single one."""

from __future__ import annotations

import numpy as np

from gongbang.augment.nouns import free_nouns
from gongbang.augment.words import check_share, rewrite
from gongbang.data.records import Record
from gongbang.errors import OptionError
from gongbang.text.morphemes import Analyser, shared_analyser

_NOUNS = frozenset({"NNG", "NNP"})


def mask_question(
    record: Record,
    rng: np.random.Generator,
    *,
    p: float = 0.3,
    mask: str = "[MASK]",
    field: str = "question",
    analyser: Analyser | None = None,
) -> Record | None:
    """Hide each noun of the question with probability ``p``, at least one, and leave at least one.

    Nouns are hidden by their place, so the same letters inside another word stay. The recipe is that of the
    first-placed system of the KLUE open-domain question answering contest, which made a copy for each noun.

    Args:
        record: of a reader, or of yes-no questions.
        rng: of the draws.
        p: probability for each noun of two syllables or more that is outside the spans.
        mask: what is put in its place; the tokenizer's own mask.
        field: the field to edit.
        analyser: finds nouns; the shared one by default.

    Returns:
        None where there is no such field or fewer than two nouns in it.

    Raises:
        OptionError: ``p`` is no probability above 0, or the mask is blank.

    Example:
        >>> record = Record("1", {"question": "한글은 어느 나라의 글자를 본떴는가?", "context": "..."})
        >>> mask_question(record, np.random.default_rng(0)).fields["question"]
        '한글은 어느 [MASK]의 [MASK]를 본떴는가?'
    """
    check_share("p", p)
    if not mask.strip():
        raise OptionError("the mask is blank.", value=mask, allowed="a text", cure="Pass mask='[MASK]'.")
    if not record.fields.get(field, "").strip():
        return None
    nouns = free_nouns(record, field, analyser or shared_analyser(), _NOUNS)
    if len(nouns) < 2:
        return None
    hidden = np.flatnonzero(rng.random(len(nouns)) < p)
    if len(hidden) == 0:
        hidden = rng.integers(len(nouns), size=1)
    if len(hidden) == len(nouns):
        hidden = np.delete(hidden, rng.integers(len(nouns)))
    return rewrite(record, {field: [(nouns[n].start, nouns[n].end, mask) for n in hidden.tolist()]})
