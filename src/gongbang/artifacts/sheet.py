"""A page of headings, paragraphs, lists and tables, written as Markdown or as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_STYLE = """
:root { --ink: #1c2126; --soft: #66707a; --line: #dfe3e8; --paper: #fff; --accent: #23527c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --soft: #9aa5b0; --line: #384149;
  --paper: #171b1f; --accent: #8fc1ee; } }
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem 1.2rem 3rem; background: var(--paper);
  color: var(--ink);
  font: 14px/1.5 "Noto Sans KR", "Noto Sans CJK KR", "Malgun Gothic", "Apple SD Gothic Neo", NanumGothic,
  system-ui, sans-serif; word-break: keep-all; overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; margin: 0 0 .5rem; } h2 { font-size: 1rem; margin: 1.3rem 0 .3rem; }
p { margin: .3rem 0; } ul { margin: .3rem 0; padding-left: 1.2rem; } a { color: var(--accent); }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .87rem; margin: .4rem 0; }
td, th { padding: .15rem .8rem .15rem 0; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top; }
th { color: var(--soft); font-weight: normal; }
@media print { body { padding: 0; max-width: none; font-size: 11px; } h2, tr { break-inside: avoid; } }
"""


@dataclass(frozen=True, slots=True)
class Link:
    """Words that lead to another file, whose address is relative to the page."""

    words: str
    address: str


Cell = str | Link


@dataclass(frozen=True, slots=True)
class Table:
    """Rows below a heading, all of one length."""

    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list of sentences."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading in English and Korean, and what stands below it; a plain text is a paragraph."""

    title: tuple[str, str]
    blocks: tuple[str | Bullets | Table, ...]


def to_markdown(title: str, sections: Sequence[Section]) -> str:
    """The page as Markdown (GitHub's tables).

    Example:
        >>> print(to_markdown("a", [Section(("Problem", "문제"), ("x < y",))]))
        # a
        <BLANKLINE>
        ## Problem · 문제
        <BLANKLINE>
        x &lt; y
        <BLANKLINE>
    """
    parts = [f"# {_marked(title)}"]
    for section in sections:
        parts.append("## " + " · ".join(section.title))
        parts += [_block_markdown(block) for block in section.blocks]
    return "\n\n".join(parts) + "\n"


def _block_markdown(block: str | Bullets | Table) -> str:
    if isinstance(block, str):
        return _begun(_marked(block))
    if isinstance(block, Bullets):
        return "\n".join(f"- {_begun(_marked(item))}" for item in block.items)
    from gongbang.artifacts.card import markdown_table

    rows = [[_cell_markdown(cell) for cell in row] for row in block.rows]
    return markdown_table([_marked(cell) for cell in block.head], rows)


def _cell_markdown(cell: Cell) -> str:
    if isinstance(cell, str):
        return _marked(cell)
    return f"[{_marked(cell.words)}](<{cell.address}>)"


def _marked(text: str) -> str:
    """A text on one line, with what Markdown would take for marks or HTML written out."""
    line = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")
    for sign in ("\\", "*", "`"):
        line = line.replace(sign, f"\\{sign}")
    return line


def _begun(line: str) -> str:
    """A line whose first sign is no mark of a heading, list or quotation."""
    return f"\\{line}" if line.startswith(("#", "-", "+", ">")) else line


def to_html(title: str, sections: Sequence[Section]) -> str:
    """The page as HTML: every text escaped, nothing loaded from anywhere, no scripts."""
    parts = []
    for section in sections:
        parts.append(f"<h2>{escape(' · '.join(section.title))}</h2>")
        parts += [_block_html(block) for block in section.blocks]
    body = "\n".join(parts)
    return f"""<!doctype html>
<html lang="ko">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{escape(title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>{escape(title)}</h1>
{body}
</body>
</html>
"""


def _block_html(block: str | Bullets | Table) -> str:
    if isinstance(block, str):
        return f"<p>{escape(block)}</p>"
    if isinstance(block, Bullets):
        return f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in block.items)}</ul>"
    head = "".join(f"<th>{escape(cell)}</th>" for cell in block.head)
    rows = "".join(f"<tr>{''.join(f'<td>{_cell_html(c)}</td>' for c in row)}</tr>" for row in block.rows)
    return f"<table><tr>{head}</tr>{rows}</table>"


def _cell_html(cell: Cell) -> str:
    if isinstance(cell, str):
        return escape(cell)
    return f'<a href="{escape(cell.address)}">{escape(cell.words)}</a>'
