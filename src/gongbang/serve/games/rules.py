"""What a server's games are played by: its keywords, its models, and what of a game may be shown."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gongbang.apps.twenty_questions import (
    Answerer,
    Asked,
    Focused,
    Forms,
    Game,
    Known,
    Reader,
    Reverse,
    ReverseGame,
    Sentences,
    TwentyQuestions,
)
from gongbang.artifacts.defaults import ANSWERER, READER
from gongbang.search.base import Encoder
from gongbang.serve.database.games import Held
from gongbang.serve.games.bodies import guess_body, reverse_body, sealed
from gongbang.serve.games.queued import Absent, Encoding, Queued, of_task
from gongbang.serve.games.refusals import other_keywords, unfit
from gongbang.serve.games.sets import KeywordSet
from gongbang.serve.models.room import ModelRoom
from gongbang.serve.models.served import Served

_DIGITS = "0123456789"
_LENGTH = 40  # of an id: 132 bits


@dataclass(frozen=True, slots=True)
class Shown:
    """A game as its player may see it: ``body`` holds no form of the secret before the end."""

    id: str
    version: int
    body: bytes


class Rules:
    """Keywords and models, which are everybody's; a game, which is one player's, is given to each call.

    Args:
        sets: keywords by name; the first is the one where none is named.
        room: the artifacts of the server; one of the task boolq answers questions, a reader gives hints.
        reader: the artifact that gives hints, where the room has several readers. With the room's encoder,
            where it has one, a question that is surely one of a set's table is answered by the table, and of
            a document the nearest sentence is read.
    """

    def __init__(self, sets: Mapping[str, KeywordSet], room: ModelRoom, *, reader: str = READER) -> None:
        self.sets = sets
        self._seconds = room.limits.deadline_s
        encoder = None if room.encoder is None else Encoding(room.encoder, room.gate, self._seconds)
        self._sentences = None if encoder is None else Sentences(encoder)
        self._known = {} if encoder is None else known_of(sets, encoder)
        self._answerer = of_task(room, "boolq", ANSWERER)
        self._reader = of_task(room, "reader", reader)

    @property
    def lacks(self) -> str | None:
        """The task of the model that the guessing game lacks; None where it can be played."""
        needed = {"boolq": self._answerer, "reader": self._reader}
        return next((task for task, served in needed.items() if served is None), None)

    def opened(self, held: Held) -> tuple[KeywordSet, Game | ReverseGame]:
        """The keywords and the state of a game.

        Raises:
            GameStateError: the server has other keywords now.
        """
        held_set = self.sets.get(held.keywords)
        if held_set is None:
            raise other_keywords()
        if held.kind == "guess":
            game = Game.from_dict(held.state)
            if game.keywords != held_set.keywords.hash:
                raise other_keywords()
            return held_set, game
        reverse = ReverseGame.from_dict(held.state)
        if held_set.reverse is None or held_set.reverse.table.hash != reverse.table:
            raise other_keywords()
        return held_set, reverse

    def shown(self, held: Held, held_set: KeywordSet, state: Game | ReverseGame) -> Shown:
        """A game as it may be sent.

        Raises:
            LeakError: it would have named the secret.
        """
        forms: Forms | None = None
        body: dict[str, Any]
        if isinstance(state, Game):
            body = guess_body(held, self.engine(held_set).view(state, held.language))
            if not state.over:
                forms = held_set.keywords.forms(held_set.keywords.get(state.keyword))
        else:
            body = reverse_body(held, state, reverse_of(held_set))
        return Shown(held.id, held.version, sealed(body, forms))

    def engine(self, held_set: KeywordSet) -> TwentyQuestions:
        """The engine of one action of one guessing game; it holds no game."""
        return TwentyQuestions(
            held_set.keywords,
            self._asked(self._answerer, "boolq"),
            self._asked(self._reader, "reader"),
            self._known.get(held_set.name),
        )

    def _asked(self, served: Served | None, task: str) -> Asked:
        if served is None:
            return Absent(task)
        queued = Queued(served, self._seconds)
        if task == "reader":
            return Reader(queued)
        answerer = Answerer(queued)
        return answerer if self._sentences is None else Focused(answerer, self._sentences)

    def set_named(self, name: str | None) -> KeywordSet:
        """The set of a name; the first when None.

        Raises:
            DataError: there is none.
        """
        found = next(iter(self.sets.values())) if name is None else self.sets.get(name)
        if found is None:
            raise unfit("there is no such set of keywords.", name, ", ".join(self.sets), "keywords")
        return found


def known_of(sets: Mapping[str, KeywordSet], encoder: Encoder) -> dict[str, Known]:
    """The tables of the sets that have one, at work."""
    return {
        name: Known.of(held_set.reverse.table, encoder)
        for name, held_set in sets.items()
        if held_set.reverse is not None
    }


def new_id(held_set: KeywordSet) -> str:
    """Digits by chance in which no keyword at all can be read: letters might happen to spell one."""
    while True:
        made = "".join(secrets.choice(_DIGITS) for _ in range(_LENGTH))
        if not held_set.keywords.names_any(made):
            return made


def reverse_of(held_set: KeywordSet) -> Reverse:
    """The engine of the reverse game over a set.

    Raises:
        DataError: the set has no table.
    """
    if held_set.reverse is None:
        raise unfit(
            "these keywords have no table, by which the machine would ask.",
            held_set.name,
            "a set with attributes.csv and table.csv",
            "keywords",
        )
    return held_set.reverse
