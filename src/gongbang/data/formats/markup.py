"""HTML to plain text with a map of offsets, so that spans in the markup move to the text exactly."""

from __future__ import annotations

import html
from bisect import bisect_left
from dataclasses import dataclass, field
from html.parser import HTMLParser

_SKIPPED = {"script", "style", "nav", "noscript", "template", "svg", "head", "textarea", "select", "iframe"}
_BLOCKS = {
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "br",
    "caption",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "html",
    "li",
    "main",
    "ol",
    "option",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "tbody",
    "tfoot",
    "thead",
    "tr",
    "ul",
}
_CELLS = {"td", "th"}
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}


@dataclass(frozen=True, slots=True)
class PlainText:
    """Text taken out of HTML.

    Attributes:
        text: the words, blocks on lines of their own, cells of a row apart by " | ".
        starts: for each character of ``text``, where it begins in the markup (rising).
        title: the content of ``<title>``, else the first heading; empty when there is neither.
        headings: (offset in ``text``, words of the heading), rising.
        gaps: places in ``text`` of blanks, line ends and cell bars that part words and come from none.
    """

    text: str
    starts: tuple[int, ...]
    title: str
    headings: tuple[tuple[int, str], ...]
    gaps: frozenset[int] = frozenset()

    def to_text(self, start: int, end: int) -> tuple[int, int]:
        """The characters of ``text`` that came from ``[start, end)`` of the markup, no gap at either end.

        Example:
            >>> plain = html_to_text("<p>수도는 <b>서울</b>이다.</p>")
            >>> plain.text[slice(*plain.to_text(10, 12))]
            '서울'
        """
        begin, stop = bisect_left(self.starts, start), bisect_left(self.starts, end)
        while begin < stop and begin in self.gaps:
            begin += 1
        while stop > begin and stop - 1 in self.gaps:
            stop -= 1
        return begin, stop


def html_to_text(markup: str) -> PlainText:
    """The words of an HTML page: no script, style or navigation; entities resolved; white space folded.

    The parser of the standard library takes broken markup as it comes, as browsers do.

    Example:
        >>> html_to_text("<title>가</title><h1>나</h1><p>다 &amp; 라<br>마</p>").text
        '나\\n다 & 라\\n마'
    """
    parser = _TextParser(markup)
    parser.feed(markup)
    parser.close()
    return parser.result()


@dataclass(slots=True)
class _Heading:
    start: int = -1
    found: list[tuple[int, str]] = field(default_factory=list)


class _TextParser(HTMLParser):
    """Collects characters with the place each came from."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=False)
        self._markup = markup
        self._lines = [0]
        self._lines += [at + 1 for at, char in enumerate(markup) if char == "\n"]
        self._chars: list[str] = []
        self._starts: list[int] = []
        self._gaps: set[int] = set()
        self._gap = ""  # what is owed before the next word: nothing, a space, a cell bar or a line end
        self._gap_at = 0
        self._skipping: list[str] = []
        self._in_title = False
        self._title: list[str] = []
        self._heading = _Heading()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "title" and not self._title:
            self._in_title = True
        elif self._skipping:
            if tag in _SKIPPED:
                self._skipping.append(tag)
            elif tag == "body":  # an unclosed <head> ends where the body begins
                self._skipping.clear()
        elif tag in _SKIPPED:
            self._skipping.append(tag)
        self._border(tag)
        if tag in _HEADINGS and not self._skipping:
            self._heading.start = len(self._chars)

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False
        elif tag in self._skipping:
            while self._skipping.pop() != tag:
                pass
        if tag in _HEADINGS and self._heading.start >= 0:
            self._end_heading()
        self._border(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag that closes itself (``<script/>``) holds nothing, so nothing after it is passed over."""
        self._border(tag)

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """A section that the standard library refuses (``<![x[``) is a comment, as in browsers."""
        try:
            return super().parse_marked_section(i, report)
        except AssertionError:
            return self.parse_bogus_comment(i)

    def handle_data(self, data: str) -> None:
        at = self._at()
        if self._in_title:
            self._title.append(data)
        elif not self._skipping:
            for offset, char in enumerate(data):
                self._put(char, at + offset)

    def handle_entityref(self, name: str) -> None:
        self._reference(f"&{name}")

    def handle_charref(self, name: str) -> None:
        self._reference(f"&#{name}")

    def result(self) -> PlainText:
        if self._heading.start >= 0:
            self._end_heading()
        title = " ".join("".join(self._title).split())
        headings = self._heading.found
        if not title and headings:
            title = headings[0][1]
        return PlainText(
            "".join(self._chars), tuple(self._starts), title, tuple(headings), frozenset(self._gaps)
        )

    def _reference(self, written: str) -> None:
        """An entity: all its characters come from where it begins. An "&" that means itself stays."""
        at = self._at()
        if self._markup.startswith(";", at + len(written)):
            written += ";"
        meant = html.unescape(written)
        if self._in_title:
            self._title.append(meant)
        elif not self._skipping:
            step = int(meant == written)
            for offset, char in enumerate(meant):
                self._put(char, at + offset * step)

    def _put(self, char: str, at: int) -> None:
        if char.isspace():
            self._owe(" ", at)
            return
        if self._gap and self._chars:
            for owed in self._gap:
                self._gaps.add(len(self._chars))
                self._chars.append(owed)
                self._starts.append(self._gap_at)
        self._gap = ""
        self._chars.append(char)
        self._starts.append(at)

    def _owe(self, gap: str, at: int) -> None:
        """A stronger border replaces a weaker one: line end, cell bar, space."""
        if not self._gap:
            self._gap_at = at
        if _STRENGTH[gap] > _STRENGTH.get(self._gap, 0):
            self._gap = gap

    def _border(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._owe("\n", self._at())
        elif tag in _CELLS:
            self._owe(" | ", self._at())

    def _end_heading(self) -> None:
        start = self._heading.start
        while start < len(self._chars) and self._chars[start].isspace():
            start += 1
        words = "".join(self._chars[start:])
        if words:
            self._heading.found.append((start, words))
        self._heading.start = -1

    def _at(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column


_STRENGTH = {" ": 1, " | ": 2, "\n": 3}
