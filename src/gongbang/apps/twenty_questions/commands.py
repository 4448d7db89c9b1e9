"""One game driven by commands: plain data in, plain data out, as a script and a terminal play it.

Commands of a game: ``{"do": "ask" | "hint" | "guess", "text": ...}``, ``{"do": "give-up"}``, and after the
end ``{"do": "mark", "wrong": {"3": "no", "5": ""}}``. Of a reverse game: ``{"do": "say", "said": "yes" |
"no" | "unknown"}``, ``{"do": "give-up"}``, and after the end ``{"do": "was", "text": ...}``. An event says
what came of it; one that reveals the keyword is ``over``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from gongbang.apps.twenty_questions.engine import TwentyQuestions, checked_text
from gongbang.apps.twenty_questions.feedback import feedback_of
from gongbang.apps.twenty_questions.forms import check_no_leak
from gongbang.apps.twenty_questions.game import TURNS
from gongbang.apps.twenty_questions.keywords import Keywords
from gongbang.apps.twenty_questions.messages import check_language
from gongbang.apps.twenty_questions.reverse import Reverse
from gongbang.errors import OptionError

Event = dict[str, Any]


class Playing(Protocol):
    """A game of either kind, as a script or a terminal drives it."""

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        ...

    def begin(self) -> Event:
        """How it stands before the first command."""
        ...

    def do(self, command: Mapping[str, Any]) -> Event:
        """Carry out a command.

        Raises:
            OptionError: it cannot be carried out now, or is none; nothing has changed.
        """
        ...


class Play:
    """A game of Twenty Questions.

    Args:
        engine: the rules.
        seed: of the choice of the keyword; None leaves it to chance.
        category: what is chosen from; all when None.
        language: what the engine's own words are said in, ``ko`` or ``en``.

    Raises:
        OptionError: an unknown category or language.
    """

    def __init__(
        self,
        engine: TwentyQuestions,
        *,
        seed: int | None = None,
        category: str | None = None,
        language: str = "ko",
    ) -> None:
        self.engine, self.language = engine, check_language(language)
        self.game = engine.start(seed=seed, category=category)

    @property
    def over(self) -> bool:
        return self.game.over

    def begin(self) -> Event:
        return {"event": "started", "game": self._view()}

    def do(self, command: Mapping[str, Any]) -> Event:
        what = _what(command, ("ask", "hint", "guess", "give-up", "mark"))
        if what == "mark":
            marked = feedback_of(self.game, self.engine.keywords, _wrong(command.get("wrong")))
            return {"event": "marked", "feedback": [one.to_dict() for one in marked]}
        if what == "give-up":
            self.game = self.engine.give_up(self.game)
        else:
            act = {"ask": self.engine.ask, "hint": self.engine.hint, "guess": self.engine.guess}[what]
            self.game = act(self.game, _text(command))
        view = self._view()
        if self.over:
            return {"event": "over", "game": view}
        event = {"event": "answer", "turn": view["turns"][-1]}
        event |= {name: view[name] for name in ("used", "left", "hint_open")}
        keyword = self.engine.keywords.get(self.game.keyword)
        check_no_leak(event, self.engine.keywords.forms(keyword))
        return event

    def _view(self) -> dict[str, Any]:
        return self.engine.view(self.game, self.language)


class ReversePlay:
    """A reverse game: the machine asks.

    Args:
        engine: the rules.
        keywords: by whose names and aliases the player may say at the end what it was.
        seed: varies the questions; None always asks the same ones.
    """

    def __init__(self, engine: Reverse, keywords: Keywords, *, seed: int | None = None) -> None:
        self.engine, self.keywords = engine, keywords
        self.game = engine.start(seed=seed)

    @property
    def over(self) -> bool:
        return self.game.status != "playing"

    def begin(self) -> Event:
        categories = ", ".join(self.keywords.categories)
        return {**self._asked(), "event": "started", "keywords": len(self.keywords.items), "of": categories}

    def do(self, command: Mapping[str, Any]) -> Event:
        what = _what(command, ("say", "give-up", "was"))
        if what == "was":
            return self._was(_text(command))
        if what == "give-up":
            self.game = self.engine.give_up(self.game)
        else:
            said = command.get("said")
            self.game = self.engine.reply(self.game, said if isinstance(said, str) else repr(said))
        if not self.over:
            return {**self._asked(), "event": "asked"}
        found = self.game.replies[-1].id if self.game.status == "found" else None
        return {"event": "over", "status": self.game.status, "used": self.game.used, "keyword": found}

    def _asked(self) -> Event:
        move = self.engine.next(self.game)
        asked = {"kind": move.kind, "id": move.id, "text": move.text}
        return {**asked, "number": self.game.used + 1, "left": TURNS - self.game.used}

    def _was(self, text: str) -> Event:
        """What was thought of, and which answers the table does not bear out; nothing is changed by it."""
        named = self.keywords.named(checked_text(text))
        name = named.name if named else text
        found = self.engine.contradictions(self.game, name) if named else ()
        event: Event = {"event": "told", "game": self.game.to_dict(), "keyword": name}
        return event | {"known": named is not None, "contradictions": [one.to_dict() for one in found]}


def _what(command: Mapping[str, Any], known: tuple[str, ...]) -> str:
    what = command.get("do") if isinstance(command, Mapping) else None
    if isinstance(what, str) and what in known:
        return what
    raise OptionError(
        "there is no such command.",
        value=f"keys: {', '.join(map(str, command))[:80]}" if isinstance(command, Mapping) else "no object",
        allowed='{"do": ' + " | ".join(f'"{name}"' for name in known) + ", ...}",
        cure='Send one, e.g. {"do": "' + known[0] + '", ...}.',
    )


def _text(command: Mapping[str, Any]) -> str:
    text = command.get("text")
    if isinstance(text, str):
        return text
    raise OptionError(
        "the command needs a text.",
        value=type(text).__name__,
        allowed='"text": some words',
        cure='Add "text".',
    )


def _wrong(wrong: Any) -> dict[int, str]:
    """The turns that are marked, with what would have been right."""
    listed = {str(number): "" for number in wrong} if isinstance(wrong, list) else wrong
    if isinstance(listed, Mapping) and all(
        str(number).isascii() and str(number).isdecimal() and isinstance(right, str)
        for number, right in listed.items()
    ):
        return {int(number): right for number, right in listed.items()}
    raise OptionError(
        "these marks cannot be read.",
        value=repr(wrong)[:80],
        allowed='"wrong": a list of turns, or an object of turn to the right answer ("" where unknown)',
        cure='Send {"do": "mark", "wrong": {"3": "no"}}, or {"do": "mark", "wrong": []} if all were right.',
    )
