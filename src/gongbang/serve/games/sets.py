"""The sets of keywords that a server plays with, checked so that no answer of the server can name one."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from gongbang.apps.twenty_questions import (
    Game,
    Keyword,
    Keywords,
    Reverse,
    Turn,
    TwentyQuestions,
    read_keywords,
    read_table,
)
from gongbang.apps.twenty_questions.game import Kind
from gongbang.apps.twenty_questions.messages import LANGUAGES
from gongbang.apps.twenty_questions.reading import keywords_folder
from gongbang.apps.twenty_questions.table import ATTRIBUTES, TABLE
from gongbang.errors import ArtifactError, OptionError
from gongbang.serve.database.games import Held
from gongbang.serve.games.bodies import guess_body
from gongbang.serve.games.queued import Absent

MAX_NAME = 64
_LOG = logging.getLogger(__name__)
_TURNS: tuple[tuple[Kind, str], ...] = (
    ("question", "yes"),
    ("question", "no"),
    ("question", "no-answer"),
    ("hint", ""),
    ("guess", "wrong"),
    ("question", "yes"),
)


@dataclass(frozen=True)
class KeywordSet:
    """Keywords under a name.

    Attributes:
        name: of their folder; clients choose by it.
        reverse: the engine of the reverse game; None where the folder has no table.
    """

    name: str
    keywords: Keywords
    reverse: Reverse | None


def open_sets(folders: Sequence[str]) -> dict[str, KeywordSet]:
    """The sets of some folders by their names, in order; the one that comes along where none is named.

    Args:
        folders: as ``gongbang play --keywords`` takes them.

    Raises:
        DataError: a folder that cannot be used, or a keyword that the server's answers would spell.
        OptionError: two folders of the same name, or a name that is too long.
    """
    sets: dict[str, KeywordSet] = {}
    for folder in folders or (None,):
        try:
            root = keywords_folder(folder)
        except ArtifactError as err:  # only where none was named: an installation without samples
            _LOG.warning("no games: %s", err.what)
            continue
        one = _opened(root)
        if one.name in sets or not 0 < len(one.name) <= MAX_NAME:
            raise OptionError(
                "this name of a set of keywords cannot be used.",
                value=one.name,
                allowed=f"folders of different names, of at most {MAX_NAME} characters",
                cure="Rename the folder: players choose a set by it.",
            )
        sets[one.name] = one
    return sets


def _opened(root: Path) -> KeywordSet:
    keywords = read_keywords(root)
    told = any((root / name).exists() for name in (ATTRIBUTES, TABLE))
    reverse = Reverse(read_table(keywords, root)) if told else None
    made = KeywordSet(root.resolve().name, keywords, reverse)
    _check_frames(made)
    return made


def _check_frames(held: KeywordSet) -> None:
    """Refuse a keyword that the parts of an answer would spell together, whatever is played."""
    for category in held.keywords.categories:
        for language in LANGUAGES:
            frame = json.dumps(_frame(held, category, language), ensure_ascii=False)
            if held.keywords.names_any(frame):
                item, name = _spelt(held.keywords, frame)
                raise item.place.at("name").error(
                    "the name stands in what the server answers to every player.",
                    value=name,
                    allowed="a word that its answers do not hold",
                    cure="Take another name or alias, or rename the category or the folder.",
                )


def _spelt(keywords: Keywords, frame: str) -> tuple[Keyword, str]:
    """The keyword that a frame names."""
    return next((item, item.name) for item in keywords.items if keywords.forms(item).found_in(frame))


def _frame(held: KeywordSet, category: str, language: str) -> dict[str, object]:
    """An answer of a game with every kind of turn in it; its id and counts are apart from what is checked."""
    keyword = held.keywords.of(category)[0]
    moment = datetime.now(UTC)
    kept = Held("", "guess", held.name, language, {}, 0, moment, moment, None, None, moment)
    turns = tuple(Turn(number, kind, "", answer) for number, (kind, answer) in enumerate(_TURNS, 1))
    game = Game("", keyword.name, held.keywords.hash, turns=turns)
    engine = TwentyQuestions(held.keywords, Absent("boolq"), Absent("reader"))
    return guess_body(kept, engine.view(game, language))
