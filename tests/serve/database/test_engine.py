"""URLs of databases, and what is refused before anything is connected."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from sqlalchemy import text

from gongbang.errors import MissingExtraError, OptionError
from gongbang.serve.database import engine
from gongbang.serve.database.engine import database_url, make_engine, shown
from gongbang.serve.database.store import Store


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("answers.db", "sqlite:///answers.db"),
        (Path("/data/answers.db"), "sqlite:////data/answers.db"),
        ("sqlite+pysqlite:///a.db", "sqlite:///a.db"),
        ("mysql://u@h/d", "mysql+pymysql://u@h/d"),
        ("mariadb://u@h:33/d?ssl_ca=x", "mariadb+pymysql://u@h:33/d?ssl_ca=x"),
        ("postgresql+psycopg://u@h/d", "postgresql+psycopg://u@h/d"),
        ("한글 이름 #1.db", "sqlite:///한글 이름 #1.db"),
    ],
)
def test_the_driver_is_put_in(given, url):
    assert database_url(given) == engine.make_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:x?mode=memory&uri=true",
        "oracle://u:secret@h/d",
        "postgresql+pg8000://u:secret@h/d",
        "mysql+mysqldb://u:secret@h/d",
        "postgresql://u:secret@h",
        "http://u:secret@h/d",
        "postgresql://u:secret@h:port/d",
    ],
)
def test_other_urls_are_refused_without_their_password(url):
    with pytest.raises(OptionError) as caught:
        database_url(url)
    assert "secret" not in str(caught.value)
    assert "sqlite:///FILE" in caught.value.allowed


def test_a_password_is_not_shown():
    assert "secret" not in shown(database_url("mariadb://u:secret@h/d"))
    assert "secret" not in Store("postgresql://u:secret@h/d").name


def test_a_missing_driver_names_its_extra(monkeypatch):
    monkeypatch.setattr(engine, "find_spec", lambda name: None if name == "pymysql" else find_spec(name))
    with pytest.raises(MissingExtraError) as caught:
        Store("mariadb://root@127.0.0.1/test")
    assert caught.value.cure == 'pip install "gongbang[mariadb]"'


def test_sqlite_reads_beside_a_writer_keeps_references_and_waits(tmp_path):
    made = make_engine(tmp_path / "a.db", wait_s=3)
    with made.connect() as connection:
        pragmas = [connection.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "foreign_keys")]
        assert pragmas == ["wal", 1]
        assert connection.scalar(text("PRAGMA busy_timeout")) == 3000
    made.dispose()


def test_the_url_has_the_last_word(url):
    if url.startswith("sqlite"):
        pytest.skip("SQLite's driver takes no such option")
    name, statement = {
        True: ("init_command=SET SESSION innodb_lock_wait_timeout = 7", "SELECT @@innodb_lock_wait_timeout"),
        False: ("options=-c lock_timeout=7s", "SHOW lock_timeout"),
    }["pymysql" in url]
    with Store(f"{url}?{name}") as store:
        assert str(store.read(lambda session: session.scalar(text(statement)))) in {"7", "7s"}
