"""Feedback as the review page shows it."""

from __future__ import annotations

from html import escape

from gongbang.serve.schemas_review import ReviewItem, ReviewPage
from gongbang.serve.studio.markup import marked, table, told
from gongbang.serve.studio.words import Words

_SHORT = 44  # characters of an answer in the queue


def choices(found: ReviewPage, words: Words) -> list[tuple[str, int]]:
    """The queue as choices, a line an item."""
    return [(line(one, words), one.id) for one in found.items]


def counted(found: ReviewPage, words: Words) -> str:
    """How many there are."""
    return words("review.count", total=f"{found.total:,}") if found.total else words("review.empty")


def line(item: ReviewItem, words: Words) -> str:
    """An item in a line."""
    said = " ".join((item.asked or item.answer).split())
    short = said[:_SHORT] + ("…" if len(said) > _SHORT else "")
    return f"{item.id}. [{words(f'review.from-{item.origin}')}] {words(f'review.{item.verdict}')}: {short}"


def item_html(item: ReviewItem, words: Words) -> str:
    """An item with everything that a reviewer needs to know."""
    top = f"{item.id}. {words(f'review.{item.state}')} · {words(f'review.{item.verdict}')}"
    parts = [f"<p class='big' id='review-top'>{escape(top)}</p>", _facts(item, words)]
    context = item.texts.get("context", "") or item.texts.get("text", "")
    if context:
        title = escape(words("review.context"))
        parts.append(f"<h2>{title}</h2><p class='text box tall' tabindex='0'>{_context(item, context)}</p>")
    if item.decisions:
        header = [words(f"review.{one}") for one in ("state", "text", "reviewer", "note")]
        made = [(words(f"review.{one.action}"), one.text, one.reviewer, one.note) for one in item.decisions]
        parts.append(f"<h2>{escape(words('review.decisions'))}</h2>" + table(header, made))
    return told("".join(parts))


def _facts(item: ReviewItem, words: Words) -> str:
    nothing = words("review.nothing")
    origin = f"{words(f'review.from-{item.origin}')} · {item.task} · {item.client}"
    rows = (
        ("review.asked", item.asked or item.texts.get("question", "")),
        ("review.said", item.answer or nothing),
        ("review.wanted", "" if item.correction is None else item.correction or nothing),
        ("review.note", item.note),
        ("review.where", " · ".join(filter(None, (origin, item.reference)))),
        ("review.model", item.artifact),
    )
    lines = "".join(
        f"<tr><th scope='row'>{escape(words(name))}</th><td class='cell'>{escape(value)}</td></tr>"
        for name, value in rows
        if value
    )
    return f"<table><tbody>{lines}</tbody></table>"


def _context(item: ReviewItem, context: str) -> str:
    """The text that the model read, with its answer marked where it is a span of it."""
    around = context.find(item.evidence) if item.evidence else -1
    evidence = (around, around + len(item.evidence)) if around >= 0 else None
    at = context.find(item.answer, max(around, 0)) if item.task == "reader" and item.answer else -1
    if at < 0:
        return marked(context, evidence)
    return marked(context, (at, at + len(item.answer)), evidence)
