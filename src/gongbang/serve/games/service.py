"""What a server does with a game: read it, play one action, see to what would be sent, and keep it.

A game is in the database and nowhere else, so any process may play the next action. The engine is made anew
for each action: it holds keywords and models, which are everybody's, and the game, which is nobody else's.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Literal

from anyio import CapacityLimiter
from sqlalchemy.orm import Session

from gongbang.apps.loop.judged import of_game
from gongbang.apps.twenty_questions import Game, ReverseGame, feedback_of
from gongbang.apps.twenty_questions.game import HINTS_FROM
from gongbang.errors import StoreConflictError
from gongbang.serve.database.checks import checked_text
from gongbang.serve.database.feedback_rows import checked_judged, insert_feedback
from gongbang.serve.database.games import GameKind, Games, Held, gone_on
from gongbang.serve.database.store import Store
from gongbang.serve.games.queued import missing
from gongbang.serve.games.refusals import not_now, of_field, quiet, unfit
from gongbang.serve.games.rules import Rules, Shown, new_id, reverse_of
from gongbang.serve.games.sets import KeywordSet

Do = Literal["ask", "hint", "guess"]
CLIENT = "rest"
"""What marks say they came by."""
_TRIES = 3


class GameService:
    """The games of a server, played by many threads at once.

    The database may be away, then and later.

    Args:
        store: the open database.
        rules: what is played by.
        at_once: actions that may wait for a model at the same time; who waits for that holds no thread.
        games: the repository; one over the store when None.
    """

    def __init__(
        self,
        store: Store,
        rules: Rules,
        *,
        at_once: int = 32,
        games: Games | None = None,
    ) -> None:
        self._store, self.rules = store, rules
        self._games = games or Games(store)
        self.playing = CapacityLimiter(at_once)

    @property
    def games(self) -> Games:
        """The games.

        Raises:
            StoreAwayError: the tables were not looked at yet, and the database is not reachable.
        """
        self._store.prepare()
        return self._games

    # -- for both games ----------------------------------------------------------------------------

    def start(self, kind: GameKind, *, keywords: str | None, category: str | None, language: str) -> Shown:
        """Begin a game.

        Args:
            keywords: the name of the set; the first when None.
            category: of the keyword that is chosen, of a guessing game alone; any when None.

        Raises:
            DataError: no such set or category, or a set without a table for the reverse game.
            ModelMissingError: the guessing game lacks a model.
        """
        held_set = self.rules.set_named(keywords)
        id = new_id(held_set)
        state: Game | ReverseGame
        if kind == "guess":
            if (task := self.rules.lacks) is not None:
                raise missing(task)
            with of_field("category"):
                state = self.rules.engine(held_set).start(category=category)
        else:
            if category is not None:
                raise unfit("in the reverse game the player chooses.", category, "none", "category")
            state = reverse_of(held_set).start(seed=secrets.randbits(32))
        state = replace(state, id=id)
        with quiet():
            held = self.games.start(id, kind, state.to_dict(), keywords=held_set.name, language=language)
        return self.rules.shown(held, held_set, state)

    def show(self, id: str) -> Shown:
        """A game as it stands.

        Raises:
            StoreMissingError: there is none. GameStateError: it is of keywords that are not here.
        """
        held = self._held(id, None)
        return self.rules.shown(held, *self.rules.opened(held))

    def give_up(self, id: str) -> Shown:
        """End a game; one that is over stays as it is.

        Raises:
            StoreMissingError, GameStateError: as :meth:`show`.
            StoreConflictError: it was played on several times meanwhile.
        """
        for _ in range(_TRIES):
            with suppress(StoreConflictError):  # whatever was played meanwhile, it is to end
                return self._given_up(id)
        return self._given_up(id)

    def _given_up(self, id: str) -> Shown:
        held = self._held(id, None)
        held_set, state = self.rules.opened(held)
        if held.finished is not None:
            return self.rules.shown(held, held_set, state)
        if isinstance(state, Game):
            return self._kept(held, held_set, self.rules.engine(held_set).give_up(state))
        return self._kept(held, held_set, reverse_of(held_set).give_up(state))

    # -- the guessing game -------------------------------------------------------------------------

    def play(self, id: str, do: Do, text: str, version: int | None = None) -> Shown:
        """Ask, have a hint, or guess; a model may be waited for.

        Args:
            version: of the game that the player saw; whichever there is when None.

        Raises:
            StoreMissingError: there is no such game.
            StoreConflictError: the game has another version; no turn was used by this action.
            GameStateError: it is over, a reverse game, of other keywords, or gives no hints yet.
            DataError: a text that cannot be used.
            ModelMissingError, BusyError, LateError: a model is not there, has too much to do, or was late.
        """
        checked_text(text, "text")  # as every database keeps it, and so as it can be marked
        held = self._held(id, version)
        held_set, game = self.rules.opened(held)
        if not isinstance(game, Game):
            raise not_now("this is a reverse game: the machine asks.", held.kind, "a guessing game")
        if game.over:
            raise not_now("the game is over.", game.status, "a game in play")
        if do == "hint" and not game.hint_open:
            raise not_now(
                f"hints are given from the sixth turn on, after {HINTS_FROM} were used.",
                f"{game.used} turns used",
                f"{HINTS_FROM} turns used, or more",
                f"Ask or guess {HINTS_FROM - game.used} more times.",
            )
        engine = self.rules.engine(held_set)
        act = {"ask": engine.ask, "hint": engine.hint, "guess": engine.guess}[do]
        with of_field("text"):
            after = act(game, text)
        return self._kept(held, held_set, after)

    def mark(self, id: str, wrong: Mapping[int, str]) -> Sequence[bool]:
        """Keep what a player thinks of the answers of a game that is over, for the review; once a game.

        Args:
            wrong: number of a turn to what would have been right, "" where the player does not say.

        Returns:
            For each answer that a model gave, whether it counts as right.

        Raises:
            StoreMissingError, GameStateError: as :meth:`show`; or the game is not over, or marked already.
            DataError: no model answered at a turn, or a correction is no answer.
        """
        held = self._held(id, None)
        held_set, game = self.rules.opened(held)
        if not isinstance(game, Game):
            raise not_now("in a reverse game no model answers.", held.kind, "a guessing game")
        if not game.over:
            raise not_now("answers are marked after the end.", game.status, "a game that is over", "End it.")
        if held.marked is not None:
            raise not_now("the game is marked already.", "marked", "marks once a game", "Leave it at that.")
        with of_field("wrong"):
            marked = feedback_of(game, held_set.keywords, wrong)
        judged = [checked_judged(of_game(one, CLIENT)) for one in marked]

        def effect(session: Session) -> None:
            for one in judged:
                insert_feedback(session, one)

        with quiet():
            self.games.mark(held, effect)
        return [one.good for one in judged]

    # -- the reverse game --------------------------------------------------------------------------

    def reply(self, id: str, said: str, version: int | None = None) -> Shown:
        """Answer what the machine says.

        Raises:
            StoreMissingError, StoreConflictError: as :meth:`play`.
            GameStateError: it is over, a guessing game, or of another table.
            DataError: no answer to this move.
        """
        held = self._held(id, version)
        held_set, game = self.rules.opened(held)
        if not isinstance(game, ReverseGame):
            raise not_now("this is a guessing game: the player asks.", held.kind, "a reverse game")
        if game.status != "playing":
            raise not_now("the game is over.", game.status, "a game in play")
        with of_field("said"):
            after = reverse_of(held_set).reply(game, said)
        return self._kept(held, held_set, after)

    # -- parts -------------------------------------------------------------------------------------

    def _held(self, id: str, version: int | None) -> Held:
        with quiet():
            held = self.games.get(id)
        if version is not None and version != held.version:
            raise gone_on(version, held.version)
        return held

    def _kept(self, held: Held, held_set: KeywordSet, state: Game | ReverseGame) -> Shown:
        """The game after an action: first made ready to be sent, then kept; a leak keeps nothing."""
        over = state.status != "playing"
        after = replace(held, version=held.version + 1)
        shown = self.rules.shown(after, held_set, state)
        with quiet():
            self.games.put(held, state.to_dict(), over=over)
        return shown
