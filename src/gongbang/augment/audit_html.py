"""The audit sheet as one HTML page: original beside made, what changed, and three buttons a row.

Verdicts are kept in the browser until a button saves them as a file. Nothing is loaded from anywhere.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from html import escape
from itertools import pairwise
from typing import Any

from gongbang.augment.audit import FORMAT, AuditRow, Verdicts
from gongbang.augment.origins import METHOD
from gongbang.data.records import Record

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2126; --soft: #66707a; --line: #dfe3e8; --paper: #f6f7f9;
  --card: #fff; --span: #fff0b3; --gone: #ffd0cc; --new: #c9ecd0; --accent: #23527c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --soft: #9aa5b0; --line: #384149;
  --paper: #171b1f; --card: #20262b; --span: #6b5710; --gone: #7a2e27; --new: #24573a;
  --accent: #8fc1ee; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 2rem 1.2rem 4rem; background: var(--paper);
  color: var(--ink);
  font: 15px/1.6 "Noto Sans KR", "Noto Sans CJK KR", "Malgun Gothic", "Apple SD Gothic Neo", NanumGothic,
  system-ui, sans-serif; word-break: keep-all; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; margin: 0; }
.sub, small, dt { color: var(--soft); font-weight: normal; }
.bar { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; gap: .8rem; align-items: center;
  padding: .6rem 0; background: var(--paper); border-bottom: 1px solid var(--line); }
.bar output { font-variant-numeric: tabular-nums; }
#warning { color: var(--accent); }
[hidden] { display: none !important; }
button { padding: .35rem .8rem; border: 1px solid var(--line); border-radius: 6px; background: var(--card);
  color: inherit; font: inherit; cursor: pointer; }
button[aria-pressed=true] { border-color: var(--accent); box-shadow: inset 0 -3px var(--accent); }
button:focus-visible, input:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
article { margin: .8rem 0; padding: .8rem 1rem; border: 1px solid var(--line); border-radius: 8px;
  background: var(--card); }
article header { display: flex; flex-wrap: wrap; gap: .2rem .8rem; justify-content: space-between; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: .2rem 1.2rem; margin: .5rem 0 0; }
.pair h3 { grid-column: 1 / -1; margin: .4rem 0 0; font-size: .85rem; font-weight: normal;
  color: var(--soft); }
.pair div { max-height: 16rem; overflow: auto; white-space: pre-wrap; }
.pair .same { grid-column: 1 / -1; }
@media (max-width: 44rem) { .pair { grid-template-columns: 1fr; } }
mark { padding: 0 .1em; border-radius: 3px; color: inherit; background: var(--span); }
del { background: var(--gone); } ins { background: var(--new); text-decoration: none; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 .8rem; margin: .5rem 0 0;
  font-size: .9rem; }
dd { margin: 0; }
.say { display: flex; flex-wrap: wrap; gap: .5rem; margin-top: .8rem; }
.say input { flex: 1 1 14rem; padding: .35rem .7rem; border: 1px solid var(--line); border-radius: 6px;
  background: var(--paper); color: inherit; font: inherit; }
"""

_SCRIPT = """
"use strict";
const sheet = JSON.parse(document.getElementById("sheet").textContent);
const store = "gongbang-audit:" + sheet.sheet;
const articles = [...document.querySelectorAll("article")];
const progress = document.getElementById("progress");
const warning = document.getElementById("warning");
const only = document.getElementById("only");
const said = {};
for (const row of sheet.rows) {
  const before = sheet.verdicts[row.key];
  said[row.key] = before ? { verdict: before.verdict, note: before.note } : { verdict: "", note: "" };
}
try {
  const kept = JSON.parse(localStorage.getItem(store) || "{}");
  for (const key of Object.keys(kept)) {
    if (Object.hasOwn(said, key)) said[key] = kept[key];
  }
} catch (error) {
  warning.hidden = false;
}
function keep() {
  try {
    localStorage.setItem(store, JSON.stringify(said));
  } catch (error) {
    warning.hidden = false;
  }
}
function show() {
  let done = 0;
  articles.forEach((article, place) => {
    const { verdict } = said[sheet.rows[place].key];
    if (verdict) done += 1;
    for (const button of article.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.dataset.verdict === verdict));
    }
    article.hidden = only.checked && verdict !== "";
  });
  progress.textContent = done + " / " + sheet.rows.length;
}
articles.forEach((article, place) => {
  const { key } = sheet.rows[place];
  const note = article.querySelector("input");
  note.value = said[key].note;
  note.addEventListener("input", () => {
    said[key].note = note.value;
    keep();
  });
  for (const button of article.querySelectorAll("button")) {
    button.addEventListener("click", () => {
      said[key].verdict = said[key].verdict === button.dataset.verdict ? "" : button.dataset.verdict;
      keep();
      show();
    });
  }
});
only.addEventListener("change", show);
document.getElementById("save").addEventListener("click", () => {
  const verdicts = sheet.rows
    .filter((row) => said[row.key].verdict)
    .map((row) => ({ ...row, verdict: said[row.key].verdict, note: said[row.key].note }));
  const file = { format: sheet.format, version: 1, sheet: sheet.sheet, seed: sheet.seed, verdicts };
  const blob = new Blob([JSON.stringify(file, null, 1)], { type: "application/json" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = "verdicts-" + sheet.sheet + ".json";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
});
show();
"""

