"""HTML that the pages show: everything that is not ours is escaped, and nothing is loaded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Literal

from gongbang.errors import GongbangError
from gongbang.serve.studio.client import ApiError
from gongbang.serve.studio.words import LANGUAGES, Words

Kind = Literal["status", "alert"]
PAGES = ("ask", "chat", "play", "classify", "compare", "review")
"""The pages in the order in which the menu names them; the first is the language's own address."""

STYLE = """
.nav-holder{display:none!important}
.html-container{padding:0!important}
.block:has(>.html-container>.prose:empty){display:none}
.gongbang-head{display:flex;flex-wrap:wrap;gap:.25rem 1rem;align-items:center;justify-content:space-between;
 border-bottom:1px solid var(--border-color-primary);padding-bottom:.5rem}
.gongbang-head nav{display:flex;flex-wrap:wrap;gap:.1rem}
.gongbang-head a{padding:.35rem .6rem;border-radius:.4rem;color:var(--body-text-color);text-decoration:none}
.gongbang-head a:hover,.gongbang-head a:focus-visible{background:var(--background-fill-secondary)}
.gongbang-head a[aria-current]{font-weight:600;text-decoration:underline;text-underline-offset:.3em}
.gongbang h1{font-size:1.5rem;margin:.4rem 0 .2rem}.gongbang h2{font-size:1.1rem;margin:1rem 0 .3rem}
.gongbang p{margin:.3rem 0}.gongbang{overflow-wrap:anywhere;line-height:1.6}
.gongbang small,.gongbang .dim{color:inherit;opacity:.78}
.gongbang .big{font-size:1.35rem;font-weight:600}
.gongbang .box{border:1px solid var(--border-color-primary);border-radius:.5rem;padding:.6rem .8rem;
 margin:.4rem 0;background:var(--background-fill-secondary)}
.gongbang .alert{border-left:.3rem solid #c2410c}.gongbang .status{border-left:.3rem solid #15803d}
.gongbang .text{white-space:pre-wrap}.gongbang .tall{max-height:16rem;overflow:auto}
.gongbang mark{background:#fde68a;color:#1f2937;padding:0 .1em;border-radius:.2em}
.gongbang .near{background:rgba(253,230,138,.25);border-bottom:2px solid #d97706}
.gongbang table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;border:0!important}
.gongbang thead,.gongbang tbody,.gongbang tr{border:0!important}
.gongbang .wide{overflow-x:auto}
.gongbang th,.gongbang td{text-align:left;padding:.3rem .6rem;vertical-align:top;
 border:0!important;border-bottom:1px solid var(--border-color-primary)!important;
 overflow-wrap:normal;word-break:keep-all}
.gongbang td.cell{overflow-wrap:anywhere;min-width:6rem}
.gongbang .bar{display:grid;grid-template-columns:minmax(6rem,11rem) 1fr 3.5rem;gap:.6rem;align-items:center;
 margin:.2rem 0}
.gongbang .bar>span:last-child{text-align:right;font-variant-numeric:tabular-nums}
.gongbang .track{background:var(--border-color-primary);border-radius:.3rem;height:.8rem;overflow:hidden}
.gongbang .fill{background:#b45309;height:100%}.gongbang .other .fill{background:#a8a29e}
.gongbang .stickers{display:flex;flex-wrap:wrap;gap:.6rem}.gongbang .stickers .box{flex:1 1 10rem;margin:0}
.gongbang .stickers img{height:6rem;max-width:100%;object-fit:contain}.gongbang .sign{font-size:2.5rem}
.gongbang ol,.gongbang ul{margin:.3rem 0;padding-left:1.6rem}.gongbang ol{list-style:decimal}
.gongbang details{margin:.4rem 0}.gongbang summary{cursor:pointer}
"""
"""Of all pages; colours of text and ground are the theme's, so that dark mode keeps its contrast."""


def told(html: str) -> str:
    """What a page shows, under the studio's own style; "" stays empty."""
    return f"<div class='gongbang'>{html}</div>" if html else ""


