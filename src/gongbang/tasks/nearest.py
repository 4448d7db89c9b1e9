"""The sentence of a passage that is most like a question: by shared character bigrams, rare ones first."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from gongbang.text.sentences import Sentence, split_sentences


def nearest_sentence(question: str, context: str, within: tuple[int, int] | None = None) -> Sentence | None:
    """The sentence that shares the most with the question, relative to its length; None in an empty text.

    A bigram counts by how few of the context's sentences hold it: what stands in all of them tells none
    apart. Of equals the earlier sentence is taken.

    Args:
        within: characters of the context; only sentences that overlap them are looked at, if there are any.

    Example:
        >>> text = "부산은 항구다. 서울은 수도다."
        >>> nearest_sentence("서울은 어떤 곳인가?", text).text
        '서울은 수도다.'
    """
    sentences = split_sentences(context)
    if not sentences:
        return None
    rarity = _rarity(sentences)
    if within is not None:
        inside = [s for s in sentences if s.start < within[1] and s.end > within[0]]
        sentences = inside or sentences
    asked = bigrams(question)

    def likeness(sentence: Sentence) -> float:
        shared = asked & bigrams(sentence.text)
        return math.fsum(rarity[gram] for gram in shared) / math.sqrt(1 + len(sentence.text))

    return max(sentences, key=likeness)


def bigrams(text: str) -> set[str]:
    """The character bigrams of a text, blanks left out.

    Example:
        >>> sorted(bigrams("가 나다"))
        ['가나', '나다']
    """
    plain = "".join(text.split())
    return {plain[at : at + 2] for at in range(len(plain) - 1)}


def _rarity(sentences: Sequence[Sentence]) -> dict[str, float]:
    held = Counter(gram for sentence in sentences for gram in bigrams(sentence.text))
    return {gram: math.log(1 + len(sentences) / count) for gram, count in held.items()}