_BUTTONS = (("good", "good · 좋음"), ("bad", "bad · 나쁨"), ("unsure", "unsure · 모름"))
_FIELDS = {"question": "질문", "context": "문맥", "text": "글", "pair": "짝글", "title": "제목"}
_TOKENS = re.compile(r"\s+|\w+|[^\w\s]")

_Places = list[tuple[int, int]]


def audit_html(
    rows: Sequence[AuditRow],
    *,
    title: str = "",
    seed: int = 0,
    total: int = 0,
    verdicts: Verdicts | None = None,
) -> str:
    """The whole page. Every text of the data is escaped.

    Args:
        rows: what is to be read, in this order.
        title: the name of the data. seed: of the draw, for the record.
        total: made rows that these were drawn from.
        verdicts: what was said before.

    Example:
        >>> row = AuditRow("k", "swap", Record("1", {"text": "<b>"}, lineage=("0",)), None)
        >>> "&lt;b&gt;" in audit_html([row]) and "<b>" not in audit_html([row])
        True
    """
    name = f"Audit · 검수 · {title}".removesuffix(" · ")
    methods = Counter(row.method for row in rows)
    counts = ", ".join(f"{escape(method)} {n}" for method, n in sorted(methods.items()))
    return f"""<!doctype html>
<html lang="ko">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline';
 script-src 'unsafe-inline'">
<title>{escape(name)}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>{escape(name)}</h1>
<p class="sub">{len(rows)} of {total:,} made rows · 늘린 글 {total:,}개 가운데 {len(rows)}개 — {counts}</p>
<p class="sub"><del>gone · 사라진 것</del> <ins>new · 새로 생긴 것</ins> <mark>span · 표시된 곳</mark></p>
<div class="bar"><output id="progress">0 / {len(rows)}</output>
<label><input type="checkbox" id="only"> only open rows · 남은 것만</label>
<button type="button" id="save">Save verdicts · 판정 저장</button>
<span id="warning" hidden>This browser keeps nothing: save before you close the page. ·
 이 브라우저는 기억하지 못합니다. 닫기 전에 저장하세요.</span></div>
{"".join(_article(number, row) for number, row in enumerate(rows, start=1))}
<script type="application/json" id="sheet">{_json(_sheet(rows, seed, verdicts or {}))}</script>
<script>{_SCRIPT}</script>
</body>
</html>
"""


def _sheet(rows: Sequence[AuditRow], seed: int, verdicts: Verdicts) -> dict[str, Any]:
    """What the script needs. The sheet's name hangs on its rows: the browser keeps verdicts under it."""
    keys = "\n".join(row.key for row in rows)
    return {
        "format": FORMAT,
        "sheet": hashlib.sha256(keys.encode()).hexdigest()[:16],
        "seed": seed,
        "rows": [{"key": row.key, "id": row.made.id, "method": row.method} for row in rows],
        "verdicts": {
            row.key: {"verdict": verdicts[row.key].verdict, "note": verdicts[row.key].note}
            for row in rows
            if row.key in verdicts
        },
    }


def _json(value: Any) -> str:
    """JSON that cannot end the element it stands in, and is JavaScript in every browser."""
    text = json.dumps(value, ensure_ascii=False)
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


