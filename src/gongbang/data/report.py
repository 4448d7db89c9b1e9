"""The data report as one HTML page, in Korean and English, with nothing to load."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING

from gongbang.data.class_measures import CLASS_TASKS
from gongbang.data.plots import bars
from gongbang.data.report_classes import (
    classes_part,
    contradictions_part,
    slices_part,
    suspects_part,
    types_part,
)
from gongbang.data.report_dialogue import dialogue_part
from gongbang.data.report_parts import Words, head, histogram, percent, say, table

if TYPE_CHECKING:
    from gongbang.data.checks import CheckReport

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2330; --soft: #667085; --line: #d7dbe3; --bar: #3b6fb6;
  --paper: #fff }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9f0; --soft: #9aa4b6; --line: #3a4252;
  --bar: #7aa7e0; --paper: #161a22 } }
body { font: 15px/1.6 "Pretendard", "Noto Sans KR", "Apple SD Gothic Neo", "Malgun Gothic", sans-serif;
  color: var(--ink); background: var(--paper); max-width: 1040px; margin: 2rem auto; padding: 0 1.2rem }
h1 { font-size: 1.5rem; margin: .4rem 0 } h2 { font-size: 1.1rem; border-top: 1px solid var(--line);
  padding-top: 1rem; margin-top: 2rem } h3 { font-size: .95rem; margin: .2rem 0 }
.grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(290px, 1fr)); gap: 1.4rem }
table { border-collapse: collapse; font-size: .9rem } td, th { padding: .2rem .8rem .2rem 0; text-align: left;
  vertical-align: top; border-bottom: 1px solid var(--line) } td.n { text-align: right;
  font-variant-numeric: tabular-nums }
svg { width: 100%; max-width: 420px; height: auto } svg rect { fill: var(--bar) }
svg line { stroke: var(--soft) }
svg text { fill: var(--soft); font-size: 16px } .soft { color: var(--soft); font-size: .88rem }
.todo { list-style: none; padding: 0 } .todo li { border-left: 4px solid var(--soft); padding: .3rem .8rem;
  margin: .5rem 0 } .todo .fault { border-color: #c8382e } .todo .warning { border-color: #d08a00 }
code { font-size: .85em; overflow-wrap: anywhere } label { margin-right: 1rem; cursor: pointer }
body:has(#ko:checked) [lang=en], body:has(#en:checked) [lang=ko] { display: none }
"""

_COUNTS: Mapping[str, Words] = {
    "records": ("레코드", "records"),
    "documents": ("서로 다른 문맥", "distinct contexts"),
    "groups": ("묶음", "groups"),
    "answerable": ("답 있는 질문", "answerable"),
    "unanswerable": ("답 없는 질문", "unanswerable"),
    "augmented": ("늘린 것", "augmented"),
    "problems": ("읽지 못한 행", "rows kept out"),
}
_NOT_READING = (*CLASS_TASKS, "respond")
_OF_READING = {"documents", "answerable", "unanswerable"}
_FIELDS: Mapping[str, Words] = {
    "context": ("문맥", "context"),
    "question": ("질문", "question"),
    "title": ("제목", "title"),
    "answer": ("정답", "answer"),
    "text": ("글", "text"),
    "pair": ("둘째 글", "pair"),
    "response": ("대답", "response"),
}
_SHARES: Mapping[str, Words] = {
    "first_tenth": ("글의 첫 십분의 일에 있는 정답", "answers in the first tenth of the text"),
    "is_title": ("제목과 같은 정답", "answers that are the title"),
    "in_title": ("제목 안에 있는 정답", "answers within the title"),
    "in_question": ("질문 안에 있는 정답", "answers within the question"),
}


def render(report: CheckReport, title: str) -> str:
    """The whole page as text; write it with UTF-8.

    Args:
        report: what was counted.
        title: the page's title, e.g. the data file's name.
    """
    parts = [
        _todo(report),
        _counts(report),
        classes_part(report),
        slices_part(report),
        types_part(report),
        suspects_part(report),
        contradictions_part(report),
        dialogue_part(report),
        _lengths(report),
        _answers(report),
        _tokens(report),
        _groups(report),
        _duplicates(report),
        _leaks(report),
        _problems(report),
    ]
    return (
        '<!doctype html><html lang="ko"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
        '<p><label><input type="radio" name="language" id="ko" checked> 한국어</label>'
        '<label><input type="radio" name="language" id="en"> English</label></p>'
        f"<h1>{escape(title)}</h1>{''.join(parts)}</body></html>"
    )


def _todo(report: CheckReport) -> str:
    if not report.todo:
        return head("할 일", "To do") + f"<p>{say(('할 일이 없습니다.', 'Nothing to do.'))}</p>"
    items = []
    for finding in report.todo:
        shown = "".join(f"<br><code>{escape(example)}</code>" for example in finding.examples)
        items.append(f'<li class="{finding.level}">{say((finding.ko, finding.en))}{shown}</li>')
    return f'{head("할 일", "To do")}<ul class="todo">{"".join(items)}</ul>'


