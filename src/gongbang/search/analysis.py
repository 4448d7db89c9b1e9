"""From text to the tokens an index counts.

One analyser serves passages and questions; its signature goes into the index. Several kinds of token
stand side by side, because each finds what the others miss: morphemes see through endings, character
bigrams through compounds that were cut differently, whole words and pairs keep what belongs together.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from typing import Any, NamedTuple

from gongbang.errors import OptionError
from gongbang.search.options import options_from
from gongbang.text.bigrams import hangul_bigrams
from gongbang.text.morphemes import TAGS, Analyser, Morpheme, shared_analyser
from gongbang.text.normalise import DEFAULT_STEPS, Normaliser

KINDS = ("morphemes", "bigrams", "words", "pairs", "whitespace")
"""Every kind of token: content morphemes; Hangul character bigrams; nouns of a word without its particle;
two neighbouring content morphemes; words as they stand between spaces."""

_TAG_TEXT = "NNG NNP NNB NR MM VV VA XR XSN SL SH SN W_SERIAL W_URL W_EMAIL W_HASHTAG W_MENTION"
SEARCH_TAGS = tuple(_TAG_TEXT.split())
"""Sejong tags of the morphemes that are searched for. Numbers (SN) are among them: dates are asked for."""

_KIWI_TEXT = (
    "UN W_URL W_EMAIL W_HASHTAG W_MENTION W_SERIAL W_EMOJI Z_CODA Z_SIOT USER0 USER1 USER2 USER3 USER4"
)
KIWI_TAGS = TAGS | frozenset(_KIWI_TEXT.split())
"""Every tag that Kiwi gives."""

_NOMINAL_TEXT = "NNG NNP NNB NR NP XR XPN XSN SL SH SN W_SERIAL"
_NOMINAL = frozenset(_NOMINAL_TEXT.split())
_KIWI_KINDS = frozenset({"morphemes", "words", "pairs"})
_TAGGED_KINDS = frozenset({"morphemes", "pairs"})  # the kinds that ``tags`` chooses from
_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class AnalysisConfig:
    """What a :class:`SearchAnalyser` does; plain values, stored with the index.

    Args:
        kinds: kinds of token to make, out of :data:`KINDS`.
        tags: Sejong tags kept as content morphemes.
        steps: normalisation steps, see :class:`gongbang.text.normalise.Normaliser`.
        lower: fold letter case.
        stop_words: token texts to drop, of whatever kind.
        user_words: words Kiwi should know, as ``(word, tag, score)``.

    Raises:
        OptionError: no kind, an unknown kind, or one named twice; the same of tags, which may be none where
            no kind asks for them.
    """

    kinds: tuple[str, ...] = ("morphemes", "bigrams", "words")
    tags: tuple[str, ...] = SEARCH_TAGS
    steps: tuple[str, ...] = DEFAULT_STEPS
    lower: bool = True
    stop_words: tuple[str, ...] = ()
    user_words: tuple[tuple[str, str, float], ...] = ()

    def __post_init__(self) -> None:
        for item in fields(self):  # a configuration read from JSON has lists
            value = getattr(self, item.name)
            if isinstance(value, list):
                object.__setattr__(
                    self, item.name, tuple(tuple(v) if isinstance(v, list) else v for v in value)
                )
        unknown = [kind for kind in self.kinds if kind not in KINDS]
        if not self.kinds or unknown or len(set(self.kinds)) != len(self.kinds):
            raise OptionError(
                "the kinds of token cannot be used.",
                value=", ".join(self.kinds),
                allowed="one or more, each once, of " + ", ".join(KINDS),
                cure='Pass for instance kinds=("morphemes", "bigrams").',
            )
        check_tags("tags", self.tags, empty=not _TAGGED_KINDS & set(self.kinds))

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> AnalysisConfig:
        """The configuration that gave :meth:`to_dict`.

        Raises:
            OptionError: a key that is no option.
        """
        return options_from(cls, values, "the analyser")


def check_tags(option: str, tags: Sequence[str], *, empty: bool) -> None:
    """Refuses tags that Kiwi never gives.

    Args:
        option: the option's name. tags: its value. empty: whether there may be none.

    Raises:
        OptionError: no tag, an unknown one, or one named twice.
    """
    if not set(tags) <= KIWI_TAGS or len(set(tags)) != len(tags) or not (tags or empty):
        wrong = [tag for tag in tags if tag not in KIWI_TAGS] or list(tags)
        raise OptionError(
            f"'{option}' cannot be used.",
            value=", ".join(wrong) or "no tag",
            allowed="each once, of " + ", ".join(sorted(KIWI_TAGS)),
            cure="Correct the tags, or leave the option out to take the default.",
        )


class Token(NamedTuple):
    """A token's text, its kind, and the tag it has from the analyser ("" where it has none)."""

    text: str
    kind: str
    tag: str = ""


