"""Markdown as words: marks are taken away, what people read stays letter by letter.

Front matter, headings, lists, quotes, tables, links, images and code of CommonMark and its usual
extensions; a few dozen lines instead of a parser, because only the words are wanted.
"""

from __future__ import annotations

import html
import re
from pathlib import Path

from gongbang.data.formats.parts import Builder, Content
from gongbang.data.textfile import read_text

_FRONT = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.S)
_KEY = re.compile(r"[\"']?\w[\w ./-]{0,60}[\"']?[ \t]*:(?:[ \t]|$)")
_TITLE = re.compile(r"^title:[ \t]*(.+?)[ \t]*$", re.M | re.I)
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.*?)[ \t]*#*[ \t]*$")
_RULE = re.compile(r"^ {0,3}(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})$")
_UNDERLINE = re.compile(r"^ {0,3}(=+|-{2,})[ \t]*$")
_BULLET = re.compile(r"^[ \t]*(?:[-*+][ \t]+(?:\[[ xX]\][ \t]+)?|>[ \t]?)")
_TABLE_RULE = re.compile(r"^[ \t]*\|?[ \t]*:?-{2,}:?[ \t]*(?:\|[ \t]*:?-{2,}:?[ \t]*)*\|?[ \t]*$")
_DEFINITION = re.compile(
    r"^ {0,3}\[(?!\^)[^\]]+\]:[ \t]*(<[^<>]*>|\S+)(?:[ \t]+(?:\"[^\"]*\"|'[^']*'|\([^()]*\)))?[ \t]*$"
)
_ADDRESS = re.compile(r"^(?:<|#|\.{0,2}/|[A-Za-z][\w+.-]*:)|[./][A-Za-z]")
_COMMENT = re.compile(r"<!--.*?-->", re.S)
# Lengths are bounded so that a line of ten thousand open brackets costs no more than another.
_INLINE: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"!\[([^\[\]]{0,500})\]\((?:[^()\s]|\([^()]*\))*(?:\s+[\"'][^\"']*[\"'])?\)"), r"\1"),
    (re.compile(r"\[([^\[\]]{1,500})\]\((?:[^()\s]|\([^()]*\))*(?:\s+[\"'][^\"']*[\"'])?\)"), r"\1"),
    (re.compile(r"\[([^\[\]]{1,500})\]\[[^\[\]]{0,200}\]"), r"\1"),
    (re.compile(r"<(https?://[^>\s]+|[^>\s@]+@[^>\s]+)>"), r"\1"),
    (re.compile(r"</?[A-Za-z][A-Za-z0-9-]*(?:\s[^<>]*)?/?>"), ""),
    (re.compile(r"(?<![\w*])\*{1,3}(?=\S)(.{1,500}?)(?<=\S)\*{1,3}(?!\*)"), r"\1"),
    (re.compile(r"(?<=\w)\*{2,3}(?=\S)(.{1,500}?)(?<=\S)\*{2,3}"), r"\1"),
    (re.compile(r"(?<![\w_])_{1,3}(?=\S)(.{1,500}?)(?<=\S)_{1,3}(?![A-Za-z0-9_])"), r"\1"),
    (re.compile(r"~~(?=\S)(.{1,500}?)(?<=\S)~~"), r"\1"),
    (re.compile(r"\\([!-/:-@\[-`{-~])"), r"\1"),
)
_CODE = re.compile(r"(`+)(.+?)\1(?!`)")


def read(path: Path) -> Content:
    """The words of a Markdown file; the title from front matter or the first heading.

    Raises:
        DataError: missing, empty, or in another encoding.
    """
    return convert(read_text(path))


def convert(text: str) -> Content:
    """Markdown to words.

    Example:
        >>> convert("# 공방 **안내**\\n\\n* [문](a.html)은 `9시`에 연다.\\n").text
        '공방 안내\\n\\n문은 9시에 연다.'
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    title = ""
    if (front := _FRONT.match(text)) and _is_front_matter(front[1]):
        text = text[front.end() :]
        if named := _TITLE.search(front[1]):
            title = named[1].strip("\"'")
    builder, first = _Blocks(), ""
    for line in _COMMENT.sub("", text).split("\n"):
        builder.line(line)
    builder.flush()
    if not title and builder.out.places:
        first = builder.out.places[0][1]
    return builder.out.content(title or first)


def _is_front_matter(text: str) -> bool:
    """Whether what stands between two rules is keys and values: each line that is not indented is one."""
    lines = [line for line in text.split("\n") if line.strip() and line[0] not in " \t#-]}"]
    return bool(lines) and all(_KEY.match(line) for line in lines)


def _is_definition(line: str) -> bool:
    """Whether a line only says where a link leads: ``[x]: https://…``, not ``[note]: words`` or ``[^1]:``."""
    found = _DEFINITION.match(line)
    return found is not None and _ADDRESS.search(found[1]) is not None


def inline(text: str) -> str:
    """The words of one line: emphasis, links, images, tags and escapes taken away, code kept.

    Example:
        >>> inline("**굵게** 쓴 [글](http://a.b/c_(d)) `a*b*c` &lt;")
        '굵게 쓴 글 a*b*c <'
    """
    pieces, at = [], 0
    for code in _CODE.finditer(text):
        pieces += [_plain(text[at : code.start()]), code[2].strip() or code[2]]
        at = code.end()
    return "".join([*pieces, _plain(text[at:])])


def _plain(text: str) -> str:
    for pattern, kept in _INLINE:
        text = pattern.sub(kept, text)
    return html.unescape(text)


class _Blocks:
    """Gathers lines into blocks."""

    def __init__(self) -> None:
        self.out = Builder()
        self.lines: list[str] = []
        self.fence = ""

    def line(self, line: str) -> None:
        fence = _FENCE.match(line)
        if self.fence:
            if fence and fence[1].startswith(self.fence):
                self.fence = ""
                self.flush(raw=True)
            else:
                self.lines.append(line)
        elif fence:
            self.flush()
            self.fence = fence[1]
        elif heading := _HEADING.match(line):
            self.flush()
            self.out.heading(inline(heading[1]))
        elif self.lines and _UNDERLINE.match(line) and "|" not in self.lines[-1]:
            words = self.lines.pop()
            self.flush()
            self.out.heading(inline(words))
        elif not line.strip() or _RULE.match(line) or _is_definition(line):
            self.flush()
        elif not (_TABLE_RULE.match(line) and "-" in line and self.lines):
            self.lines.append(self._marks_away(line))

    def flush(self, *, raw: bool = False) -> None:
        lines = self.lines if raw else [inline(line) for line in self.lines]
        self.out.add("\n".join(lines))
        self.lines = []

    @staticmethod
    def _marks_away(line: str) -> str:
        before = None
        while before != line:  # a list in a quote in a list
            before, line = line, _BULLET.sub("", line, count=1)
        line = line.strip()
        if line.startswith("|") and line.endswith("|") and len(line) > 1:
            line = line.strip("|").strip()
            line = " | ".join(cell.strip() for cell in line.split("|"))
        return line
