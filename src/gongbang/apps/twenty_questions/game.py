"""The state of one game: what was chosen, what was played, and how it stands; plain and immutable.

Whoever holds the state holds the secret. What a player may see of it is made by the engine alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args

from gongbang.errors import DataError

Kind = Literal["question", "hint", "guess"]
Status = Literal["playing", "won", "lost", "given-up"]
TURNS = 20
"""Turns of a game, whatever they are used for."""
HINTS_FROM = 5
"""Turns that must have been used before the first hint."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One action that cost a turn.

    Attributes:
        number: 1 for the first.
        kind: question, hint or guess.
        text: what the player wrote.
        asked: what the model was asked, the keyword put in; "" for a guess.
        answer: what the player was told: yes, no or no-answer; right or wrong; a hint, masked, or "" where
            nothing was found.
        read: what the reader found before it was masked; "" but for hints.
        confidence: the model's own, in [0, 1].
        evidence: the supporting sentence, "" where there is none.
        start: its first character in the keyword's document, or in itself where the table answered.
        end: one behind its last.
        artifact: the name of what answered; "table" where the table did, "" where a rule did.
        artifact_hash: its content hash.
        attribute: the id of the table's attribute that answered; "" where something else did.
    """

    number: int
    kind: Kind
    text: str
    answer: str
    asked: str = ""
    read: str = ""
    confidence: float = 0.0
    evidence: str = ""
    start: int = 0
    end: int = 0
    artifact: str = ""
    artifact_hash: str = ""
    attribute: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Game:
    """One game, the secret included.

    Attributes:
        id: by which it is known; says nothing of the keyword.
        keyword: the name of the secret.
        keywords: the hash of the keywords it was chosen from.
        status: playing, won, lost, or given up before the end.
        turns: what was played, in order.

    Example:
        >>> Game("a1", "고래", "hash").left
        20
    """

    id: str
    keyword: str
    keywords: str
    status: Status = "playing"
    turns: tuple[Turn, ...] = ()

    @property
    def over(self) -> bool:
        """Whether nothing more can be played."""
        return self.status != "playing"

    @property
    def used(self) -> int:
        """Turns used."""
        return len(self.turns)

    @property
    def left(self) -> int:
        """Turns left."""
        return TURNS - self.used

    @property
    def hint_open(self) -> bool:
        """Whether a hint may be asked for."""
        return not self.over and self.used >= HINTS_FROM

    def with_turn(self, turn: Turn) -> Game:
        """The game after one more turn; it ends by the right guess, or when the last turn is used."""
        turns = (*self.turns, turn)
        status: Status = "playing"
        if turn.kind == "guess" and turn.answer == "right":
            status = "won"
        elif len(turns) >= TURNS:
            status = "lost"
        return replace(self, turns=turns, status=status)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON for whoever keeps the game, never for the player."""
        head = {name: getattr(self, name) for name in ("id", "keyword", "keywords", "status")}
        return {**head, "turns": [turn.to_dict() for turn in self.turns]}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> Game:
        """The game that gave this :meth:`to_dict`.

        Raises:
            DataError: it did not come from there, or was changed: a key is missing or unknown, a value has
                another type, the turns are not numbered, or the status does not follow from them.
        """
        try:
            turns = tuple(Turn(**turn) for turn in saved["turns"])
            game = cls(**{**saved, "turns": turns})
            _check_types(game)
            for turn in turns:
                _check_types(turn)
        except (KeyError, TypeError) as err:
            raise _damaged("its keys or values are not those of a game") from err
        if not _consistent(game):
            raise _damaged("its turns and its status contradict each other")
        return game


def _check_types(held: Game | Turn) -> None:
    kinds = {"str": str, "int": int, "float": float, "Kind": str, "Status": str}
    for one in fields(held):
        kind = kinds.get(str(one.type))
        value = getattr(held, one.name)
        if kind is not None and type(value) is not kind and not (kind is float and type(value) is int):
            raise TypeError(one.name)


def _consistent(game: Game) -> bool:
    again = replace(game, status="playing", turns=())
    for number, turn in enumerate(game.turns, 1):
        if again.over or turn.number != number or turn.kind not in get_args(Kind):
            return False
        again = again.with_turn(turn)
    return game.status == again.status or (game.status == "given-up" and not again.over)


def _damaged(why: str) -> DataError:
    return DataError(
        f"this is no saved game: {why}.",
        value="(not shown, since it may hold the secret)",
        allowed="what Game.to_dict gave, unchanged",
        cure="Begin a new game.",
    )