def _counts(report: CheckReport) -> str:
    rows = [
        (say(words), f"{report.counts.get(name, 0):,}")
        for name, words in _COUNTS.items()
        if report.task not in _NOT_READING or name not in _OF_READING
    ]
    sources = [(escape(name) or "-", f"{n:,}") for name, n in report.counts["sources"].items()]
    licences = [(escape(name), f"{n:,}") for name, n in report.counts["licences"].items()]
    return (
        head("수", "Counts") + f'<div class="grid"><div>{table(rows)}</div>'
        f"<div><h3>{say(('출처', 'Source'))}</h3>{table(sources)}</div>"
        f"<div><h3>{say(('이용 허락', 'Licence'))}</h3>{table(licences)}</div></div>"
    )


def _lengths(report: CheckReport) -> str:
    plots = [
        histogram(found, _FIELDS.get(name, (name, name)), ("글자", "characters"))
        for name, found in report.lengths.items()
    ]
    return f'{head("길이", "Lengths")}<div class="grid">{"".join(plots)}</div>'


def _answers(report: CheckReport) -> str:
    if not report.answers:
        return ""
    labels = [f"{n * 10}-{n * 10 + 10} %" for n in range(10)]
    place = ("글에서 정답이 시작하는 곳", "where answers begin in their text")
    position = f"<div><h3>{say(place)}</h3>{bars(report.answers['position'], labels, place[1])}</div>"
    overlap = histogram(
        report.overlap,
        ("질문과 문맥이 겹치는 정도", "question's bigrams found in the context"),
        ("비율", "share"),
    )
    shares = [(say(words), f"{report.answers[name]['share']:.1%}") for name, words in _SHARES.items()]
    return f'{head("정답", "Answers")}<div class="grid">{position}{overlap}<div>{table(shares)}</div></div>'


def _tokens(report: CheckReport) -> str:
    if not report.tokens:
        return ""
    found = report.tokens
    limit = found["max_length"]
    whole = (
        ("글 전체", "the whole input")
        if report.task in _NOT_READING
        else ("질문 + 문맥", "question + context")
    )
    plot = histogram(found["length"], whole, ("토큰", "tokens"))
    rows = [
        (say((f"{limit}토큰보다 긴 레코드", f"records over {limit} tokens")), percent(found["truncated"])),
        *(
            (say((f"{limit}토큰 밖에 있는 {ko}", f"{en} beyond {limit} tokens")), percent(found[name]))
            for name, ko, en in (
                ("answer_truncated", "정답", "answers"),
                ("span_truncated", "낱말", "marked words"),
            )
            if name in found and (name != "answer_truncated" or report.task not in _NOT_READING)
        ),
        (say(("사전에 없는 토큰", "unknown tokens")), percent(found["unknown"]["tokens"])),
    ]
    scripts = [
        (f"{escape(script)} ({share['characters']:,})", percent(share))
        for script, share in found["unknown"]["by_script"].items()
    ]
    unknown = ("글자 종류별 모르는 글자", "unknown characters by script")
    letters = " ".join(escape(char) for char in found["unknown"]["most_frequent"])
    return (
        f'{head("토큰", "Tokens")}<div class="grid">{plot}<div>{table(rows)}</div>'
        f'<div><h3>{say(unknown)}</h3>{table(scripts)}<p class="soft">{letters}</p></div></div>'
    )


def _groups(report: CheckReport) -> str:
    plot = histogram(report.groups["sizes"], ("묶음의 크기", "group size"), ("레코드", "records"))
    rows = [(escape(name), f"{n:,}") for name, n in report.groups["largest"].items()]
    return f'{head("묶음", "Groups")}<div class="grid">{plot}<div>{table(rows)}</div></div>'


def _duplicates(report: CheckReport) -> str:
    rows = [
        (f"<code>{escape(p['first'])}</code> ~ <code>{escape(p['second'])}</code>", f"{p['similarity']:.2f}")
        for p in report.near_duplicates
    ]
    rows += [(" = ".join(f"<code>{escape(id)}</code>" for id in ids[:6]), "1") for ids in report.repeated]
    return head("겹치는 글", "Duplicates") + table(rows) if rows else ""


def _leaks(report: CheckReport) -> str:
    if not report.leaks:
        return ""
    rows = [(escape(kind), f"{n:,}") for kind, n in report.leaks["by_kind"].items()]
    rows += [
        (f"<code>{escape(p['train'])}</code> ~ <code>{escape(p['test'])}</code>", f"{p['similarity']:.2f}")
        for p in report.leaks["near_duplicates"]
    ]
    none = f"<p>{say(('겹치는 것이 없습니다.', 'Nothing is shared.'))}</p>"
    return head("다른 자료와 겹침", "Shared with the other set") + (table(rows) if rows else none)


def _problems(report: CheckReport) -> str:
    if not report.problems:
        return ""
    rows = [(escape(str(p["what"])), escape(str(p["cure"]))) for p in report.problems]
    return head("읽지 못한 행", "Rows kept out") + table(rows, numeric=False)
