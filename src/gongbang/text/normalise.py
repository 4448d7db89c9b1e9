"""Normalisation as a list of named steps, each of which keeps the offsets.

The same :class:`Normaliser` cleans what is indexed, trained on and served; :meth:`Normaliser.config` goes
into the hash of whatever was made with it.
"""

from __future__ import annotations

import difflib
import html
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from html.entities import html5
from typing import Any

from gongbang.errors import OptionError
from gongbang.text import hanja as _hanja
from gongbang.text._nfkc import nfc, nfkc
from gongbang.text.edits import Edited, Replacement

_LOG = logging.getLogger(__name__)

Step = Callable[[str], Edited]

DEFAULT_STEPS = ("nfkc", "markup", "zero_width", "quotes", "whitespace")
"""Safe for every language at hand; ``hanja`` is left out since it would read Chinese aloud in Korean."""

_ROUNDS = 8  # steps feed each other (&nbsp; is a space, ＜b＞ a tag); real text settles in two

_INLINE = (
    "a|abbr|b|big|cite|code|del|em|font|i|ins|kbd|mark|nowiki|q|ref|s|samp"
    "|small|span|strike|strong|sub|sup|tt|u|var"
)
_BLOCK = (
    "article|blockquote|body|br|caption|center|dd|div|dl|dt|h[1-6]|head|hr|html|img|li|ol|p|pre|section|table"
    "|tbody|td|th|thead|tr|ul"
)
_MARKUP = re.compile(
    rf"(?P<inline><!--.*?-->|</?(?:{_INLINE})(?:\s[^<>]*)?/?>)"
    rf"|(?P<block></?(?:{_BLOCK})(?:\s[^<>]*)?/?>)"
    r"|(?P<entity>&(?:\#\d{1,7}|\#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});)",
    re.IGNORECASE | re.DOTALL,
)
# The joiner stays inside emoji such as a family, where it is part of one picture.
_ZERO_WIDTH = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]"
    "|(?<![\ufe0f\u2600-\u27bf\U0001f000-\U0001faff])\u200d"
)
_JOINERS = re.compile("[\u200c\u200d]+")
_DEVANAGARI = re.compile("[\u0900-\u097f\u1cd0-\u1cff\ua8e0-\ua8ff]")
_RA_VIRAMA = "\u0930\u094d"
_BAR = re.compile(r"(?<=[\u0900-\u0963\u0966-\u097f])\|{1,2}(?=[\"'”’)\]]*(?:\s|$))")
_QUOTES = {
    **dict.fromkeys("“”„‟〝〞〟＂«»", '"'),
    **dict.fromkeys("‘’‚‛＇‹›", "'"),
}
_QUOTE = re.compile("[" + "".join(_QUOTES) + "]")
_BLANKS = " \t\v\f\x1c-\x1f\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\u3164"
_BLANK = re.compile(f"[{_BLANKS}]+")
_BREAK = re.compile("\r\n|[\r\x85\u2028\u2029]")
_NEWLINES = re.compile(r"\s*\n\s*")


def zero_width(text: str) -> Edited:
    """Delete characters without a width: U+200B to U+200F, U+2060 to U+206F, U+FEFF, soft hyphen, marks of
    direction. A joiner (U+200D) after an emoji stays.

    Example:
        >>> zero_width("서\\u200b울").to_original(0, 2)
        (0, 3)
    """
    return _sub(_ZERO_WIDTH, text, lambda _: "")


def joiners(text: str) -> Edited:
    """Delete joiners and non-joiners (U+200D, U+200C) beside Devanagari letters.

    There they choose the shape of a conjunct and tell no words apart, but for the joiner after ra and a
    virama, the "eyelash" ra of Marathi, which stays before a letter. In other scripts they are part of the
    spelling (Persian, Bengali, Malayalam) or of one picture (emoji) and stay; :func:`zero_width` spares but
    the latter. Left in, they tear words apart: XLM-R's tokenizer reads them as blanks.

    Example:
        >>> joiners("क\\u094d\\u200dया").text == "क्या"
        True
    """
    return _sub(_JOINERS, text, _joiner)


def danda(text: str) -> Edited:
    """A vertical bar, or two, that end a sentence to dandas; the offsets do not move.

    A bar is a danda where it follows a Devanagari letter without a blank, and a blank or the end follows,
    as people without a danda on their keyboard type it. One between blanks may be mathematics or a table.

    Example:
        >>> danda("वह घर गया| |p| और").text
        'वह घर गया। |p| और'
    """
    return _sub(_BAR, text, lambda found: "।" * len(found.group()))


def quotes(text: str) -> Edited:
    """Curly, low, full-width and angle quotes to straight ones, one for one.

    《》 〈〉 「」 『』 stay: they mark titles as often as speech, and their nesting would be lost.

    Example:
        >>> quotes("“그래”, ‘응’").text
        '"그래", \\'응\\''
    """
    return _sub(_QUOTE, text, lambda found: _QUOTES[found.group()])


