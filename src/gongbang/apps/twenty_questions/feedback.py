"""What a player marks after the end, as records that know where they came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from gongbang.apps.twenty_questions.game import Game, Turn
from gongbang.apps.twenty_questions.keywords import Keyword, Keywords
from gongbang.data.records import Record, Span
from gongbang.errors import OptionError
from gongbang.tasks.boolq import LABELS

_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Feedback:
    """One answer of one game as its player judged it.

    ``mark`` is right or wrong, ``correction`` what would have been right where the player said so. A wrong
    mark alone corrects nothing: of three answers two are left, and a person has to choose.

    Attributes:
        task: ``boolq`` for a question, ``reader`` for a hint.
        question: as the player wrote it.
        asked: as the model got it.
        answer: what the model said, before any mask.
        document: the text it was answered from. Of an answer of the table that is its sentence, which says
            so; where the player found that wrong it is the keyword's document, since no record may be made
            whose own text says otherwise.
        keywords: the hash of the keywords.
        artifact: the name of what answered.
        artifact_hash: its content hash.
    """

    game: str
    turn: int
    task: Literal["boolq", "reader"]
    keyword: str
    category: str
    question: str
    asked: str
    answer: str
    evidence: str
    confidence: float
    mark: Literal["right", "wrong"]
    correction: str
    document: str
    keywords: str
    artifact: str
    artifact_hash: str

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON; commas, quotes and line ends in a text are its own."""
        return {name: getattr(self, name) for name in self.__slots__}

    def to_record(self) -> Record | None:
        """A record to train on; None where what is right is not known, or does not stand in the document."""
        right = self.answer if self.mark == "right" else self.correction
        fields = {"question": self.asked, "context": self.document, "title": self.keyword}
        source = f"game {self.game}, {self.artifact} {self.artifact_hash[:10]}"
        common: dict[str, Any] = {"group": self.keyword, "source": source, "lineage": (self.game,)}
        name = f"game-{self.game}-{self.turn}"
        if self.task == "boolq":
            return Record(name, fields, labels={"label": right}, **common) if right else None
        at = self.document.find(right) if right else -1
        if at < 0:
            return None
        return Record(name, fields, spans={"answers": (Span(at, at + len(right), right),)}, **common)


def feedback_of(game: Game, keywords: Keywords, wrong: Mapping[int, str]) -> tuple[Feedback, ...]:
    """A record of every answer that a model gave in a game; those not named wrong were left as right.

    Args:
        game: one that is over.
        keywords: those it was played with.
        wrong: number of a turn to what would have been right, "" where the player does not say.

    Raises:
        OptionError: the game is not over, no model answered at a turn, or a correction is no answer.
    """
    if not game.over or game.keywords != keywords.hash:
        raise OptionError(
            "answers can be marked after the end, by the keywords of the game.",
            value=f"{game.status}, {game.left} turns left",
            allowed="a game that is won, lost or given up",
            cure="Play it to its end, or give it up.",
        )
    marked = {turn.number: turn for turn in game.turns if turn.kind != "guess"}
    for number, correction in wrong.items():
        if number not in marked:
            raise OptionError(
                "no model answered at this turn.",
                value=str(number),
                allowed=", ".join(map(str, marked)) or "no turn of this game",
                cure="Mark questions and hints; a guess is judged by a rule.",
            )
        _check_correction(marked[number], correction)
    keyword = keywords.get(game.keyword)
    return tuple(_feedback(game, turn, keyword, wrong) for turn in marked.values())


def _feedback(game: Game, turn: Turn, keyword: Keyword, wrong: Mapping[int, str]) -> Feedback:
    return Feedback(
        game=game.id,
        turn=turn.number,
        task="boolq" if turn.kind == "question" else "reader",
        keyword=keyword.name,
        category=keyword.category,
        question=turn.text,
        asked=turn.asked,
        answer=turn.answer if turn.kind == "question" else turn.read,
        evidence=turn.evidence,
        confidence=turn.confidence,
        mark="wrong" if turn.number in wrong else "right",
        correction=wrong.get(turn.number, ""),
        document=_read_from(turn, keyword, wrong),
        keywords=game.keywords,
        artifact=turn.artifact,
        artifact_hash=turn.artifact_hash,
    )


def _read_from(turn: Turn, keyword: Keyword, wrong: Mapping[int, str]) -> str:
    """The text that goes with what is right."""
    return turn.evidence if turn.attribute and turn.number not in wrong else keyword.document


def _check_correction(turn: Turn, correction: str) -> None:
    if turn.kind == "question":
        if correction and (correction not in LABELS or correction == turn.answer):
            raise OptionError(
                "this corrects nothing.",
                value=correction[:40],
                allowed=", ".join(label for label in LABELS if label != turn.answer),
                cure="Name another answer than the one that was given, or leave it out.",
            )
    elif len(correction) > _LONGEST:
        raise OptionError(
            "the correction is too long.",
            value=f"{len(correction)} characters",
            allowed=f"at most {_LONGEST} characters",
            cure="Give the words of the document that answer.",
        )
