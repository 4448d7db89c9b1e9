"""Chat: several turns, questions asked back as buttons, why, and what people think of each reply."""

from __future__ import annotations

from html import escape
from typing import Any

from gongbang.serve.schemas import Reply
from gongbang.serve.studio.client import Client
from gongbang.serve.studio.markup import head, notice, table, told
from gongbang.serve.studio.page import CLIENT, Page, Shown
from gongbang.serve.studio.words import Words

_ASKED_BACK = 2
Talk = dict[str, Any]
"""A conversation as the page keeps it: ``id``, and ``turns``, each with what was said and the reply's id."""


def build(page: Page) -> None:
    """Lay the page out."""
    gr, words = page.gr, page.words
    page.html(head("chat", words), id="head")
    talk = gr.State(new_talk())
    chat = gr.Chatbot(
        label=words("chat.talk"),
        placeholder=words("chat.placeholder"),
        show_label=False,  # it would lie upon what is said first
        height=320,
        render_markdown=False,
        feedback_options=None,
        buttons=[],
        elem_id="chat-talk",
    )
    meant = page.html(id="meant", live=True)
    with gr.Row():
        back = [gr.Button(visible=False, elem_id=f"chat-back-{at}") for at in range(_ASKED_BACK)]
    message = gr.Textbox(
        label=words("chat.message"), placeholder=words("chat.example"), elem_id="chat-message"
    )
    with gr.Row():
        send = gr.Button(words("chat.send"), variant="primary", elem_id="chat-send")
        again = gr.Button(words("chat.again"), elem_id="chat-again")
    explain = gr.Checkbox(label=words("chat.explain"), elem_id="chat-explain")
    said = page.notice()
    why = page.html(id="why")
    with gr.Accordion(words("chat.judge"), open=False, visible=False, elem_id="chat-judging") as judging:
        turn = gr.Dropdown(label=words("chat.turn"), choices=[], elem_id="chat-turn")
        with gr.Row():
            right = gr.Button(words("right"), elem_id="chat-right")
            wrong = gr.Button(words("wrong"), elem_id="chat-wrong")
        correction = gr.Textbox(label=words("correction"), elem_id="chat-correction", max_length=2000)
        correct = gr.Button(words("correct"), elem_id="chat-correct")
    every = [talk, chat, meant, *back, message, why, judging, turn, correction]

    def show(kept: Talk, reply: Reply | None) -> Shown:
        questions = list(reply.questions) if reply is not None else []
        choices = [(shown_turn(at, one), one["turn_id"]) for at, one in enumerate(kept["turns"], 1)]
        shown = {
            talk: kept,
            chat: messages(kept),
            meant: told(f"<p>{escape(words('chat.meant'))}</p>") if questions else "",
            message: "",
            why: explained(reply, words),
            judging: gr.update(visible=bool(choices)),
            turn: gr.update(choices=choices, value=choices[-1][1] if choices else None),
            correction: "",
        }
        for at, button in enumerate(back):
            asked = questions[at] if at < len(questions) else ""
            shown[button] = gr.update(value=asked, visible=bool(asked))
        return shown

    def say(text: str, kept: Talk, reasons: bool) -> Shown:
        after, reply = said_to(page.client, kept, text, reasons)
        return show(after, reply)

    for event, source in (
        (send.click, message),
        (message.submit, message),
        *((one.click, one) for one in back),
    ):
        page.on(event, say, [source, talk, explain], every, said)
    for event in (again.click, chat.clear):
        page.on(event, lambda: show(new_talk(), None), None, every, said)

    def keep(good: bool) -> Any:
        def work(about: int, *typed: str) -> Shown:
            page.client.judge_turn(about, good, (typed[0].strip() or None) if typed else None, CLIENT)
            return {said: notice(words("kept")), correction: ""}

        return work

    page.on(right.click, keep(True), [turn], [correction], said)
    page.on(wrong.click, keep(False), [turn], [correction], said)
    page.on(correct.click, keep(False), [turn, correction], [correction], said)


def new_talk() -> Talk:
    """A conversation that has yet to begin."""
    return {"id": None, "turns": []}


def said_to(client: Client, talk: Talk, text: str, explain: bool) -> tuple[Talk, Reply]:
    """The conversation after a message, and the reply.

    Raises:
        ApiError: the API does not take it; the conversation stays as it was.
    """
    reply = client.say(text, talk["id"], explain)
    turn = {"said": text, "reply": reply.text, "turn_id": reply.turn_id}
    return {"id": reply.conversation_id, "turns": [*talk["turns"], turn]}, reply


def messages(talk: Talk) -> list[dict[str, str]]:
    """A conversation as the chat's component shows it, which takes HTML even where it is told not to."""
    found = []
    for turn in talk["turns"]:
        found.append({"role": "user", "content": escape(turn["said"], quote=False)})
        found.append({"role": "assistant", "content": escape(turn["reply"], quote=False)})
    return found


def shown_turn(number: int, turn: dict[str, Any]) -> str:
    """A turn in a line.

    Example:
        >>> shown_turn(1, {"reply": "아침 열 시에 열어요."})
        '1. 아침 열 시에 열어요.'
    """
    text = " ".join(turn["reply"].split())
    return f"{number}. {text[:60]}{'…' if len(text) > 60 else ''}"


def explained(reply: Reply | None, words: Words) -> str:
    """What was found for a message, best first, with the scores that it was chosen by."""
    if reply is None or not reply.candidates:
        return ""
    names = ("chat.answer", "chat.sure", "chat.replies", "chat.like")
    rows = [
        (
            f"{one.question} → {one.text}" if one.question else one.text,
            f"{one.confidence:.2f}",
            f"{one.response_score:.2f}",
            f"{one.question_score:.2f}",
        )
        for one in reply.candidates
    ]
    return told(f"<h2>{escape(words('chat.found'))}</h2>" + table([words(name) for name in names], rows))
