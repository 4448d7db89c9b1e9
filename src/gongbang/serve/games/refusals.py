"""What is refused in a game, and errors that say nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gongbang.errors import DataError, GameStateError, GongbangError, OptionError


@contextmanager
def of_field(field: str) -> Iterator[None]:
    """What the engine refuses, as an error of the field that it is about."""
    try:
        yield
    except OptionError as err:
        raise DataError(err.what, value=err.value, allowed=err.allowed, cure=err.cure, field=field) from None


@contextmanager
def quiet() -> Iterator[None]:
    """Errors of the database without what it says itself: a driver may quote a row, and so the secret."""
    try:
        yield
    except GongbangError as err:
        raise err from None


def not_now(what: str, value: str, allowed: str, cure: str = "Begin a new game.") -> GameStateError:
    """The error of an action that the game does not take as it stands."""
    return GameStateError(what, value=value, allowed=allowed, cure=cure)


def other_keywords() -> GameStateError:
    """The error of a game that an earlier server began with other keywords."""
    return not_now(
        "the game was begun with keywords that this server does not have now.",
        "(not shown)",
        "a game of the keywords that the server was started with",
    )


def unfit(what: str, value: object, allowed: str, field: str) -> DataError:
    """The error of a field that cannot be taken."""
    return DataError(what, value=value, allowed=allowed, cure=f"Change '{field}'.", field=field)
