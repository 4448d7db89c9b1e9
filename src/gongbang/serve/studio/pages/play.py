"""Play: Twenty Questions either way round, and marks on the answers at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gongbang.apps.twenty_questions.game import TURNS
from gongbang.serve.games.schemas import GameSet, GuessGame, ReverseGame
from gongbang.serve.studio.client import ApiError, Game, game_of
from gongbang.serve.studio.markup import head, notice, problem, told
from gongbang.serve.studio.page import Page, Shown
from gongbang.serve.studio.pages.play_text import mark_choices, scene, turn_line
from gongbang.serve.studio.words import Words

ACTS = {"ask": "questions", "clue": "hints", "answer": "guesses"}
"""A button to the part of the API that it plays by."""
REPLIES = {"yes": "yes", "no": "no", "unknown": "no-answer"}
"""What the API is told in a reverse game, to the word on its button."""
Kept = dict[str, Any]
"""The game as the page keeps it: ``game`` as the API gave it, and what was ``typed``, by turn."""


def build(page: Page, load: Any) -> None:
    """Lay the page out. ``load`` is the event of its being opened."""
    _PlayPage(page).wire(load)


class _PlayPage:
    """The components of the page, and what they do."""

    def __init__(self, page: Page) -> None:
        self.page, gr, words = page, page.gr, page.words
        page.html(head("play", words), id="head")
        self.kept = gr.State(None)
        self._choose()
        self.said = page.notice()
        self.shown = page.html(id="scene", live=True)
        with gr.Column(visible=False) as self.guessing:
            self.text = gr.Textbox(
                label=words("play.text"),
                placeholder=words("play.example"),
                max_length=200,
                elem_id="play-text",
            )
            with gr.Row():
                self.acts = {one: gr.Button(words(f"play.{one}"), elem_id=f"play-{one}") for one in ACTS}
        with gr.Row(visible=False) as self.replying:
            self.replies = {
                one: gr.Button(words(name), elem_id=f"play-{one}") for one, name in REPLIES.items()
            }
        self.give_up = gr.Button(words("play.give-up"), visible=False, elem_id="play-give-up")
        with gr.Column(visible=False) as self.marking:
            page.html(told(f"<h2>{words('play.mark')}</h2>"), id="mark-hint")
            self.marks = [
                gr.Radio([], visible=False, elem_id=f"play-mark-{number}") for number in range(1, TURNS + 1)
            ]
            self.send = gr.Button(words("play.send-marks"), variant="primary", elem_id="play-send-marks")

    def _choose(self) -> None:
        gr, words = self.page.gr, self.page.words
        with gr.Row():
            self.kind = gr.Radio(
                [(words("play.guess"), "guess"), (words("play.reverse"), "reverse")],
                value="guess",
                label=words("play.which"),
                elem_id="play-kind",
            )
            self.category = gr.Dropdown(
                [(words("play.any"), "")], value="", label=words("play.category"), elem_id="play-category"
            )
        self.start = gr.Button(words("start"), variant="primary", elem_id="play-start")

    def wire(self, load: Any) -> None:
        """Have the components do their work."""
        page, client = self.page, self.page.client
        every = [self.kept, self.shown, self.guessing, self.replying, self.give_up, self.text, self.marking]
        every += [self.acts["clue"], self.replies["unknown"], *self.marks]
        page.on(load, self._opened, None, [self.category], self.said)
        page.on(self.start.click, self._begin, [self.kind, self.category], every, self.said)
        for name, button in self.acts.items():
            page.on(button.click, self._acting(ACTS[name]), [self.text, self.kept], every, self.said)
        page.on(self.text.submit, self._acting(ACTS["ask"]), [self.text, self.kept], every, self.said)
        for name, button in self.replies.items():
            page.on(button.click, self._replying(name), [self.kept], every, self.said)

        def end(now: Kept) -> Shown:
            return self._act(lambda: client.give_up(now["game"]["id"]), now)

        page.on(self.give_up.click, end, [self.kept], every, self.said)
        page.on(self.send.click, self._mark, [self.kept, *self.marks], [self.marking], self.said)

    def _opened(self) -> Shown:
        choices, closed = opening(self.page.client.game_sets(), self.page.words)
        return {self.category: self.page.gr.update(choices=choices, value=""), self.said: closed}

    def _begin(self, kind: str, category: str) -> Shown:
        wanted = category if kind == "guess" and category else None
        return self._show(after(None, self.page.client.begin_game(kind, wanted, self.page.words.language)))

    def _acting(self, do: str) -> Callable[[str, Kept], Shown]:
        def work(text: str, now: Kept) -> Shown:
            game = now["game"]
            return self._act(lambda: self.page.client.play(game["id"], do, text, game["version"]), now, text)

        return work

    def _replying(self, said: str) -> Callable[[Kept], Shown]:
        def work(now: Kept) -> Shown:
            game = now["game"]
            return self._act(lambda: self.page.client.reply(game["id"], said, game["version"]), now)

        return work

    def _act(self, work: Callable[[], Game], before: Kept, typed: str = "") -> Shown:
        try:
            return self._show(after(before, work(), typed))
        except ApiError as err:
            if not err.body.get("game"):
                raise
            # It has gone on, in another window for instance: what is true now, and why nothing was done.
            now = after(before, game_of(err.body["game"]))
            return {**self._show(now), self.said: problem(err, self.page.words)}

    def _mark(self, now: Kept, *values: str | None) -> Shown:
        kept = self.page.client.mark(now["game"]["id"], wrong_of(now["game"], values))
        done = self.page.words("play.marked", right=kept.right, wrong=kept.wrong)
        return {self.said: notice(done), self.marking: self.page.gr.update(visible=False)}

    def _show(self, now: Kept) -> Shown:
        update = self.page.gr.update
        game = game_of(now["game"])
        playing, guess = game.status == "playing", isinstance(game, GuessGame)
        asked = isinstance(game, ReverseGame) and game.move is not None and game.move.kind == "question"
        return {
            self.kept: now,
            self.shown: scene(game, now["typed"], self.page.words),
            self.guessing: update(visible=guess and playing),
            self.replying: update(visible=playing and not guess),
            self.give_up: update(visible=playing),
            self.text: "",
            self.marking: update(visible=bool(to_mark(game))),
            self.acts["clue"]: update(interactive=isinstance(game, GuessGame) and game.hint_open),
            self.replies["unknown"]: update(visible=asked),
            **self._marks(game),
        }

    def _marks(self, game: Game) -> Shown:
        turns = {turn.number: turn for turn in to_mark(game)}
        words, update, updates = self.page.words, self.page.gr.update, {}
        for number, radio in enumerate(self.marks, 1):
            turn = turns.get(number)
            if turn is None:
                updates[radio] = update(visible=False)
            else:
                label, choices = turn_line(turn, words), mark_choices(turn, words)
                updates[radio] = update(visible=True, label=label, choices=choices, value="right")
        return updates


def to_mark(game: Game) -> list[Any]:
    """The turns that may be marked: what a model answered in a game that is over and not marked yet."""
    if not isinstance(game, GuessGame) or game.status == "playing" or game.marked:
        return []
    return [turn for turn in game.turns if turn.kind != "guess"]


def after(before: Kept | None, game: Game, typed: str = "") -> Kept:
    """What the page keeps after an action. Until the end the API does not say what was typed; the page does.

    Args:
        before: None for a game that has just begun. typed: by the player, in this action.
    """
    known = dict(before["typed"]) if before is not None else {}
    if isinstance(game, GuessGame) and typed:
        known[str(len(game.turns))] = typed
    if isinstance(game, ReverseGame) and before is not None and before["game"].get("move"):
        known[str(game.used)] = before["game"]["move"]["text"]
    return {"game": game.model_dump(mode="json"), "typed": known}


def opening(sets: Sequence[GameSet], words: Words) -> tuple[list[tuple[str, str]], str]:
    """The categories to choose from, and a notice where a game cannot be played here."""
    first = sets[0]
    choices = [(words("play.any"), ""), *((one, one) for one in first.categories)]
    lacking = [name for name in ("guess", "reverse") if not getattr(first, name)]
    if not lacking:
        return choices, ""
    names = ", ".join(words(f"play.{name}") for name in lacking)
    return choices, notice(words("play.closed"), "alert", [names])


def wrong_of(game: Mapping[str, Any], values: Sequence[str | None]) -> dict[int, str]:
    """The turns that were marked wrong, with what would have been right or "".

    Args:
        game: as the page keeps it. values: what was chosen for each of the twenty turns.

    Example:
        >>> wrong_of({"turns": [{"number": 1, "kind": "question"}]}, ["no", None])
        {1: 'no'}
    """
    kinds = {turn["number"]: turn["kind"] for turn in game["turns"]}
    wrong = {}
    for number, value in enumerate(values, 1):
        if kinds.get(number, "guess") != "guess" and value not in (None, "right"):
            wrong[number] = "" if value == "wrong" else str(value)
    return wrong
