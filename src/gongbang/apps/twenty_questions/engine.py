"""The rules of Twenty Questions: from a state and an action to the next state, and what a player may see.

A question, a hint and a guess cost one turn each, of twenty. What is refused (blank, too long, a hint before
five turns were used, anything after the end) costs none. A question that is nothing but the name of a
keyword is a guess. Until the end a player is sent no words but the engine's own and masked hints: neither
evidence nor what was typed, since either could name the keyword.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Any

from gongbang.apps.twenty_questions.asking import Asked, Told, about
from gongbang.apps.twenty_questions.forms import check_no_leak
from gongbang.apps.twenty_questions.game import HINTS_FROM, TURNS, Game, Kind, Turn
from gongbang.apps.twenty_questions.keywords import Keyword, Keywords
from gongbang.apps.twenty_questions.known import Known
from gongbang.apps.twenty_questions.matching import names
from gongbang.apps.twenty_questions.messages import NO_HINT, said
from gongbang.errors import OptionError

LONGEST = 200
"""Characters of what a player may write in one turn."""
_DIGITS = "0123456789"


@dataclass(frozen=True, slots=True)
class TwentyQuestions:
    """The engine. It holds no game: any number of them may be played over one, from any thread.

    Args:
        keywords: what may be chosen.
        answerer: answers questions by yes, no or no-answer.
        reader: answers hints by a span of the document.
        known: answers questions that are surely the table's, before the answerer is asked; none when None.

    Example:
        >>> from gongbang.apps.twenty_questions.asking import load_answerer, load_reader
        >>> from gongbang.apps.twenty_questions.reading import read_keywords
        >>> engine = TwentyQuestions(read_keywords(), load_answerer(), load_reader())  # doctest: +SKIP
        >>> game = engine.start(seed=7)                                                # doctest: +SKIP
        >>> engine.view(engine.ask(game, "살아 있나요?"))["turns"][0]["said"]            # doctest: +SKIP
        '예'
    """

    keywords: Keywords
    answerer: Asked
    reader: Asked
    known: Known | None = None

    def start(self, *, seed: int | None = None, category: str | None = None) -> Game:
        """A new game with a keyword by chance.

        Args:
            seed: makes the choice repeatable; None takes the operating system's chance. The game's id never
                depends on it, or whoever sees the id could try seeds.
            category: chosen from it alone.

        Raises:
            OptionError: an unknown category.
        """
        chosen = self.keywords.choose(seed=seed, category=category)
        return Game(self._new_id(), chosen.name, self.keywords.hash)

    def ask(self, game: Game, text: str) -> Game:
        """The game after a question that is answered by yes, no or "don't know".

        Raises:
            OptionError: the game is over or of other keywords, or the text cannot be used; no turn is used.
        """
        text = self._checked(game, text)
        if (named := self.keywords.named(text)) is not None:
            return game.with_turn(self._guessed(game, text, named.name == game.keyword))
        return game.with_turn(self._asked(game, text))

    def hint(self, game: Game, text: str) -> Game:
        """The game after an open question that is answered by a span of the document, the keyword hidden.

        Raises:
            OptionError: fewer than five turns were used; or as :meth:`ask`.
        """
        text = self._checked(game, text)
        if not game.hint_open:
            raise OptionError(
                "a hint is not open yet.",
                value=f"{game.used} turns used",
                allowed=f"{HINTS_FROM} turns or more",
                cure=f"Ask or guess {HINTS_FROM - game.used} more times.",
            )
        turn = self._answered(game, "hint", text, self.reader)
        forms = self.keywords.forms(self.keywords.get(game.keyword))
        hidden = forms.mask(turn.answer) if turn.answer else ""
        return game.with_turn(replace(turn, answer=hidden, read=turn.answer))

    def guess(self, game: Game, text: str) -> Game:
        """The game after a guess.

        Raises:
            OptionError: as :meth:`ask`.
        """
        text = self._checked(game, text)
        keyword = self.keywords.get(game.keyword)
        return game.with_turn(self._guessed(game, text, names(text, self.keywords.forms(keyword))))

    def give_up(self, game: Game) -> Game:
        """The game ended by its player; one that is over stays as it is."""
        return game if game.over else replace(game, status="given-up")

    def view(self, game: Game, language: str = "ko") -> dict[str, Any]:
        """What its player may see, as plain JSON. After the end that is everything, evidence included.

        Raises:
            OptionError: the game is of other keywords, or an unknown language.
            LeakError: a text would have named the keyword before the end.
        """
        keyword = self._keyword(game)
        shown = {
            "id": game.id,
            "category": keyword.category,
            "status": game.status,
            "says": said(game.status, language),
            "used": game.used,
            "left": game.left,
            "hint_open": game.hint_open,
            "turns": [_seen(turn, language) for turn in game.turns],
        }
        if not game.over:
            check_no_leak(shown, self.keywords.forms(keyword))
            return shown
        turns = [{**_seen(turn, language), **_revealed(turn)} for turn in game.turns]
        names_too = {"aliases": list(keyword.aliases), "document": keyword.document}
        return {**shown, "turns": turns, "keyword": keyword.name, **names_too}

    def _keyword(self, game: Game) -> Keyword:
        if game.keywords != self.keywords.hash:
            raise OptionError(
                "the game was begun with other keywords.",
                value=game.keywords[:10],
                allowed=self.keywords.hash[:10],
                cure="Open the folder of keywords that it was begun with, or begin a new game.",
            )
        return self.keywords.get(game.keyword)

    def _checked(self, game: Game, text: str) -> str:
        """What a player wrote, with single spaces, where it may be played now."""
        self._keyword(game)
        if game.over:
            raise OptionError(
                "the game is over.",
                value=f"{game.status} after {game.used} turns",
                allowed=f"a game in play, of at most {TURNS} turns",
                cure="Begin a new game.",
            )
        return checked_text(text)

    def _asked(self, game: Game, text: str) -> Turn:
        """The turn in which the table answers, where the question is surely one of its own, else a model."""
        if self.known is not None:
            told = self.known.told(text, self.keywords.get(game.keyword))
            if told is not None:
                return _turn(game, "question", text, told)
        return self._answered(game, "question", text, self.answerer)

    def _answered(self, game: Game, kind: Kind, text: str, by: Asked) -> Turn:
        """The turn in which a model answers about the keyword's document."""
        keyword = self.keywords.get(game.keyword)
        told = by.ask(_record_id(game), about(text, keyword.name), keyword)
        if not told.by:
            told = replace(told, by=by.name, by_hash=by.hash)
        return _turn(game, kind, text, told)

    def _guessed(self, game: Game, text: str, right: bool) -> Turn:
        return Turn(game.used + 1, "guess", text, "right" if right else "wrong")

    def _new_id(self) -> str:
        """Digits by chance in which no keyword at all can be read, so that one not in it tells nothing."""
        while True:
            made = "".join(secrets.choice(_DIGITS) for _ in range(20))
            if not self.keywords.names_any(made):
                return made


