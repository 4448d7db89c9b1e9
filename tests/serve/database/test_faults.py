"""A database that is away, busy or somebody else's: one error each, and it recovers by itself."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from gongbang.errors import GongbangError, StoreAwayError, StoreError
from gongbang.serve.database.answers import Answers
from gongbang.serve.database.changes import lock_answers
from gongbang.serve.database.conversations import Conversations
from gongbang.serve.database.engine import database_url
from gongbang.serve.database.faults import DoAgain
from gongbang.serve.database.migrate import differences, revision_of, upgrade
from gongbang.serve.database.rows import Draft
from gongbang.serve.database.store import Store
from tests.serve.database.proxy import Door
from tests.serve.servers import SERVERS

CALLS = {
    "ping": lambda store: store.ping(),
    "get": lambda store: Answers(store).get(1),
    "create": lambda store: Answers(store).create(Draft("네.")),
    "changes": lambda store: Answers(store).changes_since(0),
    "start": lambda store: Conversations(store).start(),
}


@pytest.fixture
def door(kind, url):
    if kind == "sqlite":
        pytest.skip("SQLite has no connection to break")
    parsed = database_url(url)
    door = Door(parsed.host, parsed.port or {"mariadb": 3306, "postgresql": 5432}[kind])
    yield door, parsed.set(host="127.0.0.1", port=door.port).render_as_string(hide_password=False)
    door.shut()


def test_a_server_that_goes_away_is_an_error_and_comes_back_by_itself(door, answers):
    door, url = door
    with Store(url, wait_s=2) as store:
        made = Answers(store).create(Draft("하나"))
        for _ in range(2):
            door.shut()
            for call in CALLS.values():
                with pytest.raises(StoreAwayError, match="cannot be reached"):
                    call(store)
            door.open()
            store.ping()
            made = Answers(store).update(made.id, text=made.text + " 더")
        assert answers.get(made.id) == made


def test_a_server_that_was_restarted_between_two_calls_is_not_noticed(door, answers):
    door, url = door
    with Store(url, wait_s=2) as store:
        Answers(store).create(Draft("하나"))
        door.shut()
        door.open()
        assert Answers(store).page().total == 1


def test_a_connection_that_breaks_within_a_transaction_undoes_it(door, answers):
    door, url = door
    answers.create(Draft("하나"))

    def broken(session):
        lock_answers(session)
        session.execute(text("DELETE FROM answers"))
        door.shut()
        session.execute(text("SELECT 1"))

    with Store(url, wait_s=2) as store:
        with pytest.raises(StoreAwayError):
            store.write(broken)
        assert answers.page().total == 1
        assert answers.create(Draft("둘"))  # the lock went with the connection
        door.open()


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("kind_of_url", ["sqlite", *SERVERS])
def test_what_was_never_there_is_away(tmp_path, kind_of_url, call):
    url = {
        "sqlite": f"sqlite:///{tmp_path}/none/answers.db",
        "mariadb": "mariadb://root:secret-word@127.0.0.1:1/test",
        "postgresql": "postgresql://postgres:secret-word@127.0.0.1:1/test",
    }[kind_of_url]
    pytest.importorskip({"sqlite": "sqlite3", "mariadb": "pymysql", "postgresql": "psycopg"}[kind_of_url])
    with Store(url) as store, pytest.raises(StoreAwayError) as caught:
        CALLS[call](store)
    assert "secret-word" not in str(caught.value) + str(caught.value.to_dict())
    for migration in (upgrade, revision_of, differences):
        with pytest.raises(StoreAwayError):
            migration(url)


def test_a_missing_database_of_a_server_is_away(kind, url):
    if kind == "sqlite":
        pytest.skip("SQLite makes its file")
    other = database_url(url).set(database="gongbang_never_made").render_as_string(hide_password=False)
    with Store(other) as store, pytest.raises(StoreAwayError, match="cannot be reached"):
        store.ping()


def test_a_database_that_another_holds_is_away_after_the_wait(url, store, answers):
    holds, may_end = threading.Event(), threading.Event()

    def hold(session):
        lock_answers(session)
        holds.set()
        assert may_end.wait(20)

    thread = threading.Thread(target=store.write, args=(hold,))
    thread.start()
    try:
        assert holds.wait(10)
        with Store(url, wait_s=1) as other, pytest.raises(StoreAwayError, match="busy"):
            Answers(other).create(Draft("네."))
        assert answers.page().total == 0  # reading goes on
    finally:
        may_end.set()
        thread.join()
    assert answers.create(Draft("네."))


def test_what_the_database_undid_is_done_again(store):
    """Two transactions that wait for each other: the database undoes one, and the store repeats it."""
    if store.name.startswith("sqlite"):
        pytest.skip("SQLite has one writer at a time, who waits for nobody")
    one, two = Answers(store).create_many([Draft("하나"), Draft("둘")])
    meet = threading.Barrier(2)
    runs, failures = [], []

    def change(first, second):
        def work(session):
            runs.append(first)
            session.execute(text("UPDATE answers SET label = 'x' WHERE id = :id"), {"id": first})
            if len(runs) <= 2:
                meet.wait(10)
            session.execute(text("UPDATE answers SET version = version + 1 WHERE id = :id"), {"id": second})

        try:
            store.write(work)
        except BaseException as err:
            failures.append(err)

    threads = [threading.Thread(target=change, args=pair) for pair in ((one.id, two.id), (two.id, one.id))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == [] and len(runs) == 3
    assert [answer.version for answer in Answers(store).each()] == [2, 2]


def test_work_that_is_always_undone_ends(store):
    def work(session):
        raise DoAgain("again")

    with pytest.raises(StoreAwayError, match="undid the same transaction 5 times"):
        store.write(work)


def test_a_file_that_is_no_database_says_so(tmp_path):
    path = tmp_path / "answers.db"
    path.write_text("이것은 데이터베이스가 아니다. " * 200, encoding="utf-8")
    for attempt in (lambda: upgrade(path), lambda: Store(path).ping()):
        with pytest.raises(StoreError, match="refused") as caught:
            attempt()
        assert not isinstance(caught.value, StoreAwayError)
    assert "이것은" in path.read_text(encoding="utf-8")


def test_a_refused_statement_is_an_error_of_ours_without_its_values(store):
    for statement in ("SELEC :word", "INSERT INTO conversations (id) VALUES (:word)"):
        with pytest.raises(StoreError) as caught:
            store.write(lambda s, w=statement: s.execute(text(w), {"word": "남이 보면 안 될 말"}))
        assert isinstance(caught.value, GongbangError)
        assert not isinstance(caught.value, (SQLAlchemyError, StoreAwayError))  # not to be tried again
        shown = str(caught.value) + str(caught.value.to_dict())
        assert "안 될 말" not in shown
