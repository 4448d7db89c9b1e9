"""The error notebook as one HTML page: no outside assets, readable without scripts, filtered with them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from gongbang.artifacts.notebook import ErrorNotebook, Row
from gongbang.artifacts.notebook_page import article, buttons, neighbours_html, page, pieces_html
from gongbang.artifacts.slices import DIMENSIONS, QUESTION_WORDS, Slice
from gongbang.artifacts.stages import STAGES

_LEGEND = """<mark class="gold">gold · 정답</mark> <mark class="predicted">prediction · 예측</mark>
<mark class="both">both · 겹침</mark>"""


def notebook_html(notebook: ErrorNotebook) -> str:
    """The whole page. Every text of the data is escaped; nothing is loaded from anywhere.

    Example:
        >>> "오답노트" in notebook_html(ErrorNotebook("a <b>", (), {}, ()))
        True
    """
    sections = f"""<h2>Stage that failed · 실패한 단계</h2>
<div class="stages">{buttons(STAGES, notebook.counts)}</div>
<h2>Slices · 나누어 보기</h2>
<div class="slices">{_slices(notebook.slices)}</div>"""
    return page(
        f"Error notebook · 오답노트 · {notebook.name}".removesuffix(" · "),
        summary=_summary(notebook),
        sections=sections,
        legend=_LEGEND,
        articles=[_article(row) for row in notebook.rows],
        wrong=len(notebook.rows),
    )


def _summary(notebook: ErrorNotebook) -> str:
    n, wrong = len(notebook.outcomes), len(notebook.rows)
    share = f"{100 * (n - wrong) / n:.1f} %" if n else "–"
    parts = [f"{n:,} questions · 문항", f"{wrong:,} wrong · 오답", f"{share} exact match · 정확히 일치"]
    if not notebook.retrieval:
        parts.append("gold passage given · 정답 지문을 준 평가")
    if notebook.unlabelled:
        parts.append(f"{notebook.unlabelled:,} without gold · 정답 표시 없음")
    return " — ".join(parts)


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
    facts = [
        ("gold · 정답", _gold(row)),
        ("prediction · 예측", _prediction(row)),
        ("n-best · 후보", neighbours_html(row.neighbours, row.gold_rank)),
        (
            "retrieved · 검색",
            f"gold document at rank · 정답 문서 순위 {row.document_rank}" if row.document_rank else "",
        ),
        ("evidence · 근거", pieces_html(row.evidence)),
        ("read from · 읽은 곳", pieces_html(row.read_from)),
    ]
    where = f"{row.title} · {row.id}" if row.title else row.id
    return article(row.stage, STAGES[row.stage], escape(row.question), where, facts)


def _gold(row: Row) -> str:
    return " / ".join(map(escape, row.gold)) if row.gold else "<i>no answer · 답 없음</i>"


def _prediction(row: Row) -> str:
    text = escape(row.prediction) if row.prediction else "<i>no answer · 답 없음</i>"
    return f"{text} <small>confidence · 확신 {row.confidence:.2f}, F1 {100 * row.f1:.0f}</small>"
