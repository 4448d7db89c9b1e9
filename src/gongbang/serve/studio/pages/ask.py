"""Ask: a question to the server's documents, its answer in its place, and whether it was right."""

from __future__ import annotations

from html import escape
from typing import Any, cast

from gongbang.apps.answer import Answer
from gongbang.apps.ask import TOP_K
from gongbang.apps.loop.judged import of_answer
from gongbang.errors import DataError
from gongbang.serve.schemas_models import AskAnswer, FoundSpan, ReadPassage
from gongbang.serve.studio.client import Client
from gongbang.serve.studio.markup import excerpt, folded, head, marked, notice, percent, table, told
from gongbang.serve.studio.page import CLIENT, Page, Shown
from gongbang.serve.studio.words import Words

_MOST = 20  # passages that may be asked for
_OTHERS = 5  # candidates that are shown beside the answer
_ROOM = 120  # characters around the evidence that are shown of its passage


def build(page: Page) -> None:
    """Lay the page out."""
    gr, words = page.gr, page.words
    page.html(head("ask", words), id="head")
    answer = gr.State(None)
    question = gr.Textbox(
        label=words("ask.question"), placeholder=words("ask.example"), elem_id="ask-question"
    )
    with gr.Accordion(words("ask.more"), open=False):
        top_k = gr.Slider(1, _MOST, value=TOP_K, step=1, label=words("ask.top-k"))
    button = gr.Button(words("ask.button"), variant="primary", elem_id="ask-button")
    said = page.notice()
    shown = page.html(id="answer", live=True)
    with gr.Column(visible=False) as judging:
        page.html(told(f"<h2>{escape(words('ask.judge'))}</h2>"), id="judge")
        with gr.Row():
            right = gr.Button(words("right"), elem_id="ask-right")
            wrong = gr.Button(words("wrong"), elem_id="ask-wrong")
            nothing = gr.Button(words("ask.no-answer"), elem_id="ask-nothing")
        correction = gr.Textbox(
            label=words("correction"), info=words("ask.words"), elem_id="ask-correction", max_length=2000
        )
        correct = gr.Button(words("correct"), elem_id="ask-correct")

    def ask(text: str, most: float) -> Shown:
        found = page.client.ask(text, int(most))
        return {
            answer: found.model_dump(mode="json"),
            shown: answered(found, words),
            judging: gr.update(visible=True),
            correction: "",
        }

    for event in (button.click, question.submit):
        page.on(event, ask, [question, top_k], [answer, shown, judging, correction], said)

    def keep(good: bool, right: str | None) -> Any:
        def work(kept: dict[str, Any], *typed: str) -> Shown:
            judge(page.client, kept, good, typed[0] if typed else right, words)
            return {said: notice(words("kept")), judging: gr.update(visible=False)}

        return work

    for pressed, work, given in (
        (right, keep(True, None), [answer]),
        (wrong, keep(False, None), [answer]),
        (nothing, keep(False, ""), [answer]),
        (correct, keep(False, None), [answer, correction]),
    ):
        page.on(pressed.click, work, given, [judging], said)


def judge(client: Client, kept: dict[str, Any], good: bool, correction: str | None, words: Words) -> None:
    """Send what somebody thinks of an answer, with the passage that it was read from.

    Args:
        kept: the answer as the API gave it.
        correction: what would be right; "" for no answer there, None where it was not said.

    Raises:
        DataError: a correction of blanks. ApiError: the API does not take it.
    """
    if correction is not None and correction != "" and not correction.strip():
        raise _blank(words)
    answer = AskAnswer.model_validate(kept)
    readers = [model for model in client.models() if model.task == "reader"]
    name, id = (readers[0].artifact, readers[0].id) if len(readers) == 1 else ("", "")
    told = of_answer(
        cast(Answer, answer),  # the same names, as JSON
        good,
        artifact=name,
        artifact_id=id,
        correction=correction.strip() if correction else correction,
        client=CLIENT,
    )
    client.judge_answer(told)


