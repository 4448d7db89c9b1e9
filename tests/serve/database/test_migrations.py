"""Migrations make the tables of the models, and take them away again, on every database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import inspect, text

from gongbang.errors import StoreAwayError, StoreError
from gongbang.serve.database.answers import Answers
from gongbang.serve.database.engine import make_engine
from gongbang.serve.database.migrate import differences, downgrade, head, revision_of, upgrade
from gongbang.serve.database.rows import Draft
from gongbang.serve.database.store import Store
from gongbang.serve.database.tables import Base
from tests.serve.servers import fresh_database


@pytest.fixture
def bare(kind, tmp_path):
    """A database without tables."""
    with fresh_database(kind, tmp_path) as url:
        yield url


def run(url, statement):
    engine = make_engine(url)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def tables_of(url):
    engine = make_engine(url)
    names = set(inspect(engine).get_table_names())
    engine.dispose()
    return names


def test_what_migrations_make_is_what_the_models_say(bare):
    assert revision_of(bare) is None
    upgrade(bare)
    assert revision_of(bare) == head()
    assert differences(bare) == []


def test_a_difference_is_seen(bare):
    upgrade(bare)
    run(bare, "ALTER TABLE answers ADD COLUMN extra INTEGER")
    run(bare, "DROP TABLE feedback")
    assert {found[0] for found in differences(bare)} >= {"remove_column", "add_table"}


def test_down_to_nothing_and_up_again(bare):
    upgrade(bare)
    assert tables_of(bare) == {*Base.metadata.tables, "alembic_version"}
    downgrade(bare)
    assert tables_of(bare) == {"alembic_version"}
    assert revision_of(bare) is None
    upgrade(bare)
    assert differences(bare) == []


def test_an_upgrade_of_an_upgraded_database_keeps_its_rows(bare):
    upgrade(bare)
    with Store(bare) as store:
        kept = Answers(store).create(Draft("그대로 있어요."))
        upgrade(bare)
        assert Answers(store).get(kept.id) == kept


def test_of_several_upgrades_at_once_one_does_it(bare):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(upgrade, [bare] * 4))
    assert differences(bare) == []
    with Store(bare) as store:
        assert Answers(store).last_change() == 0


def test_tables_of_a_newer_version_are_refused(bare):
    upgrade(bare)
    run(bare, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="cannot be brought to that revision") as caught:
        upgrade(bare)
    assert "newer version" in caught.value.cure


def test_a_database_without_tables_says_what_to_do(bare):
    with Store(bare) as store, pytest.raises(StoreError, match="does not have the tables") as caught:
        Answers(store).page()
    assert not isinstance(caught.value, StoreAwayError)
    assert "upgrade" in caught.value.cure


def test_a_database_that_lost_its_counter_says_so(bare):
    upgrade(bare)
    run(bare, "DELETE FROM change_counter")
    with Store(bare) as store, pytest.raises(StoreError, match="counter of changes is missing"):
        Answers(store).create(Draft("네."))
