"""Answers, hits and explanations as people read them on a terminal."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from gongbang.cli.output import coloured, style, table, warn_of
from gongbang.errors import printable

if TYPE_CHECKING:
    from gongbang.apps.answer import Answer
    from gongbang.errors import GongbangError
    from gongbang.search.base import Explanation, Hit

_EVIDENCE = 240  # characters of an evidence sentence that are shown
_PREVIEW = 90  # characters of a passage that are shown


def answer_text(answer: Answer) -> str:
    """The answer, the sentence it stands in with the span marked, and the place.

    Where there is no answer, the passage that the search put first is shown instead.
    """
    if not answer.passages:
        return f"{style('No answer here.', 'bold')} No passage shares a word with the question."
    if not answer.answered:
        return "\n".join(_no_answer(answer))
    sure = style(f"({answer.confidence:.0%} sure)", "dim")
    return "\n".join(
        [f"{style(answer.text, 'bold')}  {sure}", f"  {evidence(answer)}", f"  {_place(answer)}"]
    )


def evidence(answer: Answer) -> str:
    """The evidence sentence on one line, the span marked; long ones cropped around the span."""
    start = answer.start - answer.evidence_start
    end = start + len(answer.text)
    left, right = _window(len(answer.evidence), start, end)
    text = answer.evidence
    before, span, after = text[left:start], text[start:end], text[end:right]
    marked = style(flat(span), "mark") if coloured() else f"«{flat(span)}»"
    return ("… " if left else "") + flat(before) + marked + flat(after) + (" …" if right < len(text) else "")


def _window(length: int, start: int, end: int) -> tuple[int, int]:
    if length <= _EVIDENCE:
        return 0, length
    room = max(0, _EVIDENCE - (end - start)) // 2
    return max(0, start - room), min(length, end + room)


def _no_answer(answer: Answer) -> list[str]:
    near = answer.passages[0]
    guess = f" (best guess {answer.candidates[0].text!r}, {answer.confidence:.0%} sure)"
    shown = style(guess, "dim") if answer.candidates else ""
    preview = flat(near.text[:_PREVIEW]) + ("…" if len(near.text) > _PREVIEW else "")
    return [f"{style('No answer here.', 'bold')}{shown}", f"  nearest: {preview}", f"  {_place(answer)}"]


def _place(answer: Answer) -> str:
    parts = [answer.source or answer.document, answer.location or answer.title]
    return style(" › ".join(printable(part) for part in parts if part), "cyan")


def candidates_text(answer: Answer, count: int = 10) -> str:
    """The n-best as a table."""
    rows = [
        (
            number,
            f"{one.probability:.1%}",
            flat(one.text),
            printable(one.source or one.document),
            printable(one.location),
        )
        for number, one in enumerate(answer.candidates[:count], 1)
    ]
    return table(rows, header=("#", "sure", "text", "source", "place")) if rows else "no candidate"


def passages_text(answer: Answer) -> str:
    """The passages that were read as a table."""
    rows = [
        (number, f"{one.score:.3f}", parts_text(one.parts), printable(one.passage), flat(one.text[:40]))
        for number, one in enumerate(answer.passages, 1)
    ]
    return table(rows, header=("#", "score", "parts", "passage", "begins")) if rows else "no passage"


def hits_text(hits: Sequence[Hit]) -> str:
    """Search hits as a table."""
    rows = [
        (
            number,
            f"{hit.score:.3f}",
            parts_text(hit.parts),
            printable(hit.passage.id),
            flat(hit.passage.text[:60]),
        )
        for number, hit in enumerate(hits, 1)
    ]
    return table(rows, header=("#", "score", "parts", "passage", "begins")) if rows else "nothing found"


def explanation_text(explanation: Explanation) -> str:
    """What each part and each token added to a passage's score."""
    lines = [f"passage  {printable(explanation.passage_id)}", f"score    {explanation.score:.4f}"]
    lines += [f"  {name:<8} {value:.4f}" for name, value in explanation.parts.items()]
    lines += [f"raw {name:<8} {value:.4f}" for name, value in explanation.raw.items()]
    rows = [
        (
            printable(token.token),
            token.kind,
            f"{token.query_weight:.2f}",
            f"{token.idf:.2f}",
            token.body,
            token.title,
            f"{token.contribution:.3f}",
        )
        for token in explanation.tokens
    ]
    header = ("token", "kind", "weight", "idf", "in text", "in title", "adds")
    lines.append(table(rows, header=header) if rows else "no token of the question stands in the passage")
    return "\n".join(lines)


def parts_text(parts: Mapping[str, float]) -> str:
    """Scores by stage on one line.

    Example:
        >>> parts_text({"lexical": 3.25, "dense": 0.8})
        'lexical 3.25, dense 0.80'
    """
    return ", ".join(f"{name} {value:.2f}" for name, value in parts.items())


def show_problems(args: argparse.Namespace, problems: Iterable[GongbangError]) -> None:
    """Files that were passed over, each as the four lines of its error."""
    for problem in problems:
        warn_of(args, problem, "passed over: ")


def flat(text: str) -> str:
    """A text on one line, without characters that would steer the terminal.

    Example:
        >>> flat("두\\n줄\\x1b[31m")
        '두 줄\\\\x1b[31m'
    """
    return printable(text.replace("\r", "").replace("\n", " ").replace("\t", " "))