def checked_text(text: str) -> str:
    """A player's words with single spaces. What is refused is not repeated: it may be anything.

    Raises:
        OptionError: blank, without a letter or figure, longer than :data:`LONGEST`, or no whole characters.
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as err:
        raise OptionError(
            "the text is not in UTF-8.",
            value=f"character {err.start + 1}",
            allowed="text in UTF-8",
            cure="Set the terminal to UTF-8 (see: locale charmap).",
        ) from err
    plain = " ".join(text.split())
    if not any(char.isalnum() for char in plain) or len(plain) > LONGEST:
        raise OptionError(
            "this is no question and no guess.",
            value=f"{len(plain)} characters" if plain else "nothing",
            allowed=f"some words, at most {LONGEST} characters",
            cure="Write one short sentence.",
        )
    return plain


def _turn(game: Game, kind: Kind, text: str, told: Told) -> Turn:
    """The turn in which somebody answered."""
    return Turn(
        number=game.used + 1,
        kind=kind,
        text=text,
        asked=about(text, game.keyword),
        answer=told.answer,
        confidence=told.confidence,
        evidence=told.evidence,
        start=told.start,
        end=told.end,
        artifact=told.by,
        artifact_hash=told.by_hash,
        attribute=told.attribute,
    )


def _record_id(game: Game) -> str:
    return f"{game.id}-{game.used + 1}"


def _seen(turn: Turn, language: str) -> dict[str, Any]:
    """What may be shown of a turn at any time."""
    seen = {"number": turn.number, "kind": turn.kind, "answer": turn.answer}
    if turn.kind == "hint":
        return {**seen, "said": turn.answer or said(NO_HINT, language)}
    return {**seen, "said": said(turn.answer, language)}


def _revealed(turn: Turn) -> dict[str, Any]:
    """What is shown of a turn after the end."""
    rest = ("text", "asked", "read", "confidence", "artifact", "artifact_hash", "attribute")
    evidence = {"text": turn.evidence, "start": turn.start, "end": turn.end} if turn.evidence else None
    return {**{name: getattr(turn, name) for name in rest}, "evidence": evidence}
