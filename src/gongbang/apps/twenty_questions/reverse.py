"""The reverse game: a person thinks of a keyword, the machine asks.

It keeps a probability for each keyword and asks what is expected to tell it most (information gain, Lindley
1956, "On a measure of the information provided by an experiment"). An answer makes keywords likelier or less
likely and never impossible: a person may err, and the table may too. Nothing is learned by playing; what
contradicted the table is handed back for a person to look at.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from gongbang.apps.twenty_questions.game import TURNS
from gongbang.apps.twenty_questions.table import NO, UNKNOWN, YES, AttributeTable
from gongbang.errors import DataError, OptionError

Said = Literal["yes", "no", "unknown"]
ReverseStatus = Literal["playing", "found", "not-found", "given-up"]
SAID: tuple[str, ...] = get_args(Said)
_CHANCES = {
    YES: (0.86, 0.08, 0.06),
    NO: (0.08, 0.86, 0.06),
    UNKNOWN: (0.35, 0.35, 0.30),
}
"""Of a cell: the chance that a person says yes, no, and that they do not know."""
_DENIED = 0.02
"""What is left of a keyword's probability when its guess is denied."""
SURE = 0.8
"""Probability from which on a keyword is guessed."""
_LEAST_GAIN = 0.005  # bits below which a question is not worth its turn
_NEAR = 0.05  # bits within which questions are as good as the best, where a seed varies the game


