"""From a URL to an engine that waits, fails and recovers alike on SQLite, MariaDB and PostgreSQL."""

from __future__ import annotations

import sqlite3
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from gongbang.errors import MissingExtraError, OptionError

WRITES = "gongbang_writes"
"""Execution option of a connection whose transactions write; SQLite then takes its lock at once."""

WAIT_S = 10.0
"""Seconds to wait for a lock, and for a free connection, before the database counts as away."""

_CONNECT_S = 5
_ANSWER_S = 30.0
_POOL, _MORE = 8, 32  # a server's threads (40 in Starlette's pool) never wait for each other's connection
_DRIVERS = {
    "sqlite": ("sqlite", "sqlite3", ""),
    "mysql": ("mysql+pymysql", "pymysql", "mariadb"),
    "mariadb": ("mariadb+pymysql", "pymysql", "mariadb"),
    "postgresql": ("postgresql+psycopg", "psycopg", "postgresql"),
}
_ALLOWED = "sqlite:///FILE, mariadb://USER@HOST/DATABASE or postgresql://USER@HOST/DATABASE"


def database_url(url: str | Path) -> URL:
    """The URL of a database with its driver; a path alone is a SQLite file.

    Raises:
        OptionError: no URL, another kind of database or driver, or SQLite in memory.

    Example:
        >>> str(database_url("answers.db")), str(database_url("postgresql://me@localhost/chat"))
        ('sqlite:///answers.db', 'postgresql+psycopg://me@localhost/chat')
    """
    text = str(url)
    try:
        parsed = make_url(text) if "://" in text else URL.create("sqlite", database=text)
    except (ArgumentError, ValueError) as err:
        raise _wrong("the URL of the database cannot be read.", text.partition("://")[0] + "://…") from err
    backend = parsed.get_backend_name()
    driver = _DRIVERS.get(backend, ("",))[0]
    if not driver or parsed.drivername not in {backend, driver, f"{backend}+pysqlite"}:
        raise _wrong("this database or its driver is not supported.", shown(parsed))
    if backend == "sqlite" and (parsed.database in {None, "", ":memory:"} or "mode" in parsed.query):
        raise _wrong("a database in memory cannot be shared by threads.", shown(parsed))
    if not parsed.database:
        raise _wrong("the URL names no database.", shown(parsed))
    return parsed.set(drivername=driver)


def _wrong(what: str, value: str) -> OptionError:
    return OptionError(what, value=value, allowed=_ALLOWED, cure="Write the URL of the database like these.")


def shown(url: URL) -> str:
    """A URL as it may be printed: without its password."""
    return url.render_as_string(hide_password=True)


def make_engine(url: str | Path, *, wait_s: float = WAIT_S, answer_s: float = _ANSWER_S) -> Engine:
    """An engine; nothing is connected yet.

    Connections are tested before they are used, so that a database that went away and came back is used
    again by itself.

    Args:
        url: see :func:`database_url`.
        wait_s: seconds to wait for a lock or a free connection.
        answer_s: seconds that a server may take for one statement.

    Raises:
        OptionError: the URL cannot be used.
        MissingExtraError: the driver is not installed.
    """
    parsed = database_url(url)
    backend = parsed.get_backend_name()
    _need_driver(backend)
    options: dict[str, Any] = {"isolation_level": "READ COMMITTED"} if backend != "sqlite" else {}
    engine = create_engine(
        parsed,
        connect_args=_arguments(parsed, wait_s, answer_s),
        hide_parameters=True,  # what people wrote belongs in no log
        pool_pre_ping=backend != "sqlite",
        pool_size=_POOL,
        max_overflow=_MORE,
        pool_timeout=wait_s,
        **options,
    )
    if backend == "sqlite":
        event.listen(engine, "connect", _opened)
        event.listen(engine, "begin", _begun)
    return engine


def _need_driver(backend: str) -> None:
    _, module, extra = _DRIVERS[backend]
    if find_spec(module) is None:
        raise MissingExtraError(module, extra=extra, purpose=f"a database in {backend}")


def _arguments(url: URL, wait_s: float, answer_s: float) -> dict[str, Any]:
    """What the driver is told, unless the URL says otherwise."""
    arguments: dict[str, Any] = {"timeout": wait_s}
    if url.get_backend_name() in {"mysql", "mariadb"}:
        arguments = {
            "charset": "utf8mb4",
            "connect_timeout": _CONNECT_S,
            "read_timeout": answer_s,
            "write_timeout": answer_s,
            "init_command": f"SET SESSION innodb_lock_wait_timeout = {max(1, round(wait_s))}",
        }
    elif url.get_backend_name() == "postgresql":
        lock_ms, answer_ms = round(wait_s * 1000), round(answer_s * 1000)
        arguments = {
            "connect_timeout": _CONNECT_S,
            "tcp_user_timeout": answer_ms,
            "options": f"-c lock_timeout={lock_ms} -c statement_timeout={answer_ms}",
        }
    return {name: value for name, value in arguments.items() if name not in url.query}


def _opened(connection: sqlite3.Connection, _: object) -> None:
    # The driver's own notion of when a transaction begins is switched off: _begun says it.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        _to_wal(connection)


def _to_wal(connection: sqlite3.Connection) -> None:
    """Readers and a writer side by side. Two that switch a new file at once get an error without a wait."""
    for attempt in range(50):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as err:
            if "locked" not in str(err) or attempt == 49:
                raise
            time.sleep(0.02)


def _begun(connection: Connection) -> None:
    # A transaction that reads first and writes later would fail at once where another wrote in between.
    writes = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
