"""Context masking: words of the context that resemble the question are hidden, never the answer."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gongbang.augment.words import check_count, check_share, eojeols, places_in, rewrite, touches
from gongbang.data.records import Record
from gongbang.errors import OptionError
from gongbang.text.bigrams import word_bigrams

Scores = NDArray[np.float32]


class Similarity(Protocol):
    """Says how similar words are to a question."""

    def __call__(self, question: str, words: Sequence[str]) -> Scores:
        """(len(words),) similarities; 1 is the most."""
        ...


def bigram_similarity(question: str, words: Sequence[str]) -> Scores:
    """The cosine of a word's character bigrams with those of the question's word that is most like it.

    Word by word, since against the whole question every word would be unlike.

    Example:
        >>> bigram_similarity("한글은 누가 만들었나?", ["한글을", "바다"]).round(2).tolist()
        [0.5, 0.0]
    """
    asked = [Counter(word_bigrams(word)) for word in question.split()]
    return np.array(
        [
            max((_cosine(Counter(word_bigrams(word)), other) for other in asked), default=0.0)
            for word in words
        ],
        dtype=np.float32,
    )


def mask_context(
    record: Record,
    rng: np.random.Generator,
    *,
    similarity: Similarity = bigram_similarity,
    most: int = 20,
    threshold: float = 0.35,
    mask: str = "[MASK]",
    field: str = "context",
) -> Record | None:
    """Hide the words of the context most similar to the question; how many is drawn.

    Between one and ``most`` of the words above the threshold, the most similar first, and never more than
    half of all words. A word keeps the marks at its ends; one with a character in a span is not touched.

    Args:
        record: of a reader: with ``question``, the field to edit, and labelled answers (or none, labelled as
            such). Other labels may rest on the very words that would be hidden, so such records are left out.
        rng: of the number.
        similarity: by default of character bigrams; in a recipe "encoder" stands for the bundled one
            (:class:`gongbang.augment.encoder_words.EncoderSimilarity`).
        most: words hidden at most.
        threshold: words must be more similar than this.
        mask: what is put in their place; the tokenizer's own mask.
        field: the field to edit.

    Returns:
        None where nothing is similar enough, or the record is of another kind.

    Raises:
        OptionError: an option cannot be used, or the similarity gives other than one number a word.

    Example:
        >>> from gongbang.data.records import Span
        >>> record = Record("1", {"question": "한글은 누가?", "context": "한글은 세종이 지었다."},
        ...                 {"answers": (Span(4, 6, "세종"),)})
        >>> mask_context(record, np.random.default_rng(0)).fields["context"]
        '[MASK] 세종이 지었다.'
    """
    check_count("most", most)
    check_share("threshold", threshold)
    if not mask.strip():
        raise OptionError("the mask is blank.", value=mask, allowed="a text", cure="Pass mask='[MASK]'.")
    question, text = record.fields.get("question", ""), record.fields.get(field, "")
    if "answers" not in record.spans or not question.strip():
        return None
    words, places = eojeols(text), places_in(record, field)
    free = [word for word in words if word.first < word.last and not touches(places, word.start, word.end)]
    if not free:
        return None
    scores = np.asarray(similarity(question, [text[word.first : word.last] for word in free]))
    if scores.shape != (len(free),):
        raise OptionError(
            "the similarity gives other than one number a word.",
            value=f"shape {scores.shape} for {len(free)} words",
            allowed=f"shape ({len(free)},)",
            cure="Return one number for each word, in their order.",
        )
    order = [place for place in np.argsort(-scores, kind="stable").tolist() if scores[place] > threshold]
    limit = min(most, len(order), len(words) // 2)
    if limit == 0:
        return None
    hidden = sorted(order[: int(rng.integers(1, limit + 1))])
    return rewrite(record, {field: [(free[n].first, free[n].last, mask) for n in hidden]})


def _cosine(one: Counter[str], other: Counter[str]) -> float:
    lengths = math.sqrt(sum(n * n for n in one.values()) * sum(n * n for n in other.values()))
    return sum(count * other[gram] for gram, count in one.items()) / lengths if lengths else 0.0
