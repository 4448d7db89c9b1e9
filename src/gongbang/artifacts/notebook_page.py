"""The frame that every error notebook stands in: style, filter by kind and by words, no outside assets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from gongbang.artifacts.evidence import Piece
from gongbang.artifacts.notebook import Neighbour

STYLE = """
:root { --ink: #1c2126; --soft: #66707a; --line: #dfe3e8; --paper: #f6f7f9; --card: #fff;
  --gold: #fff0b3; --predicted: #ffd0cc; --both: #c9ecd0; --accent: #23527c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --soft: #9aa5b0; --line: #384149;
  --paper: #171b1f; --card: #20262b; --gold: #6b5710; --predicted: #7a2e27; --both: #24573a;
  --accent: #8fc1ee; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 66rem; padding: 2rem 1.2rem 4rem; background: var(--paper);
  color: var(--ink);
  font: 15px/1.6 "Noto Sans KR", "Noto Sans CJK KR", "Malgun Gothic", "Apple SD Gothic Neo", NanumGothic,
  system-ui, sans-serif; word-break: keep-all; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.05rem; margin: 2rem 0 .6rem; }
.sub, small, th { color: var(--soft); font-weight: normal; }
.stages { display: grid; gap: .3rem; }
.stages button { display: grid; grid-template-columns: minmax(0, 20rem) 1fr 6.5rem; gap: .8rem;
  align-items: center; width: 100%; padding: .35rem .7rem; border: 1px solid var(--line); border-radius: 6px;
  background: var(--card); color: inherit; font: inherit; text-align: left; cursor: pointer; }
.stages button[aria-pressed=true] { border-color: var(--accent); box-shadow: inset 3px 0 var(--accent); }
.stages .bar { display: block; height: .6rem; border-radius: 3px; background: var(--accent); }
.stages .n { text-align: right; font-variant-numeric: tabular-nums; }
.slices { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 25rem), 1fr)); gap: 1.2rem;
  align-items: start; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
td, th { padding: .18rem .4rem; border-bottom: 1px solid var(--line); text-align: right;
  white-space: nowrap; }
td:first-child, th:first-child { text-align: left; }
caption { text-align: left; padding-bottom: .2rem; font-weight: 600; }
input { width: 100%; padding: .45rem .7rem; border: 1px solid var(--line); border-radius: 6px;
  background: var(--card); color: inherit; font: inherit; }
article { margin: .8rem 0; padding: .8rem 1rem; border: 1px solid var(--line); border-radius: 8px;
  background: var(--card); }
article[hidden] { display: none; }
article header { display: flex; gap: .8rem; justify-content: space-between; align-items: baseline; }
article .stage { white-space: nowrap; color: var(--accent); font-size: .85rem; }
dl { display: grid; grid-template-columns: 9rem 1fr; gap: .1rem .8rem; margin: .5rem 0 0; }
dt { color: var(--soft); } dd { margin: 0; }
mark { padding: 0 .1em; border-radius: 3px; color: inherit; }
mark.gold { background: var(--gold); } mark.predicted { background: var(--predicted); }
mark.both { background: var(--both); }
mark.subject { background: var(--gold); } mark.object { background: var(--predicted); }
mark.evidence { background: var(--both); }
.wide { overflow-x: auto; } .wide table { width: auto; }
.wide td.hit { background: var(--both); } .wide td.miss { background: var(--predicted); }
.wide th.up { writing-mode: vertical-rl; text-align: left; white-space: nowrap; padding: .4rem .1rem; }
"""

_SCRIPT = """
"use strict";
const rows = [...document.querySelectorAll("article")];
const buttons = [...document.querySelectorAll(".stages button")];
const words = document.getElementById("words");
const shown = document.getElementById("shown");
let stage = "";
function show() {
  const sought = words.value.trim().toLowerCase();
  let count = 0;
  for (const row of rows) {
    const fits = (!stage || row.dataset.stage === stage) &&
      (!sought || row.textContent.toLowerCase().includes(sought));
    row.hidden = !fits;
    if (fits) count += 1;
  }
  shown.textContent = String(count);
}
for (const button of buttons) {
  button.addEventListener("click", () => {
    stage = stage === button.dataset.stage ? "" : button.dataset.stage;
    for (const other of buttons) {
      other.setAttribute("aria-pressed", String(other.dataset.stage === stage && stage !== ""));
    }
    show();
  });
}
words.addEventListener("input", show);
"""


def page(title: str, *, summary: str, sections: str, legend: str, articles: Sequence[str], wrong: int) -> str:
    """A notebook's page. Only ``title`` is escaped here; all else must be HTML already.

    Args:
        summary: the line below the title.
        sections: what stands between it and the wrong rows.
        legend: what the marks within texts mean.
        articles: one a wrong row that is shown.
        wrong: how many wrong rows there are, those that are not shown too.
    """
    left_out = wrong - len(articles)
    more = (
        f"<p class='sub'>{left_out:,} more in notebook.json · 나머지는 notebook.json에</p>"
        if left_out
        else ""
    )
    return f"""<!doctype html>
