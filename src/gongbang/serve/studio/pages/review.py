"""Review: the queue of what people thought, and what a reviewer decides about it."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

from gongbang.errors import OptionError
from gongbang.serve.schemas_review import ReviewItem
from gongbang.serve.studio.client import ApiError
from gongbang.serve.studio.markup import head, notice, told
from gongbang.serve.studio.page import Page, Shown
from gongbang.serve.studio.pages.review_text import choices, counted, item_html

STATES = ("open", "accepted", "corrected", "rejected")
ORIGINS = ("chat", "ask", "game", "predict")
_ON_A_PAGE = 12


def build(page: Page, load: Any) -> None:
    """Lay the page out. ``load`` is the event of its being opened."""
    _ReviewPage(page).wire(load)


class _ReviewPage:
    """The components of the page, and what they do."""

    def __init__(self, page: Page) -> None:
        self.page, gr, words = page, page.gr, page.words
        page.html(head("review", words), id="head")
        self.after, self.item = gr.State(0), gr.State(None)
        every = (words("review.all"), "")
        with gr.Row():
            self.state = gr.Dropdown(
                [*((words(f"review.{one}"), one) for one in STATES), every],
                value="open",
                label=words("review.state"),
                elem_id="review-state",
            )
            self.origin = gr.Dropdown(
                [every, *((words(f"review.from-{one}"), one) for one in ORIGINS)],
                value="",
                label=words("review.origin"),
                elem_id="review-origin",
            )
        self.said = page.notice()
        with gr.Row():
            with gr.Column(scale=1, min_width=280):
                self._queue()
            with gr.Column(scale=2, min_width=280):
                self._decision()

    def _queue(self) -> None:
        gr, words = self.page.gr, self.page.words
        self.queue = gr.Radio([], label=words("review.queue"), elem_id="review-queue")
        self.count = self.page.html(id="count")
        with gr.Row():
            self.first = gr.Button(words("review.first"), size="sm", elem_id="review-first")
            self.following = gr.Button(words("review.next"), size="sm", elem_id="review-next")

    def _decision(self) -> None:
        gr, words = self.page.gr, self.page.words
        choose = told(f"<p>{escape(words('review.choose'))}</p>")
        self.shown = self.page.html(choose, id="item", live=True)
        with gr.Column(visible=False) as self.deciding:
            self.reviewer = gr.Textbox(
                label=words("review.reviewer"), max_length=100, elem_id="review-reviewer"
            )
            self.text = gr.Textbox(label=words("review.text"), max_length=2000, elem_id="review-text")
            self.note = gr.Textbox(label=words("review.note"), max_length=2000, elem_id="review-note")
            with gr.Row():
                self.accept = gr.Button(words("review.accept"), variant="primary", elem_id="review-accept")
                self.correct = gr.Button(words("review.correct"), elem_id="review-correct")
                self.reject = gr.Button(words("review.reject"), elem_id="review-reject")
            self.nothing = gr.Button(words("review.no-answer"), size="sm", elem_id="review-nothing")

    def wire(self, load: Any) -> None:
        """Have the components do their work."""
        page, which = self.page, [self.state, self.origin]
        listed = [self.after, self.queue, self.count, self.following]
        looked = [self.item, self.shown, self.deciding, self.text, self.nothing]
        for event in (load, self.first.click, self.state.change, self.origin.change):
            page.on(event, lambda state, origin: self._listing(state, origin, 0), which, listed, self.said)
        page.on(self.following.click, self._listing, [*which, self.after], listed, self.said)
        page.on(self.queue.input, self._choose, [self.queue], looked, self.said)
        given = [self.item, self.reviewer, self.note, self.text, *which]
        for button, action, right in (
            (self.accept, "accept", None),
            (self.correct, "correct", None),
            (self.reject, "reject", None),
            (self.nothing, "correct", ""),
        ):
            page.on(button.click, self._deciding(action, right), given, [*looked, *listed], self.said)

    def _listing(self, state: str, origin: str, after: int) -> Shown:
        found = self.page.client.review(
            state=state or None, origin=origin or None, after=after or None, limit=_ON_A_PAGE
        )
        update, words = self.page.gr.update, self.page.words
        return {
            self.after: found.next or 0,
            self.queue: update(choices=choices(found, words), value=None),
            self.count: told(f"<small>{escape(counted(found, words))}</small>"),
            self.following: update(interactive=found.next is not None),
        }

    def _choose(self, id: int | None) -> Shown:
        return {} if id is None else self._look(self.page.client.review_item(id))

    def _look(self, item: ReviewItem) -> Shown:
        update = self.page.gr.update
        return {
            self.item: item.model_dump(mode="json"),
            self.shown: item_html(item, self.page.words),
            self.deciding: update(visible=True),
            self.text: item.correction or "",
            self.nothing: update(visible=item.task == "reader"),
        }

    def _deciding(self, action: str, right: str | None) -> Callable[..., Shown]:
        words = self.page.words

        def work(now: dict[str, Any], *typed: str) -> Shown:
            reviewer, note, text, state, origin = typed
            said = text if right is None else right
            decision = {"action": action, "text": said if action == "correct" else None, "note": note}
            try:
                item = decide(self.page, now, reviewer, decision)
            except ApiError as err:
                if err.kind != "conflict":
                    raise
                now_is = self._look(self.page.client.review_item(now["id"]))
                return {**now_is, self.said: notice(words("review.conflict"), "alert", [err.what])}
            done = words("review.done", id=item.id, state=words(f"review.{item.state}"))
            return {**self._look(item), **self._listing(state, origin, 0), self.said: notice(done)}

        return work


def decide(page: Page, now: dict[str, Any], reviewer: str, decision: dict[str, Any]) -> ReviewItem:
    """The item after a decision about the version that was looked at.

    Args:
        now: the item as the page shows it. decision: the action, what is right, and why.

    Raises:
        OptionError: nobody's name. ApiError: the API does not take it; "conflict" where somebody was faster.
    """
    if not reviewer.strip():
        raise OptionError(page.words("review.nobody"), value="", allowed="", cure="")
    return page.client.decide(now["id"], **decision, reviewer=reviewer.strip(), version=now["version"])
