"""What is sent and answered about games, as types.

Answers are bytes that were checked for the secret, so these types say how those are made and make none.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from gongbang.apps.twenty_questions.engine import LONGEST
from gongbang.apps.twenty_questions.game import TURNS
from gongbang.serve.database.checks import MAX_ID
from gongbang.serve.database.games import GameKind
from gongbang.serve.games.sets import MAX_NAME
from gongbang.serve.schemas import Problem, Sent, Told

Language = Literal["ko", "en"]
Words = Annotated[str, Field(min_length=1, max_length=LONGEST, description="what the player says")]
Seen = Annotated[
    int | None,
    Field(ge=1, le=MAX_ID, description="the version that the player saw; whichever there is when null"),
]


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [values]})


_ID = "3141592653589793238462643383279502884197"
_HEAD = {"id": _ID, "kind": "guess", "keywords": "keywords", "language": "ko", "version": 2}
_TURN = {"number": 1, "kind": "question", "answer": "yes", "said": "예"}
GUESS = {
    **_HEAD,
    "category": "동물",
    "status": "playing",
    "says": "진행 중",
    "used": 1,
    "left": 19,
    "hint_open": False,
    "turns": [_TURN],
}
_MOVE = {"kind": "question", "id": "alive", "text": "살아 있는 것인가요?"}
REVERSE = {
    **_HEAD,
    "kind": "reverse",
    "status": "playing",
    "used": 1,
    "left": 19,
    "move": _MOVE,
    "replies": [{"kind": "question", "id": "indoors", "said": "no"}],
    "keyword": None,
}


class NewGame(Sent):
    """A game to begin; in a reverse one the machine asks."""

    model_config = _example(kind="guess", keywords=None, category=None, language="ko")

    kind: GameKind = "guess"
    keywords: Annotated[
        str | None, Field(max_length=MAX_NAME, description="a set of /v1/games/sets; the first when null")
    ] = None
    category: Annotated[
        str | None, Field(max_length=200, description="what a guessing game's keyword is of; any when null")
    ] = None
    language: Annotated[Language, Field(description="of the words that the game says itself")] = "ko"


class Said(Sent):
    """Something that a player asks or guesses; blanks at its ends do not count."""

    model_config = _example(text="살아 있나요?", version=None)

    text: Words
    version: Seen = None


class ReplyToGame(Sent):
    """What a player answers to the machine; a guess is answered by yes or no."""

    model_config = _example(said="yes", version=None)

    said: Literal["yes", "no", "unknown"]
    version: Seen = None


class WrongTurn(Sent):
    """An answer that was wrong."""

    turn: Annotated[int, Field(ge=1, le=TURNS, description="its number")]
    correction: Annotated[
        str,
        Field(
            max_length=LONGEST,
            description="of a question yes, no or no-answer, of a hint words of the document; or empty",
        ),
    ] = ""


class NewMarks(Sent):
    """What a player thinks of the answers of a game that is over; what is not named counts as right."""

    model_config = _example(wrong=[{"turn": 1, "correction": "no"}])

    wrong: Annotated[list[WrongTurn], Field(max_length=TURNS)]


class Marked(Told):
    """How many answers were kept for the review."""

    model_config = _example(right=6, wrong=1)

    right: int
    wrong: int


class GameEvidence(Told):
    """The sentence that an answer rests on, and its characters in the document.

    Where the table answered it is a sentence made of its cell, and the characters are its own.
    """

    text: str
    start: int
    end: int


class GameTurn(Told):
    """An action; what follows ``said`` is told after the end alone."""

    number: int
    kind: Literal["question", "hint", "guess"]
    answer: Annotated[str, Field(description="yes, no, no-answer; right, wrong; or a hint with [정답]")]
    said: Annotated[str, Field(description="the answer in words")]
    text: str = ""
    asked: Annotated[str, Field(description="what the model was asked")] = ""
    read: Annotated[str, Field(description="a hint as it was read")] = ""
    confidence: float = 0.0
    artifact: str = ""
    artifact_hash: str = ""
    attribute: Annotated[str, Field(description="the table's attribute that answered; else empty")] = ""
    evidence: GameEvidence | None = None


class GuessGame(Told):
    """A guessing game; the keyword, its document and what was asked are told after the end alone."""

    model_config = _example(**GUESS)

    id: Annotated[str, Field(description="who knows it plays the game")]
    kind: Literal["guess"]
    keywords: str
    language: Language
    version: Annotated[int, Field(description="grows with each change")]
    category: str
    status: Literal["playing", "won", "lost", "given-up"]
    says: Annotated[str, Field(description="the status in words")]
    used: int
    left: int
    hint_open: bool
    turns: list[GameTurn]
    keyword: str = ""
    aliases: tuple[str, ...] = ()
    document: str = ""
    marked: bool = False


class GameMove(Told):
    """What the machine says next: a question, or a guess."""

    kind: Literal["question", "guess"]
    id: str
    text: str


class GameReply(Told):
    """What the player said to a question (``id`` is its attribute's) or to a guess (the keyword)."""

    kind: Literal["question", "guess"]
    id: str
    said: Literal["yes", "no", "unknown"]


class ReverseGame(Told):
    """A reverse game: the player thinks of something, the machine asks."""

    model_config = _example(**REVERSE)

    id: Annotated[str, Field(description="who knows it plays the game")]
    kind: Literal["reverse"]
    keywords: str
    language: Language
    version: Annotated[int, Field(description="grows with each change")]
    status: Literal["playing", "found", "not-found", "given-up"]
    used: int
    left: int
    move: Annotated[GameMove | None, Field(description="null after the end")] = None
    replies: list[GameReply]
    keyword: Annotated[str | None, Field(description="what was found; else null")] = None


class GameSet(Told):
    """Keywords to play with."""

    name: str
    count: int
    categories: list[str]
    guess: Annotated[bool, Field(description="whether the server has the models for the guessing game")]
    reverse: Annotated[bool, Field(description="whether there is a table for the reverse game")]


class GameSets(Told):
    """The sets of this server; the first is the one where a game names none."""

    model_config = _example(
        sets=[{"name": "keywords", "count": 35, "categories": ["동물"], "guess": True, "reverse": True}]
    )

    sets: list[GameSet]


class GameConflict(Problem):
    """A problem document with the game as it stands, where it can be shown."""

    model_config = _example(
        type="urn:gongbang:problem:conflict",
        title="Conflict",
        status=409,
        detail="The game has gone on since it was read.",
        allowed="version 2",
        cure="Look at the game as it is now, and act on that.",
        current=2,
        game=GUESS,
    )

    game: GuessGame | ReverseGame | None = None
