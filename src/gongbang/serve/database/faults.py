"""What SQLAlchemy and the drivers raise, as errors that a user can meet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import (
    DBAPIError,
    InterfaceError,
    InternalError,
    OperationalError,
    SQLAlchemyError,
    TimeoutError,
)

from gongbang.errors import StoreAwayError, StoreError

_NO_TABLE = {"1146", "1054", "42P01", "42703"}  # MariaDB's and PostgreSQL's: no such table, or column
_AGAIN = {"1213", "40P01", "40001"}  # a deadlock, or a transaction that must be done again
_CLIENT = 2000  # MariaDB's numbers from here on are the driver's own: no connection, or a broken one
_NUMBERS = "1021 1040 1044 1045 1049 1053 1114 1129 1130 1203 1226 1290 1698 1927"
_SERVER = frozenset(re.findall(r"\d+", _NUMBERS))
"""Its numbers for: full, too many, not allowed in, not there, shutting down, read-only, killed."""

_WAITED = {"1205", "55P03", "57014", "database is locked"}


class DoAgain(Exception):  # noqa: N818  # never leaves the store: not an error but a wish
    """The database undid the transaction in favour of another; the same work may succeed now."""


@contextmanager
def translated(database: str) -> Iterator[None]:
    """Turn faults of the database into errors that say so.

    Args:
        database: its URL as it may be printed.

    Raises:
        StoreAwayError: it cannot be reached, or did not answer in time.
        StoreError: its tables are missing or older than the code, or it refused a statement.
        DoAgain: it undid the transaction for a deadlock.
    """
    try:
        yield
    except (DBAPIError, TimeoutError) as err:
        raise _error(err, database) from err
    except SQLAlchemyError as err:
        raise StoreError(
            "the database could not do what was asked.",
            value=f"{database}: {_first_line(err)}",
            allowed="a database with Gongbang's tables",
            cure="Upgrade the tables; if it stays, report this as a fault of Gongbang.",
        ) from err


def _error(err: DBAPIError | TimeoutError, database: str) -> Exception:
    code = _code(err)
    reason = f"{database}: {_first_line(err)}"
    if code in _AGAIN:
        return DoAgain(reason)
    if code in _NO_TABLE or code.startswith("no such "):
        return StoreError(
            "the database does not have the tables that this version needs.",
            value=reason,
            allowed="a database that was upgraded",
            cure="Upgrade it: gongbang.serve.database.migrate.upgrade(URL)",
        )
    if code in _WAITED or isinstance(err, TimeoutError):
        return StoreAwayError(
            "the database is busy: the wait for a lock or a connection was too long.",
            value=reason,
            allowed="a database that answers in time",
            cure="Try again; if it stays, look for a process that holds a transaction open.",
        )
    if _is_away(err, code):
        return StoreAwayError(
            "the database cannot be reached.",
            value=reason,
            allowed="a database that answers",
            cure="Check that it runs, and that its URL, user and permissions are right; then try again.",
        )
    # Its own words may quote the statement with what people wrote in it.
    return StoreError(
        "the database refused what it was given.",
        value=f"{database}: {type(err).__name__} {code}",
        allowed="a database with Gongbang's tables",
        cure="Check that the file or the database is Gongbang's; if it is, report this as a fault.",
    )


def _is_away(err: DBAPIError, code: str) -> bool:
    """Whether the database, not the statement, is at fault; the drivers' classes alone do not tell."""
    if isinstance(err, InterfaceError) or err.connection_invalidated:
        return True
    if not isinstance(err, OperationalError | InternalError):
        return False
    if _numbered(err):
        return int(code) >= _CLIENT or code in _SERVER
    return getattr(err.orig, "sqlite_errorname", "") != "SQLITE_ERROR"


def _numbered(err: DBAPIError | TimeoutError) -> bool:
    """Whether the error is MariaDB's, which begins with a number."""
    origin = getattr(err, "orig", None)
    return origin is not None and bool(origin.args) and isinstance(origin.args[0], int)


def _code(err: DBAPIError | TimeoutError) -> str:
    """MariaDB's number, PostgreSQL's SQLSTATE, or SQLite's words up to the colon."""
    origin = getattr(err, "orig", None)
    first = str(origin.args[0]) if origin is not None and origin.args else ""
    if _numbered(err):
        return first
    return getattr(origin, "sqlstate", None) or first.partition(":")[0].strip()[:40]


def _first_line(err: SQLAlchemyError) -> str:
    lines = str(getattr(err, "orig", None) or err).splitlines()
    return lines[0] if lines else type(err).__name__