def _blank(words: Words) -> DataError:
    return DataError(
        words("ask.blank-correction"), value="", allowed="", cure=words("ask.words"), field="correction"
    )


def answered(answer: AskAnswer, words: Words) -> str:
    """An answer with its passage, or that there is none with the passage that came nearest."""
    if answer.answered:
        sure = words("confidence", percent=percent(answer.confidence))
        top = f"<p class='big' id='ask-text'>{escape(answer.text)} <small>{escape(sure)}</small></p>"
    else:
        sure = words("ask.best", percent=percent(answer.confidence))
        top = f"<p class='big' id='ask-text'>{escape(words('ask.nothing'))} <small>{escape(sure)}</small></p>"
    passage = passage_of(answer)
    parts = [top, _evidence(answer, passage, words), _others(answer, words)]
    rest = [one for one in answer.passages if one is not passage]
    if rest:
        inner = "".join(f"<div class='box'><small>{escape(_place(one))}</small><p class='text'>"
                        f"{escape(one.text)}</p></div>" for one in rest)  # fmt: skip
        parts.append(folded(f"{words('ask.passages')} ({len(rest)})", inner))
    return told("".join(parts))


def passage_of(answer: AskAnswer) -> ReadPassage | None:
    """The passage that holds the answer, or the one that came nearest; None where it was not sent."""
    for one in answer.passages:
        at = answer.start - one.start
        if not answer.answered:
            if answer.evidence and answer.evidence in one.text:
                return one
        elif one.document == answer.document and at >= 0 and one.text[at:].startswith(answer.text):
            return one
    return None if answer.answered or not answer.passages else answer.passages[0]


def _evidence(answer: AskAnswer, passage: ReadPassage | None, words: Words) -> str:
    """The evidence with what stands around it, and the whole passage on demand."""
    if passage is None and not answer.evidence:
        return ""
    text, at, around = _placed(answer, passage)
    first, last = excerpt(text, *around, _ROOM)
    inner = (around[0] - first, around[1] - first)
    mark = None if at is None else (at[0] - first, at[1] - first)
    shown = marked(text[first:last], mark, inner)
    shown = f"{'… ' if first else ''}{shown}{' …' if last < len(text) else ''}"
    title = words("ask.evidence") if answer.answered else words("ask.nearest")
    place = _place(answer) if answer.answered or passage is None else _place(passage)
    whole = f"<p class='text'>{marked(text, at, around)}</p>"
    return (
        f"<h2>{escape(title)}</h2><div class='box'><p class='text' id='ask-passage'>{shown}</p>"
        f"<small>{escape(words('ask.source'))}: {escape(place)}</small>"
        + (folded(words("ask.whole"), whole) if (first, last) != (0, len(text)) else "")
        + "</div>"
    )


def _placed(
    answer: AskAnswer, passage: ReadPassage | None
) -> tuple[str, tuple[int, int] | None, tuple[int, int]]:
    """A text, where the answer stands in it, and where its evidence does."""
    if passage is None:
        return answer.evidence, None, (0, len(answer.evidence))
    if answer.answered:
        at = answer.start - passage.start
        around = (max(0, answer.evidence_start - passage.start), answer.evidence_end - passage.start)
        return passage.text, (at, at + len(answer.text)), around
    near = max(0, passage.text.find(answer.evidence))
    return passage.text, None, (near, near + len(answer.evidence))


def _place(found: AskAnswer | ReadPassage | FoundSpan) -> str:
    return " › ".join(filter(None, (found.source or found.title or found.document, found.location)))


def _others(answer: AskAnswer, words: Words) -> str:
    others = [one for one in answer.candidates if one.text != answer.text][:_OTHERS]
    if not others:
        return ""
    header = (words("ask.others"), words("chat.sure"), words("ask.source"))
    rows = [(one.text, f"{percent(one.probability)}%", _place(one)) for one in others]
    return folded(words("ask.others"), table(header, rows))