<html lang="ko">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline';
 script-src 'unsafe-inline'">
<title>{escape(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<h1>{escape(title)}</h1>
<p class="sub">{summary}</p>
{sections}
<h2>Wrong answers · 오답 (<span id="shown">{len(articles)}</span>)</h2>
<input id="words" type="search" placeholder="Search · 찾기" aria-label="Search · 찾기">
<p class="sub">{legend}</p>
{more}{"".join(articles)}
<script>{_SCRIPT}</script>
</body>
</html>
"""


def buttons(stages: Mapping[str, tuple[str, str]], counts: Mapping[str, int]) -> str:
    """A bar for each kind of error, which filters the rows when it is pressed.

    Args:
        stages: English and Korean words by kind. counts: wrong rows by kind; kinds it does not name are
            left out.
    """
    most = max(counts.values(), default=0) or 1
    total = sum(counts.values()) or 1
    return "".join(
        f'<button type="button" data-stage="{stage}" aria-pressed="false">'
        f"<span>{english} · {korean}</span>"
        f'<span><span class="bar" style="width:{100 * counts[stage] / most:.1f}%"></span></span>'
        f'<span class="n">{counts[stage]:,} · {100 * counts[stage] / total:.0f} %</span></button>'
        for stage, (english, korean) in stages.items()
        if stage in counts
    )


def article(
    stage: str, words: tuple[str, str], head: str, where: str, facts: Sequence[tuple[str, str]]
) -> str:
    """A wrong row. ``where`` is escaped here; ``head`` and ``facts``, name to content, must be HTML already.

    Args:
        stage: the kind of error, which the buttons filter by. words: its names in English and Korean.
    """
    lines = "".join(f"<dt>{label}</dt><dd>{content}</dd>" for label, content in facts if content)
    return (
        f'<article data-stage="{stage}"><header><strong>{head}</strong>'
        f'<span class="stage">{words[0]} · {words[1]}</span></header>'
        f"<small>{escape(where)}</small><dl>{lines}</dl></article>\n"
    )


def pieces_html(pieces: Sequence[Piece]) -> str:
    """A snippet with its marks.

    Example:
        >>> pieces_html((Piece("<"), Piece("서울", "gold")))
        '&lt;<mark class="gold">서울</mark>'
    """
    return "".join(
        f'<mark class="{piece.mark}">{escape(piece.text)}</mark>' if piece.mark else escape(piece.text)
        for piece in pieces
    )


def neighbours_html(neighbours: Sequence[Neighbour], gold_rank: int | None) -> str:
    """The n-best, right ones marked, and at which rank the gold stands."""
    if not neighbours:
        return ""
    shown = [f"{_neighbour(n)} <small>{n.score:.2f}</small>" for n in neighbours]
    rank = f"gold at rank · 정답 순위 {gold_rank}" if gold_rank else "gold not in it · 정답 없음"
    return f"{', '.join(shown)} <small>({rank})</small>"


def _neighbour(neighbour: Neighbour) -> str:
    text = escape(neighbour.text)
    return f'<mark class="both">{text}</mark>' if neighbour.right else text