def head(page: str, words: Words) -> str:
    """The menu, the other language, and the page's title."""
    links = "".join(_link(address(one, words.language), words(one), here=one == page) for one in PAGES)
    others = [(one, Words(one)) for one in LANGUAGES if one != words.language]
    names = {"ko": "한국어", "en": "English"}
    switch = "".join(
        f"<a href='{address(page, one)}' lang='{one}' hreflang='{one}'>{names[one]}</a>" for one, _ in others
    )
    return (
        f"<header class='gongbang-head' lang='{words.language}'>"
        f"<nav aria-label='{escape(words('nav'))}'>{links}</nav>"
        f"<nav aria-label='{escape(words('language'))}'>{switch}</nav></header>"
        + told(f"<h1>{escape(words(page))}</h1><p class='dim'>{escape(words(page + '.hint'))}</p>")
    )


def address(page: str, language: str) -> str:
    """Where a page is.

    Example:
        >>> address("ask", "ko"), address("chat", "en")
        ('/ko/', '/en/chat')
    """
    return f"/{language}/" if page == PAGES[0] else f"/{language}/{page}"


def _link(where: str, name: str, *, here: bool) -> str:
    return f"<a href='{where}'{' aria-current=page' if here else ''}>{escape(name)}</a>"


def notice(text: str, kind: Kind = "status", more: Iterable[str] = ()) -> str:
    """A line that a screen reader says aloud, and smaller ones below."""
    lines = "".join(f"<br><small>{escape(line)}</small>" for line in more if line)
    return told(f"<div class='box {kind}' role='{kind}'>{escape(text)}{lines}</div>")


def problem(err: GongbangError, words: Words) -> str:
    """Why something could not be done, in the reader's language, and the reason as it was given."""
    title = words.problem(err.kind if isinstance(err, ApiError) else "invalid")
    allowed = f"{words('allowed')}: {err.allowed}" if err.allowed else ""
    cure = f"{words('try')}: {err.cure}" if err.cure else ""
    return notice(title, "alert", (err.what, allowed, cure))


def marked(text: str, answer: tuple[int, int] | None, evidence: tuple[int, int] | None = None) -> str:
    """A text with a span marked, and the sentence around it less strongly.

    Args:
        text: a passage. answer, evidence: from and to, in characters; None where there is none.

    Example:
        >>> marked("공방은 넓다. 월요일에 쉰다.", (8, 11), (8, 16))
        "공방은 넓다. <span class='near'><mark>월요일</mark>에 쉰다.</span>"
    """
    if answer is None:
        return escape(text)
    start, end = answer
    first, last = evidence or answer
    first, last = min(first, start), max(last, end)
    inner = f"{escape(text[first:start])}<mark>{escape(text[start:end])}</mark>{escape(text[end:last])}"
    if evidence is not None:
        inner = f"<span class='near'>{inner}</span>"
    return f"{escape(text[:first])}{inner}{escape(text[last:])}"


def excerpt(text: str, start: int, end: int, room: int) -> tuple[int, int]:
    """From where to where a text is shown, so that a span stands in it with some room around.

    Args:
        room: characters on either side; at most so many more are shown rather than left out at an end.

    Example:
        >>> excerpt("가" * 100, 40, 45, 10), excerpt("가" * 100, 5, 8, 10)
        ((30, 55), (0, 18))
    """
    first, last = max(0, start - room), min(len(text), end + room)
    return (0 if first <= room else first), (len(text) if len(text) - last <= room else last)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table that scrolls by itself where the screen is narrow; cells are escaped here."""
    top = "".join(f"<th scope='col'>{escape(cell)}</th>" for cell in header)
    body = "".join(
        "<tr>" + "".join(f"<td class='cell'>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    lines = f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody>"
    return f"<div class='wide' tabindex='0'><table>{lines}</table></div>"


def bars(shares: Mapping[str, float], chosen: Iterable[str]) -> str:
    """A bar a label, in [0, 1]; those that were chosen stand out, and are named in bold."""
    kept, lines = set(chosen), []
    for name, share in shares.items():
        label = f"<b>{escape(name)}</b>" if name in kept else escape(name)
        width = f"{100 * min(1.0, max(0.0, share)):.1f}"
        lines.append(
            f"<div class='bar{'' if name in kept else ' other'}'><span>{label}</span><div class='track'>"
            f"<div class='fill' style='width:{width}%'></div></div><span>{100 * share:.1f}%</span></div>"
        )
    return "".join(lines)


def folded(summary: str, html: str) -> str:
    """Something that is shown on demand."""
    return f"<details><summary>{escape(summary)}</summary>{html}</details>"


def percent(share: float | None) -> str:
    """A share as people read it.

    Example:
        >>> percent(0.813), percent(None)
        ('81', '?')
    """
    return "?" if share is None else f"{100 * share:.0f}"
