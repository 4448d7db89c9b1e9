"""How well the reverse game asks: seeded players who think of each keyword, truthful or erring."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from gongbang.apps.twenty_questions.reverse import SAID, Move, Reverse
from gongbang.apps.twenty_questions.table import UNKNOWN, YES
from gongbang.errors import OptionError


@dataclass(frozen=True, slots=True)
class Simulation:
    """What came out.

    Attributes:
        games: how many were played.
        found: how many keywords were found within twenty turns.
        turns: the mean number of turns of the games in which one was found, the last guess included.
        missed: keyword to how many of its games did not find it.
    """

    games: int
    found: int
    turns: float
    missed: Mapping[str, int]

    @property
    def share(self) -> float:
        """The share of games that found the keyword."""
        return self.found / self.games


def simulate(engine: Reverse, *, games: int = 10, wrong: float = 0.0, seed: int = 0) -> Simulation:
    """Let players think of every keyword in turn.

    A player answers by the table; a known answer is turned round with the chance ``wrong``, and where the
    table does not know, yes, no and "don't know" are equally likely. Guesses are answered truthfully.

    Args:
        games: of each keyword.
        wrong: the chance of a wrong answer, in [0, 1].
        seed: of the players and of the machine's choice among equally good questions.

    Raises:
        OptionError: no games, or a chance outside [0, 1].
    """
    if games < 1 or not 0.0 <= wrong <= 1.0:
        raise OptionError(
            "nothing can be simulated.",
            value=f"games={games}, wrong={wrong}",
            allowed="games of 1 or more, wrong from 0 to 1",
            cure="Pass games=10, wrong=0.1.",
        )
    lengths: list[int] = []
    missed = dict.fromkeys(engine.table.keywords, 0)
    for number, keyword in enumerate(engine.table.keywords):
        for round_ in range(games):
            player = random.Random(f"{seed}:{number}:{round_}")
            turns = _played(engine, keyword, player, wrong)
            if turns:
                lengths.append(turns)
            else:
                missed[keyword] += 1
    mean = sum(lengths) / len(lengths) if lengths else float("nan")
    return Simulation(games * len(missed), len(lengths), mean, {k: n for k, n in missed.items() if n})


def _played(engine: Reverse, keyword: str, player: random.Random, wrong: float) -> int:
    """The turns in which a keyword was found; 0 where it was not."""
    game = engine.start(seed=player.randrange(1 << 30))
    while game.status == "playing":
        game = engine.reply(game, _said(engine, engine.next(game), keyword, player, wrong))
    return game.used if game.status == "found" else 0


def _said(engine: Reverse, move: Move, keyword: str, player: random.Random, wrong: float) -> str:
    if move.kind == "guess":
        return "yes" if move.id == keyword else "no"
    table = engine.table
    value = int(table.values[table.keywords.index(keyword), table.attribute(move.id)])
    if value == UNKNOWN:
        return player.choice(SAID)
    turned = player.random() < wrong
    return "yes" if (value == YES) != turned else "no"