@dataclass(frozen=True, slots=True)
class Move:
    """What the machine says next: a question (``id`` is its attribute's), or a guess (the keyword's name)."""

    kind: Literal["question", "guess"]
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A move and what the person said to it; a guess is answered by yes or no."""

    kind: Literal["question", "guess"]
    id: str
    said: Said


@dataclass(frozen=True, slots=True)
class ReverseGame:
    """The state of a reverse game, plain and immutable.

    Attributes:
        id: by which it is known.
        table: the hash of the table it is played over.
        seed: varies which of equally good questions is asked; None always asks the first.
        replies: what was played, in order.
    """

    id: str
    table: str
    seed: int | None = None
    status: ReverseStatus = "playing"
    replies: tuple[Reply, ...] = ()

    @property
    def used(self) -> int:
        """Turns used; questions and guesses count alike."""
        return len(self.replies)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        head = {"id": self.id, "table": self.table, "seed": self.seed, "status": self.status}
        replies = [{"kind": one.kind, "id": one.id, "said": one.said} for one in self.replies]
        return {**head, "replies": replies}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> ReverseGame:
        """The game that gave this :meth:`to_dict`.

        Raises:
            DataError: it did not come from there.
        """
        try:
            replies = tuple(Reply(**one) for one in saved["replies"])
            game = cls(**{**saved, "replies": replies})
            known = {"question", "guess"}
            fits = all(one.kind in known and one.said in SAID and isinstance(one.id, str) for one in replies)
            fits = fits and game.status in get_args(ReverseStatus) and isinstance(game.id, str)
            fits = fits and (game.seed is None or type(game.seed) is int) and len(replies) <= TURNS
        except (KeyError, TypeError) as err:
            raise _damaged() from err
        if not fits:
            raise _damaged()
        return game


@dataclass(frozen=True, slots=True)
class Contradiction:
    """An answer that the table does not bear out: of which keyword, and what each of the two says."""

    keyword: str
    attribute: str
    question: str
    said: Said
    table: Said

    def to_dict(self) -> dict[str, str]:
        """Plain JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Reverse:
    """The engine of the reverse game; it holds no game.

    Args:
        table: what is known.
        sure: probability from which on a keyword is guessed before the last turn.
    """

    table: AttributeTable
    sure: float = SURE

    def start(self, *, seed: int | None = None) -> ReverseGame:
        """A new game."""
        return ReverseGame(secrets.token_hex(8), self.table.hash, seed)

    def beliefs(self, game: ReverseGame) -> NDArray[np.float64]:
        """(K,) the probability of each keyword after what was said; none is 0, all begin alike."""
        log = np.zeros(len(self.table.keywords))  # (K,)
        chances = self._chances()
        for one in game.replies:
            if one.kind == "question":
                log += np.log(chances[:, self.table.attribute(one.id), SAID.index(one.said)])
            else:
                log[self.table.keywords.index(one.id)] += np.log(_DENIED if one.said == "no" else 1.0)
        shares = np.exp(log - log.max())
        return np.asarray(shares / shares.sum())

    def gains(self, beliefs: NDArray[np.float64]) -> NDArray[np.float64]:
        """(A,) bits that each question is expected to tell of the keyword."""
        chances = self._chances()  # (K, A, 3)
        expected = np.einsum("k,kas->as", beliefs, chances)  # (A, 3)
        noise = -(chances * np.log2(chances)).sum(axis=2)  # (K, A)
        return np.asarray(-(expected * np.log2(expected)).sum(axis=1) - beliefs @ noise)

    def next(self, game: ReverseGame) -> Move:
        """What to say now. It follows from the state, so it may be asked for as often as one likes.

        Raises:
            OptionError: the game is over, or of another table.
        """
        self._check(game)
        beliefs = self.beliefs(game)
        denied = [self.table.keywords.index(one.id) for one in game.replies if one.kind == "guess"]
        open_ = np.where(np.isin(np.arange(len(beliefs)), denied), 0.0, beliefs)  # (K,) not guessed yet
        best = int(open_.argmax() if open_.any() else beliefs.argmax())
        guess = Move("guess", self.table.keywords[best], self.table.keywords[best])
        if open_[best] >= self.sure or game.used == TURNS - 1:
            return guess
        gains = self.gains(beliefs)
        for one in game.replies:
            if one.kind == "question":
                gains[self.table.attribute(one.id)] = -1.0
        if gains.max() < _LEAST_GAIN:
            return guess
        attribute = self.table.attributes[self._pick(gains, game)]
        return Move("question", attribute.id, attribute.question)

    def reply(self, game: ReverseGame, said: str) -> ReverseGame:
        """The game after the answer to :meth:`next`.

        Raises:
            OptionError: none of the answers that the move can have; the game is over or of another table.
        """
        move = self.next(game)
        allowed = SAID if move.kind == "question" else SAID[:2]
        if said not in allowed:
            raise OptionError(
                "this is no answer.", value=said[:40], allowed=", ".join(allowed), cure="Say one of these."
            )
        replies = (*game.replies, Reply(move.kind, move.id, said))  # type: ignore[arg-type]  # checked above
        status: ReverseStatus = "playing"
        if move.kind == "guess" and said == "yes":
            status = "found"
        elif len(replies) == TURNS:
            status = "not-found"
        return replace(game, replies=replies, status=status)

    def give_up(self, game: ReverseGame) -> ReverseGame:
        """The game ended by its player; one that is over stays as it is."""
        return replace(game, status="given-up") if game.status == "playing" else game

    def contradictions(self, game: ReverseGame, keyword: str) -> tuple[Contradiction, ...]:
        """What was said of a keyword that the table says otherwise, or does not say; for a person to review.

        Args:
            keyword: the one that was thought of, by its name.

        Raises:
            OptionError: the game is not over, or the table has no such keyword.
        """
        if game.status == "playing" or keyword not in self.table.keywords:
            raise OptionError(
                "this can be told after the end, of a keyword that the table has.",
                value=keyword[:40],
                allowed=f"{len(self.table.keywords)} keywords, e.g. {', '.join(self.table.keywords[:3])}",
                cure="Name the keyword as the table does; a new one needs a row and a document.",
            )
        row = self.table.values[self.table.keywords.index(keyword)]
        found = []
        for one in game.replies:
            if one.kind != "question" or one.said == "unknown":
                continue
            at = self.table.attribute(one.id)
            known: Said = "yes" if row[at] == YES else "no" if row[at] == NO else "unknown"
            if known != one.said:
                question = self.table.attributes[at].question
                found.append(Contradiction(keyword, one.id, question, one.said, known))
        return tuple(found)

    def _pick(self, gains: NDArray[np.float64], game: ReverseGame) -> int:
        """The best question, or by the seed one of those that are as good."""
        if game.seed is None:
            return int(gains.argmax())
        near = np.flatnonzero(gains >= gains.max() - _NEAR)
        return int(random.Random(f"{game.seed}:{game.used}").choice(near.tolist()))

    def _chances(self) -> NDArray[np.float64]:
        """(K, A, 3) the chance of each answer."""
        by_value = np.asarray([_CHANCES[NO], _CHANCES[YES], _CHANCES[UNKNOWN]])  # -1 is the last
        return np.asarray(by_value[self.table.values])

    def _check(self, game: ReverseGame) -> None:
        known = {"question": {one.id for one in self.table.attributes}, "guess": {*self.table.keywords}}
        fits = all(one.id in known[one.kind] for one in game.replies)
        if game.status != "playing" or game.table != self.table.hash or not fits:
            raise OptionError(
                "this game cannot be played on here.",
                value=f"{game.status}, table {game.table[:10]}",
                allowed=f"a game in play over the table {self.table.hash[:10]}",
                cure="Begin a new game.",
            )


def _damaged() -> DataError:
    return DataError(
        "this is no saved reverse game.",
        value="keys or values are not those of one",
        allowed="what ReverseGame.to_dict gave, unchanged",
        cure="Begin a new game.",
    )
