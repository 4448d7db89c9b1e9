"""The error notebook as one HTML page: no outside assets, readable without scripts, filtered with them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from gongbang.artifacts.evidence import Piece
from gongbang.artifacts.notebook import ErrorNotebook, Neighbour, Row
from gongbang.artifacts.slices import DIMENSIONS, QUESTION_WORDS, Slice
from gongbang.artifacts.stages import STAGES

_STYLE = """
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


def notebook_html(notebook: ErrorNotebook) -> str:
    """The whole page. Every text of the data is escaped; nothing is loaded from anywhere.

    Example:
        >>> "오답노트" in notebook_html(ErrorNotebook("a <b>", (), {}, ()))
        True
    """
    title = f"Error notebook · 오답노트 · {notebook.name}".removesuffix(" · ")
    return f"""<!doctype html>
<html lang="ko">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline';
 script-src 'unsafe-inline'">
<title>{escape(title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>{escape(title)}</h1>
<p class="sub">{_summary(notebook)}</p>
<h2>Stage that failed · 실패한 단계</h2>
<div class="stages">{_stages(notebook)}</div>
<h2>Slices · 나누어 보기</h2>
<div class="slices">{_slices(notebook.slices)}</div>
<h2>Wrong answers · 오답 (<span id="shown">{len(notebook.rows)}</span>)</h2>
<input id="words" type="search" placeholder="Search · 찾기" aria-label="Search · 찾기">
<p class="sub"><mark class="gold">gold · 정답</mark> <mark class="predicted">prediction · 예측</mark>
<mark class="both">both · 겹침</mark></p>
{"".join(_article(row) for row in notebook.rows)}
<script>{_SCRIPT}</script>
</body>
</html>
"""


def _summary(notebook: ErrorNotebook) -> str:
    n, wrong = len(notebook.outcomes), len(notebook.rows)
    share = f"{100 * (n - wrong) / n:.1f} %" if n else "–"
    parts = [f"{n:,} questions · 문항", f"{wrong:,} wrong · 오답", f"{share} exact match · 정확히 일치"]
    if not notebook.retrieval:
        parts.append("gold passage given · 정답 지문을 준 평가")
    if notebook.unlabelled:
        parts.append(f"{notebook.unlabelled:,} without gold · 정답 표시 없음")
    return " — ".join(parts)


def _stages(notebook: ErrorNotebook) -> str:
    counts = notebook.counts
    most = max(counts.values(), default=0) or 1
    total = sum(counts.values()) or 1
    return "".join(
        f'<button type="button" data-stage="{stage}" aria-pressed="false">'
        f"<span>{english} · {korean}</span>"
        f'<span><span class="bar" style="width:{100 * counts[stage] / most:.1f}%"></span></span>'
        f'<span class="n">{counts[stage]:,} · {100 * counts[stage] / total:.0f} %</span></button>'
        for stage, (english, korean) in STAGES.items()
    )


def _slices(slices: Sequence[Slice]) -> str:
    tables = []
    for dimension, (english, korean) in DIMENSIONS.items():
        rows = "".join(
            f"<tr><td>{escape(_slice_name(s.key))}</td><td>{s.n:,}</td><td>{s.wrong:,}</td>"
            f"<td>{100 * s.exact_match:.1f}</td><td>{100 * s.f1:.1f}</td></tr>"
            for s in slices
            if s.dimension == dimension
        )
        tables.append(
            f"<table><caption>{english} · {korean}</caption>"
            f"<tr><th></th><th>n</th><th>wrong · 오답</th><th>EM</th><th>F1</th></tr>{rows}</table>"
        )
    return "".join(tables)


def _slice_name(key: str) -> str:
    if key in QUESTION_WORDS:
        return f"{key.replace('_', ' ')} · {QUESTION_WORDS[key][0]}"
    return {"other": "other · 기타", "no answer": "no answer · 답 없음"}.get(key, key)


def _article(row: Row) -> str:
    english, korean = STAGES[row.stage]
    facts = [
        ("gold · 정답", _gold(row)),
        ("prediction · 예측", _prediction(row)),
        ("n-best · 후보", _neighbours(row)),
        (
            "retrieved · 검색",
            f"gold document at rank · 정답 문서 순위 {row.document_rank}" if row.document_rank else "",
        ),
        ("evidence · 근거", _pieces(row.evidence)),
        ("read from · 읽은 곳", _pieces(row.read_from)),
    ]
    lines = "".join(f"<dt>{label}</dt><dd>{content}</dd>" for label, content in facts if content)
    where = f"{escape(row.title)} · {escape(row.id)}" if row.title else escape(row.id)
    return (
        f'<article data-stage="{row.stage}"><header><strong>{escape(row.question)}</strong>'
        f'<span class="stage">{english} · {korean}</span></header>'
        f"<small>{where}</small><dl>{lines}</dl></article>\n"
    )


def _gold(row: Row) -> str:
    return " / ".join(map(escape, row.gold)) if row.gold else "<i>no answer · 답 없음</i>"


def _prediction(row: Row) -> str:
    text = escape(row.prediction) if row.prediction else "<i>no answer · 답 없음</i>"
    return f"{text} <small>confidence · 확신 {row.confidence:.2f}, F1 {100 * row.f1:.0f}</small>"


def _neighbours(row: Row) -> str:
    if not row.neighbours:
        return ""
    shown = [f"{_neighbour(n)} <small>{n.score:.2f}</small>" for n in row.neighbours]
    rank = f"gold at rank · 정답 순위 {row.gold_rank}" if row.gold_rank else "gold not in it · 정답 없음"
    return f"{', '.join(shown)} <small>({rank})</small>"


def _neighbour(neighbour: Neighbour) -> str:
    text = escape(neighbour.text)
    return f'<mark class="both">{text}</mark>' if neighbour.right else text


def _pieces(pieces: Sequence[Piece]) -> str:
    return "".join(
        f'<mark class="{piece.mark}">{escape(piece.text)}</mark>' if piece.mark else escape(piece.text)
        for piece in pieces
    )
