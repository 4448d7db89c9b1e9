"""Trim a span to the borders of what it names.

A tokenizer of sub-words often keeps a noun's end and its particle in one piece (``왕은``), so a model that
points at tokens cannot leave the particle out. Of the answers in 100 training articles of KorQuAD 1.0 one in
eight ends inside a token; in 447 of 454 cases the cut that the morphological analyser makes inside the last
token is where the answer ends. Particles that are tokens of their own are the model's to judge and stay.

Of the tokens of XQuAD's Hindi passages one in eleven ends inside a letter, between a consonant and its vowel
sign for instance. What is done in which language stands in :data:`gongbang.text.languages.LANGUAGES`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gongbang.text.edges import trim_edges
from gongbang.text.graphemes import widen
from gongbang.text.languages import Language, language_named

if TYPE_CHECKING:
    from gongbang.text.morphemes import Analyser

_FINAL = frozenset("은는이가을를의에로와과도만서게께터지며나랑여야라고든뿐")
"""What the last syllable of a particle can be: a cheap test before the analyser is asked."""
_AROUND = 60  # characters on either side that the analyser is shown


class SpanTrimmer:
    """Moves the ends of a span inwards past what cannot belong to an answer.

    White space and commas at either end go, and what else the language has as ``edges``; so do an opening
    bracket that the span never closes, a closing one that it never opened, and in Korean a particle that
    begins inside the span's last token. Where the language says so, a span that cuts a letter is first
    widened to all of it.

    Args:
        analyser: finds particles; the shared one, with Kiwi's own dictionary, by default.
        language: whose rules are followed.

    Example:
        >>> SpanTrimmer().trim("수도는 서울(", 3, 7, last=6)
        (4, 6)
        >>> SpanTrimmer(language=language_named("hi")).trim("राजधानी दिल्ली।", 7, 12, last=8)
        (8, 14)
    """

    def __init__(self, analyser: Analyser | None = None, *, language: Language | None = None) -> None:
        self._analyser = analyser
        self._language = language or language_named("ko")

    def trim(self, context: str, start: int, end: int, last: int) -> tuple[int, int]:
        """The trimmed ``[start, end)`` of ``context``; never empty where the span was not blank.

        Args:
            context: the passage.
            start, end: characters of the span.
            last: where the span's last token starts.
        """
        untrimmed = start, end = self._whole(context, start, end)
        edges, quotes = self._language.edges, self._language.quotes
        start, end = trim_edges(context, start, end, edges=edges, quotes=quotes)
        if end <= start:
            return untrimmed
        start, end = self._whole(context, start, end)
        if self._language.particles and context[end - 1] in _FINAL and last + 1 < end:
            end = self._particle(context, start, end, last)
        return start, end

    def _whole(self, context: str, start: int, end: int) -> tuple[int, int]:
        return widen(context, start, end) if self._language.graphemes else (start, end)

    def _particle(self, context: str, start: int, end: int, last: int) -> int:
        from gongbang.text.josa import josa_start
        from gongbang.text.morphemes import shared_analyser

        analyser = self._analyser or shared_analyser()
        left = max(0, start - _AROUND)
        morphemes = analyser.analyse(context[left : end + _AROUND])
        cut = left + josa_start(morphemes, start - left, end - left)
        return cut if last < cut < end else end