def whitespace(text: str) -> Edited:
    """Runs of blanks (U+3000, U+00A0, thin spaces, tabs) to one space, every line end to ``\\n``.

    Example:
        >>> whitespace("가\\u3000 나\\r\\n다").text
        '가 나\\n다'
    """
    edited = _sub(_BREAK, text, lambda _: "\n")
    return edited.then(_sub(_BLANK, edited.text, lambda _: " "))


def newlines(text: str) -> Edited:
    """Line ends, with the blanks around them, to one space.

    Example:
        >>> newlines("가 \\n\\n나").text
        '가 나'
    """
    return _sub(_NEWLINES, text, lambda _: " ")


def markup(text: str) -> Edited:
    """Delete stray HTML tags and comments, put a space for block tags, resolve entities.

    Only names of HTML tags count, so ``vector<int>`` stays. Repeated until nothing is left, since scraped
    text is often escaped twice (``&amp;lt;br&amp;gt;``).

    Example:
        >>> markup("수도는 서울</b>이다.&lt;br&gt;끝").text
        '수도는 서울이다. 끝'
    """
    edited = Edited.identity(text)
    while True:
        step = _sub(_MARKUP, edited.text, _resolve)
        if not step.changed:
            return edited
        edited = edited.then(step)


def hanja(text: str) -> Edited:
    """Hanja to Hangul; see :mod:`gongbang.text.hanja`. Offsets do not move.

    Example:
        >>> hanja("大韓民國").text
        '대한민국'
    """
    new = _hanja.to_hangul(text)
    return Edited.identity(text) if new == text else Edited.from_characters(text, list(new))


STEPS: Mapping[str, Step] = {
    "nfc": nfc,
    "nfkc": nfkc,
    "joiners": joiners,
    "zero_width": zero_width,
    "danda": danda,
    "quotes": quotes,
    "whitespace": whitespace,
    "newlines": newlines,
    "markup": markup,
    "hanja": hanja,
}
"""Every step by name."""


class Normaliser:
    """Steps in order, repeated until the text no longer changes, so that applying twice equals once.

    Args:
        steps: names out of :data:`STEPS`.

    Raises:
        OptionError: a step has an unknown name or is named twice.

    Example:
        >>> edited = Normaliser().apply("<b>３．１４</b>는 “원주율”")
        >>> edited.text, edited.to_original(0, 4)
        ('3.14는 "원주율"', (3, 7))
    """

    def __init__(self, steps: Sequence[str] = DEFAULT_STEPS) -> None:
        for name in steps:
            _known(name)
        if len(set(steps)) != len(steps):
            raise OptionError(
                "a normalisation step is named twice.",
                value=", ".join(steps),
                allowed="each step once",
                cure="Drop the second one; it could change nothing.",
            )
        self.steps = tuple(steps)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Normaliser:
        """The normaliser that gave this :meth:`config`."""
        return cls(tuple(config["steps"]))

    def apply(self, text: str) -> Edited:
        """The cleaned text and the map back to ``text``."""
        edited = Edited.identity(text)
        for _ in range(_ROUNDS):
            before = edited.text
            for name in self.steps:
                edited = edited.then(STEPS[name](edited.text))
            if edited.text == before:
                break
        else:
            _LOG.warning("a text did not settle after %d rounds of normalisation", _ROUNDS)
        return edited

    def config(self) -> dict[str, Any]:
        """What changes the outcome, as plain JSON."""
        return {"steps": list(self.steps)}


def _known(name: str) -> None:
    if name in STEPS:
        return
    close = difflib.get_close_matches(name, STEPS, n=1)
    raise OptionError(
        "there is no such normalisation step.",
        value=name,
        allowed=", ".join(STEPS),
        cure=f"Did you mean '{close[0]}'?" if close else "Take one of the names above.",
    )


def _resolve(found: re.Match[str]) -> str:
    if found.lastgroup == "inline":
        return ""
    if found.lastgroup == "block":
        return " "
    entity = found.group()
    if entity[1] != "#" and entity[1:] not in html5:
        return entity
    return html.unescape(entity)


def _joiner(found: re.Match[str]) -> str:
    text, start, end = found.string, found.start(), found.end()
    before, after = text[max(0, start - 2) : start], text[end : end + 1]
    if not _DEVANAGARI.match(before[-1:]) and not _DEVANAGARI.match(after):
        return found.group()
    eyelash = before == _RA_VIRAMA and found.group()[0] == "\u200d" and _DEVANAGARI.match(after)
    return "\u200d" if eyelash else ""


def _sub(pattern: re.Pattern[str], text: str, new: Callable[[re.Match[str]], str]) -> Edited:
    replacements: list[Replacement] = []
    for found in pattern.finditer(text):
        replacement = new(found)
        if replacement != found.group():
            replacements.append((found.start(), found.end(), replacement))
    return Edited.replace(text, replacements)
