"""What differs between languages where answers are read and judged, as a table.

Nothing else asks which language it is: whoever trims or compares an answer follows the entry of
:data:`LANGUAGES`, and another language is another entry.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from gongbang.errors import OptionError
from gongbang.text.edges import trim_edges
from gongbang.text.normalise import Normaliser

_BLANKS = " \t\n\r\u3000\u00a0"
_INVISIBLE = "\u200b\ufeff"
_DANDAS = "।॥"


@dataclass(frozen=True, slots=True)
class Language:
    """How texts of one language are cleaned, and answers in it trimmed and judged.

    Attributes:
        code: ISO 639-1.
        name: in English.
        steps: of :mod:`gongbang.text.normalise`, applied to passages, to questions, and to answers before
            they are compared. Without any, answers are compared to the letter of the published scorers.
        edges: characters that are cut off both ends of an answer.
        quotes: marks that open and close alike; one at an end of an answer is cut off if it has no fellow.
        marks: ends of sentences, which are blanks where answers are compared.
        particles: whether a particle that clings to an answer is found by the morphological analyser (Kiwi)
            and cut off.
        graphemes: whether an answer is kept from ending inside a letter (:mod:`gongbang.text.graphemes`).
        tokens: of :data:`gongbang.search.analysis.KINDS`, what passages are found by.
        encoded: whether the bundled encoder reads the language.
        metrics: of :data:`gongbang.metrics.span.SPAN_METRICS`, the primary one first.

    Example:
        >>> hindi = language_named("hi")
        >>> hindi.comparable("वह घर गया।") == hindi.comparable(" वह घर गया")
        True
    """

    code: str
    name: str
    steps: tuple[str, ...] = ("nfc",)
    edges: str = f"{_BLANKS}{_INVISIBLE},"
    quotes: str = '"'
    marks: str = ""
    particles: bool = False
    graphemes: bool = True
    tokens: tuple[str, ...] = ("whitespace",)
    encoded: bool = False
    metrics: tuple[str, ...] = ("exact_match", "f1", "word_f1", "jaccard")

    def clean(self, text: str) -> str:
        """The text after :attr:`steps`, where no offsets are asked for.

        Example:
            >>> len("\\u0958"), len(LANGUAGES["hi"].clean("\\u0958"))  # NFC never composes a nukta
            (1, 2)
        """
        return _normaliser(self.steps).apply(text).text if self.steps else text

    def comparable(self, text: str) -> str:
        """An answer as it is compared: cleaned, without :attr:`marks`, and trimmed as predictions are.

        Example:
            >>> LANGUAGES["hi"].comparable("क\\u094d\\u200dया,"), LANGUAGES["ko"].comparable("서울,")
            ('क्या', '서울,')
        """
        if not self.steps:
            return text
        plain = "".join(" " if char in self.marks else char for char in self.clean(text))
        start, end = trim_edges(plain, 0, len(plain), edges=self.edges, quotes=self.quotes)
        return plain[start:end]


_TABLE = (
    # To the letter of KorQuAD and KLUE, hence without steps; words are eojeol, particles and all.
    Language(
        "ko",
        "Korean",
        steps=(),
        edges=f"{_BLANKS},",
        quotes="",
        particles=True,
        graphemes=False,
        tokens=("morphemes", "bigrams", "words"),
        encoded=True,
        metrics=("exact_match", "f1", "rouge_w"),
    ),
    Language(
        "hi",
        "Hindi",
        steps=("nfc", "joiners", "danda"),
        edges=f"{_BLANKS}{_INVISIBLE},{_DANDAS}|",
        marks=_DANDAS,
    ),
    Language("en", "English", encoded=True),  # articles count, unlike in the SQuAD script
    Language("vi", "Vietnamese"),
)

LANGUAGES: Mapping[str, Language] = MappingProxyType({language.code: language for language in _TABLE})
"""Every language by its code."""


def language_named(code: str) -> Language:
    """The language of a code.

    Raises:
        OptionError: there is no such language.
    """
    found = LANGUAGES.get(code)
    if found is not None:
        return found
    spelt = {word.lower(): each.code for each in _TABLE for word in (each.code, each.name)}
    near = difflib.get_close_matches(code.lower(), spelt, n=1, cutoff=0.5)
    raise OptionError(
        "there is no such language.",
        value=code,
        allowed=", ".join(f"{each.code} ({each.name})" for each in _TABLE),
        cure=f"Did you mean '{spelt[near[0]]}'?" if near else "Take one of the codes above.",
    )


@cache
def _normaliser(steps: tuple[str, ...]) -> Normaliser:
    return Normaliser(steps)