class SearchAnalyser:
    """Texts to tokens, the same for passages and questions.

    Args:
        config: what to do.
        kiwi: an analyser to use; its user words must be those of ``config``. When None, one that is shared
            by all that have the same user words, since each takes a second and 200 MB to load.

    Raises:
        OptionError: ``kiwi`` has other user words than ``config``, or a step is unknown.

    Example:
        >>> analyser = SearchAnalyser(AnalysisConfig(kinds=("morphemes", "bigrams")))
        >>> [token.text for token in analyser.tokens("서울에서 살았다")]
        ['서울', '살', '서울', '울에', '에서', '살았', '았다']
    """

    def __init__(self, config: AnalysisConfig | None = None, kiwi: Analyser | None = None) -> None:
        self.config = config or AnalysisConfig()
        self._normaliser = Normaliser(self.config.steps)
        self._tags = frozenset(self.config.tags)
        self._stop = frozenset(self.config.stop_words)
        self._needs_kiwi = bool(_KIWI_KINDS & set(self.config.kinds))
        self._kiwi = kiwi or shared_analyser(self.config.user_words)
        words = tuple((word.word, word.tag, word.score) for word in self._kiwi.user_words)
        if words != self.config.user_words:
            raise OptionError(
                "the shared Kiwi analyser does not know the words of this configuration.",
                value=f"{len(words)} words, the configuration has {len(self.config.user_words)}",
                allowed="the same user words in both",
                cure="Give the user words in AnalysisConfig and leave kiwi out.",
            )

    @property
    def signature(self) -> str:
        """A hash of the configuration and, where it is used, of Kiwi and its model."""
        parts = {"config": self.config.to_dict(), "kiwi": self._kiwi.signature() if self._needs_kiwi else ""}
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False, sort_keys=True).encode()).hexdigest()

    def tokens(self, text: str) -> list[Token]:
        """The tokens of one text, kind by kind, in reading order within a kind."""
        clean = self.normalise(text)
        return self._tokens(clean, self._kiwi.analyse(clean) if self._needs_kiwi else ())

    def many(self, texts: Sequence[str]) -> Iterator[list[Token]]:
        """The tokens of many texts; quicker than one by one where there is more than one core."""
        clean = [self.normalise(text) for text in texts]
        morphemes = self._kiwi.analyse_many(clean) if self._needs_kiwi else [()] * len(clean)
        for text, found in zip(clean, morphemes, strict=True):
            yield self._tokens(text, found)

    def tags(self, texts: Sequence[str]) -> list[frozenset[str]]:
        """Of each text the tags that chose any of its tokens."""
        if not _TAGGED_KINDS & set(self.config.kinds):
            return [frozenset()] * len(texts)
        found = self._kiwi.analyse_many([self.normalise(text) for text in texts])
        return [self._tags & {morpheme.tag for morpheme in morphemes} for morphemes in found]

    def normalise(self, text: str) -> str:
        """The text as it is analysed."""
        return self._normaliser.apply(text).text if self.config.steps else text

    def _tokens(self, text: str, morphemes: Sequence[Morpheme]) -> list[Token]:
        content = [m for m in morphemes if m.tag in self._tags]
        found: list[Token] = []
        for kind in self.config.kinds:
            found += _MAKERS[kind](text, morphemes, content)
        if self.config.lower:
            found = [Token(token.text.lower(), token.kind, token.tag) for token in found]
        return [token for token in found if token.text not in self._stop]


def _morphemes(_: str, __: Sequence[Morpheme], content: Sequence[Morpheme]) -> Iterable[Token]:
    return [Token(m.form, "morphemes", m.tag) for m in content]


def _bigrams(text: str, _: Sequence[Morpheme], __: Sequence[Morpheme]) -> Iterable[Token]:
    return [Token(gram, "bigrams") for gram in hangul_bigrams(text) if len(gram) == 2]


def _pairs(_: str, __: Sequence[Morpheme], content: Sequence[Morpheme]) -> Iterable[Token]:
    return [Token(f"{a.form} {b.form}", "pairs") for a, b in pairwise(content)]


def _whitespace(text: str, _: Sequence[Morpheme], __: Sequence[Morpheme]) -> Iterable[Token]:
    return [Token(word, "whitespace") for word in text.split()]


def _words(text: str, morphemes: Sequence[Morpheme], _: Sequence[Morpheme]) -> Iterable[Token]:
    """The first unbroken run of nominal morphemes of each word: 가거도항에서 gives 가거도항."""
    i = 0
    for word in _WORD.finditer(text):
        start = end = -1
        open_run = True
        while i < len(morphemes) and morphemes[i].start < word.end():
            m = morphemes[i]
            i += 1
            if m.tag in _NOMINAL and open_run:
                start, end = (m.start if start < 0 else start), m.end
            elif start >= 0:
                open_run = False
        if start >= 0:
            yield Token(text[start:end], "words")


_MAKERS = {
    "morphemes": _morphemes,
    "bigrams": _bigrams,
    "words": _words,
    "pairs": _pairs,
    "whitespace": _whitespace,
}
