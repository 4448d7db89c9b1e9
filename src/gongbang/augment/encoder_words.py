"""A sentence encoder in the place of a masked language model, and as a measure of how similar words are.

No masked language model is bundled: the backbone that is, an E5, was trained to embed and has no head that
names words. It can still say whether a sentence means the same with another word in it. So the words to try
come from a thesaurus of the training rows, and the encoder ranks them in their sentence, as Jin et al. 2020
do with word vectors and a sentence encoder ("Is BERT Really Robust?"). Two things it cannot do: it
has no word for a place where none stood, so that insertion counts modifiers instead
(:mod:`gongbang.augment.modifiers`); and it is deaf to what
turns a label over, since a sentence and its contrary embed alike. The thesaurus keeps nouns of different
labels apart; read what is made before training on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from gongbang.augment.nouns import exchange
from gongbang.augment.synonyms import Synonyms
from gongbang.augment.thesaurus import Thesaurus
from gongbang.augment.words import check_count
from gongbang.data.records import Record
from gongbang.errors import ArtifactError, OptionError
from gongbang.text.edits import Edited
from gongbang.text.morphemes import Analyser, shared_analyser
from gongbang.text.sentences import split_sentences

if TYPE_CHECKING:
    from gongbang.search.base import Encoder

_LEAST = 0.85  # in film reviews a thesaurus' word has .831 at the 5th percentile, .863 at the 10th
_FLOOR = 0.39  # mean cosine of a question with the words of passages that it does not ask about (KorQuAD)


def bundled_encoder() -> Encoder:
    """The offline encoder ``encoder-ko``, loaded once.

    Raises:
        ArtifactError: it is not installed.
    """
    return _bundled()


@lru_cache(maxsize=1)
def _bundled() -> Encoder:
    from gongbang.artifacts.defaults import ENCODER
    from gongbang.runtime.encoder import load_encoder

    encoder = load_encoder(ENCODER)
    if encoder is None:
        raise ArtifactError(
            "the bundled encoder is not installed.",
            value=ENCODER,
            allowed=f"an installation with the artifact '{ENCODER}'",
            cure="Install the whole package, or pass an encoder of your own.",
        )
    return encoder


class EncoderFill:
    """Says which nouns may stand in the place of another: those that leave the sentence's meaning nearest.

    Args:
        encoder: embeds sentences as unit vectors.
        nouns: knows nouns to try, e.g. a :class:`gongbang.augment.thesaurus.Thesaurus`.
        least: cosine of the sentence with and without the change, above which a noun may come in. Long
            sentences are alike whatever is changed in them; the order among nouns tells more than the bound.
        candidates: nouns that are tried for one place; each costs one embedded sentence.
        analyser: finds the particle that has to follow; the shared one by default.

    Raises:
        OptionError: a bound out of (0, 1), or no candidates.

    Example:
        >>> class Vowels:
        ...     dimension, signature = 2, "vowels"
        ...     def encode_queries(self, texts):
        ...         rows = np.array([[1.0, "극" in text] for text in texts], dtype=np.float32)
        ...         return rows / np.linalg.norm(rows, axis=1, keepdims=True)
        >>> class Three:
        ...     def similar(self, noun, k):
        ...         return [("비극", 0.9), ("영화", 0.8), ("희극", 0.7)][:k]
        >>> EncoderFill(Vowels(), Three()).instead("그 연극은 길다", 2, 4, k=2)
        [('비극', 0.15), ('희극', 0.15)]
    """

    def __init__(
        self,
        encoder: Encoder,
        nouns: Synonyms,
        *,
        least: float = _LEAST,
        candidates: int = 20,
        analyser: Analyser | None = None,
    ) -> None:
        check_count("candidates", candidates)
        if not 0 < least < 1:
            raise OptionError(
                "'least' is no cosine that could part words.",
                value=least,
                allowed="more than 0, less than 1",
                cure=f"Pass least={_LEAST}.",
            )
        self.encoder, self.nouns = encoder, nouns
        self.least, self.candidates = least, candidates
        self.analyser = analyser or shared_analyser()

    @classmethod
    def from_records(cls, records: Sequence[Record]) -> Self:
        """With the bundled encoder and a thesaurus of the records; give it training rows only.

        Raises:
            ArtifactError: the bundled encoder is not installed.
        """
        return cls(bundled_encoder(), Thesaurus.from_records(records))

    def instead(self, text: str, start: int, end: int, k: int) -> list[tuple[str, float]]:
        """At most ``k`` nouns for ``text[start:end]``, best first, and by how much each passes the bound."""
        tried = [
            (word, changed)
            for word, _ in self.nouns.similar(text[start:end], self.candidates)
            if word not in text and (changed := self._changed(text, start, end, word)) is not None
        ]
        if not tried:
            return []
        first, last = _home(text, start, end)
        vectors = self.encoder.encode_queries([text[first:last], *(changed for _, changed in tried)])
        gains = (vectors[1:] @ vectors[0]).astype(np.float64) - self.least
        rounded = np.round(gains, 4).tolist()  # what lies below no copy should hang on
        found = [(word, gain) for (word, _), gain in zip(tried, rounded, strict=True) if gain > 0]
        return sorted(found, key=lambda pair: -pair[1])[:k]

    def _changed(self, text: str, start: int, end: int, word: str) -> str | None:
        """The sentence with the word in it, its particle put right; None where it cannot be."""
        edits = exchange(text, start, end, word, self.analyser.analyse(text))
        if edits is None:
            return None
        edited = Edited.replace(text, edits)
        return edited.text[slice(*edited.to_edited(*_home(text, start, end)))]


class EncoderSimilarity:
    """How similar words are to a question by the cosine of their embeddings, for context masking.

    Args:
        encoder: embeds words and questions as unit vectors.
        floor: the cosine that counts as 0: that of a question with words of other passages.

    Raises:
        OptionError: a floor out of [0, 1).
    """

    def __init__(self, encoder: Encoder, *, floor: float = _FLOOR) -> None:
        if not 0 <= floor < 1:
            raise OptionError(
                "'floor' is no cosine below 1.", value=floor, allowed="0 to 1", cure=f"Pass floor={_FLOOR}."
            )
        self.encoder, self.floor = encoder, floor

    @classmethod
    def bundled(cls) -> Self:
        """With the bundled encoder.

        Raises:
            ArtifactError: it is not installed.
        """
        return cls(bundled_encoder())

    def __call__(self, question: str, words: Sequence[str]) -> NDArray[np.float32]:
        """(len(words),) similarities, 0 at the floor and 1 for the question itself."""
        vectors = self.encoder.encode_queries([question, *words])
        scores: NDArray[np.float32] = ((vectors[1:] @ vectors[0] - self.floor) / (1 - self.floor)).clip(0, 1)
        return scores


def _home(text: str, start: int, end: int) -> tuple[int, int]:
    """The sentence around ``[start, end)``; the whole text where a border lies within."""
    for sentence in split_sentences(text):
        if sentence.start <= start and end <= sentence.end:
            return sentence.start, sentence.end
    return 0, len(text)
