"""Games of Twenty Questions: kept between two actions, and never changed by two at once.

A game that was read and played on is written back by one UPDATE that names the version it was read as, so
that of two actions on one state one gets the turn, on every database. The state is the engine's own JSON; it
holds the secret, and who may see what of it is no business of this room.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, cast

from sqlalchemy import ColumnElement, Update, and_, delete, select, update
from sqlalchemy.orm import Session

from gongbang.errors import StoreConflictError, StoreMissingError
from gongbang.serve.database.jobs import changed, json_text, utc_now
from gongbang.serve.database.store import Store
from gongbang.serve.database.tables import GameRow

GameKind = Literal["guess", "reverse"]
PLAYED_S = 86_400.0
"""Seconds after its last action for which a game in play is kept."""
ENDED_S = 7 * 86_400.0
"""Seconds after its end for which a game is kept, to be looked at and marked."""
MAX_STATE = 1_000_000
"""Bytes of a state as JSON: twenty turns with their evidence take some ten thousand."""
_SWEPT = 100  # games that are deleted at once


@dataclass(frozen=True, slots=True)
class Held:
    """A game as it stands in the database, the secret included.

    Attributes:
        id: a secret that nobody guesses.
        keywords: the name of the set of keywords that it is played with.
        language: what the engine's words are said in.
        state: the engine's own, as plain data.
        version: counts from 1 and grows with each change.
        finished: when it ended; None while it is in play.
        marked: when its player marked its answers.
        expires: from then on it is gone.
    """

    id: str
    kind: GameKind
    keywords: str
    language: str
    state: Mapping[str, Any]
    version: int
    created: datetime
    changed: datetime
    finished: datetime | None
    marked: datetime | None
    expires: datetime


_COLUMNS = tuple(getattr(GameRow, name) for name in Held.__slots__)


class Games:
    """The games of a database.

    Every method may raise StoreAwayError (the database cannot be reached) and StoreError (its tables are
    missing), and may be called by several threads at once.

    Args:
        store: the open database.
        played_s: seconds after its last action for which a game in play is kept.
        ended_s: seconds after its end for which one that is over is kept.
        now: tells the time.

    Example:
        >>> import tempfile
        >>> from gongbang.serve.database.migrate import upgrade
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     upgrade(f"{folder}/games.db")
        ...     with Store(f"{folder}/games.db") as store:
        ...         games = Games(store)
        ...         game = games.start("7" * 40, "guess", {"turns": []}, keywords="keywords", language="ko")
        ...         games.put(game, {"turns": ["first"]}, over=False).version
        2
    """

    def __init__(
        self,
        store: Store,
        *,
        played_s: float = PLAYED_S,
        ended_s: float = ENDED_S,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.store, self.now = store, now
        self.played, self.ended = timedelta(seconds=played_s), timedelta(seconds=ended_s)

    def start(
        self, id: str, kind: GameKind, state: Mapping[str, Any], *, keywords: str, language: str
    ) -> Held:
        """Keep a new game, and delete some whose time is over.

        Raises:
            DataError: the state is no plain JSON.
        """
        now = self.now()
        row: dict[str, Any] = {
            **{"id": id, "kind": kind, "keywords": keywords, "language": language},
            **{"version": 1, "created": now, "changed": now, "finished": None, "marked": None},
            "expires": now + self.played,
        }
        text = json_text(state, "state", MAX_STATE)
        self.sweep()
        self.store.write(lambda session: session.add(GameRow(**row, state=text)))
        return Held(**row, state=state)

    def get(self, id: str) -> Held:
        """The game of an id.

        Raises:
            StoreMissingError: there is none; one that expired is as if it had never been.
        """
        found = self.store.read(lambda session: _held(session, self._kept(id)))
        if found is None:
            raise _missing()
        return found

    def put(self, game: Held, state: Mapping[str, Any], *, over: bool) -> Held:
        """Keep the state after an action; ``over`` says whether the game has ended by it.

        May be told of a conflict with its own change, where an earlier call raised StoreAwayError.

        Raises:
            StoreConflictError: another action was faster; the state is as that one left it.
            StoreMissingError: the game has expired meanwhile.
        """
        now = self.now()
        values: dict[str, Any] = {
            "state": json_text(state, "state", MAX_STATE),
            "changed": now,
            "finished": now if over else None,
            "expires": now + (self.ended if over else self.played),
        }
        return self._put(game, values)

    def mark(self, game: Held, effect: Callable[[Session], None]) -> Held:
        """Note that a game's answers were marked, and write the marks in the same transaction.

        Args:
            effect: writes them; it may be called again where the database undid it for a deadlock.

        Raises:
            StoreConflictError, StoreMissingError: as :meth:`put`; then nothing was written.
        """
        return self._put(game, {"marked": self.now()}, effect)

    def _put(
        self, game: Held, values: dict[str, Any], effect: Callable[[Session], None] | None = None
    ) -> Held:
        here = self._kept(game.id)
        statement: Update = update(GameRow).where(here, GameRow.version == game.version)
        statement = statement.values(**values, version=game.version + 1)

        def work(session: Session) -> tuple[bool, Held | None]:
            done = bool(changed(session, statement))
            if done and effect is not None:
                effect(session)
            return done, _held(session, here)

        done, found = self.store.write(work)
        if found is None:
            raise _missing()
        if not done:
            raise gone_on(game.version, found.version)
        return found

    def sweep(self, limit: int = _SWEPT) -> int:
        """Delete games whose time is over; gives how many."""
        late = GameRow.expires <= self.now()
        query = select(GameRow.id).where(late).limit(limit)
        ids = self.store.read(lambda session: list(session.scalars(query)))
        if ids:
            gone = delete(GameRow).where(GameRow.id.in_(ids), late)
            self.store.write(lambda session: session.execute(gone))
        return len(ids)

    def _kept(self, id: str) -> ColumnElement[bool]:
        return and_(GameRow.id == id, GameRow.expires > self.now())


def _held(session: Session, here: ColumnElement[bool]) -> Held | None:
    row = session.execute(select(*_COLUMNS).where(here)).one_or_none()
    if row is None:
        return None
    values = row._asdict()
    kind = cast(GameKind, values.pop("kind"))
    return Held(**{**values, "state": json.loads(values["state"])}, kind=kind)


def gone_on(meant: int, current: int) -> StoreConflictError:
    """The error of an action on a game that another action has changed.

    Args:
        meant: the version that was acted on. current: the one that there is.
    """
    return StoreConflictError(
        "the game has gone on since it was read.",
        current=current,
        value=meant,
        allowed=f"version {current}",
        cure="Look at the game as it is now, and act on that.",
    )


def _missing() -> StoreMissingError:
    """One answer for every game that is not there, whether it never was or is no longer."""
    return StoreMissingError(
        "there is no game of this id.",
        value="(not shown)",
        allowed="the id of a game that was begun, and that has not expired",
        cure="Begin a new game.",
    )
