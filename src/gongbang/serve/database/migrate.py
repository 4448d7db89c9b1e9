"""Bringing a database's tables to another revision, from code: the revisions ship with the package."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text

from gongbang.errors import StoreAwayError, StoreError
from gongbang.serve.database.engine import WRITES, make_engine, shown
from gongbang.serve.database.faults import translated
from gongbang.serve.database.tables import Base

FOLDER = Path(__file__).resolve().parent / "migrations"
_LOCK = 0x676F6E67  # "gong", the number of PostgreSQL's lock
_LOCK_S = 60
_LONGEST_S = 3600  # a change of a large table takes its time


def upgrade(url: str | Path) -> None:
    """Bring the tables up to date; of several processes that do so at once, one does and the others wait.

    A new SQLite file is made where there is none, a new database on a server is not.

    Raises:
        StoreAwayError: the database cannot be reached.
        StoreError: its tables were made by a newer version.
    """
    _migrate(url, lambda script, now: script._upgrade_revs("head", now))


def downgrade(url: str | Path, revision: str = "base") -> None:
    """Take the tables back to an older revision, ``base`` being none at all. What they held is lost.

    Raises:
        StoreAwayError: the database cannot be reached.
        StoreError: there is no such revision.
    """
    _migrate(url, lambda script, now: script._downgrade_revs(revision, now))


def head() -> str:
    """The newest revision.

    Example:
        >>> head() >= "0001"
        True
    """
    return str(_scripts().get_current_head())


def revision_of(url: str | Path) -> str | None:
    """The revision of a database's tables; None where it has none.

    Raises:
        StoreAwayError: the database cannot be reached.
    """
    with _connected(url) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def differences(url: str | Path) -> list[Any]:
    """Where a database's tables are not those of the models, as Alembic says it; none is empty.

    Raises:
        StoreAwayError: the database cannot be reached.
    """
    with _connected(url) as connection:
        return list(compare_metadata(MigrationContext.configure(connection), Base.metadata))


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(FOLDER))


def _migrate(url: str | Path, steps: Callable[[ScriptDirectory, Any], list[Any]]) -> None:
    scripts = _scripts()
    with _connected(url) as connection:
        _wait_alone(connection)
        environment = EnvironmentContext(
            Config(), scripts, fn=lambda revision, context: steps(scripts, revision)
        )
        try:
            with environment:
                environment.configure(connection=connection, target_metadata=Base.metadata)
                environment.run_migrations()
        except CommandError as err:
            raise StoreError(
                "the database's tables cannot be brought to that revision.",
                value=str(err),
                allowed=f"revisions up to {head()}",
                cure="Upgrade Gongbang: the tables were probably made by a newer version.",
            ) from err


@contextmanager
def _connected(url: str | Path) -> Iterator[Connection]:
    """A connection within a transaction that is committed at the end."""
    engine = make_engine(url, wait_s=_LOCK_S, answer_s=_LONGEST_S)
    try:
        with translated(shown(engine.url)), engine.execution_options(**{WRITES: True}).begin() as connection:
            yield connection
    finally:
        engine.dispose()


def _wait_alone(connection: Connection) -> None:
    """Hold the database's migrations until the connection is closed; SQLite's transaction does so already."""
    match connection.dialect.name:
        case "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        case "mysql" | "mariadb":  # where each change of a table is committed by itself
            name = f"gongbang {connection.engine.url.database}"[:64]
            if connection.scalar(text(f"SELECT GET_LOCK(:name, {_LOCK_S})"), {"name": name}) != 1:
                raise StoreAwayError(
                    "another process is changing the tables.",
                    value=shown(connection.engine.url),
                    allowed=f"a migration that ends within {_LOCK_S} s",
                    cure="Try again when it has ended.",
                )
