"""Keywords: what the machine may think of, each with a document that says what it knows of it.

A folder holds one YAML file a category; people write these by hand::

    category: 동물
    keywords:
      - name: 고래
        aliases: [whale]
        document: >-
          고래는 바다에 사는 포유류이다. ...
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from gongbang.apps.twenty_questions.forms import Forms
from gongbang.apps.twenty_questions.letters import key_of
from gongbang.apps.twenty_questions.matching import first_named
from gongbang.apps.twenty_questions.messages import SPOKEN
from gongbang.artifacts.hashing import config_hash
from gongbang.artifacts.store import nearest
from gongbang.data.readers.place import Place
from gongbang.errors import DataError, OptionError

_LEAST = 3  # letters of a name: fewer stand in too many words to be kept secret
_LONGEST_NAME = 40
_LONGEST_DOCUMENT = 20_000


@dataclass(frozen=True, slots=True)
class Keyword:
    """One thing to be guessed.

    Attributes:
        name: as it is shown at the end; unique among the keywords.
        category: what the player is told.
        document: what is known of it; questions are answered from this alone.
        aliases: other names and spellings; each is taken as a guess and hidden in hints.
        place: where it was read, for errors.
    """

    name: str
    category: str
    document: str
    aliases: tuple[str, ...] = ()
    place: Place = field(default=Place("keywords"), compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON; what the hash of the keywords is made from."""
        called = {"name": self.name, "aliases": list(self.aliases)}
        return {**called, "category": self.category, "document": self.document}


@dataclass(frozen=True)
class Keywords:
    """Keywords that can be told apart and kept secret.

    Args:
        items: one or more.

    Raises:
        DataError: there is none; a name is too short, is said by the game itself, stands in a category's
            name, or is another keyword's too; a document is blank or too long.

    Example:
        >>> words = Keywords((Keyword("고래", "동물", "고래는 바다에 산다.", ("whale",)),))
        >>> words.named("혹시 Whale인가요?").name
        '고래'
    """

    items: tuple[Keyword, ...]

    def __post_init__(self) -> None:
        if not self.items:
            raise _error(Place("keywords"), "there is no keyword.", "none", "one or more", "Write one.")
        taken: dict[str, Keyword] = {}
        for item in self.items:
            _check_document(item)
            for number, name in enumerate((item.name, *item.aliases)):
                place = item.place.at("name" if number == 0 else "aliases")
                self._check_name(name, item, place, taken)

    def _check_name(self, name: str, item: Keyword, place: Place, taken: dict[str, Keyword]) -> None:
        key = key_of(name)
        if len(key) < _LEAST or len(name) < 2 or len(name) > _LONGEST_NAME or not name.isprintable():
            raise _error(
                place,
                "the name is too short, too long, or holds what cannot be read.",
                name,
                f"two characters or more, {_LEAST} letters or more, at most {_LONGEST_NAME} characters",
                "Take a longer name: one syllable stands in many words, and could not be kept secret.",
            )
        if any(key in spoken for spoken in _spoken()):
            told = "Take another keyword: the game says this word itself."
            raise _error(place, "the name stands in what the game says.", name, "another word", told)
        for category in self._category_keys:
            if key in category:
                told = "Rename the category: the player is told it at the start."
                raise _error(place, "the name stands in the name of a category.", name, "another word", told)
        other = taken.setdefault(key, item)
        if other is not item:
            raise _error(
                place,
                f"the name is the one of another keyword too ({other.place.path}:{other.place.line}).",
                name,
                "names and aliases that no two keywords share",
                "Take it out of one of the two.",
            )

    @cached_property
    def categories(self) -> tuple[str, ...]:
        """The categories in the order in which they come."""
        return tuple(dict.fromkeys(item.category for item in self.items))

    @cached_property
    def _category_keys(self) -> tuple[str, ...]:
        return tuple(key_of(category) for category in self.categories)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of all that the keywords say; a saved game is of one and no other."""
        return config_hash([item.to_dict() for item in self.items])

    @cached_property
    def _forms(self) -> Mapping[str, Forms]:
        return {item.name: Forms.of(item.name, *item.aliases) for item in self.items}

    def get(self, name: str) -> Keyword:
        """The keyword of exactly this name.

        Raises:
            OptionError: there is none; the message does not repeat what was asked for.
        """
        for item in self.items:
            if item.name == name:
                return item
        raise OptionError(
            "there is no such keyword.",
            value=f"a name of {len(name)} characters",
            allowed=f"one of {len(self.items)} keywords",
            cure="Play with the keywords that the game was begun with.",
        )

    def forms(self, keyword: Keyword) -> Forms:
        """All spellings of one of the keywords."""
        return self._forms[keyword.name]

    def named(self, text: str) -> Keyword | None:
        """The keyword that a text names and says nothing else; None where there is none."""
        found = first_named(text, [self._forms[item.name] for item in self.items])
        return None if found is None else self.items[found]

    def choose(self, *, seed: int | None = None, category: str | None = None) -> Keyword:
        """A keyword by chance: of the operating system's chance, or repeatably by a seed.

        Raises:
            OptionError: an unknown category.
        """
        offered = self.of(category)
        return (secrets.SystemRandom() if seed is None else random.Random(seed)).choice(offered)

    def of(self, category: str | None) -> Sequence[Keyword]:
        """The keywords of a category; all when None.

        Raises:
            OptionError: an unknown category.
        """
        if category is None:
            return self.items
        if category not in self.categories:
            near = nearest(category, self.categories)
            raise OptionError(
                "there is no such category.",
                value=category,
                allowed=", ".join(self.categories),
                cure=f"Did you mean {near[0]!r}?" if near else "Take one of these, or leave it out.",
            )
        return [item for item in self.items if item.category == category]

    def names_any(self, text: str) -> bool:
        """Whether any keyword, in any form, stands in a text."""
        letters = key_of(text)
        return any(key in letters for forms in self._forms.values() for key in forms.keys)


@cache
def _spoken() -> tuple[str, ...]:
    """The letters of all that the game says itself."""
    return tuple(key_of(words) for words in SPOKEN)


def _check_document(item: Keyword) -> None:
    if not item.document.strip() or len(item.document) > _LONGEST_DOCUMENT:
        raise _error(
            item.place.at("document"),
            "the document is blank or too long.",
            f"{len(item.document)} characters",
            f"some sentences, at most {_LONGEST_DOCUMENT:,} characters",
            "Write what is known of the keyword.",
        )


def _error(place: Place, what: str, value: str, allowed: str, cure: str) -> DataError:
    return place.error(what, value=value, allowed=allowed, cure=cure)
