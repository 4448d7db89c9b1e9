"""Databases that tests make for themselves, on the servers that can be reached."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from sqlalchemy import text, update

from gongbang.errors import StoreAwayError
from gongbang.serve.database.engine import database_url, make_engine
from gongbang.serve.database.store import Store
from gongbang.serve.database.tables import Base, CounterRow

SERVERS = {
    "mariadb": ("GONGBANG_TEST_MARIADB", "mariadb://root@127.0.0.1:3306/test"),
    "postgresql": ("GONGBANG_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/postgres"),
}
"""Kind to the environment variable that names the server, and where it is looked for otherwise."""

BACKENDS = ("sqlite", *SERVERS)


def server_url(kind: str) -> str:
    variable, default = SERVERS[kind]
    return os.environ.get(variable) or default


@cache
def unreachable(kind: str) -> str:
    """Why a server cannot be used; "" where it can, and for SQLite."""
    if kind == "sqlite":
        return ""
    try:
        with Store(server_url(kind), wait_s=2) as store:
            store.ping()
    except StoreAwayError as err:
        return f"{kind} is not reachable ({err.value}); name a server in {SERVERS[kind][0]}"
    return ""


@contextmanager
def fresh_database(kind: str, folder: Path) -> Iterator[str]:
    """The URL of a database without tables, that is dropped at the end."""
    name = f"gongbang_test_{secrets.token_hex(6)}"
    if kind == "sqlite":
        yield f"sqlite:///{folder / name}.db"
        return
    # latin1: the tables must not depend on what the database was made with.
    _run(kind, f"CREATE DATABASE {name}{' CHARACTER SET latin1' if kind == 'mariadb' else ''}")
    try:
        yield database_url(server_url(kind)).set(database=name).render_as_string(hide_password=False)
    finally:
        _run(kind, f"DROP DATABASE {name}{' WITH (FORCE)' if kind == 'postgresql' else ''}")


def _run(kind: str, statement: str) -> None:
    engine = make_engine(server_url(kind))
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def empty(store: Store) -> None:
    """Delete all rows, and count the changes from 1 again."""

    def work(session):
        for table in reversed(Base.metadata.sorted_tables):
            if table is not CounterRow.__table__:
                session.execute(table.delete())
        session.execute(update(CounterRow).values(value=0))

    store.write(work)