def _article(number: int, row: AuditRow) -> str:
    original = row.original
    names = [
        *row.made.fields,
        *(n for n in (original.fields if original else {}) if n not in row.made.fields),
    ]
    fields = "".join(_field(name, row.made, original) for name in names)
    buttons = "".join(
        f'<button type="button" data-verdict="{verdict}" aria-pressed="false">{words}</button>'
        for verdict, words in _BUTTONS
    )
    origin = escape(original.id) if original else "original not at hand · 원본 없음"
    return (
        f"<article><header><strong>{number}. {escape(row.method)}</strong>"
        f"<small>{origin} → {escape(row.made.id)}</small></header>{_labels(row.made, original)}"
        f'<div class="pair">{fields}</div><div class="say">{buttons}'
        f'<input type="text" placeholder="note · 메모" aria-label="note · 메모 {number}"></div></article>\n'
    )


def _labels(made: Record, original: Record | None) -> str:
    """Labels, with what they were before where that differs."""
    lines = []
    for name, value in made.labels.items():
        if name == METHOD:
            continue
        shown = f"<ins>{_value(value)}</ins>"
        before = None if original is None else original.labels.get(name)
        if before == value or original is None:
            shown = _value(value)
        elif before is not None:
            shown = f"<del>{_value(before)}</del> {shown}"
        lines.append(f"<dt>{escape(name)}</dt><dd>{shown}</dd>")
    lines += [
        f"<dt>{escape(role)}</dt><dd><i>none · 없음</i></dd>"
        for role, spans in made.spans.items()
        if not spans
    ]
    return f"<dl>{''.join(lines)}</dl>" if lines else ""


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return escape(text if len(text) <= 300 else text[:299] + "…")


def _field(name: str, made: Record, original: Record | None) -> str:
    head = f"<h3>{escape(name)}{f' · {_FIELDS[name]}' if name in _FIELDS else ''}</h3>"
    after, spans = made.fields.get(name, ""), _spans(made, name)
    before = original.fields.get(name, "") if original else ""
    spans_before = _spans(original, name) if original else []
    if original and before == after and spans_before == spans:
        return f'{head}<div class="same">{marked(after, [], spans, "")}</div>'
    gone, new = differences(before, after) if original else ([], [])
    left = marked(before, gone, spans_before, "del") if original else "–"
    return f"{head}<div>{left}</div><div>{marked(after, new, spans, 'ins')}</div>"


def _spans(record: Record, field: str) -> list[tuple[int, int, str]]:
    return [(s.start, s.end, role) for role, spans in record.spans.items() for s in spans if s.field == field]


def differences(before: str, after: str) -> tuple[_Places, _Places]:
    """Places that only one of two texts has, word by word: in the first, and in the second.

    Example:
        >>> differences("나는 집에 간다", "나는 학교에 간다")
        ([(3, 5)], [(3, 6)])
    """
    words = [_TOKENS.findall(text) for text in (before, after)]
    starts = [_starts(tokens) for tokens in words]
    gone: _Places = []
    new: _Places = []
    matcher = SequenceMatcher(None, words[0], words[1], autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind != "equal":
            gone += [(starts[0][a], starts[0][b])] if a < b else []
            new += [(starts[1][c], starts[1][d])] if c < d else []
    return gone, new


def _starts(tokens: Iterable[str]) -> list[int]:
    """Where each token starts, and where the last one ends."""
    starts = [0]
    for token in tokens:
        starts.append(starts[-1] + len(token))
    return starts


def marked(
    text: str, changed: Sequence[tuple[int, int]], spans: Sequence[tuple[int, int, str]], tag: str
) -> str:
    """A text with its changes in ``<tag>`` and its spans in ``<mark>``, all else escaped.

    Example:
        >>> marked("수도는 서울", [(4, 6)], [(4, 6, "answers")], "ins")
        '수도는 <ins><mark title="answers">서울</mark></ins>'
    """
    borders = sorted(
        {0, len(text), *(at for place in changed for at in place), *(at for s in spans for at in s[:2])}
    )
    pieces = []
    for start, end in pairwise(borders):
        piece = escape(text[start:end])
        roles = [role for left, right, role in spans if left <= start and end <= right]
        if roles:
            piece = f'<mark title="{escape(", ".join(roles))}">{piece}</mark>'
        if any(left <= start and end <= right for left, right in changed):
            piece = f"<{tag}>{piece}</{tag}>"
        pieces.append(piece)
    return "".join(pieces)
