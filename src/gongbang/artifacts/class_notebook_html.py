"""The error notebook of a label task as one HTML page: no outside assets, filtered by kind and by words."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from gongbang.artifacts.class_kinds import KINDS
from gongbang.artifacts.class_notebook import Cell, ClassNotebook, LabelRow, LabelScore, TypePair
from gongbang.artifacts.class_rows import DIMENSIONS
from gongbang.artifacts.notebook_page import article, buttons, neighbours_html, page, pieces_html
from gongbang.artifacts.slices import Slice

_MOST_ROWS = 2000  # a page of more wrong rows is slow to open; all of them are in notebook.json
_MOST_LABELS = 40  # a wider table cannot be read; the labels with most errors are kept
_MOST_CONFUSIONS = 20
_NOTHING = "<i>nothing · 없음</i>"
_MARKS = {
    "subject": "subject · 주어",
    "object": "object · 목적어",
    "evidence": "evidence · 근거",
}


def class_notebook_html(notebook: ClassNotebook) -> str:
    """The whole page. Every text of the data is escaped; nothing is loaded from anywhere.

    Example:
        >>> "오답노트" in class_notebook_html(ClassNotebook("a <b>", ("no", "yes"), (), {}))
        True
    """
    sections = [
        f'<h2>Kind of error · 오류 종류</h2><div class="stages">{buttons(KINDS, notebook.counts)}</div>',
        f'<h2>Labels · 레이블</h2><div class="wide">{_report(notebook.report)}</div>',
        _confusion(notebook),
        _types(notebook.types),
        f'<h2>Slices · 나누어 보기</h2><div class="slices">{_slices(notebook.slices)}</div>',
    ]
    return page(
        f"Error notebook · 오답노트 · {notebook.name}".removesuffix(" · "),
        summary=_summary(notebook),
        sections="\n".join(section for section in sections if section),
        legend=_legend(notebook),
        articles=[_article(row) for row in notebook.rows[:_MOST_ROWS]],
        wrong=len(notebook.rows),
    )


def _summary(notebook: ClassNotebook) -> str:
    n, wrong = len(notebook.outcomes), len(notebook.rows)
    share = f"{100 * (n - wrong) / n:.1f} %" if n else "–"
    what = "all labels right · 모두 맞음" if notebook.several else "accuracy · 정확도"
    parts = [f"{n:,} records · 건", f"{wrong:,} wrong · 오답", f"{share} {what}"]
    if notebook.unlabelled:
        parts.append(f"{notebook.unlabelled:,} without gold · 정답 표시 없음")
    return " — ".join(parts)


def _legend(notebook: ClassNotebook) -> str:
    met = {piece.mark for row in notebook.rows for text in row.texts for piece in text.pieces}
    return " ".join(f'<mark class="{mark}">{words}</mark>' for mark, words in _MARKS.items() if mark in met)


def _report(report: Sequence[LabelScore]) -> str:
    rows = "".join(
        f"<tr><td>{escape(s.label)}</td><td>{s.support:,}</td><td>{s.predicted:,}</td>"
        f"<td>{s.precision:.3f}</td><td>{s.recall:.3f}</td><td>{s.f1:.3f}</td></tr>"
        for s in report
    )
    return (
        "<table><tr><th></th><th>gold · 정답</th><th>predicted · 예측</th><th>precision · 정밀도</th>"
        f"<th>recall · 재현율</th><th>F1</th></tr>{rows}</table>"
    )


def _confusion(notebook: ClassNotebook) -> str:
    cells = {(cell.gold, cell.predicted): cell.n for cell in notebook.confusion}
    labels = _shown_labels(notebook)
    down = [*labels, *([""] if any(gold == "" for gold, _ in cells) else [])]
    across = [*labels, *([""] if any(predicted == "" for _, predicted in cells) else [])]
    head = "".join(f'<th class="up">{_name(label)}</th>' for label in across)
    rows = "".join(
        f"<tr><td>{_name(gold)}</td>{''.join(_cell(cells, gold, predicted) for predicted in across)}</tr>"
        for gold in down
    )
    left_out = len(notebook.labels) - len(labels)
    note = f"<p class='sub'>{left_out:,} labels with fewer errors left out · 오류가 적은 레이블 생략</p>"
    return (
        "<h2>Confusion · 혼동 (gold ↓ · 정답, predicted → · 예측)</h2>"
        f'<div class="wide"><table><tr><th></th>{head}</tr>{rows}</table></div>{note if left_out else ""}'
        f'<div class="slices">{_confusions("Most frequent · 잦은 혼동", notebook.confusions)}</div>'
    )


def _shown_labels(notebook: ClassNotebook) -> tuple[str, ...]:
    if len(notebook.labels) <= _MOST_LABELS:
        return notebook.labels
    wrong = dict.fromkeys(notebook.labels, 0)
    for cell in notebook.confusions:
        for label in (cell.gold, cell.predicted):
            if label:
                wrong[label] += cell.n
    kept = set(sorted(wrong, key=lambda label: -wrong[label])[:_MOST_LABELS])
    return tuple(label for label in notebook.labels if label in kept)


def _cell(cells: dict[tuple[str, str], int], gold: str, predicted: str) -> str:
    n = cells.get((gold, predicted), 0)
    kind = "hit" if gold == predicted else "miss"
    return f'<td class="{kind}">{n:,}</td>' if n else "<td></td>"


def _confusions(caption: str, cells: Sequence[Cell]) -> str:
    rows = "".join(
        f"<tr><td>{_name(cell.gold)} → {_name(cell.predicted)}</td><td>{cell.n:,}</td></tr>"
        for cell in cells[:_MOST_CONFUSIONS]
    )
    return f"<table><caption>{caption}</caption>{rows}</table>" if rows else ""


def _types(types: Sequence[TypePair]) -> str:
    tables = []
    for pair in types:
        wrong = [cell for cell in pair.confusions if cell.gold != cell.predicted]
        name = f"{escape(pair.subject or '?')} · {escape(pair.object or '?')}"
        caption = f"{name} — {pair.wrong:,} / {pair.n:,} wrong · 오답"
        if wrong:
            tables.append(_confusions(caption, wrong))
    if not tables:
        return ""
    return f'<h2>Pairs of types · 유형 쌍</h2><div class="slices">{"".join(tables)}</div>'


def _slices(slices: Sequence[Slice]) -> str:
    tables = []
    for dimension, (english, korean) in DIMENSIONS.items():
        rows = "".join(
            f"<tr><td>{escape(s.key)}</td><td>{s.n:,}</td><td>{s.wrong:,}</td>"
            f"<td>{100 * s.exact_match:.1f}</td></tr>"
            for s in slices
            if s.dimension == dimension and dimension != "label"  # of which the table of labels tells more
        )
        if rows:
            tables.append(
                f"<table><caption>{english} · {korean}</caption><tr><th></th><th>n</th>"
                f"<th>wrong · 오답</th><th>right · 정답 %</th></tr>{rows}</table>"
            )
    return "".join(tables)


def _article(row: LabelRow) -> str:
    first, *others = row.texts or [None]
    head = f"{pieces_html(first.pieces)}" if first else escape(row.id)
    facts = [
        *((escape(text.name), pieces_html(text.pieces)) for text in others if text),
        ("gold · 정답", f"{_names(row.gold)}{_probability(row.gold_probability)}"),
        ("prediction · 예측", f"{_names(row.predicted)}{_probability(row.probability)}"),
        ("n-best · 후보", neighbours_html(row.neighbours, row.gold_rank) if row.gold_rank else ""),
        ("window · 창", _window(row)),
    ]
    where = " · ".join(
        part for part in (row.id, row.group if row.group != row.id else "", row.source) if part
    )
    return article(row.stage, KINDS[row.stage], head, where, facts)


def _window(row: LabelRow) -> str:
    if row.window is None:
        return ""
    whole = next((text.length for text in row.texts if text.name == "context"), 0)
    return f"characters · 글자 {row.window[0]:,}–{row.window[1]:,} / {whole:,}"


def _probability(value: float | None) -> str:
    return "" if value is None else f" <small>{value:.2f}</small>"


def _names(labels: Sequence[str]) -> str:
    return ", ".join(map(escape, labels)) or _NOTHING


def _name(label: str) -> str:
    return escape(label) or _NOTHING
