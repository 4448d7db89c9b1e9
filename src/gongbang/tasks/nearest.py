"""The sentence of a passage that is most like a question: by shared character bigrams, rare ones first."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

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
    weights = rarity([bigrams(sentence.text) for sentence in sentences])
    if within is not None:
        inside = [s for s in sentences if s.start < within[1] and s.end > within[0]]
        sentences = inside or sentences
    asked = bigrams(question)

    def likeness(sentence: Sentence) -> float:
        shared = asked & bigrams(sentence.text)
        return math.fsum(weights[gram] for gram in shared) / math.sqrt(1 + len(sentence.text))

    return max(sentences, key=likeness)


def bigrams(text: str) -> set[str]:
    """The character bigrams of a text, blanks left out.

    Example:
        >>> sorted(bigrams("가 나다"))
        ['가나', '나다']
    """
    plain = "".join(text.split())
    return {plain[at : at + 2] for at in range(len(plain) - 1)}


def rarity(held: Sequence[Iterable[str]]) -> dict[str, float]:
    """What each unit tells of the text it stands in: the more, the fewer of the texts have it.

    Args:
        held: of each text, its units without repeats.

    Example:
        >>> weights = rarity([{"가", "나"}, {"가"}])
        >>> weights["나"] > weights["가"]
        True
    """
    count = Counter(unit for units in held for unit in units)
    return {unit: math.log(1 + len(held) / there) for unit, there in count.items()}
